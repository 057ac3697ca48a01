package modeltest

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/outpace-run/outpace"
)

func planTests() []test {
	return []test{
		{"Plan/Same", testPlanSame},
		{"Plan/Check", testPlanCheck},
	}
}

func futureTests() []test {
	return []test{
		{"Future/Done", testFutureDone},
		{"Future/Failed", testFutureFailed},
		{"Future/Pending", testFuturePending},
		{"Future/ResultTimesOut", testFutureResultTimesOut},
		{"Future/ManyWaiters", testFutureManyWaiters},
		{"Future/Big", testFutureBig},
		{"Future/Many", testFutureMany},
		{"Future/Retries", testFutureRetries},
		{"Future/RetryIf", testFutureRetryIf},
	}
}

// testPlanSame: a plan is a value, the same each time, and has a valid shape.
func testPlanSame(t *testing.T, s *suite) {
	m := s.model()
	a, err1 := m.Plan()
	b, err2 := m.Plan()
	if err1 != nil || err2 != nil || a.String() != b.String() {
		t.Errorf("two plans of one model: %v (%v), %v (%v)", a, err1, b, err2)
	}
	if a.Model == "" || a.Shape.Processes < 1 || a.Shape.Tasks < 1 {
		t.Errorf("a plan without a model or shape: %v", a)
	}
	if got := s.open(t).Plan(); got.String() != a.String() {
		t.Errorf("the executor's plan is %v, the model's %v", got, a)
	}
}

// testPlanCheck: a function that cannot run is refused before anything starts.
func testPlanCheck(t *testing.T, s *suite) {
	ex := s.open(t)
	var zero outpace.Function[int, int]
	f := outpace.Submit(context.Background(), ex, zero, 1)
	if f.State() != outpace.Failed || !errors.Is(f.Err(), outpace.ErrFunction) {
		t.Errorf("a zero Function: state %v, error %v", f.State(), f.Err())
	}
	for _, err := range outpace.Map(context.Background(), ex, zero, upTo(3)) {
		if !errors.Is(err, outpace.ErrFunction) {
			t.Errorf("Map of a zero Function: %v", err)
		}
	}
	stranger := outpace.Remote[int, int]("stranger", struct{ nobody int }{1})
	if err := s.model().Check(stranger); !errors.Is(err, outpace.ErrFunction) {
		t.Errorf("Check of another package's function: %v", err)
	}
}

// testFutureDone: from Submit to a value, and what a done future says of itself.
func testFutureDone(t *testing.T, s *suite) {
	ex := s.open(t)
	f := outpace.Submit(context.Background(), ex, s.fns.Square, 7)
	want(t, s, f, 49)
	if f.State() != outpace.Done || f.Err() != nil || f.Attempts() != 1 || !closed(f.Done()) {
		t.Errorf("state %v, error %v, %d attempts", f.State(), f.Err(), f.Attempts())
	}
	if f.Started().IsZero() || f.Finished().Before(f.Started()) {
		t.Errorf("started %v, finished %v", f.Started(), f.Finished())
	}
	want(t, s, f, 49)
	done, cancel := context.WithCancel(context.Background())
	cancel()
	if v, err := f.Result(done); v != 49 || err != nil {
		t.Errorf("a final future and a context that is done: %v, %v", v, err)
	}
}

// testFutureFailed: the error has its message, its place and its attempts.
func testFutureFailed(t *testing.T, s *suite) {
	ex := s.open(t)
	f := outpace.Submit(context.Background(), ex, s.fns.Fail, 7)
	failure := ends(t, s, f, outpace.Failed, nil)
	if !mentions(failure.Err, "bad 7") || failure.Function != s.fns.Fail.Name() || failure.Attempts != 1 {
		t.Errorf("failure: %+v", failure)
	}
	if f.Err() == nil || f.Cancel() || f.State() != outpace.Failed {
		t.Errorf("after Cancel: %v, %v", f.State(), f.Err())
	}
	want(t, s, outpace.Submit(context.Background(), ex, s.fns.Square, 3), 9) // it harmed nobody
}

// testFuturePending: what a future says before a worker takes it.
func testFuturePending(t *testing.T, s *suite) {
	ex := s.open(t)
	s.hold(t, ex)
	f := outpace.Submit(context.Background(), ex, s.fns.Square, 2)
	if f.State() != outpace.Pending || f.Err() != nil || f.Attempts() != 0 || closed(f.Done()) {
		t.Errorf("state %v, error %v, %d attempts", f.State(), f.Err(), f.Attempts())
	}
	if !f.Started().IsZero() || !f.Finished().IsZero() {
		t.Errorf("started %v, finished %v", f.Started(), f.Finished())
	}
}

// testFutureResultTimesOut: who stops waiting changes nothing for the future.
func testFutureResultTimesOut(t *testing.T, s *suite) {
	ex := s.open(t)
	f := outpace.Submit(context.Background(), ex, s.fns.SleepMS, 300)
	cause := errors.New("enough waited")
	ctx, cancel := context.WithTimeoutCause(context.Background(), time.Millisecond, cause)
	defer cancel()
	if _, err := f.Result(ctx); err != cause {
		t.Errorf("Result of a running task: %v, want the cause of the context", err)
	}
	want(t, s, f, 300)
}

// testFutureManyWaiters: everybody who waits is told.
func testFutureManyWaiters(t *testing.T, s *suite) {
	ex := s.open(t)
	f := outpace.Submit(context.Background(), ex, s.fns.SleepMS, 20)
	told := make(chan int)
	ctx := s.limit(t)
	for range 50 {
		go func() { v, _ := f.Result(ctx); told <- v }()
		go func() { <-f.Done(); told <- 20 }()
	}
	for range 100 {
		if v := <-told; v != 20 {
			t.Errorf("a waiter got %d", v)
		}
	}
}

// testFutureBig: a megabyte of result, several at once.
func testFutureBig(t *testing.T, s *suite) {
	ex := s.open(t)
	var fs []*outpace.Future[string]
	for i := range 8 {
		fs = append(fs, outpace.Submit(context.Background(), ex, s.fns.Big, 1<<20+i))
	}
	values, err := outpace.Gather(s.limit(t), fs...)
	for i, v := range values {
		if err != nil || len(v) != 1<<20+i || v[0] != 'x' || v[len(v)-1] != 'x' {
			t.Fatalf("result %d has %d bytes (error: %v)", i, len(v), err)
		}
	}
}

// testFutureMany: 100,000 futures, all there at the end with the right values.
// A model of other processes gets 20,000: what is more fills the same queue
// again, which holds 1,024, and takes the race detector seconds.
func testFutureMany(t *testing.T, s *suite) {
	n := 100_000
	if !s.local {
		n = 20_000
	}
	if testing.Short() {
		n = 5_000
	}
	ex := s.open(t)
	fs := make([]*outpace.Future[int], n)
	for i := range fs {
		fs[i] = outpace.Submit(context.Background(), ex, s.fns.Square, i)
	}
	values, err := outpace.Gather(s.limit(t), fs...)
	if err != nil {
		t.Fatal(err)
	}
	for i, v := range values {
		if v != i*i {
			t.Fatalf("future %d has %d", i, v)
		}
	}
}

// testFutureRetries: a task has 1 + retries attempts, each behind a back-off
// that is within its bounds, and fails with the last error.
func testFutureRetries(t *testing.T, s *suite) {
	rec := &recorder{}
	ex := s.open(t, outpace.Retries(4), outpace.Backoff(4*time.Millisecond, 10*time.Millisecond), outpace.Observe(rec.observe))
	failure := ends(t, s, outpace.Submit(context.Background(), ex, s.fns.Fail, 3), outpace.Failed, nil)
	if failure.Attempts != 5 || !mentions(failure.Err, "bad 3") {
		t.Errorf("failure: %v", failure)
	}
	within(t, "the end was told", func() bool { return len(rec.of(outpace.TaskFinished)) == 1 })
	retried := rec.of(outpace.TaskRetried)
	if len(retried) != 4 {
		t.Fatalf("%d retries told, want 4", len(retried))
	}
	for i, e := range retried {
		most := min(4*time.Millisecond<<i, 10*time.Millisecond)
		if e.Attempt != i+1 || e.Delay < 0 || e.Delay > most || !mentions(e.Err, "bad 3") {
			t.Errorf("retry %d: %+v, want a delay up to %v", i, e, most)
		}
	}
}

// testFutureRetryIf: an error that is not worth it is not retried.
func testFutureRetryIf(t *testing.T, s *suite) {
	ex := s.open(t, outpace.Retries(4), outpace.Backoff(0, 0))
	no := outpace.RetryIf(func(err error) bool { return !mentions(err, "bad 8") })
	if f := ends(t, s, outpace.Submit(context.Background(), ex, s.fns.Fail, 8, no), outpace.Failed, nil); f.Attempts != 1 {
		t.Errorf("%d attempts, want 1", f.Attempts)
	}
	if f := ends(t, s, outpace.Submit(context.Background(), ex, s.fns.Fail, 9, no), outpace.Failed, nil); f.Attempts != 5 {
		t.Errorf("%d attempts, want 5", f.Attempts)
	}
}
