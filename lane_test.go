package outpace_test

import (
	"context"
	"errors"
	"sync/atomic"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"github.com/outpace-run/outpace"
)

// scene is a fake model and what its function saw of itself.
type scene struct {
	model   *fakeModel
	running atomic.Int32
	rec     recorder
}

func newScene(processes, tasks int) *scene {
	return &scene{model: &fakeModel{shape: outpace.Shape{Processes: processes, Tasks: tasks}}}
}

func (s *scene) open(t *testing.T, opts ...outpace.Option) *outpace.Executor {
	t.Helper()
	return open(t, s.model, append(opts, outpace.Observe(s.rec.observe))...)
}

// killer kills the worker that runs something, from outside.
func (s *scene) kill(signal syscall.Signal) {
	for _, w := range s.model.workers() {
		if w.open() > 0 {
			w.die(&outpace.LostError{Signal: signal, ExitCode: -1})
		}
	}
}

// TestLaneSuspects: of four in flight on a worker that dies, each is run again
// alone, and only the one that kills it then is charged.
func TestLaneSuspects(t *testing.T) {
	bubble(t, func(t *testing.T) {
		s := newScene(1, 4)
		var again, beside atomic.Int32
		tries := [4]atomic.Int32{}
		f := remote("f", func(ctx context.Context, n int) (int, error) {
			in := s.running.Add(1)
			defer s.running.Add(-1)
			if tries[n].Add(1) > 1 {
				again.Add(1)
				beside.Add(in - 1)
			}
			if _, err := sleepMS(ctx, 100+n); err != nil {
				return 0, err
			}
			if n == 1 {
				return 0, death{code: 9}
			}
			return sleepMS(ctx, 100+n)
		})
		ex := s.open(t)
		var fs []*outpace.Future[int]
		for n := range 4 {
			fs = append(fs, outpace.Submit(context.Background(), ex, f, n))
		}
		for n, f := range fs {
			if n != 1 {
				want(t, f, 100+n)
			}
			if f.Attempts() != 1 {
				t.Errorf("task %d has %d attempts", n, f.Attempts())
			}
		}
		var lost *outpace.LostError
		if failure := wantErr(t, fs[1], fs[1].Err()); !errors.As(failure, &lost) || lost.ExitCode != 9 || lost.Worker != 1 {
			t.Errorf("failure: %v", failure)
		}
		if beside.Load() != 0 || again.Load() != 4 {
			t.Errorf("%d ran again, %d beside others", again.Load(), beside.Load())
		}
		if n := s.rec.tasks(outpace.TaskRequeued); n != 4 {
			t.Errorf("%d requeued, want 4", n)
		}
	})
}

// TestLaneLoneDeath: a task that kills the worker when nothing else is in flight
// has had its attempt; Retries gives it more.
func TestLaneLoneDeath(t *testing.T) {
	bubble(t, func(t *testing.T) {
		s := newScene(1, 4)
		var runs atomic.Int32
		f := remote("f", func(context.Context, int) (int, error) {
			if runs.Add(1) < 3 {
				return 0, death{signal: syscall.SIGSEGV}
			}
			return 7, nil
		})
		ex := s.open(t)
		once := outpace.Submit(context.Background(), ex, f, 0)
		var lost *outpace.LostError
		if failure := wantErr(t, once, once.Err()); !errors.As(failure, &lost) || lost.Signal != syscall.SIGSEGV || failure.Attempts != 1 {
			t.Errorf("failure: %v", failure)
		}
		more := outpace.Submit(context.Background(), ex, f, 0, outpace.Retries(1))
		want(t, more, 7)
		if more.Attempts() != 2 || runs.Load() != 3 {
			t.Errorf("%d attempts, %d runs", more.Attempts(), runs.Load())
		}
	})
}

// TestLaneKilledFromOutside: who is killed by chance is not to blame: it runs
// again, uncharged; killed again while alone, it is charged.
func TestLaneKilledFromOutside(t *testing.T) {
	bubble(t, func(t *testing.T) {
		s := newScene(1, 1)
		ex := s.open(t)
		f := outpace.Submit(context.Background(), ex, remote("sleep", sleepMS), 100)
		synctest.Wait()
		s.kill(syscall.SIGKILL)
		want(t, f, 100)
		if f.Attempts() != 1 {
			t.Errorf("%d attempts", f.Attempts())
		}
		g := outpace.Submit(context.Background(), ex, remote("sleep", sleepMS), 100)
		for range 2 {
			synctest.Wait()
			s.kill(syscall.SIGKILL)
		}
		if failure := wantErr(t, g, g.Err()); failure.Attempts != 1 {
			t.Errorf("failure: %v", failure)
		}
		if n := len(s.rec.of(outpace.WorkerLost)); n != 3 {
			t.Errorf("%d losses told", n)
		}
	})
}

// TestLaneTimeoutSparesOthers: a kill at a time-out charges the guilty one only;
// its neighbours run again beside one another.
func TestLaneTimeoutSparesOthers(t *testing.T) {
	bubble(t, func(t *testing.T) {
		s := newScene(1, 4)
		ex := s.open(t)
		f := remote("sleep", sleepMS)
		slow := outpace.Submit(context.Background(), ex, f, forever, outpace.Timeout(time.Second))
		var fs []*outpace.Future[int]
		for range 3 {
			fs = append(fs, outpace.Submit(context.Background(), ex, f, 5000))
		}
		begin := time.Now()
		if failure := wantErr(t, slow, outpace.ErrTimeout); failure.Attempts != 1 || time.Since(begin) != time.Second {
			t.Errorf("after %v: %v", time.Since(begin), failure)
		}
		for _, f := range fs {
			want(t, f, 5000)
			if f.Attempts() != 1 {
				t.Errorf("%d attempts", f.Attempts())
			}
		}
		if took := time.Since(begin); took != 6*time.Second {
			t.Errorf("all was over after %v, want 6s: they run again at once, beside one another", took)
		}
		if n := len(s.rec.of(outpace.WorkerLost)); n != 0 {
			t.Errorf("%d losses told of a worker that we killed", n)
		}
	})
}

// TestLaneTimeoutInBatch: a slow item in a batch of tiny ones is found, charged,
// and killed at its own time-out.
func TestLaneTimeoutInBatch(t *testing.T) {
	bubble(t, func(t *testing.T) {
		s := newScene(1, 1)
		ex := s.open(t)
		f := remote("sleep", sleepMS)
		inputs := func(yield func(int) bool) {
			for i := range 5000 {
				ms := 0
				if i == 4000 {
					ms = forever
				}
				if !yield(ms) {
					return
				}
			}
		}
		begin := time.Now()
		i := 0
		for item, err := range outpace.MapItems(limit(t), ex, f, inputs, outpace.Timeout(time.Second)) {
			if err != nil || item.Index != i || (item.Err != nil) != (i == 4000) || item.Attempts != 1 {
				t.Fatalf("record %d: %+v, %v", i, item, err)
			}
			if i == 4000 && !errors.Is(item.Err, outpace.ErrTimeout) {
				t.Errorf("input 4000: %v", item.Err)
			}
			i++
		}
		if took := time.Since(begin); i != 5000 || took < time.Second || took > 1200*time.Millisecond {
			t.Errorf("%d records after %v", i, took)
		}
	})
}

// TestLaneLease: one slow item does not hold the rest of its batch: other
// workers take it.
func TestLaneLease(t *testing.T) {
	bubble(t, func(t *testing.T) {
		s := newScene(2, 1)
		ex := s.open(t)
		slow := 3000
		f := remote("sleep", func(ctx context.Context, n int) (int, error) {
			if n == slow {
				return sleepMS(ctx, 60_000)
			}
			return n, nil
		})
		begin := time.Now()
		n := 0
		for item, err := range outpace.MapUnordered(context.Background(), ex, f, count(20_000)) {
			if err != nil || item.Err != nil {
				t.Fatal(err, item.Err)
			}
			if n++; n == 19_999 && time.Since(begin) > time.Second {
				t.Errorf("the others were done after %v", time.Since(begin))
			}
		}
		if n != 20_000 {
			t.Errorf("%d records", n)
		}
	})
}

// TestLaneLoop: on an event loop cancel and time-out are for one task; only what
// does not listen costs the process.
func TestLaneLoop(t *testing.T) {
	bubble(t, func(t *testing.T) {
		s := newScene(1, 10)
		s.model.loop = true
		ex := s.open(t, outpace.Grace(time.Second))
		f := remote("sleep", sleepMS)
		deaf := remote("deaf", func(ctx context.Context, n int) (int, error) { return sleepMS(procCtx(ctx), n) })
		long := outpace.Submit(context.Background(), ex, f, 10_000)
		cancelled := outpace.Submit(context.Background(), ex, f, forever)
		late := outpace.Submit(context.Background(), ex, f, forever, outpace.Timeout(time.Second))
		synctest.Wait()
		cancelled.Cancel()
		wantErr(t, cancelled, outpace.ErrCancelled)
		wantErr(t, late, outpace.ErrTimeout)
		if s.model.tries.Load() != 1 || s.model.workers()[0].kills.Load() != 0 {
			t.Error("it cost the process")
		}
		stuck := outpace.Submit(context.Background(), ex, deaf, forever, outpace.Timeout(time.Second))
		wantErr(t, stuck, outpace.ErrTimeout)
		want(t, long, 10_000)
		if long.Attempts() != 1 || s.model.tries.Load() != 2 {
			t.Errorf("%d attempts, %d workers", long.Attempts(), s.model.tries.Load())
		}
	})
}

// TestLaneStartFails: a worker that cannot be started is tried three times; then
// everything ends with a StartError, once.
func TestLaneStartFails(t *testing.T) {
	bubble(t, func(t *testing.T) {
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
	bubble(t, func(t *testing.T) {
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
	bubble(t, func(t *testing.T) {
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
	bubble(t, func(t *testing.T) {
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
		if failure := wantErr(t, f, f.Err()); n != 1 || !errors.As(failure, new(*outpace.LoadError)) {
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
	bubble(t, func(t *testing.T) {
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
			bubble(t, func(t *testing.T) {
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
