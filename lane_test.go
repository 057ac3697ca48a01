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
	synctest.Test(t, func(t *testing.T) {
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
		}
		var lost *outpace.LostError
		if failure := wantErr(t, fs[1], nil); !errors.As(failure, &lost) || lost.ExitCode != 9 || lost.Worker != 1 {
			t.Errorf("failure: %v", failure)
		}
		for n, f := range fs {
			if f.Attempts() != 1 {
				t.Errorf("task %d has %d attempts", n, f.Attempts())
			}
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
	synctest.Test(t, func(t *testing.T) {
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
		if failure := wantErr(t, once, nil); !errors.As(failure, &lost) || lost.Signal != syscall.SIGSEGV || failure.Attempts != 1 {
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
// again, uncharged; killed for the third time while alone, it is charged.
func TestLaneKilledFromOutside(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
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
		for range 4 {
			eventually(t, "it runs", func() bool { return g.State() == outpace.Running })
			synctest.Wait()
			s.kill(syscall.SIGKILL)
			synctest.Wait()
		}
		if failure := wantErr(t, g, nil); failure.Attempts != 1 {
			t.Errorf("failure: %v", failure)
		}
		if n := len(s.rec.of(outpace.WorkerLost)); n != 5 {
			t.Errorf("%d losses told", n)
		}
	})
}

// TestLaneTimeoutSparesOthers: a kill at a time-out charges the guilty one only;
// its neighbours run again beside one another.
func TestLaneTimeoutSparesOthers(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
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
	synctest.Test(t, func(t *testing.T) {
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
	synctest.Test(t, func(t *testing.T) {
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
	synctest.Test(t, func(t *testing.T) {
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
