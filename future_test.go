package outpace_test

import (
	"context"
	"errors"
	"runtime"
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"
	"weak"

	"github.com/outpace-run/outpace"
)

// TestFutureKeepsNothing: AsCompleted keeps no future that it has yielded, and
// the executor none that is done, so their results can be freed.
func TestFutureKeepsNothing(t *testing.T) {
	ex := open(t, outpace.Threads(2))
	big := outpace.Func("big", func(_ context.Context, n int) ([]byte, error) { return make([]byte, 1<<20), nil })
	submit := func() (fs []*outpace.Future[[]byte]) {
		for i := range 20 {
			fs = append(fs, outpace.Submit(context.Background(), ex, big, i))
		}
		return fs
	}
	var gone []weak.Pointer[outpace.Future[[]byte]]
	for f := range outpace.AsCompleted(limit(t), submit()...) {
		gone = append(gone, weak.Make(f))
		if len(gone) < 20 {
			continue
		}
		eventually(t, "those before the last are freed while the loop is in it", func() bool {
			runtime.GC()
			return !slices.ContainsFunc(gone[:18], func(p weak.Pointer[outpace.Future[[]byte]]) bool { return p.Value() != nil })
		})
	}
	if len(gone) != 20 {
		t.Fatalf("%d futures", len(gone))
	}
	eventually(t, "the futures are freed", func() bool {
		runtime.GC()
		left := 0
		for _, p := range gone {
			if p.Value() != nil {
				left++
			}
		}
		return left == 0
	})
}

// TestFutureContext: the context of a task is the caller's with more ends: the
// time-out and the executor's. It tells which one it was.
func TestFutureContext(t *testing.T) {
	type key struct{}
	synctest.Test(t, func(t *testing.T) {
		ex := open(t, outpace.Threads(4))
		parent := context.WithValue(context.Background(), key{}, "value")
		see := outpace.Func("see", func(ctx context.Context, _ int) (error, error) {
			if ctx.Value(key{}) != "value" || ctx.Err() != nil {
				t.Errorf("value %v, error %v", ctx.Value(key{}), ctx.Err())
			}
			child, cancel := context.WithCancel(ctx)
			defer cancel()
			<-child.Done()
			if ctx.Err() == nil {
				t.Error("the child is done before its parent")
			}
			return context.Cause(child), nil
		})
		begin := time.Now()
		late := outpace.Submit(parent, ex, see, 1, outpace.Timeout(time.Second))
		if err, _ := late.Result(limit(t)); !errors.Is(err, outpace.ErrTimeout) || time.Since(begin) != time.Second {
			t.Errorf("time-out: %v after %v", err, time.Since(begin))
		}
		cause := errors.New("caller left")
		ctx, leave := context.WithCancelCause(parent)
		left := outpace.Submit(ctx, ex, see, 1)
		synctest.Wait()
		leave(cause)
		if err, _ := left.Result(limit(t)); err != cause {
			t.Errorf("caller: %v", err)
		}
		cancelled := outpace.Submit(parent, ex, see, 1)
		synctest.Wait()
		cancelled.Cancel()
		if err, _ := cancelled.Result(limit(t)); err != outpace.ErrCancelled || cancelled.State() != outpace.Done {
			t.Errorf("cancel: %v, %v", err, cancelled.State())
		}
		closed := outpace.Submit(parent, ex, see, 1)
		synctest.Wait()
		if err := ex.Close(); err != nil {
			t.Error(err)
		}
		if err, _ := closed.Result(limit(t)); err != outpace.ErrClosed {
			t.Errorf("close: %v", err)
		}
	})
}

// TestFutureContextDeadline: the sooner of the caller's deadline and the
// time-out counts.
func TestFutureContextDeadline(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ex := open(t, outpace.Threads(1))
		left := outpace.Func("left", func(ctx context.Context, _ int) (time.Duration, error) {
			at, ok := ctx.Deadline()
			if !ok {
				return -1, nil
			}
			return time.Until(at), nil
		})
		soon, cancel := context.WithTimeout(context.Background(), time.Minute)
		defer cancel()
		want(t, outpace.Submit(context.Background(), ex, left, 0), -1)
		want(t, outpace.Submit(context.Background(), ex, left, 0, outpace.Timeout(time.Second)), time.Second)
		want(t, outpace.Submit(soon, ex, left, 0), time.Minute)
		want(t, outpace.Submit(soon, ex, left, 0, outpace.Timeout(time.Second)), time.Second)
		want(t, outpace.Submit(soon, ex, left, 0, outpace.Timeout(time.Hour)), time.Minute)
	})
}

// TestFutureContextAfterEnd: a context that a task has kept is done when the task
// is, asked then for the first time or before.
func TestFutureContextAfterEnd(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ex := open(t, outpace.Threads(1))
		for _, asked := range []bool{false, true} {
			keep := outpace.Func("keep", func(ctx context.Context, _ int) (context.Context, error) {
				if asked {
					ctx.Done()
				}
				return ctx, nil
			})
			ctx, err := outpace.Submit(context.Background(), ex, keep, 1).Result(limit(t))
			if err != nil {
				t.Fatal(err)
			}
			select {
			case <-ctx.Done():
			case <-time.After(time.Second):
				t.Errorf("asked before: %v; the context of an ended task goes on", asked)
			}
			if ctx.Err() == nil {
				t.Error("no error")
			}
		}
	})
}

// TestFutureRaces: everything that can be done to a future at the same time.
func TestFutureRaces(t *testing.T) {
	ex := open(t, outpace.Threads(2), outpace.Retries(1), outpace.Backoff(0, 0))
	f := outpace.Func("f", func(ctx context.Context, n int) (int, error) {
		if n%3 == 0 {
			return 0, errors.New("third")
		}
		if n%7 == 0 {
			<-ctx.Done()
			return 0, ctx.Err()
		}
		return n, nil
	})
	for round := range 300 {
		fut := outpace.Submit(context.Background(), ex, f, round, outpace.Timeout(20*time.Millisecond))
		var all sync.WaitGroup
		calls := make(chan int, 10)
		for range 2 {
			all.Go(func() { fut.OnDone(func() { calls <- 1 }) })
			all.Go(func() { _, _ = fut.Result(context.Background()) })
			all.Go(func() { <-fut.Done() })
			all.Go(func() {
				for !slices.Contains([]outpace.State{outpace.Done, outpace.Failed, outpace.Cancelled}, fut.State()) {
					_, _, _, _ = fut.Started(), fut.Finished(), fut.Attempts(), fut.Err()
					runtime.Gosched()
				}
			})
		}
		if round%2 == 0 {
			all.Go(func() { fut.Cancel() })
		}
		all.Wait()
		state, err := fut.State(), fut.Err()
		for range 2 {
			<-calls
		}
		if len(calls) != 0 || fut.State() != state || (err == nil) != (state == outpace.Done) {
			t.Fatalf("round %d: %v, %v", round, state, err)
		}
	}
}

// TestFutureSubmitRaces: Submit, Cancel and Close at the same time resolve every
// future, once.
func TestFutureSubmitRaces(t *testing.T) {
	for round := range 100 {
		ex, err := outpace.New(context.Background(), outpace.Threads(1+round%4), outpace.Queue(1+round%9))
		if err != nil {
			t.Fatal(err)
		}
		var all sync.WaitGroup
		for range 4 {
			all.Go(func() {
				for i := range 50 {
					f := outpace.Submit(context.Background(), ex, square(), i)
					if i%5 == 0 {
						f.Cancel()
					}
					if v, err := f.Result(limit(t)); err == nil && v != i*i || err != nil && !errors.Is(err, outpace.ErrClosed) && !errors.Is(err, outpace.ErrCancelled) {
						t.Errorf("result %d: %d, %v", i, v, err)
					}
				}
			})
		}
		if round%2 == 0 {
			runtime.Gosched()
			all.Go(func() { _ = ex.Shutdown(limit(t)) })
		}
		all.Go(func() {
			if err := ex.Close(); err != nil {
				t.Error(err)
			}
		})
		all.Wait()
	}
}

// TestFutureUserPanics: whatever the user's own code panics in, the process and
// the task's future survive it.
func TestFutureUserPanics(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ex := open(t, outpace.Threads(1), outpace.Retries(2), outpace.Backoff(0, 0),
			outpace.RetryIf(func(error) bool { panic("retry if") }))
		fail := outpace.Func("fail", func(context.Context, int) (int, error) { return 0, errors.New("bad") })
		wantErr(t, outpace.Submit(context.Background(), ex, fail, 1), nil)
		for _, err := range outpace.Map(limit(t), ex, fail, count(3)) {
			if !mentions(err, "bad") {
				t.Errorf("Map: %v", err)
			}
		}
		want(t, outpace.Submit(context.Background(), ex, square(), 3), 9)
	})
}
