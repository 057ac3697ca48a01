package outpace_test

import (
	"context"
	"fmt"
	"runtime"
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
