package outpace_test

import (
	"context"
	"errors"
	"testing"
	"testing/synctest"

	"github.com/outpace-run/outpace"
)

// TestLaneStartFails: a worker that cannot be started is tried three times; then
// everything ends with a StartError, once.
func TestLaneStartFails(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		broken := errors.New("no such interpreter")
		s := newScene(1, 1)
		s.model.start = func(int) error { return broken }
		ex := s.open(t)
		f := outpace.Submit(context.Background(), ex, remote("sleep", sleepMS), 1)
		var start *outpace.StartError
		if failure := wantErr(t, f, broken); !errors.As(failure, &start) || start.Tries != 3 || f.State() != outpace.Cancelled {
			t.Errorf("%v: %v", f.State(), failure)
		}
		n := 0
		for _, err := range outpace.Map(context.Background(), ex, remote("sleep", sleepMS), count(10)) {
			if n++; !errors.As(err, &start) {
				t.Errorf("Map: %v", err)
			}
		}
		if n != 1 || s.model.tries.Load() != 3 {
			t.Errorf("%d errors, %d tries", n, s.model.tries.Load())
		}
	})
}

// TestLaneStartRecovers: a start that fails now and then costs nothing.
func TestLaneStartRecovers(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newScene(1, 1)
		s.model.start = func(try int) error {
			if try%3 != 0 {
				return errors.New("busy")
			}
			return nil
		}
		ex := s.open(t)
		f := outpace.Submit(context.Background(), ex, remote("sleep", sleepMS), 1)
		want(t, f, 1)
		if f.Attempts() != 1 || s.model.tries.Load() != 3 {
			t.Errorf("%d attempts, %d tries", f.Attempts(), s.model.tries.Load())
		}
	})
}

// TestLaneMapStartFails: a running Map ends with the StartError as its only one.
func TestLaneMapStartFails(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newScene(4, 1)
		s.model.start = func(int) error { return errors.New("broken") }
		ex := s.open(t)
		n := 0
		for _, err := range outpace.Map(limit(t), ex, remote("sleep", sleepMS), endless()) {
			if n++; !errors.As(err, new(*outpace.StartError)) {
				t.Errorf("Map: %v", err)
			}
		}
		if n != 1 {
			t.Errorf("%d errors", n)
		}
	})
}

// TestLaneLoadError: a function that cannot be loaded ends its Map once, and
// harms no other function.
func TestLaneLoadError(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newScene(2, 2)
		s.model.send = func(_ *fakeWorker, b outpace.Batch) error {
			if b.Func.Name() == "broken" {
				return &outpace.LoadError{Function: "broken", Err: errors.New("ImportError")}
			}
			return nil
		}
		ex := s.open(t, outpace.Retries(3))
		n := 0
		for _, err := range outpace.Map(limit(t), ex, remote("broken", sleepMS), endless()) {
			if n++; !errors.As(err, new(*outpace.LoadError)) {
				t.Errorf("Map: %v", err)
			}
		}
		f := outpace.Submit(context.Background(), ex, remote("broken", sleepMS), 1)
		if failure := wantErr(t, f, nil); n != 1 || !errors.As(failure, new(*outpace.LoadError)) {
			t.Errorf("%d errors; Submit: %v", n, failure)
		}
		want(t, outpace.Submit(context.Background(), ex, remote("sleep", sleepMS), 1), 1)
		if s.model.tries.Load() > 2 {
			t.Errorf("%d workers started", s.model.tries.Load())
		}
	})
}

// TestLaneEnds: Shutdown lets idle workers end by themselves, Close kills busy
// ones; each is closed once, and its goroutines are gone.
func TestLaneEnds(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newScene(3, 2)
		ex := s.open(t)
		var fs []*outpace.Future[int]
		for range 12 {
			fs = append(fs, outpace.Submit(context.Background(), ex, remote("sleep", sleepMS), 100))
		}
		if err := ex.Shutdown(limit(t)); err != nil {
			t.Error(err)
		}
		for _, f := range fs {
			want(t, f, 100)
		}
		for i, w := range s.model.workers() {
			if w.cause == nil || w.cause.Signal != 0 || w.closes.Load() != 1 {
				t.Errorf("worker %d: ended by %v, closed %d times", i, w.cause, w.closes.Load())
			}
		}
		if n := len(s.rec.of(outpace.WorkerLost)); n != 0 || len(s.model.workers()) != 3 {
			t.Errorf("%d of %d workers told to be lost", n, len(s.model.workers()))
		}
		s = newScene(3, 2)
		ex = s.open(t)
		for range 12 {
			outpace.Submit(context.Background(), ex, remote("sleep", sleepMS), forever)
		}
		synctest.Wait()
		if err := ex.Close(); err != nil {
			t.Error(err)
		}
		for i, w := range s.model.workers() {
			if w.proc.Err() == nil || w.closes.Load() != 1 {
				t.Errorf("worker %d: closed %d times", i, w.closes.Load())
			}
		}
	})
}

// TestLaneDeadlyInput: an input that always kills, beside a thousand good ones,
// at any shape; nothing else fails, and nothing runs without an end.
func TestLaneDeadlyInput(t *testing.T) {
	for _, shape := range []outpace.Shape{{Processes: 1, Tasks: 1}, {Processes: 2, Tasks: 1}, {Processes: 1, Tasks: 4}, {Processes: 2, Tasks: 2}} {
		for _, loop := range []bool{false, true} {
			synctest.Test(t, func(t *testing.T) {
				s := newScene(shape.Processes, shape.Tasks)
				s.model.loop = loop
				ex := s.open(t)
				f := remote("f", func(ctx context.Context, n int) (int, error) {
					if n%300 == 77 {
						return 0, death{code: 1}
					}
					return sleepMS(ctx, n%3)
				})
				i, failed := 0, 0
				for item, err := range outpace.MapItems(limit(t), ex, f, count(1000)) {
					if err != nil || item.Index != i || (item.Err != nil) != (i%300 == 77) || item.Attempts != 1 {
						t.Fatalf("%v: record %d: %+v, %v", shape, i, item, err)
					}
					if item.Err != nil {
						failed++
					}
					i++
				}
				if i != 1000 || failed != 4 {
					t.Errorf("%v: %d records, %d failed", shape, i, failed)
				}
			})
		}
	}
}
