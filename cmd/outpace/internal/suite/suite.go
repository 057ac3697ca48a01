// Package suite is the experiments of two well-known guides to concurrency in
// Python, and one of our own, as data: ordinary measurements of functions under
// examples/suites, in CPython and in Go, with the guides' figures beside them.
//
//	name of a suite ──► Experiments ──► outpace bench FUNC INPUT ... --models ... --workers ...
//	                    function, inputs, models, widths, figures of the guide
package suite

import (
	"fmt"
	"slices"
)

// Options is what may be chosen.
type Options struct {
	Quick bool
	Scale float64 // of the guide's own amount of work; 0: of each suite its default
	Cores int
}

// Experiment is one measurement.
type Experiment struct {
	Suite    string
	Title    string
	Func     string // go:NAME, or FILE.py:NAME of examples/suites
	Also     string // the same work as a coroutine; "" for none
	Inputs   []string
	Pages    int // of the server, as inputs; 0: Inputs
	Models   []string
	Workers  []int
	Guide    string   // whose figures
	Figures  []Figure // the first is what the others are compared with
	Language string   // "CPython", "Go"
}

// Figure is a number of a guide.
type Figure struct {
	Model   string
	Workers int
	Seconds float64
}

// Names are the suites, in the order of the documentation.
func Names() []string { return []string{"cpu", "io", "sweep-cpu", "sweep-io", "gil"} }

// Find returns the experiments of suites, of which "all" is every one. A name that
// is none is returned.
func Find(names []string, o Options) (found []Experiment, unknown string) {
	if slices.Contains(names, "all") {
		names = Names()
	}
	makers := map[string]func(Options) []Experiment{
		"cpu": cpu, "io": download, "sweep-cpu": sweepCPU, "sweep-io": sweepIO, "gil": gil,
	}
	for _, name := range names {
		maker, ok := makers[name]
		if !ok {
			return nil, name
		}
		for _, e := range maker(o) {
			e.Suite = name
			found = append(found, e)
		}
	}
	return found, ""
}

// scaled is an amount of the guide's, made smaller.
func (o Options) scaled(full int, usual, quick float64) (n int, scale float64) {
	switch scale = usual; {
	case o.Scale > 0:
		scale = o.Scale
	case o.Quick:
		scale = quick
	}
	return max(1, int(float64(full)*scale)), scale
}

// both is an experiment in CPython and in Go, of which Go has one model, threads.
func both(e Experiment, inGo string) []Experiment {
	e.Language = "CPython"
	other := e
	other.Language, other.Func, other.Also, other.Models = "Go", inGo, "", []string{"serial", "threads"}
	return []Experiment{e, other}
}

// compiled is how much more of a loop a Go function is given than a Python one, so
// that there is something to measure.
const compiled = 20

// bothOf is both with a title and inputs of its own for Go.
func bothOf(e Experiment, inGo, title string, inputs []string) []Experiment {
	all := both(e, inGo)
	all[1].Title, all[1].Inputs = title, inputs
	return all
}

func repeated(input string, n int) []string { return slices.Repeat([]string{input}, n) }

// million writes a number with commas: "100,000,000".
func million(n int) string {
	if n < 1000 {
		return fmt.Sprint(n)
	}
	return fmt.Sprintf("%s,%03d", million(n/1000), n%1000)
}
