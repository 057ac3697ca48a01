package outpace_test

import (
	"context"
	"errors"
	"fmt"
	"runtime"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/outpace-run/outpace"
)

// These are about what a slot has taken and not begun: it must not be lost, nor
// wait behind a task that blocks, nor be measured from the wrong moment.

// inOneHand has the slot of a Serial executor take what fill submits all at once.
// It is for bubbles.
func inOneHand(t *testing.T, ex *outpace.Executor, fill func()) {
	for i := range 100 {
		want(t, outpace.Submit(context.Background(), ex, square(), i), i*i)
	}
	gate := make(chan struct{})
	outpace.Submit(context.Background(), ex, waitFor(gate), 0)
	synctest.Wait()
	fill()
	close(gate)
}

// waitFor is a function that ignores its context.
func waitFor(gate <-chan struct{}) outpace.Function[int, int] {
	return outpace.Func("wait_for", func(context.Context, int) (int, error) { <-gate; return 0, nil })
}

// TestSlotMeasures: a task is measured, and its time-out counted, from when it
// begins, not from when the task of Go before it did.
func TestSlotMeasures(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ex := open(t, outpace.Serial())
		alive := outpace.Func("alive", func(ctx context.Context, _ int) (int, error) { return 1, ctx.Err() })
		var f *outpace.Future[int]
		inOneHand(t, ex, func() {
			if err := outpace.Go(context.Background(), ex, func(context.Context) error { time.Sleep(time.Second); return nil }); err != nil {
				t.Error(err)
			}
			f = outpace.Submit(context.Background(), ex, alive, 0, outpace.Timeout(time.Millisecond))
		})
		want(t, f, 1)
		if took := f.Finished().Sub(f.Started()); took != 0 {
			t.Errorf("took %v", took)
		}
	})
}

// TestSlotEndsContext: the context of a task of Go is done although its slot goes
// on with a task of another kind.
func TestSlotEndsContext(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ex := open(t, outpace.Serial())
		ctxs := make(chan context.Context, 1)
		inOneHand(t, ex, func() {
			if err := outpace.Go(context.Background(), ex, func(ctx context.Context) error { ctxs <- ctx; return nil }); err != nil {
				t.Error(err)
			}
			outpace.Submit(context.Background(), ex, sleeper(), forever)
		})
		synctest.Wait()
		if ctx := <-ctxs; ctx.Err() == nil {
			t.Error("the context is not done")
		}
	})
}

// TestSlotClosed: Close cancels what a slot has taken, whatever the task before it
// does: go on for ever, or end the goroutine.
func TestSlotClosed(t *testing.T) {
	for _, exits := range []bool{true, false} {
		synctest.Test(t, func(t *testing.T) {
			ex, err := outpace.New(context.Background(), outpace.Serial(), outpace.Grace(0))
			if err != nil {
				t.Fatal(err)
			}
			gate := make(chan struct{})
			first := outpace.Func("first", func(ctx context.Context, _ int) (int, error) {
				if exits {
					<-ctx.Done()
					runtime.Goexit()
				}
				<-gate
				return 0, nil
			})
			var fs []*outpace.Future[int]
			inOneHand(t, ex, func() {
				fs = append(fs, outpace.Submit(context.Background(), ex, first, 0))
				for i := range 3 {
					fs = append(fs, outpace.Submit(context.Background(), ex, square(), i))
				}
			})
			synctest.Wait()
			if err := ex.Close(); (err == nil) != exits {
				t.Errorf("Close: %v", err)
			}
			close(gate)
			for i, f := range fs {
				if f.State() != outpace.Cancelled {
					t.Errorf("exits %v: task %d is %v", exits, i, f.State())
				}
			}
		})
	}
}

// TestSlotAbandoned: tasks that return at the very moment in which they are
// abandoned take none of those behind them along.
func TestSlotAbandoned(t *testing.T) {
	for range 20 {
		synctest.Test(t, func(t *testing.T) {
			ex, err := outpace.New(context.Background(), outpace.Threads(2), outpace.Grace(0), outpace.Timeout(time.Millisecond))
			if err != nil {
				t.Fatal(err)
			}
			body := outpace.Func("", func(_ context.Context, n int) (int, error) {
				if n%50 == 49 {
					time.Sleep(time.Millisecond)
				}
				return n, nil
			})
			var fs []*outpace.Future[int]
			for i := range 1_000 {
				fs = append(fs, outpace.Submit(context.Background(), ex, body, i))
			}
			for i, f := range fs {
				if _, err := f.Result(context.Background()); err != nil && i%50 != 49 {
					t.Errorf("task %d: %v", i, err)
				}
			}
			n := 0
			for _, err := range outpace.Map(context.Background(), ex, body, count(1_000)) {
				if err != nil && n%50 != 49 {
					t.Errorf("input %d: %v", n, err)
				}
				n++
			}
			if err := ex.Shutdown(context.Background()); err != nil || n != 1_000 {
				t.Errorf("%d results, %v", n, err)
			}
		})
	}
}

// TestSlotBlocked: what waits behind a task that blocks is run by others, up to
// the last; also what came back for another attempt.
func TestSlotBlocked(t *testing.T) {
	for round := range 60 {
		synctest.Test(t, func(t *testing.T) {
			width := 2 + round%4
			ex := open(t, outpace.Threads(width), outpace.Retries(1), outpace.Backoff(0, 0))
			tasks := 50 + 3*round
			tries := make([]atomic.Int32, tasks)
			var done atomic.Int32
			others := make(chan struct{})
			body := outpace.Func("", func(_ context.Context, i int) (int, error) {
				switch try := tries[i].Add(1); {
				case i > 10 && i <= 10+7*(width-1) && i%7 == 0: // width - 1 of them
					<-others
				case i%3 == 0 && try == 1:
					return 0, errors.New("at first")
				case int(done.Add(1)) == tasks-(width-1):
					close(others)
				}
				return i, nil
			})
			for i := range 300 {
				want(t, outpace.Submit(context.Background(), ex, square(), i), i*i)
			}
			fs := make([]*outpace.Future[int], tasks)
			var all sync.WaitGroup
			for p := range 3 {
				all.Go(func() {
					for i := p; i < tasks; i += 3 {
						fs[i] = outpace.Submit(context.Background(), ex, body, i)
					}
				})
			}
			all.Wait()
			if _, err := outpace.Gather(context.Background(), fs...); err != nil {
				t.Error(err)
			}
		})
	}
}

// TestShutdownLosesNothing: Shutdown waits for what is on its way from its
// back-off to the queue.
func TestShutdownLosesNothing(t *testing.T) {
	for round := range 400 {
		ex, err := outpace.New(context.Background(), outpace.Threads(2+round%3), outpace.Retries(1), outpace.Backoff(20*time.Microsecond, time.Millisecond))
		if err != nil {
			t.Fatal(err)
		}
		tasks := 1 + round%60
		tries := make([]atomic.Int32, tasks)
		body := outpace.Func("", func(_ context.Context, i int) (int, error) {
			if tries[i].Add(1) == 1 {
				return 0, errors.New("at first")
			}
			return i, nil
		})
		var fs []*outpace.Future[int]
		for i := range tasks {
			fs = append(fs, outpace.Submit(context.Background(), ex, body, i))
		}
		if err := ex.Shutdown(limit(t)); err != nil {
			t.Fatal(err)
		}
		if i := slices.IndexFunc(fs, func(f *outpace.Future[int]) bool { return f.State() != outpace.Done }); i >= 0 {
			t.Fatalf("round %d: task %d of %d is %v, %v", round, i, tasks, fs[i].State(), fs[i].Err())
		}
	}
}

// TestGoCallerTimedOut: a task of Go whose caller is gone before its turn is
// cancelled. It has not failed, nor is it tried again, whatever the cause.
func TestGoCallerTimedOut(t *testing.T) {
	ex, err := outpace.New(context.Background(), outpace.Serial(), outpace.Retries(2))
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancelCause(context.Background())
	gate := make(chan struct{})
	outpace.Submit(context.Background(), ex, waitFor(gate), 0)
	if err := outpace.Go(ctx, ex, func(context.Context) error { t.Error("it ran"); return nil }); err != nil {
		t.Error(err)
	}
	cancel(fmt.Errorf("the caller: %w", outpace.ErrTimeout))
	close(gate)
	if err := ex.Shutdown(limit(t)); err != nil {
		t.Errorf("Shutdown: %v", err)
	}
}

// TestWaitersWithdraw: who waits for a moment only, again and again, leaves
// nothing with the task; and who waits beside it is woken.
func TestWaitersWithdraw(t *testing.T) {
	ex := open(t, outpace.Threads(1))
	gate := make(chan struct{})
	f := outpace.Submit(context.Background(), ex, waitFor(gate), 0)
	gone, cancel := context.WithCancel(context.Background())
	cancel()
	patient := make(chan error)
	for range 8 {
		go func() {
			for range 10_000 {
				_, _ = f.Result(gone)
			}
			_, err := f.Result(limit(t))
			patient <- err
		}()
	}
	heap := func() uint64 {
		var m runtime.MemStats
		runtime.GC()
		runtime.ReadMemStats(&m)
		return m.HeapAlloc
	}
	before := heap()
	for range 100_000 {
		_, _ = f.Result(gone)
	}
	if kept := int64(heap()) - int64(before); kept > 4<<20 {
		t.Errorf("100,000 waits keep %d bytes", kept)
	}
	close(gate)
	for range 8 {
		if err := <-patient; err != nil {
			t.Error(err)
		}
	}
}

// TestGoInsideTaken: where Go runs the task in the caller's slot, and the caller's
// time is over before it ends, the task was taken in: that is no error.
func TestGoInsideTaken(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ex := open(t, outpace.Serial(), outpace.Queue(1))
		ran := make(chan struct{})
		nest := outpace.Func("nest", func(ctx context.Context, _ int) (int, error) {
			if err := outpace.Go(context.Background(), ex, func(context.Context) error { return nil }); err != nil {
				return 0, err
			}
			short, cancel := context.WithTimeout(ctx, time.Second)
			defer cancel()
			return 0, outpace.Go(short, ex, func(context.Context) error { time.Sleep(2 * time.Second); close(ran); return nil })
		})
		want(t, outpace.Submit(context.Background(), ex, nest, 0), 0)
		<-ran
	})
}

// TestSlotJoinsLast: a slow item holds at most its block, also in one of the last
// chunks, when nothing new wakes the slots that sleep.
func TestSlotJoinsLast(t *testing.T) {
	const inputs, block = 10_000, 256
	for round := range 100 {
		synctest.Test(t, func(t *testing.T) {
			ex := open(t, outpace.Threads(4))
			var ran atomic.Int32
			slow := []int{9_000, 9_500}[round%2]
			body := outpace.Func("", func(_ context.Context, i int) (int, error) {
				if i == slow {
					time.Sleep(time.Hour)
				}
				ran.Add(1)
				return i, nil
			})
			var all sync.WaitGroup
			all.Go(func() {
				for range outpace.Map(context.Background(), ex, body, count(inputs)) {
				}
			})
			time.Sleep(time.Minute)
			if n := ran.Load(); n < inputs-block {
				t.Errorf("%d have run while one sleeps", n)
			}
			all.Wait()
		})
	}
}
