package modeltest

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/outpace-run/outpace"
)

func queueTests() []test {
	return []test{
		{"Queue/Bound", testQueueBound},
		{"Queue/ContextFreesSubmit", testQueueContext},
		{"Queue/CloseFreesSubmit", testQueueClose},
	}
}

func shutdownTests() []test {
	return []test{
		{"Shutdown/Drains", testShutdownDrains},
		{"Shutdown/Deadline", testShutdownDeadline},
		{"Shutdown/Twice", testShutdownTwice},
		{"Shutdown/Unused", testShutdownUnused},
		{"Shutdown/BehindBackoff", testShutdownBackoff},
		{"Shutdown/DuringMap", testShutdownMap},
		{"Close/CancelsPending", testCloseCancels},
		{"Close/Twice", testCloseTwice},
		{"Close/SubmitAfter", testCloseSubmitAfter},
		{"Close/DuringMap", testCloseMap},
		{"Close/ContextOfNew", testCloseContext},
	}
}

// testQueueBound: Submit blocks while the queue is full, and goes on when there
// is room.
func testQueueBound(t *testing.T, s *suite) {
	ex := s.open(t, outpace.Queue(2), outpace.Grace(50*time.Millisecond))
	held := s.hold(t, ex)
	for range 2 {
		outpace.Submit(context.Background(), ex, s.fns.Square, 1)
	}
	through := make(chan *outpace.Future[int], 1)
	go func() { through <- outpace.Submit(context.Background(), ex, s.fns.Square, 3) }()
	select {
	case <-through:
		t.Error("a third task went into a queue of 2")
	case <-time.After(100 * time.Millisecond):
	}
	held[0].Cancel()
	want(t, s, <-through, 9)
}

// testQueueContext: the context of a blocked Submit lets it go.
func testQueueContext(t *testing.T, s *suite) {
	ex := s.open(t, outpace.Queue(1))
	s.hold(t, ex)
	outpace.Submit(context.Background(), ex, s.fns.Square, 1)
	cause := errors.New("no patience")
	ctx, cancel := context.WithTimeoutCause(context.Background(), 50*time.Millisecond, cause)
	defer cancel()
	f := outpace.Submit(ctx, ex, s.fns.Square, 2)
	if ctx.Err() == nil {
		t.Error("Submit did not block")
	}
	ends(t, s, f, outpace.Cancelled, cause)
}

// testQueueClose: Close lets a blocked Submit go.
func testQueueClose(t *testing.T, s *suite) {
	ex := s.open(t, outpace.Queue(1))
	s.hold(t, ex)
	outpace.Submit(context.Background(), ex, s.fns.Square, 1)
	blocked := make(chan *outpace.Future[int], 1)
	go func() { blocked <- outpace.Submit(context.Background(), ex, s.fns.Square, 2) }()
	<-time.After(20 * time.Millisecond)
	if err := ex.Close(); err != nil {
		t.Error(err)
	}
	ends(t, s, <-blocked, outpace.Cancelled, outpace.ErrClosed)
}

// testShutdownDrains: everything that was taken in is finished, then all is gone.
func testShutdownDrains(t *testing.T, s *suite) {
	ex := s.openRaw(t)
	var fs futures
	for range 3 * min(s.width, 10) {
		fs = append(fs, outpace.Submit(context.Background(), ex, s.fns.SleepMS, 30))
	}
	if err := ex.Shutdown(s.limit(t)); err != nil {
		t.Error(err)
	}
	for i, f := range fs {
		if f.State() != outpace.Done {
			t.Fatalf("task %d is %v when Shutdown returns: %v", i, f.State(), f.Err())
		}
	}
	f := outpace.Submit(context.Background(), ex, s.fns.Square, 2)
	ends(t, s, f, outpace.Cancelled, outpace.ErrClosed)
}

// testShutdownDeadline: past its context Shutdown is Close.
func testShutdownDeadline(t *testing.T, s *suite) {
	ex := s.openRaw(t, outpace.Grace(5*time.Second))
	fs := s.hold(t, ex)
	fs = append(fs, outpace.Submit(context.Background(), ex, s.fns.Square, 2))
	ctx, cancel := context.WithTimeout(context.Background(), 50*time.Millisecond)
	defer cancel()
	if err := ex.Shutdown(ctx); err != nil {
		t.Error(err)
	}
	for _, f := range fs {
		ends(t, s, f, outpace.Cancelled, outpace.ErrClosed)
	}
}

// testShutdownTwice: while one Shutdown waits, others may call too, and Close
// cuts it short.
func testShutdownTwice(t *testing.T, s *suite) {
	ex := s.openRaw(t)
	s.hold(t, ex)
	ended := make(chan error, 3)
	for range 3 {
		go func() { ended <- ex.Shutdown(s.limit(t)) }()
	}
	select {
	case err := <-ended:
		t.Errorf("Shutdown returned while tasks run: %v", err)
	case <-time.After(20 * time.Millisecond):
	}
	if err := ex.Close(); err != nil {
		t.Error(err)
	}
	for range 3 {
		if err := <-ended; err != nil {
			t.Error(err)
		}
	}
}

// testShutdownUnused: an executor without a task ends at once.
func testShutdownUnused(t *testing.T, s *suite) {
	if err := s.openRaw(t).Shutdown(s.limit(t)); err != nil {
		t.Error(err)
	}
	if err := s.openRaw(t).Close(); err != nil {
		t.Error(err)
	}
}

// testShutdownBackoff: a task behind its back-off was taken in too.
func testShutdownBackoff(t *testing.T, s *suite) {
	ex := s.openRaw(t, outpace.Retries(2), outpace.Backoff(20*time.Millisecond, 40*time.Millisecond))
	f := outpace.Submit(context.Background(), ex, s.fns.Fail, 5)
	if err := ex.Shutdown(s.limit(t)); err != nil {
		t.Error(err)
	}
	if f.State() != outpace.Failed || f.Attempts() != 3 {
		t.Errorf("%v after %d attempts", f.State(), f.Attempts())
	}
}

// testShutdownMap: what a Map has pulled is finished and yielded; it pulls no
// more, and says so.
func testShutdownMap(t *testing.T, s *suite) {
	ex := s.openRaw(t)
	ended := make(chan error, 1)
	n := 0
	var last error
	for v, err := range outpace.Map(s.limit(t), ex, s.fns.Square, endless()) {
		if last = err; err != nil {
			break
		}
		if v != n*n {
			t.Fatalf("result %d is %d", n, v)
		}
		if n++; n == 50 {
			go func() { ended <- ex.Shutdown(s.limit(t)) }()
		}
	}
	if !errors.Is(last, outpace.ErrClosed) || n < 50 {
		t.Errorf("%d results, then %v", n, last)
	}
	if err := <-ended; err != nil {
		t.Errorf("Shutdown: %v", err)
	}
}

// testCloseCancels: pending and running tasks are cancelled, with ErrClosed.
func testCloseCancels(t *testing.T, s *suite) {
	ex := s.openRaw(t)
	fs := s.hold(t, ex)
	for range 10 {
		fs = append(fs, outpace.Submit(context.Background(), ex, s.fns.Square, 2))
	}
	began := time.Now()
	if err := ex.Close(); err != nil {
		t.Error(err)
	}
	if took := time.Since(began); took > 10*time.Second {
		t.Errorf("Close took %v", took)
	}
	for _, f := range fs {
		if !closed(f.Done()) {
			t.Fatalf("a future is %v when Close returns", f.State())
		}
		ends(t, s, f, outpace.Cancelled, outpace.ErrClosed)
	}
}

// testCloseTwice: the second call, and one at the same time, returns the same.
func testCloseTwice(t *testing.T, s *suite) {
	ex := s.openRaw(t)
	if err := outpace.Go(context.Background(), ex, func(context.Context) error { return errors.New("lost cause") }); err != nil && s.local {
		t.Fatal(err)
	}
	within(t, "it has run", func() bool { return true })
	errs := make(chan error, 4)
	for range 4 {
		go func() { errs <- ex.Shutdown(s.limit(t)) }()
	}
	first := <-errs
	for range 3 {
		if err := <-errs; !same(err, first) {
			t.Errorf("%v and %v", first, err)
		}
	}
	if err := ex.Close(); !same(err, first) || s.local != mentions(err, "lost cause") {
		t.Errorf("then %v, first %v", err, first)
	}
}

func same(a, b error) bool { return (a == nil) == (b == nil) && (a == nil || a.Error() == b.Error()) }

// testCloseSubmitAfter: a closed executor takes nothing in, and says so.
func testCloseSubmitAfter(t *testing.T, s *suite) {
	ex := s.openRaw(t)
	if err := ex.Close(); err != nil {
		t.Error(err)
	}
	f := outpace.Submit(context.Background(), ex, s.fns.Square, 2)
	if failure := ends(t, s, f, outpace.Cancelled, outpace.ErrClosed); failure.Attempts != 0 {
		t.Errorf("failure: %v", failure)
	}
	called := false
	f.OnDone(func() { called = true })
	if !called || f.Cancel() {
		t.Error("the future is not quite final")
	}
	n := 0
	for _, err := range outpace.Map(context.Background(), ex, s.fns.Square, upTo(5)) {
		if n++; !errors.Is(err, outpace.ErrClosed) {
			t.Errorf("Map: %v", err)
		}
	}
	if err := outpace.Go(context.Background(), ex, func(context.Context) error { return nil }); n != 1 || s.local && !errors.Is(err, outpace.ErrClosed) {
		t.Errorf("%d errors from Map; Go: %v", n, err)
	}
}

// testCloseMap: Close ends a Map in the middle, with ErrClosed as its last error.
func testCloseMap(t *testing.T, s *suite) {
	ex := s.openRaw(t)
	ended := make(chan error, 1)
	n := 0
	var last error
	for _, err := range outpace.Map(s.limit(t), ex, s.fns.Square, endless()) {
		if last = err; err != nil {
			break
		}
		if n++; n == 50 {
			go func() { ended <- ex.Close() }()
		}
	}
	if !errors.Is(last, outpace.ErrClosed) {
		t.Errorf("after %d results: %v", n, last)
	}
	if err := <-ended; err != nil {
		t.Errorf("Close: %v", err)
	}
}

// testCloseContext: the context of New ends everything, with its cause.
func testCloseContext(t *testing.T, s *suite) {
	cause := errors.New("power cut")
	ctx, cut := context.WithCancelCause(context.Background())
	ex, err := outpace.New(ctx, s.model())
	if err != nil {
		t.Fatal(err)
	}
	running := outpace.Submit(context.Background(), ex, s.fns.SleepMS, forever)
	within(t, "it runs", func() bool { return running.State() == outpace.Running })
	cut(cause)
	ends(t, s, running, outpace.Cancelled, cause)
	ends(t, s, outpace.Submit(context.Background(), ex, s.fns.Square, 1), outpace.Cancelled, cause)
	if err := ex.Close(); err != nil {
		t.Error(err)
	}
}
