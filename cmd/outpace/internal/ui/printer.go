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
	Message(text, detail string) // one line, such as an error, and further ones or ""
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
	Rerun     int64 // runs of inputs that were repeated because their worker was lost or killed
	Refused   int   // processes of the plan that could not be started
	Took      time.Duration
	Plan      outpace.Plan
	Exit      int // the exit code

	Failures []Group // the largest first
	Kept     string  // the file with the failed inputs; "" without one
	Without  string  // flags to leave out when that is read again; "" for none
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
	if s.Rerun > 0 {
		b.WriteString(", " + plural(s.Rerun, "run") + " repeated")
	}
	shape, why := s.Plan.Shape, s.Plan.Why
	if s.Refused > 0 {
		why = strings.TrimPrefix(fmt.Sprintf("%s; %d of %d could not be started", why, s.Refused, shape.Processes), "; ")
		shape.Processes -= s.Refused
	}
	fmt.Fprintf(&b, " in %s on %s %s", Took(s.Took), s.Plan.Model, shape)
	if why != "" {
		b.WriteString(" (" + why + ")")
	}
	return b.String()
}

// whereKept tells of the file with the failed inputs; "" where there are none.
func (s Summary) whereKept() string {
	if s.Kept == "" || s.Failed == 0 {
		return ""
	}
	which, them, without := "the failed input is", "it", ""
	if s.Failed > 1 {
		which, them = fmt.Sprintf("the %d failed inputs are", s.Failed), "them"
	}
	if s.Without != "" {
		without = ", without " + s.Without
	}
	return fmt.Sprintf("outpace: %s in %s, with reasons in %[2]s.reasons (hint: -i %[2]s runs %[3]s again%[4]s)\n", which, s.Kept, them, without)
}
