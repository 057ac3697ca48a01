package main

import (
	"errors"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/outpace-run/outpace"
)

// stage is a call that nothing has come of yet.
func stage(p place, verb string, inputs ...input) *call {
	r := draw(1, 1)
	*r = round{number: 1, place: p, processes: 1, tasks: 1, grace: -1, table: r.table}
	c := &call{r: r, executor: 1, number: 1, verb: verb, inputs: inputs, seen: map[int]bool{}}
	for i := range c.inputs {
		c.inputs[i].ID = i
	}
	c.l = &life{s: &soak{}, r: r, calls: []*call{c}, function: (&site{}).function(p),
		said: map[string]bool{}, harmed: map[int]bool{}, charges: map[int]string{}, reruns: map[int]int{}}
	return c
}

func do(deeds ...string) (inputs []input) {
	for _, d := range deeds {
		inputs = append(inputs, input{Do: d, Times: 2})
	}
	return inputs
}

// taskError is the error that a Map has for an input.
func (c *call) taskError(index, attempts int, err error) error {
	return &outpace.TaskError{Function: c.function().Name(), Index: index, Attempts: attempts, Err: err}
}

func exit(pid int) error { return &outpace.LostError{Pid: pid, ExitCode: 3} }

// TestJudge: what is right passes, and nothing else does.
func TestJudge(t *testing.T) {
	raised := &outpace.RemoteError{Type: "ValueError", Message: "bad 1", Cause: "exception"}
	killed := &outpace.LostError{Pid: 7, Signal: syscall.SIGKILL, ExitCode: -1}
	late := &outpace.TimeoutError{After: time.Second}
	for _, test := range []struct {
		name   string
		call   *call
		happen func(c *call)
		wrong  string // part of the only problem; "" if there must be none
	}{
		{"all well", stage(inPython, "Map", do("value", "error")...), func(c *call) {
			c.take(0, value(c.at(0)), nil, 0)
			c.take(1, output{}, c.taskError(1, 1, raised), 0)
		}, ""},
		{"another's value", stage(inPython, "Map", do("value", "value")...), func(c *call) {
			c.take(0, value(c.at(1)), nil, 0)
			c.take(1, value(c.at(1)), nil, 0)
		}, `input 0 (value) gave {1 "value 1"}, expected {0 "value 0"}`},
		{"a value instead of a failure", stage(inPython, "Map", do("exit")...), func(c *call) {
			c.take(0, value(c.at(0)), nil, 0)
		}, "expected worker exited with code 3"},
		{"a failure instead of a value", stage(inPython, "Map", do("value", "value")...), func(c *call) {
			c.take(0, value(c.at(0)), nil, 0)
			c.take(1, output{}, c.taskError(1, 1, raised), 0)
		}, "expected a value"},
		{"another failure", stage(inPython, "Map", do("exit")...), func(c *call) {
			c.take(0, output{}, c.taskError(0, 1, killed), 0)
		}, "signal 9, code -1, output \"\"), expected worker exited with code 3"},
		{"no TaskError", stage(inPython, "Gather", do("error")...), func(c *call) {
			c.outcome(0, -1, output{}, raised, 1)
		}, "not a *TaskError"},
		{"another index in the error", stage(inPython, "Map", do("value", "error")...), func(c *call) {
			c.take(0, value(c.at(0)), nil, 0)
			c.take(1, output{}, c.taskError(0, 1, raised), 0)
		}, "index 0, attempt 1; expected"},
		{"out of order", stage(inPython, "MapItems", do("value", "value")...), func(c *call) {
			c.take(1, value(c.at(1)), nil, 1)
			c.take(0, value(c.at(0)), nil, 1)
		}, "in the place of input"},
		{"twice", stage(inPython, "MapUnordered", do("value")...), func(c *call) {
			c.take(0, value(c.at(0)), nil, 1)
			c.take(0, value(c.at(0)), nil, 1)
		}, "a second outcome for input 0"},
		{"one missing", stage(inPython, "Map", do("value", "value")...), func(c *call) {
			c.take(0, value(c.at(0)), nil, 0)
		}, "the loop ended without an error after 1 of 2 results"},
		{"a result after the end", stage(inPython, "Map", do("value")...), func(c *call) {
			c.ending, c.last = cancelling, errUpset
			c.endsNow()
			c.take(0, value(c.at(0)), nil, 0)
		}, "the last, came"},
		{"an end for no reason", stage(inPython, "Map", do("value")...), func(c *call) {
			c.take(0, output{}, outpace.ErrClosed, 0)
		}, "the loop ended after 0 of 1 results with"},
		{"the end that was asked for", stage(inPython, "Map", do("value")...), func(c *call) {
			c.ending = cancelling
			c.endsNow()
			c.take(0, output{}, errUpset, 0)
		}, ""},
		{"not stopped at the first failure", stage(inPython, "Map", do("error", "value")...), func(c *call) {
			c.ending = failingFast
			c.take(0, output{}, c.taskError(0, 1, &outpace.RemoteError{Message: "bad 0", Cause: "exception"}), 0)
			c.take(1, value(c.at(1)), nil, 0)
		}, "the loop was not stopped"},
		{"too many attempts", stage(inPython, "MapItems", do("value")...), func(c *call) {
			c.take(0, value(c.at(0)), nil, 2)
		}, "took 2 attempts, expected 1 to 1"},
		{"too few attempts", stage(inPython, "MapItems", do("flaky")...), func(c *call) {
			c.r.retries = 3
			c.take(0, value(c.at(0)), nil, 2)
		}, "took 2 attempts, expected 3 to 3"},
		{"one death, two failures", stage(inPython, "Map", do("exit", "exit")...), func(c *call) {
			c.take(0, output{}, c.taskError(0, 1, exit(5)), 0)
			c.take(1, output{}, c.taskError(1, 1, exit(5)), 0)
		}, "is charged to input 1 as well as to input 0"},
		{"killed by us", stage(inPython, "Map", do("value")...), func(c *call) {
			c.r.assault, c.l.harmed[7], c.l.reruns[0] = killing, true, 3
			c.take(0, output{}, c.taskError(0, 1, killed), 0)
		}, ""},
		{"killed by us, too soon to fail", stage(inPython, "Map", do("value")...), func(c *call) {
			c.r.assault, c.l.harmed[7], c.l.reruns[0] = killing, true, 2
			c.take(0, output{}, c.taskError(0, 1, killed), 0)
		}, "expected a value"},
		{"not loaded because of us", stage(inPython, "Map", do("value")...), func(c *call) {
			c.r.assault, c.l.harmed[7], c.l.reruns[0] = killing, true, 3
			c.take(0, output{}, c.taskError(0, 1, &outpace.LoadError{Err: killed}), 0)
		}, "expected a value"},
		{"killed by nobody", stage(inPython, "Map", do("value")...), func(c *call) {
			c.take(0, output{}, c.taskError(0, 1, killed), 0)
		}, "expected a value"},
		{"out of time without a time-out", stage(inPython, "Map", do("value")...), func(c *call) {
			c.take(0, output{}, c.taskError(0, 1, late), 0)
		}, "expected a value"},
		{"all out of time", stage(inPython, "Map", do("value", "value", "value")...), func(c *call) {
			c.r.timeout = time.Second
			for i := range c.inputs {
				c.take(i, output{}, c.taskError(i, 1, late), 0)
			}
		}, "3 of 3 tasks ran out of time"},
	} {
		t.Run(test.name, func(t *testing.T) {
			test.happen(test.call)
			test.call.verdict()
			got := strings.Join(test.call.r.problems, "\n")
			if (got == "") != (test.wrong == "") || !strings.Contains(got, test.wrong) {
				t.Errorf("got %q, expected %q", got, test.wrong)
			}
		})
	}
}

// TestEnded: Close may name what is abandoned only where something may be.
func TestEnded(t *testing.T) {
	abandoned := &outpace.AbandonedError{Tasks: []string{"x"}}
	for _, test := range []struct {
		deed  string
		err   error
		wrong bool
	}{{"value", nil, false}, {"value", abandoned, true}, {"stubborn", abandoned, false}, {"stubborn", errors.New("other"), true}} {
		c := stage(inGoroutine, "Map", do(test.deed)...)
		c.l.ended(test.err)
		if got := c.r.wrongs > 0; got != test.wrong {
			t.Errorf("%s, %v: wrong %v", test.deed, test.err, got)
		}
	}
}
