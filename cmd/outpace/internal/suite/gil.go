package suite

import "fmt"

// gil is functions that hold the interpreter's lock, let go of it, or do both.
func gil(o Options) []Experiment {
	times, share := 40, 1.0
	if o.Quick {
		share = 0.3
	}
	if o.Scale > 0 {
		share = o.Scale
	}
	times = max(8, int(float64(times)*share))
	var all []Experiment
	for _, e := range []struct {
		title, name, inGo string
		input             float64
		more              float64 // for Go
	}{
		{"a loop", "python_loop", "sum_integers", 500_000, compiled},
		{"SHA-256 of bytes", "hash_bytes", "hash_bytes", 10_000_000, 1},
		{"zlib over bytes", "compress", "compress", 500_000, 1},
		{"a wait of seconds", "wait", "sleep", 0.02, 1},
		{"half computing, half waiting, of seconds", "half_and_half", "half_and_half", 0.04, 1},
	} {
		input := func(x float64) string { return fmt.Sprintf("%.12g", x) }
		title := func(x float64) string { return fmt.Sprintf("%d x %s (%s)", times, e.title, input(x)) }
		all = append(all, bothOf(Experiment{
			Title: title(e.input),
			Func:  "gil.py:" + e.name, Inputs: repeated(input(e.input), times),
			Models: []string{"serial", "threads", "processes"}, Workers: widths(o.Cores, 8),
		}, "go:"+e.inGo, title(e.input*e.more), repeated(input(e.input*e.more), times))...)
	}
	return all
}
