//go:build linux || darwin

package python

import (
	"encoding/json"
	"fmt"
	"math"
	"slices"
	"strconv"
	"testing"

	"github.com/outpace-run/outpace"
)

const numbers = `
def same(x): return x
def text(x): return repr(x)
def kind(x): return type(x).__name__
def grow(x): return x * 10**15
def some(x): return "odd" if x == 77 else x
def fail(x):
	if x % 100 == 99: raise ValueError(x)
	return -x
`

// through runs a function over many inputs, twice, so that chunks are long.
func through[In, Out any](t *testing.T, f outpace.Function[In, Out], in []In) (out []Out, failed []error) {
	t.Helper()
	ex, err := outpace.New(t.Context(), Workers(2))
	if err != nil {
		t.Fatal(err)
	}
	defer ex.Close()
	for range 2 {
		out, failed = nil, nil
		for v, err := range outpace.Map(t.Context(), ex, f, slices.Values(in)) {
			out, failed = append(out, v), append(failed, err)
		}
	}
	return out, failed
}

// Whole numbers cross as what they are, whatever types the two sides give them.
func TestPackedNumbers(t *testing.T) {
	file := module(t, "numbers.py", numbers)
	ints := []int{math.MinInt64, math.MaxInt64, 0, -1}
	for i := range 5000 {
		ints = append(ints, i*i*i-1000)
	}
	if got, errs := through(t, Func[int, int](file+":same"), ints); !slices.Equal(got, ints) {
		t.Errorf("int to int: %v", errs)
	}
	if got, _ := through(t, Func[int, string](file+":text"), ints); len(got) != len(ints) || got[1] != "9223372036854775807" {
		t.Errorf("int to string: %q", got[1])
	}
	floats, _ := through(t, Func[int, float64](file+":same"), ints)
	raws, _ := through(t, Func[int, json.RawMessage](file+":same"), ints)
	large, _ := through(t, Func[int, json.RawMessage](file+":grow"), ints)
	for i, n := range ints {
		if floats[i] != float64(n) || string(raws[i]) != strconv.Itoa(n) {
			t.Fatalf("%d became %v and %s", n, floats[i], raws[i])
		}
		if want := strconv.Itoa(n) + "000000000000000"; n != 0 && string(large[i]) != want {
			t.Fatalf("%d became %s", n, large[i])
		}
	}
	if got, errs := through(t, Func[int, int8](file+":same"), ints); got[2] != 0 || got[3] != -1 || errs[0] == nil || errs[3] != nil {
		t.Errorf("int to int8: %v %v", got[:4], errs[:4])
	}
}

// JSON that is no whole number, or written in another way, arrives as it is.
func TestPackedTexts(t *testing.T) {
	file := module(t, "numbers.py", numbers)
	for _, odd := range []string{"1.0", "-0", "1e3", "true", "null", `"7"`, "[1]", "12345678901234567890", "9223372036854775807", " 7", "7 ", "-12"} {
		in := make([]json.RawMessage, 3000)
		for i := range in {
			in[i] = json.RawMessage(strconv.Itoa(i - 100))
		}
		in[2500] = json.RawMessage(odd)
		kinds, _ := through(t, Func[json.RawMessage, string](file+":kind"), in)
		var value any
		if err := json.Unmarshal(in[2500], &value); err != nil {
			t.Fatal(err)
		}
		want := map[string]string{"1.0": "float", "1e3": "float", "true": "bool", "null": "NoneType", `"7"`: "str", "[1]": "list"}[odd]
		if want == "" {
			want = "int"
		}
		if kinds[2500] != want || kinds[2499] != "int" || kinds[2501] != "int" {
			t.Errorf("%s arrived as %s", odd, kinds[2500])
		}
		same, _ := through(t, Func[json.RawMessage, json.RawMessage](file+":same"), in)
		for i := range in {
			var got any
			if err := json.Unmarshal(same[i], &got); i != 2500 && string(same[i]) != string(in[i]) || err != nil || i == 2500 && odd != "-0" && fmt.Sprint(got) != fmt.Sprint(value) {
				t.Fatalf("%s came back as %s", in[i], same[i])
			}
		}
	}
}

// One value that is no whole number, or fails, changes nothing for the others.
func TestPackedAmongOthers(t *testing.T) {
	file := module(t, "numbers.py", numbers)
	in := make([]int, 4000)
	for i := range in {
		in[i] = i
	}
	mixed, _ := through(t, Func[int, any](file+":some"), in)
	negative, errs := through(t, Func[int, int](file+":fail"), in)
	for i := range in {
		var want any = float64(i)
		if i == 77 {
			want = "odd"
		}
		if mixed[i] != want {
			t.Fatalf("%d became %v", i, mixed[i])
		}
		if bad := i%100 == 99; bad != (errs[i] != nil) || !bad && negative[i] != -i {
			t.Fatalf("%d became %v, %v", i, negative[i], errs[i])
		}
	}
}
