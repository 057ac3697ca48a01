// Package modeltest is the suite that every [outpace.Model] passes: those of
// this process, those of package python, and yours.
//
//	func TestModel(t *testing.T) {
//		modeltest.Run(t, func() outpace.Model { return mymodel.Workers(4) }, myFunctions())
//	}
//
// It runs the executor on the model from the outside, by what its user can see:
// the states of futures, the order of results and callbacks, cancelling before,
// during and after, time-outs, waiting, back-pressure, events, and how it all
// ends. A model of this process runs in bubbles of testing/synctest, in which
// time is fake and a goroutine left behind fails the test. Any other model runs
// in real time, with limits generous enough for a busy machine.
package modeltest

import (
	"context"
	_ "embed"
	"fmt"
	"runtime"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/outpace-run/outpace"
)

// Functions are what the suite runs. Each has a fixed meaning; those marked
// optional may be left zero, then their tests are skipped. For a model of this
// process see GoFunctions, for one with an event loop all of them must be
// coroutines.
type Functions struct {
	Square  outpace.Function[int, int]    // returns n*n
	SleepMS outpace.Function[int, int]    // sleeps n milliseconds, or until cancelled; returns n
	Fail    outpace.Function[int, int]    // fails with the message "bad n"
	Big     outpace.Function[int, string] // returns a string of n times "x"

	// Optional.
	Stubborn outpace.Function[int, int] // sleeps n milliseconds and cannot be cancelled; returns n
	Exit     outpace.Function[int, int] // returns n; for n < 0 ends its process with exit code -n
	Crash    outpace.Function[int, int] // returns n; for n < 0 its process dies by signal -n

	Share outpace.Function[[]Step, []string] // does the steps and returns what each came to
}

// PythonSource is a Python module with the functions, named square, sleep_ms,
// fail, big, stubborn, exit_if, crash_if and share, and with the prefix async_ the same
// as coroutine functions.
//
//go:embed functions.py
var PythonSource string

// GoFunctions returns the functions as Go functions of this process.
func GoFunctions() Functions {
	return Functions{
		Square:  outpace.Func("square", func(_ context.Context, n int) (int, error) { return n * n, nil }),
		SleepMS: outpace.Func("sleep_ms", sleep),
		Fail:    outpace.Func("fail", func(_ context.Context, n int) (int, error) { return 0, fmt.Errorf("bad %d", n) }),
		Big:     outpace.Func("big", func(_ context.Context, n int) (string, error) { return strings.Repeat("x", n), nil }),
		Stubborn: outpace.Func("stubborn", func(_ context.Context, n int) (int, error) {
			<-time.After(time.Duration(n) * time.Millisecond)
			return n, nil
		}),
		Share: outpace.Func("share", shareSteps),
	}
}

func sleep(ctx context.Context, n int) (int, error) {
	timer := time.NewTimer(time.Duration(n) * time.Millisecond)
	defer timer.Stop()
	select {
	case <-timer.C:
		return n, nil
	case <-ctx.Done():
		return 0, context.Cause(ctx)
	}
}

// Run runs the suite, one subtest for each promise. model makes a fresh model;
// it is called for every test.
func Run(t *testing.T, model func() outpace.Model, fns Functions) {
	t.Helper()
	plan, err := model().Plan()
	if err != nil {
		t.Fatalf("the model has no plan: %v", err)
	}
	anonymous := outpace.Func("", func(context.Context, int) (int, error) { return 0, nil })
	s := &suite{model: model, fns: fns, plan: plan, width: plan.Shape.Workers(), local: model().Check(anonymous) == nil}
	for _, group := range [][]test{planTests(), futureTests(), cancelTests(), callbackTests(), timeoutTests(),
		waitTests(), queueTests(), shutdownTests(), mapTests(), mapEndTests(), eventTests(), faultTests(), nestedTests(), shareTests()} {
		for _, c := range group {
			t.Run(c.name, func(t *testing.T) { s.run(t, c) })
		}
	}
}

// test is one promise. It closes what it opens.
type test struct {
	name string
	fn   func(t *testing.T, s *suite)
}

// run runs one test: in a bubble, or watched for goroutines left behind.
func (s *suite) run(t *testing.T, c test) {
	if s.local {
		synctest.Test(t, func(t *testing.T) { c.fn(t, s) })
		return
	}
	before := runtime.NumGoroutine()
	t.Cleanup(func() { // runs last: after the executors are closed
		if !eventually(func() bool { return runtime.NumGoroutine() <= before }) {
			t.Errorf("%d goroutines before, %d after:\n%s", before, runtime.NumGoroutine(), stacks())
		}
	})
	c.fn(t, s)
}

func stacks() []byte {
	text := make([]byte, 1<<20)
	return text[:runtime.Stack(text, true)]
}
