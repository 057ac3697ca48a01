package outpace

import "strings"

// Plan is the decision how to run: which model, how wide, and why. It is a
// value made before anything starts, so it can be printed, tested and
// overridden.
type Plan struct {
	Model string   // "serial", "threads", "processes", "async", "hybrid", or an adapter's own word
	Shape Shape    // how wide
	Loop  bool     // tasks of one process share an event loop, so a batch's items run at the same time
	Why   string   // one sentence: the reason for model and width
	Notes []string // further facts a user may want to check, one line each: interpreter, environment

	// Cancels says that a worker process can end a single task, by Worker.Cancel,
	// so that one that is out of time is asked before its worker is killed. Where
	// Loop is set it can in any case.
	Cancels bool
}

// String returns the plan as a sentence, its notes on lines of their own.
func (p Plan) String() string {
	var b strings.Builder
	b.WriteString(p.Model + " " + p.Shape.String())
	if p.Why != "" {
		b.WriteString(": " + p.Why)
	}
	for _, n := range p.Notes {
		b.WriteString("\n  " + n)
	}
	return b.String()
}
