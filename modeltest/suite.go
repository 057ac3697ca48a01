package modeltest

import (
	"context"
	"errors"
	"iter"
	"strings"
	"testing"
	"time"

	"github.com/outpace-run/outpace"
)

// suite is one model under test.
type suite struct {
	model func() outpace.Model
	fns   Functions
	plan  outpace.Plan
	width int  // tasks in flight at once
	local bool // the model runs in this process, and the tests in bubbles
}

// forever is an input for SleepMS and Stubborn: longer than any test.
const forever = 3_600_000

// open makes an executor that is closed without an error when the test ends.
func (s *suite) open(t *testing.T, opts ...outpace.Option) *outpace.Executor {
	t.Helper()
	ex := s.openRaw(t, opts...)
	t.Cleanup(func() {
		if err := ex.Close(); err != nil {
			t.Errorf("Close: %v", err)
		}
	})
	return ex
}

// openRaw makes an executor that the test closes.
func (s *suite) openRaw(t *testing.T, opts ...outpace.Option) *outpace.Executor {
	t.Helper()
	ex, err := outpace.New(context.Background(), s.model(), opts...)
	if err != nil {
		t.Fatalf("New: %v", err)
	}
	return ex
}

// limit is a context that ends what hangs.
func (s *suite) limit(t *testing.T) context.Context {
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	t.Cleanup(cancel)
	return ctx
}

// hold fills every slot with a task that does not end by itself.
func (s *suite) hold(t *testing.T, ex *outpace.Executor) []*outpace.Future[int] {
	t.Helper()
	var fs []*outpace.Future[int]
	for range s.width {
		fs = append(fs, outpace.Submit(context.Background(), ex, s.fns.SleepMS, forever))
	}
	within(t, "every slot is busy", func() bool {
		for _, f := range fs {
			if f.State() != outpace.Running {
				return false
			}
		}
		return true
	})
	return fs
}

// warm sees to it that a worker is there and has the function loaded.
func (s *suite) warm(t *testing.T, ex *outpace.Executor) {
	t.Helper()
	want(t, s, outpace.Submit(context.Background(), ex, s.fns.Square, 2), 4)
	want(t, s, outpace.Submit(context.Background(), ex, s.fns.SleepMS, 0), 0)
}

// want checks the value of a future.
func want[T comparable](t *testing.T, s *suite, f *outpace.Future[T], value T) {
	t.Helper()
	if v, err := f.Result(s.limit(t)); err != nil || v != value {
		t.Errorf("result is %v, %v; want %v", v, err, value)
	}
}

// ends checks that a future ends in a state, with an error that wraps cause.
func ends(t *testing.T, s *suite, f *outpace.Future[int], state outpace.State, cause error) *outpace.TaskError {
	t.Helper()
	v, err := f.Result(s.limit(t))
	var failure *outpace.TaskError
	switch {
	case f.State() != state:
		t.Fatalf("state is %v, want %v (error: %v)", f.State(), state, err)
	case v != 0:
		t.Errorf("a value of %d beside an error", v)
	case !errors.As(err, &failure):
		t.Fatalf("error is %T %v, want a *TaskError", err, err)
	case cause != nil && !errors.Is(err, cause):
		t.Errorf("error is %v, want %v in it", err, cause)
	case failure.Index != -1:
		t.Errorf("a submitted task has index %d", failure.Index)
	case failure.Attempts != f.Attempts():
		t.Errorf("the error counts %d attempts, the future %d", failure.Attempts, f.Attempts())
	}
	return failure
}

// eventually polls until ok holds, for as long as a busy machine may need.
func eventually(ok func() bool) bool {
	for range 30_000 {
		if ok() {
			return true
		}
		time.Sleep(time.Millisecond)
	}
	return ok()
}

// within fails the test unless ok holds soon.
func within(t *testing.T, what string, ok func() bool) {
	t.Helper()
	if !eventually(ok) {
		t.Fatalf("still not so: %s", what)
	}
}

// closed reports whether a channel is closed now.
func closed(c <-chan struct{}) bool {
	select {
	case <-c:
		return true
	default:
		return false
	}
}

func mentions(err error, text string) bool { return err != nil && strings.Contains(err.Error(), text) }

// upTo yields 0 to n-1.
func upTo(n int) iter.Seq[int] {
	return func(yield func(int) bool) {
		for i := range n {
			if !yield(i) {
				return
			}
		}
	}
}
