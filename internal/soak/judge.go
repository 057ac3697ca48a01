package main

import (
	"context"
	"errors"
	"fmt"

	"github.com/outpace-run/outpace"
)

// outcome judges one outcome: that it is the only one of its input, comes in
// its turn, and is what the input must give. place is what a failure must say
// of its input's position.
func (c *call) outcome(index, place int, v output, err error, attempts int) {
	switch {
	case index < 0 || !c.endless && index >= len(c.inputs):
		c.wrong("an outcome for input %d, of %d", index, len(c.inputs))
		return
	case c.seen[index]:
		c.wrong("a second outcome for input %d: %v, %v", index, brief(v), err)
		return
	case c.ordered() && index != c.next:
		c.wrong("the outcome of input %d came in the place of input %d", index, c.next)
	}
	c.seen[index] = true
	c.next = index + 1
	if err != nil {
		c.failed++
	}
	c.l.s.tally.outcome(err)
	in := c.at(index)
	if err != nil {
		c.failure(in, place, err, attempts)
		return
	}
	switch d := c.r.table[in.Do]; {
	case d.want != nil:
		c.wrong("input %d (%s) gave %v, expected %s", index, in.Do, brief(v), d.want(c.r.place).text)
	case v != value(in):
		c.wrong("input %d (%s) gave %v, expected %v", index, in.Do, brief(v), brief(value(in)))
	default:
		c.tries(in, place, nil, attempts)
	}
}

// failure judges an error that a task ended with.
func (c *call) failure(in input, place int, err error, attempts int) {
	task, ok := err.(*outpace.TaskError)
	if !ok {
		c.wrong("input %d (%s) failed with a %T, not a *TaskError: %v", in.ID, in.Do, err, err)
		return
	}
	if c.ended.Load() != 0 && interrupted(task.Err) {
		return
	}
	if task.Index != place || task.Function != c.function().Name() || attempts > 0 && task.Attempts != attempts {
		c.wrong("input %d (%s): the error says function %q, index %d, attempt %d; expected %q, %d, %d",
			in.ID, in.Do, task.Function, task.Index, task.Attempts, c.function().Name(), place, attempts)
	}
	want := outcome{text: "a value"}
	if d := c.r.table[in.Do]; d.want != nil {
		want = d.want(c.r.place)
	}
	switch {
	case want.is != nil && want.is(task.Err, in):
		c.tries(in, place, task.Err, task.Attempts)
		c.charged(in, task.Err)
	case c.l.byUs(task.Err, place):
		c.charged(in, task.Err)
	case c.r.timeout > 0 && c.r.place != inGoroutine && errors.Is(task.Err, outpace.ErrTimeout):
		c.late++ // on a busy machine anything may take so long; judged at the end
	default:
		c.wrong("input %d (%s) failed with %s, expected %s", in.ID, in.Do, spell(task.Err), want.text)
	}
}

// interrupted reports whether an error may be that of a task whose call or
// executor was ended.
func interrupted(err error) bool {
	for _, why := range []error{errUpset, outpace.ErrClosed, outpace.ErrCancelled, context.Canceled} {
		if errors.Is(err, why) {
			return true
		}
	}
	return false
}

// charged checks that the death of a worker is charged to one task at most.
func (c *call) charged(in input, err error) {
	if lost, ok := lostError(err); ok && lost.Pid > 0 {
		if other, again := c.l.charge(lost.Pid, fmt.Sprintf("input %d of call %s", in.ID, c.name())); again {
			c.wrong("the end of worker process %d is charged to input %d as well as to %s: %s", lost.Pid, in.ID, other, spell(err))
		}
	}
}

// tries checks the number of attempts of an outcome that is as expected; err is
// nil for a value. What costs an attempt is the input's own doing, a time-out on
// a busy machine, or harm that we did often enough.
func (c *call) tries(in input, place int, err error, attempts int) {
	if attempts == 0 && err == nil {
		return // a Map does not tell
	}
	least, most := 1, 1+c.r.retries
	late := c.r.timeout > 0 && c.r.place != inGoroutine
	switch {
	case late || c.l.mayBlameUs(place):
	case in.Do == "flaky": // a call that counted may have been lost, with its worker
		if most = in.Times + 1; c.r.quiet() && c.ending == natural && !c.l.harmful() {
			least = most
		}
	case err == nil || c.r.onlyFlaky && !isFlaky(err):
		most = 1
	case c.r.quiet() && c.ending == natural:
		least = most
	}
	if attempts < least || attempts > most {
		c.wrong("input %d (%s) took %d attempts, expected %d to %d", in.ID, in.Do, attempts, least, most)
	}
}

// verdict judges the call as a whole.
func (c *call) verdict() {
	complete := len(c.seen) == len(c.inputs) && !c.endless
	if c.late > 2+len(c.inputs)/20 {
		c.wrong("%d of %d tasks ran out of time that should not have", c.late, len(c.inputs))
	}
	c.l.s.tally.late.Add(int64(c.late))
	c.l.s.tally.inputs.Add(max(c.pulled.Load(), int64(len(c.futures)+len(c.ran))))
	if c.verb == "Go" {
		return
	}
	if !c.maps() {
		if !complete {
			c.wrong("%d of %d futures have an outcome", len(c.seen), len(c.inputs))
		}
		return
	}
	switch {
	case c.left:
	case c.last == nil && !complete:
		c.wrong("the loop ended without an error after %d of %d results (%d inputs pulled)", len(c.seen), len(c.inputs), c.pulled.Load())
	case c.last == nil && (c.ending == failingFast && c.failed > 0 || c.ending == stoppingIf && c.failed >= c.count):
		c.wrong("%d failures, and the loop was not stopped", c.failed)
	case c.last == nil && c.ending == sourcePanics && c.count < len(c.inputs):
		c.wrong("the source panicked, and the loop ended without an error")
	case c.last != nil && !c.expected(c.last):
		c.wrong("the loop ended after %d of %d results with %s", len(c.seen), len(c.inputs), spell(c.last))
	}
}

// expected reports whether the error of a run as a whole is what its end, or
// that of its executor, gives.
func (c *call) expected(err error) bool {
	pulled := int(c.pulled.Load())
	if c.ended.Load() != 0 {
		switch c.r.ending {
		case closing, shuttingHard:
			return errors.Is(err, outpace.ErrClosed)
		case shuttingDown: // what was taken in is finished
			return errors.Is(err, outpace.ErrClosed) && (len(c.seen) == pulled || pulled == 0)
		case contextDone:
			return errors.Is(err, errUpset) || errors.Is(err, outpace.ErrClosed)
		}
	}
	var source *outpace.SourceError
	var loop *outpace.CrashLoopError
	switch c.ending {
	case cancelling:
		return c.ended.Load() != 0 && err == errUpset
	case stoppingOn:
		return c.ended.Load() != 0 && errors.Is(err, outpace.ErrStopped) && errors.Is(err, errUpset)
	case failingFast:
		return errors.Is(err, outpace.ErrStopped) && (c.mayFail() > 0 || !c.r.quiet())
	case stoppingIf:
		return errors.Is(err, outpace.ErrStopped) && (c.mayFail() >= c.count || !c.r.quiet())
	case sourcePanics:
		return errors.As(err, &source) && source.Index == c.count && len(c.seen) == c.count
	}
	return c.r.ending == crashLooping && errors.As(err, &loop) && max(loop.Deaths, loop.Inputs) >= c.r.maxDeaths
}

// mayFail counts the inputs that fail.
func (c *call) mayFail() (n int) {
	for _, in := range c.inputs {
		if c.r.table[in.Do].want != nil {
			n++
		}
	}
	return n
}

func (c *call) wrong(format string, args ...any) {
	c.r.wrong("call "+c.name()+": "+format, args...)
}

// brief is an output that fits on a line.
func brief(v output) string {
	if len(v.Text) > 60 {
		return fmt.Sprintf("{%d %s… of %d bytes}", v.ID, v.Text[:20], len(v.Text))
	}
	return fmt.Sprintf("{%d %q}", v.ID, v.Text)
}

// spell is an error with its type, and with what a worker last said.
func spell(err error) string {
	text := fmt.Sprintf("%T: %v", err, err)
	if lost, ok := lostError(err); ok {
		text += fmt.Sprintf(" (pid %d, signal %d, code %d, output %q)", lost.Pid, lost.Signal, lost.ExitCode, lost.Stderr)
	}
	if len(text) > 2000 {
		text = text[:2000] + "…"
	}
	return text
}
