package outpace_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"github.com/outpace-run/outpace"
)

// hog makes a function that takes n MB, for a second, and leaves the worker
// leak MB heavier.
func (s *scene) hog(leak int64) outpace.Function[int, int] {
	return remote("hog", func(ctx context.Context, n int) (int, error) {
		w := s.model.running(ctx)
		w.memory.Add(int64(n) * 1e6)
		_, err := sleepMS(ctx, 1000)
		w.memory.Add((leak - int64(n)) * 1e6)
		return n, err
	})
}

// running is the worker whose process a function runs in.
func (m *fakeModel) running(ctx context.Context) *fakeWorker {
	workers := m.workers()
	return workers[slices.IndexFunc(workers, func(w *fakeWorker) bool { return procCtx(w.proc) == procCtx(ctx) })]
}

func newHeavyScene(processes, tasks int) *scene {
	s := newScene(processes, tasks)
	s.model.look = func(w *fakeWorker) outpace.Vitals { return outpace.Vitals{Memory: 10e6 + w.memory.Load()} }
	return s
}

// TestMemoryLimit: the task that makes its worker grow over the limit fails, with
// limit and peak, and those beside it run again.
func TestMemoryLimit(t *testing.T) {
	for _, tasks := range []int{1, 4} {
		t.Run(fmt.Sprintf("1x%d", tasks), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				s := newHeavyScene(1, tasks)
				ex := s.open(t, outpace.MemoryLimit(100e6))
				var fs []*outpace.Future[int]
				for _, mb := range []int{1, 1, 1, 1, 1, 205, 1, 205} {
					fs = append(fs, outpace.Submit(context.Background(), ex, s.hog(0), mb))
				}
				failed := 0
				for n, f := range fs {
					v, err := f.Result(limit(t))
					var memory *outpace.MemoryError
					switch {
					case errors.As(err, &memory):
						failed++
						if memory.Limit != 100e6 || memory.Peak < 200e6 || f.Attempts() != 1 ||
							!mentions(err, "out of memory: the worker had 21") || !mentions(err, "the limit is 100 MB") {
							t.Errorf("task %d: %+v, %v, %d attempts", n, memory, err, f.Attempts())
						}
					case err != nil || v != 1:
						t.Errorf("task %d: %v, %v", n, v, err)
					}
				}
				if failed != 2 {
					t.Errorf("%d failed", failed)
				}
				if n := len(s.rec.of(outpace.WorkerLost)); n != 0 {
					t.Errorf("%d workers lost, which we killed", n)
				}
			})
		})
	}
}

// TestMemoryLeak: tasks that each leave a little behind are not to blame when it
// is too much: they run again in a fresh worker.
func TestMemoryLeak(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newHeavyScene(2, 1)
		ex := s.open(t, outpace.MemoryLimit(100e6))
		n := 0
		for _, err := range outpace.Map(context.Background(), ex, s.hog(9), slices.Values(slices.Repeat([]int{9}, 50))) {
			if n++; err != nil {
				t.Error(err)
			}
		}
		if n != 50 || len(s.model.workers()) < 5 {
			t.Errorf("%d results from %d workers", n, len(s.model.workers()))
		}
	})
}

// TestMemoryLimitRefused: a limit that nobody could keep is an error, not silence.
func TestMemoryLimitRefused(t *testing.T) {
	if _, err := outpace.New(context.Background(), outpace.Threads(2), outpace.MemoryLimit(1)); !errors.Is(err, outpace.ErrOption) {
		t.Errorf("threads: %v", err)
	}
	if _, err := outpace.New(context.Background(), outpace.Serial(), outpace.MaxTasks(1)); !errors.Is(err, outpace.ErrOption) {
		t.Errorf("serial: %v", err)
	}
	synctest.Test(t, func(t *testing.T) {
		s := newScene(2, 1)
		ex := s.open(t, outpace.MemoryLimit(1))
		var start *outpace.StartError
		if failure := wantErr(t, outpace.Submit(context.Background(), ex, remote("sleep", sleepMS), 1), outpace.ErrOption); !errors.As(failure, &start) {
			t.Errorf("%v", failure)
		}
	})
}

// TestMemoryLimitTooLow: a limit that no worker can keep is told at once, not by
// every task.
func TestMemoryLimitTooLow(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newHeavyScene(2, 1)
		ex := s.open(t, outpace.MemoryLimit(5e6))
		failure := wantErr(t, outpace.Submit(context.Background(), ex, s.hog(0), 1), outpace.ErrOption)
		if !mentions(failure, "the memory limit is 5 MB, and a worker has 10 MB before it runs anything") {
			t.Errorf("%v", failure)
		}
	})
}

// TestIdleLimit: a worker that was stopped for longer than the limit is lost; what
// it ran goes on elsewhere, and fails only where it stops every worker.
func TestIdleLimit(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newScene(1, 1)
		var stops atomic.Int32
		s.model.look = func(w *fakeWorker) outpace.Vitals { return outpace.Vitals{Stopped: w.memory.Load() > 0} }
		f := remote("stops", func(ctx context.Context, n int) (int, error) {
			if int(stops.Add(1)) <= n {
				s.model.running(ctx).memory.Store(1)
				<-procCtx(ctx).Done()
			}
			return n, nil
		})
		ex := s.open(t, outpace.IdleLimit(10*time.Second))
		begin := time.Now()
		want(t, outpace.Submit(context.Background(), ex, f, 1), 1)
		if took := time.Since(begin); took < 10*time.Second || took > 15*time.Second {
			t.Errorf("took %v", took)
		}
		stops.Store(-1000)
		g := outpace.Submit(context.Background(), ex, f, 1000)
		var lost *outpace.LostError
		if failure := wantErr(t, g, nil); !errors.As(failure, &lost) || !mentions(failure, "a signal stopped it, and it did not go on for 10s") {
			t.Errorf("%v", failure)
		}
	})
}

// TestMaxTasks: a worker is replaced, without a word of loss, before it runs more
// than it may.
func TestMaxTasks(t *testing.T) {
	for _, shape := range []outpace.Shape{{Processes: 1, Tasks: 1}, {Processes: 2, Tasks: 3}} {
		t.Run(shape.String(), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				s := newScene(shape.Processes, shape.Tasks)
				s.model.look = func(*fakeWorker) outpace.Vitals { return outpace.Vitals{} }
				f := remote("count", func(ctx context.Context, n int) (int, error) {
					s.model.running(ctx).memory.Add(1)
					return sleepMS(ctx, n%3)
				})
				ex := s.open(t, outpace.MaxTasks(7))
				n := 0
				for _, err := range outpace.Map(context.Background(), ex, f, count(100)) {
					if n++; err != nil {
						t.Error(err)
					}
				}
				workers := s.model.workers()
				for i, w := range workers {
					if ran := w.memory.Load(); ran > 7 || w.kills.Load() > 1 {
						t.Errorf("worker %d ran %d tasks, was killed %d times", i, ran, w.kills.Load())
					}
				}
				if n != 100 || len(workers) < 15 || len(s.rec.of(outpace.WorkerLost)) != 0 {
					t.Errorf("%d results, %d workers, %d lost", n, len(workers), len(s.rec.of(outpace.WorkerLost)))
				}
			})
		})
	}
}

// TestCrashLoop: a function that kills every worker ends the run after a stated
// number of deaths, with one error.
func TestCrashLoop(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newScene(2, 1)
		f := remote("kill", func(context.Context, int) (int, error) { return 0, death{signal: syscall.SIGSEGV} })
		ex := s.open(t, outpace.MaxDeaths(20))
		var last error
		failed := 0
		for _, err := range outpace.Map(context.Background(), ex, f, count(1000)) {
			if last = err; errors.As(err, new(*outpace.TaskError)) {
				failed++
			}
		}
		var loop *outpace.CrashLoopError
		if !errors.As(last, &loop) || loop.Inputs != 20 || !mentions(last, "20 inputs in a row killed their workers") || !mentions(last, "SIGSEGV") {
			t.Errorf("the last error is %v", last)
		}
		if started := s.model.tries.Load(); failed > 20 || started > 23 {
			t.Errorf("%d failed, %d workers started", failed, started)
		}
	})
}

// TestCrashLoopOfNobody: workers that die before anything can be charged are
// counted too.
func TestCrashLoopOfNobody(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newScene(1, 2)
		s.model.send = func(w *fakeWorker, _ outpace.Batch) error {
			w.die(&outpace.LostError{Signal: syscall.SIGKILL, ExitCode: -1})
			return errors.New("broken pipe")
		}
		ex := s.open(t, outpace.MaxDeaths(20))
		var loop *outpace.CrashLoopError
		if failure := wantErr(t, outpace.Submit(context.Background(), ex, remote("sleep", sleepMS), 1), nil); !errors.As(failure, &loop) || loop.Deaths != 20 {
			t.Errorf("%v", failure)
		}
	})
}

// TestCrashLoopOfFew: a few inputs that kill whoever runs them, many times each,
// do not end the run for the others.
func TestCrashLoopOfFew(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newScene(1, 1)
		f := remote("some", func(_ context.Context, n int) (int, error) {
			if n < 5 {
				return 0, death{signal: syscall.SIGKILL}
			}
			return n, nil
		})
		ex := s.open(t, outpace.Retries(2), outpace.MaxDeaths(20))
		done, failed := 0, 0
		for _, err := range outpace.Map(context.Background(), ex, f, count(100)) {
			switch {
			case err == nil:
				done++
			case errors.As(err, new(*outpace.TaskError)):
				failed++
			default:
				t.Error(err)
			}
		}
		if done != 95 || failed != 5 {
			t.Errorf("%d done, %d failed", done, failed)
		}
	})
}

// TestDeathsApart: deaths with results in between are no crash loop.
func TestDeathsApart(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newScene(1, 1)
		f := remote("some", func(_ context.Context, n int) (int, error) {
			if n%2 == 1 {
				return 0, death{signal: syscall.SIGSEGV}
			}
			return n, nil
		})
		ex := s.open(t, outpace.MaxDeaths(10))
		done, failed := 0, 0
		for _, err := range outpace.Map(context.Background(), ex, f, count(40)) {
			if err == nil {
				done++
			} else if errors.As(err, new(*outpace.TaskError)) {
				failed++
			} else {
				t.Error(err)
			}
		}
		if done != 20 || failed != 20 {
			t.Errorf("%d done, %d failed", done, failed)
		}
	})
}

// TestNarrower: a worker that cannot be started leaves its work to the others,
// and says so; where there are none that ends the run.
func TestNarrower(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newScene(4, 1)
		full := errors.New("resource temporarily unavailable")
		s.model.start = func(try int) error {
			if try > 2 {
				return full
			}
			return nil
		}
		ex := s.open(t)
		n := 0
		for v, err := range outpace.Map(context.Background(), ex, remote("sleep", sleepMS), slices.Values(slices.Repeat([]int{500}, 40))) {
			if n++; err != nil || v != 500 {
				t.Errorf("%v, %v", v, err)
			}
		}
		if refused := s.rec.of(outpace.WorkerRefused); n != 40 || len(refused) != 2 || !errors.Is(refused[0].Err, full) {
			t.Errorf("%d results, refused: %v", n, refused)
		}
		s.kill(syscall.SIGSEGV)
		for _, w := range s.model.workers() {
			w.die(&outpace.LostError{Signal: syscall.SIGKILL, ExitCode: -1})
		}
		wantErr(t, outpace.Submit(context.Background(), ex, remote("sleep", sleepMS), 1), full)
	})
}

// TestStopIf: the run ends after the failure for which StopIf says so.
func TestStopIf(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var asked []string
		stop := func(failed, finished int) bool {
			asked = append(asked, fmt.Sprintf("%d of %d", failed, finished))
			return failed > 3
		}
		ex := open(t, outpace.Serial())
		f := outpace.Func("third", func(_ context.Context, n int) (int, error) {
			if n%3 == 2 {
				return 0, errors.New("third")
			}
			return n, nil
		})
		done, failed := 0, 0
		var last error
		for _, err := range outpace.Map(context.Background(), ex, f, count(1000), outpace.StopIf(stop)) {
			if last = err; err == nil {
				done++
			} else if errors.As(err, new(*outpace.TaskError)) && !errors.Is(err, outpace.ErrStopped) {
				failed++
			}
		}
		if done != 8 || failed != 4 || !errors.Is(last, outpace.ErrStopped) || strings.Join(asked, ", ") != "1 of 3, 2 of 6, 3 of 9, 4 of 12" {
			t.Errorf("%d done, %d failed, %v, asked %v", done, failed, last, asked)
		}
		n := 0
		for _, err := range outpace.Map(context.Background(), ex, f, count(9), outpace.StopIf(func(int, int) bool { panic("oh") })) {
			if n++; errors.Is(err, outpace.ErrStopped) {
				t.Error(err)
			}
		}
		if n != 9 {
			t.Errorf("a panic in StopIf: %d results", n)
		}
	})
}

// TestStopFailsWhatWaits: an item that waits for its retry when the run stops has
// failed, as far as anybody knows, so what comes behind it is yielded.
func TestStopFailsWhatWaits(t *testing.T) {
	body := func(ctx context.Context, n int) (int, error) {
		if n > 1 {
			return sleepMS(ctx, 50)
		}
		if _, err := sleepMS(ctx, 10+300*n); err != nil {
			return 0, err
		}
		return 0, fmt.Errorf("bad %d", n)
	}
	for name, try := range map[string]func() (outpace.Model, outpace.Function[int, int]){
		"threads":   func() (outpace.Model, outpace.Function[int, int]) { return outpace.Threads(2), outpace.Func("f", body) },
		"processes": func() (outpace.Model, outpace.Function[int, int]) { return newScene(2, 1).model, remote("f", body) },
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				model, f := try()
				first := func(err error) bool { return mentions(err, "bad 0") }
				ex := open(t, model, outpace.Retries(5), outpace.RetryIf(first), outpace.Backoff(time.Hour, time.Hour), outpace.FailFast())
				var got []string
				for _, err := range outpace.Map(context.Background(), ex, f, count(1000)) {
					if err != nil {
						got = append(got, err.Error())
					}
				}
				if len(got) != 3 || !strings.HasPrefix(got[0], "f, input 0: ") || !strings.HasPrefix(got[1], "f, input 1: ") || !strings.HasPrefix(got[2], "stopped: ") {
					t.Errorf("%q", got)
				}
			})
		})
	}
}
