package outpace_test

import (
	"context"
	"errors"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/outpace-run/outpace"
)

// TestTimeoutAsksFirst: a worker that can end a single task is asked to, and is
// killed only when the task goes on for the grace period.
func TestTimeoutAsksFirst(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newScene(1, 2)
		s.model.cancels = true
		ex := s.open(t, outpace.Timeout(time.Second), outpace.Grace(3*time.Second))
		heeds := remote("heeds", sleepMS)
		ignores := remote("ignores", func(ctx context.Context, n int) (int, error) { return sleepMS(procCtx(ctx), n) })
		want(t, outpace.Submit(context.Background(), ex, heeds, 1), 1)
		beside := outpace.Submit(context.Background(), ex, heeds, 900)
		begin := time.Now()
		wantErr(t, outpace.Submit(context.Background(), ex, heeds, forever), outpace.ErrTimeout)
		want(t, beside, 900)
		if took := time.Since(begin); took > 1100*time.Millisecond || len(s.model.workers()) != 1 {
			t.Errorf("a task that heeds its context: after %v, %d workers", took, len(s.model.workers()))
		}
		begin = time.Now()
		wantErr(t, outpace.Submit(context.Background(), ex, ignores, forever), outpace.ErrTimeout)
		if took := time.Since(begin); took < 4*time.Second || took > 4100*time.Millisecond || s.model.workers()[0].kills.Load() == 0 {
			t.Errorf("a task that ignores it: after %v", took)
		}
	})
}

// TestTimeoutNobodyAnswers: where one task keeps the others from running, those
// that are late for its sake are suspects, and only it has failed at the end.
func TestTimeoutNobodyAnswers(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newScene(1, 4)
		var held atomic.Bool
		s.model.pings = func() bool { return !held.Load() }
		f := remote("shares", func(ctx context.Context, n int) (int, error) {
			if n < 0 { // takes the interpreter and keeps it
				held.Store(true)
				<-procCtx(ctx).Done()
				held.Store(false)
				return 0, procCtx(ctx).Err()
			}
			if _, err := sleepMS(procCtx(ctx), n); err != nil {
				return 0, err
			}
			for held.Load() {
				if _, err := sleepMS(procCtx(ctx), 1); err != nil {
					return 0, err
				}
			}
			return n, nil
		})
		ex := s.open(t, outpace.Timeout(time.Second))
		var fs []*outpace.Future[int]
		for _, n := range []int{500, 600, -1, 700} {
			fs = append(fs, outpace.Submit(context.Background(), ex, f, n))
		}
		want(t, fs[0], 500)
		want(t, fs[1], 600)
		want(t, fs[3], 700)
		if failure := wantErr(t, fs[2], outpace.ErrTimeout); failure.Attempts != 1 {
			t.Errorf("%v", failure)
		}
		for i, f := range fs {
			if f.Attempts() != 1 {
				t.Errorf("task %d has %d attempts", i, f.Attempts())
			}
		}
	})
}

// TestTimeoutTellsWhere: the error holds what the worker wrote before it was
// killed.
func TestTimeoutTellsWhere(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newScene(1, 1)
		s.model.pings, s.model.dumps = func() bool { return true }, "in line 3"
		ex := s.open(t, outpace.Timeout(time.Second))
		var late *outpace.TimeoutError
		failure := wantErr(t, outpace.Submit(context.Background(), ex, remote("sleep", func(ctx context.Context, n int) (int, error) {
			return sleepMS(procCtx(ctx), n)
		}), forever), outpace.ErrTimeout)
		if !errors.As(failure, &late) || late.Stderr != "in line 3" {
			t.Errorf("%+v", late)
		}
	})
}

// TestTimeoutAnswerInLine: an answer that has come, and waits behind one that is
// being read, counts.
func TestTimeoutAnswerInLine(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newScene(1, 2)
		busy := func(ev outpace.Event) {
			if ev.Kind == outpace.TaskFinished {
				time.Sleep(500 * time.Millisecond) // sleeps: the executor is slow to take an answer in; in a bubble
			}
		}
		ex := open(t, s.model, outpace.Timeout(time.Second), outpace.Observe(busy))
		a := outpace.Submit(context.Background(), ex, remote("sleep", sleepMS), 900)
		b := outpace.Submit(context.Background(), ex, remote("sleep", sleepMS), 950)
		want(t, a, 900)
		want(t, b, 950)
	})
}

// TestTimeoutBlockedLoop: a task that blocks its event loop fails, and not those
// that could not go on beside it.
func TestTimeoutBlockedLoop(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newScene(1, 5)
		s.model.loop = true
		var blocked atomic.Bool
		s.model.pings = func() bool { return !blocked.Load() }
		f := remote("shares", func(ctx context.Context, n int) (int, error) {
			if n < 0 {
				blocked.Store(true)
				<-procCtx(ctx).Done()
				blocked.Store(false)
				return 0, procCtx(ctx).Err()
			}
			for range n / 10 {
				if _, err := sleepMS(procCtx(ctx), 10); err != nil {
					return 0, err
				}
				for blocked.Load() { // nor is a cancel seen
					if _, err := sleepMS(procCtx(ctx), 10); err != nil {
						return 0, err
					}
				}
			}
			return n, ctx.Err()
		})
		ex := s.open(t, outpace.Timeout(2*time.Second), outpace.Grace(time.Second))
		var fs []*outpace.Future[int]
		for _, n := range []int{500, 600, -1, 700, 800} {
			fs = append(fs, outpace.Submit(context.Background(), ex, f, n))
		}
		for i, n := range []int{500, 600, -1, 700, 800} {
			if n > 0 {
				want(t, fs[i], n)
			}
		}
		if failure := wantErr(t, fs[2], outpace.ErrTimeout); failure.Attempts != 1 {
			t.Errorf("%v", failure)
		}
	})
}

// TestTimeoutNobodyAnswersInBatches: the same where the task that keeps the
// others from running is one of a batch, of which nobody can say how far it is.
func TestTimeoutNobodyAnswersInBatches(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newScene(1, 4)
		var held atomic.Bool
		s.model.pings = func() bool { return !held.Load() }
		s.model.word = func(_ *fakeWorker, r outpace.Reply) []outpace.Reply {
			if held.Load() {
				return nil
			}
			return []outpace.Reply{r}
		}
		f := remote("shares", func(ctx context.Context, n int) (int, error) {
			if n == 500 {
				held.Store(true)
				<-procCtx(ctx).Done()
				held.Store(false)
				return 0, procCtx(ctx).Err()
			}
			if n%7 == 0 {
				if _, err := sleepMS(procCtx(ctx), 1); err != nil {
					return 0, err
				}
			}
			for held.Load() {
				if _, err := sleepMS(procCtx(ctx), 1); err != nil {
					return 0, err
				}
			}
			return n, nil
		})
		ex := s.open(t, outpace.Timeout(time.Second))
		n := 0
		for item, err := range outpace.MapItems(context.Background(), ex, f, count(1000)) {
			if err != nil || (item.Err != nil) != (item.Index == 500) || item.Attempts != 1 {
				t.Errorf("input %d: %v, %v, %d attempts", item.Index, item.Err, err, item.Attempts)
			}
			n++
		}
		if n != 1000 {
			t.Errorf("%d results", n)
		}
	})
}
