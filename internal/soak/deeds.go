package main

import (
	"errors"
	"fmt"
	"strings"
	"syscall"

	"github.com/outpace-run/outpace"
)

// input is what one task gets. What it does is in the input, so what must come
// of it is known before it runs.
type input struct {
	ID    int    `json:"id"`
	Do    string `json:"do"`              // name of a deed
	Call  string `json:"call,omitempty"`  // "say": what is printed with it
	MS    int    `json:"ms,omitempty"`    // "sleep", "ignore": for how long
	Size  int    `json:"size,omitempty"`  // "big", "grow": bytes
	Times int    `json:"times,omitempty"` // "flaky": calls that fail
	Dir   string `json:"dir,omitempty"`   // … and where they are counted
}

// output is what a task returns.
type output struct {
	ID   int      `json:"id"`
	Text string   `json:"text"`
	NaN  *float64 `json:"nan,omitempty"` // "encoding": what JSON does not have
}

// value is what in must give.
func value(in input) output {
	if in.Do == "big" {
		return output{ID: in.ID, Text: strings.Repeat("x", in.Size)}
	}
	return output{ID: in.ID, Text: fmt.Sprintf("%s %d", in.Do, in.ID)}
}

// place is where a function runs, or a set of such places.
type place uint8

const (
	inGoroutine place = 1 << iota
	inChild           // a Go child process
	inPython
	inLoop // an event loop of Python

	anywhere = inGoroutine | inChild | inPython | inLoop
	outside  = anywhere &^ inGoroutine // of this process
)

// String returns where the function runs, as a model is called.
func (p place) String() string {
	switch p {
	case inGoroutine:
		return "goroutines"
	case inChild:
		return "process"
	case inPython:
		return "python"
	case inLoop:
		return "python async"
	}
	return "nowhere"
}

// deed is something that an input can do.
type deed struct {
	name   string
	places place
	weight int                   // how often it is done; 0: a few times in a call, since it costs a worker or much time
	needs  func(r *round) bool   // nil: nothing
	want   func(p place) outcome // nil: a value
}

// outcome is the failure that must come of an input.
type outcome struct {
	text string // what it is called in a message
	is   func(err error, in input) bool
}

// deeds is the table of all of them.
func deeds() []deed {
	retried := func(r *round) bool { return r.retries > 0 }
	timed := func(r *round) bool { return r.timeout > 0 }
	untimed := func(r *round) bool { return r.timeout == 0 }
	limited := func(r *round) bool { return r.memory > 0 }
	lone := func(r *round) bool { return r.timeout > 0 && (r.place != inLoop || r.tasks == 1) } // else it makes others time out
	return []deed{
		{"value", anywhere, 400, nil, nil},
		{"sleep", anywhere, 60, nil, nil},
		{"say", outside, 20, nil, nil},
		{"big", anywhere, 10, nil, nil},
		{"error", anywhere, 10, nil, raised},
		{"flaky", anywhere, 10, retried, nil},
		{"encoding", outside, 3, nil, unencoded},
		{"panic", inGoroutine | inChild, 5, nil, panicked},
		{"goexit", inGoroutine | inChild, 3, nil, left},
		{"leave", inPython | inLoop, 3, nil, left},
		{"nest", inGoroutine, 5, untimed, nil},
		{"nestmap", inGoroutine, 3, untimed, nil},
		{"ignore", inGoroutine, 5, nil, nil},
		{"spawn", outside, 0, nil, nil},
		{"session", outside, 0, nil, nil},
		{"fork", inPython | inLoop, 0, nil, nil},
		{"thread", inPython | inLoop, 0, nil, nil},
		{"exit", outside, 0, nil, exited},
		{"segv", outside, 0, nil, signalled(syscall.SIGSEGV)},
		{"abort", outside, 0, nil, signalled(syscall.SIGABRT)},
		{"kill", outside, 0, nil, signalled(syscall.SIGKILL)},
		{"hang", anywhere, 0, timed, timedOut},
		{"spin", outside, 0, lone, timedOut},
		{"stubborn", inGoroutine | inLoop, 0, timed, timedOut},
		{"grow", outside, 0, limited, outOfMemory},
	}
}

// badError is what "error" and "flaky" return in Go.
type badError struct {
	word string
	id   int
}

func (e badError) Error() string { return fmt.Sprintf("%s %d", e.word, e.id) }

func raised(p place) outcome {
	return outcome{"the error bad ID", func(err error, in input) bool {
		if p == inGoroutine {
			var bad badError
			return errors.As(err, &bad) && bad == badError{"bad", in.ID}
		}
		e, ok := remoteError(err)
		return ok && e.Cause == "exception" && e.Message == badError{"bad", in.ID}.Error()
	}}
}

func unencoded(place) outcome {
	return outcome{"an encoding error", func(err error, _ input) bool {
		e, ok := remoteError(err)
		return ok && e.Cause == "encoding"
	}}
}

func panicked(p place) outcome {
	return outcome{"a panic", func(err error, in input) bool {
		if p == inGoroutine {
			var e *outpace.PanicError
			return errors.As(err, &e) && e.Value == in.ID && len(e.Stack) > 0
		}
		e, ok := remoteError(err)
		return ok && e.Type == "panic" && e.Traceback != ""
	}}
}

func left(p place) outcome {
	return outcome{"a goroutine or process left", func(err error, _ input) bool {
		if p == inGoroutine {
			return errors.Is(err, outpace.ErrGoexit)
		}
		e, ok := remoteError(err)
		return ok && e.Cause == "exit"
	}}
}

func exited(place) outcome {
	return outcome{"worker exited with code 3", func(err error, _ input) bool {
		e, ok := lostError(err)
		return ok && e.ExitCode == 3 && e.Signal == 0
	}}
}

func signalled(s syscall.Signal) func(place) outcome {
	return func(p place) outcome {
		code, signal := -1, s
		if p == inChild && s != syscall.SIGKILL { // Go's runtime prints all stacks and exits
			code, signal = 2, 0
		}
		return outcome{fmt.Sprintf("worker lost with exit code %d, signal %d", code, signal), func(err error, _ input) bool {
			e, ok := lostError(err)
			return ok && e.ExitCode == code && e.Signal == signal
		}}
	}
}

func timedOut(place) outcome {
	return outcome{"a time-out", func(err error, _ input) bool { return errors.Is(err, outpace.ErrTimeout) }}
}

func outOfMemory(place) outcome {
	return outcome{"a MemoryError", func(err error, _ input) bool {
		var e *outpace.MemoryError
		return errors.As(err, &e)
	}}
}

func remoteError(err error) (e *outpace.RemoteError, ok bool) {
	ok = errors.As(err, &e)
	return e, ok
}

func lostError(err error) (e *outpace.LostError, ok bool) {
	ok = errors.As(err, &e)
	return e, ok
}
