package outpace_test

import (
	"context"
	"errors"
	"fmt"
	"runtime"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/outpace-run/outpace"
)

// The correctness card: what no Go pool has whole, a row a test.

// TestCardPanic: a panic becomes the error of its task, with value, stack and
// index; the process lives, and so do the other tasks.
func TestCardPanic(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ex := open(t, outpace.Threads(4))
		f := outpace.Func("card", func(_ context.Context, n int) (int, error) {
			if n == 500 {
				var none []int
				none[n] = 1
			}
			return n, nil
		})
		i := 0
		for v, err := range outpace.Map(limit(t), ex, f, count(1000)) {
			if i == 500 {
				checkPanic(t, err)
			} else if err != nil || v != i {
				t.Fatalf("result %d: %d, %v", i, v, err)
			}
			i++
		}
		if i != 1000 {
			t.Errorf("%d results", i)
		}
	})
}

func checkPanic(t *testing.T, err error) {
	t.Helper()
	var failure *outpace.TaskError
	var panicked *outpace.PanicError
	var cause runtime.Error
	if !errors.As(err, &failure) || !errors.As(err, &panicked) || !errors.As(err, &cause) {
		t.Fatalf("error: %v", err)
	}
	if failure.Index != 500 || failure.Function != "card" || !strings.Contains(string(panicked.Stack), "TestCardPanic") {
		t.Errorf("failure: %v, stack:\n%s", failure, panicked.Stack)
	}
	if text := err.Error(); text != "card, input 500: panic: runtime error: index out of range [500] with length 0" {
		t.Errorf("message: %s", text)
	}
}

// TestCardGoexit: a task that ends its goroutine resolves its future, and costs
// no slot.
func TestCardGoexit(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ex := open(t, outpace.Threads(2))
		f := outpace.Func("f", func(context.Context, int) (int, error) { runtime.Goexit(); return 0, nil })
		for range 10 {
			wantErr(t, outpace.Submit(context.Background(), ex, f, 1), outpace.ErrGoexit)
		}
		want(t, outpace.Submit(context.Background(), ex, square(), 3), 9)
	})
}

// TestCardNestedWaits: tasks that wait for tasks on a full executor, however
// deep, do not deadlock.
func TestCardNestedWaits(t *testing.T) {
	for _, n := range []int{1, 2, 4} {
		t.Run(fmt.Sprint(n), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				ex := open(t, outpace.Threads(n), outpace.Queue(4))
				var fib outpace.Function[int, int]
				fib = outpace.Func("fib", func(ctx context.Context, n int) (int, error) {
					if n < 2 {
						return n, nil
					}
					a, b := outpace.Submit(ctx, ex, fib, n-1), outpace.Submit(ctx, ex, fib, n-2)
					y, err1 := b.Result(ctx)
					x, err2 := a.Result(ctx)
					return x + y, errors.Join(err1, err2)
				})
				want(t, outpace.Submit(context.Background(), ex, fib, 15), 610)
			})
		})
	}
}

// TestCardWidth: nested waits do not make an executor wider than it was asked to
// be: no more tasks compute at a time than there are slots.
func TestCardWidth(t *testing.T) {
	const width = 2
	ex := open(t, outpace.Threads(width))
	var inside, most atomic.Int32
	leaf := outpace.Func("leaf", func(_ context.Context, n int) (int, error) {
		now := inside.Add(1)
		for seen := most.Load(); now > seen && !most.CompareAndSwap(seen, now); seen = most.Load() {
			continue
		}
		for range 1000 {
			runtime.Gosched()
		}
		inside.Add(-1)
		return n, nil
	})
	outer := outpace.Func("outer", func(ctx context.Context, n int) (int, error) {
		return outpace.Submit(ctx, ex, leaf, n).Result(ctx)
	})
	for _, err := range outpace.Map(limit(t), ex, outer, count(200)) {
		if err != nil {
			t.Fatal(err)
		}
	}
	if most.Load() > width {
		t.Errorf("%d tasks computed at once on %d slots", most.Load(), width)
	}
}

// TestCardStuckGoroutine: what cannot be ended is named by Close, within the
// grace period, not waited for.
func TestCardStuckGoroutine(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ex, err := outpace.New(context.Background(), outpace.Threads(2), outpace.Grace(3*time.Second))
		if err != nil {
			t.Fatal(err)
		}
		free := make(chan struct{})
		stuck := outpace.Func("stuck", func(context.Context, int) (int, error) { <-free; return 1, nil })
		f := outpace.Submit(context.Background(), ex, stuck, 1)
		synctest.Wait()
		time.Sleep(2 * time.Second)
		begin := time.Now()
		err = ex.Close()
		var abandoned *outpace.AbandonedError
		if !errors.As(err, &abandoned) || !slices.Equal(abandoned.Tasks, []string{"stuck for 5s"}) {
			t.Errorf("Close: %v", err)
		}
		if took := time.Since(begin); took != 3*time.Second {
			t.Errorf("Close took %v", took)
		}
		wantErr(t, f, outpace.ErrClosed)
		close(free)
		synctest.Wait()
		if _, err := f.Result(context.Background()); err == nil {
			t.Error("a final future changed")
		}
	})
}

// TestCardTimeout: the slot of a goroutine that ignores its time-out is filled
// again, so that 999 others finish on a single slot.
func TestCardTimeout(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ex, err := outpace.New(context.Background(), outpace.Serial(), outpace.Timeout(time.Second))
		if err != nil {
			t.Fatal(err)
		}
		free := make(chan struct{})
		f := outpace.Func("f", func(_ context.Context, n int) (int, error) {
			if n == 500 {
				<-free
			}
			return n, nil
		})
		i := 0
		for v, err := range outpace.Map(limit(t), ex, f, count(1000)) {
			var timeout *outpace.TimeoutError
			if i == 500 && (!errors.As(err, &timeout) || !timeout.Abandoned) || i != 500 && (err != nil || v != i) {
				t.Fatalf("result %d: %d, %v", i, v, err)
			}
			i++
		}
		if i != 1000 {
			t.Errorf("%d results", i)
		}
		if err := ex.Close(); !mentions(err, "f, input 500") {
			t.Errorf("Close: %v", err)
		}
		close(free)
	})
}

// TestCardTimeoutReturns: a goroutine that was given up and comes back after all
// ends quietly, and Close has nothing to report.
func TestCardTimeoutReturns(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ex := open(t, outpace.Threads(2), outpace.Timeout(time.Second), outpace.Grace(time.Second))
		for i, f := range []func(){func() {}, func() { panic("late") }, runtime.Goexit} {
			late := outpace.Func("late", func(_ context.Context, n int) (int, error) { time.Sleep(10 * time.Second); f(); return n, nil })
			wantErr(t, outpace.Submit(context.Background(), ex, late, 1), outpace.ErrTimeout)
			for _, err := range outpace.Map(limit(t), ex, late, count(1)) {
				if !errors.Is(err, outpace.ErrTimeout) {
					t.Errorf("case %d: %v", i, err)
				}
			}
			time.Sleep(20 * time.Second)
			want(t, outpace.Submit(context.Background(), ex, square(), 3), 9)
		}
	})
}

// TestCardCancelOne: one pending task of many is cancelled; the others run.
func TestCardCancelOne(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ex := open(t, outpace.Serial())
		var ran [10]bool
		f := outpace.Func("f", func(ctx context.Context, n int) (int, error) { ran[n] = true; return sleepMS(ctx, 1) })
		var fs []*outpace.Future[int]
		for i := range 10 {
			fs = append(fs, outpace.Submit(context.Background(), ex, f, i))
		}
		if !fs[7].Cancel() {
			t.Error("not pending")
		}
		outpace.Wait(limit(t), fs, outpace.AllDone)
		for i, f := range fs {
			if ran[i] != (i != 7) || (f.Err() != nil) != (i == 7) {
				t.Errorf("task %d ran: %v, error: %v", i, ran[i], f.Err())
			}
		}
	})
}

// TestCardFailFast: after the first failure nothing more starts.
func TestCardFailFast(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ex := open(t, outpace.Threads(2))
		var started atomic.Int32
		f := outpace.Func("f", func(ctx context.Context, n int) (int, error) {
			started.Add(1)
			if n == 10 {
				return 0, errors.New("first")
			}
			return sleepMS(ctx, 10)
		})
		i := 0
		var errs []error
		for _, err := range outpace.Map(limit(t), ex, f, endless(), outpace.FailFast()) {
			if err != nil {
				errs = append(errs, err)
			} else if i++; i > 12 {
				t.Fatal("it goes on")
			}
		}
		if n := started.Load(); n > 13 || len(errs) != 2 || !mentions(errs[0], "input 10") || !errors.Is(errs[1], outpace.ErrStopped) {
			t.Errorf("%d started; errors: %v", n, errs)
		}
	})
}

// TestCardGoTellsFailures: a task without a result does not fail in silence.
func TestCardGoTellsFailures(t *testing.T) {
	ex, err := outpace.New(context.Background(), outpace.Threads(2))
	if err != nil {
		t.Fatal(err)
	}
	for range 3 {
		if err := outpace.Go(context.Background(), ex, func(context.Context) error { panic("alone") }); err != nil {
			t.Error(err)
		}
	}
	if err := ex.Shutdown(limit(t)); !mentions(err, "3 tasks") || !errors.As(err, new(*outpace.PanicError)) {
		t.Errorf("Shutdown: %v", err)
	}
}

// TestCardNothingLeft: goroutines before and after are the same, for a thousand
// executors used and left in every way.
func TestCardNothingLeft(t *testing.T) {
	before := runtime.NumGoroutine()
	for i := range 300 {
		ex, err := outpace.New(context.Background(), outpace.Threads(1+i%4))
		if err != nil {
			t.Fatal(err)
		}
		for range outpace.Map(context.Background(), ex, square(), endless()) {
			break
		}
		f := outpace.Submit(context.Background(), ex, sleeper(), forever)
		if i%2 == 0 {
			f.Cancel()
		}
		if err := ex.Close(); err != nil {
			t.Fatal(err)
		}
	}
	eventually(t, "as many goroutines as before", func() bool { return runtime.NumGoroutine() <= before })
}
