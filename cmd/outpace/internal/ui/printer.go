package ui

import (
	"fmt"
	"strings"
	"time"

	"github.com/outpace-run/outpace"
)

// Printer writes what a run says about itself. Its methods may be called from
// any goroutine; Start is called first and once, Finish last and once. What a
// printer cannot write is lost: there is nobody left to tell.
type Printer interface {
	Start(plan outpace.Plan, counter *Counter)
	Event(ev outpace.Event)
	Failed(f Failure)
	Message(text string) // one line, such as an error
	Finish(s Summary)
}

// Summary is how a run ended.
type Summary struct {
	Done      int64 // results delivered
	Failed    int64
	Cancelled int64 // inputs that were read and have no result
	Retried   int64
	Skipped   int64 // invalid inputs that were left out
	Lost      int64 // workers that were lost and replaced
	Took      time.Duration
	Plan      outpace.Plan
	Exit      int // the exit code
}

// String returns "1000 done, 1 failed, 0 cancelled, 2 retried in 3.2 s on
// processes 2x1 (why)".
func (s Summary) String() string {
	var b strings.Builder
	fmt.Fprintf(&b, "%d done, %d failed, %d cancelled, %d retried", s.Done, s.Failed, s.Cancelled, s.Retried)
	if s.Skipped > 0 {
		b.WriteString(", " + plural(s.Skipped, "invalid input") + " skipped")
	}
	if s.Lost > 0 {
		b.WriteString(", " + plural(s.Lost, "worker") + " lost")
	}
	fmt.Fprintf(&b, " in %s on %s %s", Took(s.Took), s.Plan.Model, s.Plan.Shape)
	if s.Plan.Why != "" {
		b.WriteString(" (" + s.Plan.Why + ")")
	}
	return b.String()
}
