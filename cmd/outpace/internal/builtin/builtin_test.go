package builtin

import (
	"context"
	"encoding/json"
	"os/exec"
	"strings"
	"testing"

	"github.com/outpace-run/outpace"
)

// call runs one function on one input, as the command does.
func call(t *testing.T, name, in string) (string, error) {
	t.Helper()
	ex, err := outpace.New(t.Context(), outpace.Serial())
	if err != nil {
		t.Fatal(err)
	}
	defer func() {
		if err := ex.Close(); err != nil {
			t.Error(err)
		}
	}()
	for _, e := range All() {
		if e.Name == name {
			out, err := outpace.Submit(t.Context(), ex, e.Func, json.RawMessage(in)).Result(context.Background())
			return string(out), err
		}
	}
	t.Fatalf("no function %s", name)
	return "", nil
}

func TestFunctions(t *testing.T) {
	tests := []struct{ name, in, want string }{
		{"noop", `{"a": 1.50}`, `{"a": 1.50}`},
		{"fib", "0", "0"},
		{"fib", "30", "832040"},
		{"sum_of_squares", "4", "14"},
		{"sum_of_squares", "10000000", "333333283333335000000"},
		{"sha256", `"abc"`, `"ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"`},
		{"sleep", "0.001", "0.001"},
		{"count_primes", "1", "5133"},
	}
	for _, test := range tests {
		if got, err := call(t, test.name, test.in); err != nil || got != test.want {
			t.Errorf("%s(%s) = %s, %v; want %s", test.name, test.in, got, err, test.want)
		}
	}
	for name, in := range map[string]string{"fib": "-1", "sleep": "-1", "sum_of_squares": "1.5", "sha256": "null", "count_primes": `"x"`,
		"sum_integers": "4294967297", "hash_bytes": "-1", "compress": "-1", "half_and_half": "-1", "download": "1"} {
		if got, err := call(t, name, in); err == nil || !strings.Contains(err.Error(), "go:"+name+" takes ") {
			t.Errorf("%s(%s) = %s, %v", name, in, got, err)
		}
	}
}

// TestSameAsPython: go:count_primes and examples/primes.py can be compared.
func TestSameAsPython(t *testing.T) {
	cmd := exec.Command("python3", "primes.py", "1", "2", "40")
	cmd.Dir = "../../../../examples"
	out, err := cmd.Output()
	if err != nil {
		t.Fatal(err)
	}
	want := strings.Fields(string(out))
	for i, in := range []string{"1", "2", "40"} {
		if got, err := call(t, "count_primes", in); err != nil || got != want[i] {
			t.Errorf("count_primes(%s) = %s, %v; Python says %s", in, got, err, want[i])
		}
	}
}
