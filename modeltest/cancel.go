package modeltest

import (
	"context"
	"errors"
	"slices"
	"testing"
	"time"

	"github.com/outpace-run/outpace"
)

func cancelTests() []test {
	return []test{
		{"Cancel/Pending", testCancelPending},
		{"Cancel/Running", testCancelRunning},
		{"Cancel/Stubborn", testCancelStubborn},
		{"Cancel/Done", testCancelDone},
		{"Cancel/BehindBackoff", testCancelBehindBackoff},
		{"Cancel/ContextWhilePending", testCancelContextPending},
		{"Cancel/ContextWhileRunning", testCancelContextRunning},
		{"Cancel/ContextBefore", testCancelContextBefore},
		{"Cancel/All", testCancelAll},
	}
}

func callbackTests() []test {
	return []test{
		{"OnDone/Order", testOnDoneOrder},
		{"OnDone/Already", testOnDoneAlready},
		{"OnDone/EveryEnd", testOnDoneEveryEnd},
		{"OnDone/Panics", testOnDonePanics},
		{"OnDone/FromCallback", testOnDoneFromCallback},
	}
}

// testCancelPending: a pending task is cancelled on the spot and never runs.
func testCancelPending(t *testing.T, s *suite) {
	rec := &recorder{}
	ex := s.open(t, outpace.Observe(rec.observe))
	s.hold(t, ex)
	within(t, "every start was told", func() bool { return len(rec.of(outpace.TaskStarted)) == s.width })
	f := outpace.Submit(context.Background(), ex, s.fns.Square, 2)
	if !f.Cancel() || f.State() != outpace.Cancelled || !closed(f.Done()) {
		t.Errorf("Cancel of a pending task leaves it %v", f.State())
	}
	failure := ends(t, s, f, outpace.Cancelled, outpace.ErrCancelled)
	if failure.Attempts != 0 || f.Cancel() {
		t.Errorf("a task that never ran: %+v", failure)
	}
	if err := ex.Close(); err != nil {
		t.Error(err)
	}
	if n := len(rec.of(outpace.TaskStarted)); n != s.width {
		t.Errorf("%d tasks started after the cancel", n-s.width)
	}
}

// testCancelRunning: a running task is told, and its neighbours do not suffer.
func testCancelRunning(t *testing.T, s *suite) {
	ex := s.open(t, outpace.Grace(50*time.Millisecond))
	held := s.hold(t, ex)
	if held[0].Cancel() {
		t.Error("Cancel says that a running task never ran")
	}
	ends(t, s, held[0], outpace.Cancelled, outpace.ErrCancelled)
	want(t, s, outpace.Submit(context.Background(), ex, s.fns.Square, 5), 25) // there is a slot again
	for i, f := range held[1:] {
		if state := f.State(); state != outpace.Pending && state != outpace.Running || f.Attempts() > 1 {
			t.Fatalf("neighbour %d is %v after %d attempts: %v", i, f.State(), f.Attempts(), f.Err())
		}
	}
}

// testCancelStubborn: a running task that cannot be cancelled is killed with its
// process after the grace period; in this process it may come to its end.
func testCancelStubborn(t *testing.T, s *suite) {
	if s.fns.Stubborn.Name() == "" {
		t.Skip("no Stubborn")
	}
	ex := s.open(t, outpace.Grace(50*time.Millisecond))
	n := forever
	if s.local {
		n = 1000
	}
	f := outpace.Submit(context.Background(), ex, s.fns.Stubborn, n)
	within(t, "it runs", func() bool { return f.State() == outpace.Running })
	f.Cancel()
	if s.local {
		want(t, s, f, n) // nobody can stop it, and its value is right
		return
	}
	ends(t, s, f, outpace.Cancelled, outpace.ErrCancelled)
	want(t, s, outpace.Submit(context.Background(), ex, s.fns.Square, 5), 25)
}

// testCancelDone: a final future stays what it is.
func testCancelDone(t *testing.T, s *suite) {
	ex := s.open(t)
	f := outpace.Submit(context.Background(), ex, s.fns.Square, 3)
	want(t, s, f, 9)
	if f.Cancel() || f.State() != outpace.Done {
		t.Errorf("Cancel of a done task: %v", f.State())
	}
	want(t, s, f, 9)
}

// testCancelBehindBackoff: a task that waits for its retry is pending.
func testCancelBehindBackoff(t *testing.T, s *suite) {
	rec := &recorder{}
	ex := s.open(t, outpace.Retries(5), outpace.Backoff(time.Hour, time.Hour), outpace.Observe(rec.observe))
	f := outpace.Submit(context.Background(), ex, s.fns.Fail, 1)
	within(t, "it waits for its retry", func() bool { return len(rec.of(outpace.TaskRetried)) == 1 })
	if f.State() != outpace.Pending || f.Attempts() != 1 {
		t.Errorf("behind its back-off: %v, %d attempts", f.State(), f.Attempts())
	}
	if !f.Cancel() {
		t.Error("Cancel says that it is not pending")
	}
	ends(t, s, f, outpace.Cancelled, outpace.ErrCancelled)
}

// testCancelContextPending: a task whose caller has left is not run when its
// turn comes.
func testCancelContextPending(t *testing.T, s *suite) {
	ex := s.open(t, outpace.Grace(50*time.Millisecond))
	held := s.hold(t, ex)
	cause := errors.New("caller left")
	ctx, leave := context.WithCancelCause(context.Background())
	f := outpace.Submit(ctx, ex, s.fns.Square, 2)
	leave(cause)
	held[0].Cancel()
	if failure := ends(t, s, f, outpace.Cancelled, cause); failure.Attempts != 0 {
		t.Errorf("it ran: %v", failure)
	}
}

// testCancelContextRunning: a caller who leaves cancels the running task too.
func testCancelContextRunning(t *testing.T, s *suite) {
	ex := s.open(t, outpace.Grace(50*time.Millisecond))
	cause := errors.New("caller left")
	ctx, leave := context.WithCancelCause(context.Background())
	f := outpace.Submit(ctx, ex, s.fns.SleepMS, forever)
	within(t, "it runs", func() bool { return f.State() == outpace.Running })
	leave(cause)
	if _, err := f.Result(s.limit(t)); !errors.Is(err, cause) || !closed(f.Done()) {
		t.Errorf("state %v, error %v; want it over, with the context's cause", f.State(), err)
	}
}

// testCancelContextBefore: with a context that is done already nothing runs.
func testCancelContextBefore(t *testing.T, s *suite) {
	ex := s.open(t)
	cause := errors.New("too late")
	ctx, leave := context.WithCancelCause(context.Background())
	leave(cause)
	f := outpace.Submit(ctx, ex, s.fns.Square, 2)
	if failure := ends(t, s, f, outpace.Cancelled, cause); failure.Attempts != 0 {
		t.Errorf("it ran: %v", failure)
	}
	for _, err := range outpace.Map(ctx, ex, s.fns.Square, upTo(10)) {
		if err != cause {
			t.Errorf("Map: %v, want the context's cause", err)
		}
	}
}

// testCancelAll: everything cancelled at once, running and pending, is over soon.
func testCancelAll(t *testing.T, s *suite) {
	ex := s.open(t, outpace.Grace(50*time.Millisecond))
	fs := s.hold(t, ex)
	for i := range 200 {
		fs = append(fs, outpace.Submit(context.Background(), ex, s.fns.SleepMS, forever+i))
	}
	for _, f := range slices.Backward(fs) {
		f.Cancel()
	}
	for _, f := range fs {
		ends(t, s, f, outpace.Cancelled, outpace.ErrCancelled)
	}
	want(t, s, outpace.Submit(context.Background(), ex, s.fns.Square, 5), 25)
}

// testOnDoneOrder: callbacks run once each, in the order in which they were
// given, and see a final future.
func testOnDoneOrder(t *testing.T, s *suite) {
	ex := s.open(t)
	s.hold(t, ex)[0].OnDone(func() {})
	f := outpace.Submit(context.Background(), ex, s.fns.Square, 2)
	var order []int
	for i := range 10 {
		f.OnDone(func() {
			if f.State() != outpace.Cancelled || !closed(f.Done()) {
				t.Errorf("callback %d sees %v", i, f.State())
			}
			order = append(order, i)
		})
	}
	f.Cancel() // on this goroutine, so no lock is needed
	if !slices.Equal(order, []int{0, 1, 2, 3, 4, 5, 6, 7, 8, 9}) {
		t.Errorf("order: %v", order)
	}
}

// testOnDoneAlready: on a final future it runs at once, on the caller's goroutine.
func testOnDoneAlready(t *testing.T, s *suite) {
	ex := s.open(t)
	f := outpace.Submit(context.Background(), ex, s.fns.Square, 2)
	want(t, s, f, 4)
	called := 0
	f.OnDone(func() { called++ })
	f.OnDone(func() { called++ })
	if called != 2 {
		t.Errorf("%d of 2 callbacks ran before OnDone returned", called)
	}
}

// testOnDoneEveryEnd: it runs once for each way in which a task can end.
func testOnDoneEveryEnd(t *testing.T, s *suite) {
	ex := s.open(t, outpace.Grace(50*time.Millisecond))
	ended := make(chan outpace.State, 10)
	watch := func(f *outpace.Future[int]) { f.OnDone(func() { ended <- f.State() }) }
	watch(outpace.Submit(context.Background(), ex, s.fns.Square, 2))
	if state := <-ended; state != outpace.Done {
		t.Errorf("done: %v", state)
	}
	watch(outpace.Submit(context.Background(), ex, s.fns.Fail, 2))
	if state := <-ended; state != outpace.Failed {
		t.Errorf("failed: %v", state)
	}
	f := outpace.Submit(context.Background(), ex, s.fns.SleepMS, forever)
	watch(f)
	within(t, "it runs", func() bool { return f.State() == outpace.Running })
	f.Cancel()
	if state := <-ended; state != outpace.Cancelled {
		t.Errorf("cancelled: %v", state)
	}
	watch(outpace.Submit(context.Background(), ex, s.fns.SleepMS, forever))
	if err := ex.Close(); err != nil {
		t.Error(err)
	}
	if state := <-ended; state != outpace.Cancelled || len(ended) != 0 {
		t.Errorf("closed: %v, and %d more", state, len(ended))
	}
}

// testOnDonePanics: a callback that panics is told to the observer; the others
// run, and the task keeps its value.
func testOnDonePanics(t *testing.T, s *suite) {
	rec := &recorder{}
	ex := s.open(t, outpace.Observe(rec.observe))
	f := outpace.Submit(context.Background(), ex, s.fns.SleepMS, 20)
	ran := make(chan struct{})
	f.OnDone(func() { panic("callback") })
	f.OnDone(func() { close(ran) })
	<-ran
	want(t, s, f, 20)
	within(t, "the panic was told", func() bool { return len(rec.of(outpace.ObserverPanic)) == 1 })
	var panicked *outpace.PanicError
	if e := rec.of(outpace.ObserverPanic)[0]; !errors.As(e.Err, &panicked) || panicked.Value != "callback" || len(panicked.Stack) == 0 {
		t.Errorf("event: %+v", e)
	}
	want(t, s, outpace.Submit(context.Background(), ex, s.fns.Square, 3), 9)
}

// testOnDoneFromCallback: a callback may give another one, and submit.
func testOnDoneFromCallback(t *testing.T, s *suite) {
	ex := s.open(t)
	f := outpace.Submit(context.Background(), ex, s.fns.SleepMS, 20)
	inner := make(chan *outpace.Future[int], 1)
	f.OnDone(func() {
		f.OnDone(func() { inner <- outpace.Submit(context.Background(), ex, s.fns.Square, 4) })
	})
	want(t, s, <-inner, 16)
}
