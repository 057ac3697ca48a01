package builtin

import (
	"bytes"
	"encoding/json"
	"fmt"
	"os/exec"
	"testing"
)

const suites = "../../../../examples/suites"

// pyCall is a call of a Python function of examples/suites.
type pyCall struct {
	module, function string
	argument         any
}

// outcome is what came of one: a result as JSON, or the class of an exception.
type outcome struct{ result, raised string }

func (o outcome) String() string { return o.result + o.raised }

// python makes calls in one process of CPython.
func python(t *testing.T, calls []pyCall) []outcome {
	t.Helper()
	var list [][]any
	for _, c := range calls {
		list = append(list, []any{c.module, c.function, c.argument})
	}
	in, err := json.Marshal(list)
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.CommandContext(t.Context(), "python3", "testdata/calls.py", suites)
	var problems bytes.Buffer
	cmd.Stdin, cmd.Stderr = bytes.NewReader(in), &problems
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("%v\n%s", err, problems.Bytes())
	}
	var answers [][2]json.RawMessage
	if err := json.Unmarshal(out, &answers); err != nil || len(answers) != len(calls) {
		t.Fatalf("%d answers to %d calls, %v", len(answers), len(calls), err)
	}
	var all []outcome
	for _, a := range answers {
		o := outcome{result: string(a[0])}
		if err := json.Unmarshal(a[1], &o.raised); err != nil {
			t.Fatal(err)
		}
		if o.raised != "" {
			o.result = ""
		}
		all = append(all, o)
	}
	if problems.Len() > 0 {
		t.Errorf("Python complains:\n%s", problems.Bytes())
	}
	return all
}

// TestSuitesSame: the functions of the suites do the same in both languages.
func TestSuitesSame(t *testing.T) {
	pairs := []struct {
		py   pyCall
		goes string
	}{
		{pyCall{"squares", "sum_of_squares", 1000}, "sum_of_squares"},
		{pyCall{"squares", "sum_integers", 1000}, "sum_integers"},
		{pyCall{"gil", "python_loop", 0}, "sum_integers"},
		{pyCall{"gil", "hash_bytes", 0}, "hash_bytes"},
		{pyCall{"gil", "hash_bytes", 1_200_000}, "hash_bytes"},
		{pyCall{"gil", "compress", 0}, "compress"},
		{pyCall{"gil", "compress", 200_000}, "compress"},
		{pyCall{"gil", "wait", 0.001}, "sleep"},
		{pyCall{"gil", "half_and_half", 0.001}, "half_and_half"},
	}
	var calls []pyCall
	for _, p := range pairs {
		calls = append(calls, p.py)
	}
	for i, want := range python(t, calls) {
		got, err := call(t, pairs[i].goes, fmt.Sprint(calls[i].argument))
		if err != nil || got != want.result {
			t.Errorf("go:%s = %s, %v; %s in Python: %s", pairs[i].goes, got, err, calls[i].function, want)
		}
	}
}

// TestCorrupt: examples/suites/corrupt.py is right alone, and wrong among threads.
func TestCorrupt(t *testing.T) {
	const program = `
import concurrent.futures, corrupt
right = [2 * x for x in range(8)]
assert [corrupt.double(x) for x in range(8)] == right
with concurrent.futures.ThreadPoolExecutor(2) as pool:
    assert list(pool.map(corrupt.double, range(8))) != right
`
	cmd := exec.CommandContext(t.Context(), "python3", "-B", "-c", program)
	cmd.Dir = suites
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Errorf("%v\n%s", err, out)
	}
}
