package suite

import "fmt"

// gil is functions that hold the interpreter's lock, let go of it, or do both.
func gil(o Options) []Experiment {
	const times = 8
	size := func(usual, quick int) int {
		n, _ := o.scaled(usual, 1, float64(quick)/float64(usual))
		return n
	}
	seconds := 0.05
	if o.Quick {
		seconds = 0.02
	}
	var all []Experiment
	for _, e := range []struct{ title, name, inGo, input string }{
		{"a loop", "python_loop", "sum_integers", fmt.Sprint(size(1_000_000, 300_000))},
		{"SHA-256 of bytes", "hash_bytes", "hash_bytes", fmt.Sprint(size(10_000_000, 5_000_000))},
		{"zlib over bytes", "compress", "compress", fmt.Sprint(size(2_000_000, 500_000))},
		{"a wait", "wait", "sleep", fmt.Sprint(seconds)},
		{"half computing, half waiting", "half_and_half", "half_and_half", fmt.Sprint(seconds)},
	} {
		all = append(all, both(Experiment{
			Title: fmt.Sprintf("%d x %s (%s)", times, e.title, e.input),
			Func:  "gil.py:" + e.name, Inputs: repeated(e.input, times),
			Models: []string{"serial", "threads", "processes"}, Workers: widths(o.Cores, 8),
		}, "go:"+e.inGo)...)
	}
	return all
}
