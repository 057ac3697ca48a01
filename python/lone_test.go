//go:build linux || darwin

package python

import (
	"context"
	"errors"
	"sync"
	"testing"
	"time"

	"github.com/outpace-run/outpace"
)

const lone = `
import os, time
def same(x): return x
def nap(x): time.sleep(x); return x
def die(x): os._exit(7)
`

// lonely opens an executor and has one worker answer some lone calls, so that
// their caller reads the answers himself.
func lonely(t *testing.T, workers int, opts ...outpace.Option) (ex *outpace.Executor, file string) {
	t.Helper()
	file = module(t, "lone.py", lone)
	ex, err := outpace.New(t.Context(), Workers(workers), opts...)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := ex.Close(); err != nil {
			t.Error(err)
		}
	})
	calls(t, ex, file, 50)
	return ex, file
}

// calls makes lone calls.
func calls(t *testing.T, ex *outpace.Executor, file string, n int) {
	t.Helper()
	same := Func[int, int](file + ":same")
	for i := range n {
		if v, err := outpace.Submit(t.Context(), ex, same, i).Result(t.Context()); v != i || err != nil {
			t.Fatalf("call %d: %d, %v", i, v, err)
		}
	}
}

// TestLoneCallers: callers that are in each other's way all get their answers.
func TestLoneCallers(t *testing.T) {
	for _, workers := range []int{1, 2} {
		ex, file := lonely(t, workers)
		var all sync.WaitGroup
		for range 4 {
			all.Go(func() { calls(t, ex, file, 300) })
		}
		all.Wait()
	}
}

// TestLoneCallInTime: a caller whose context is done leaves at once, and the
// answer is not lost.
func TestLoneCallInTime(t *testing.T) {
	ex, file := lonely(t, 1)
	nap := Func[float64, float64](file + ":nap")
	for range 5 {
		f := outpace.Submit(t.Context(), ex, nap, 0.2)
		ctx, cancel := context.WithTimeout(t.Context(), 20*time.Millisecond)
		if _, err := f.Result(ctx); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("a caller in a hurry: %v", err)
		}
		cancel()
		if v, err := f.Result(t.Context()); v != 0.2 || err != nil {
			t.Errorf("asked again: %v, %v", v, err)
		}
		calls(t, ex, file, 20)
	}
}

// TestLoneCallOtherwise: who waits in another way than by Result is told too.
func TestLoneCallOtherwise(t *testing.T) {
	ex, file := lonely(t, 1)
	same := Func[int, int](file + ":same")
	for i := range 20 {
		<-outpace.Submit(t.Context(), ex, same, i).Done()
		calls(t, ex, file, 3)
		told := make(chan struct{})
		outpace.Submit(t.Context(), ex, same, i).OnDone(func() { close(told) })
		<-told
		calls(t, ex, file, 3)
		for f := range outpace.AsCompleted(t.Context(), outpace.Submit(t.Context(), ex, same, i)) {
			if v, err := f.Result(t.Context()); v != i || err != nil {
				t.Errorf("AsCompleted: %d, %v", v, err)
			}
		}
		f := outpace.Submit(t.Context(), ex, same, i)
		eventually(t, "a future that is only looked at is done", func() bool { return f.State() == outpace.Done })
	}
}

// TestLoneCallCrash: a worker that dies under a caller that reads is replaced.
func TestLoneCallCrash(t *testing.T) {
	ex, file := lonely(t, 1)
	for range 3 {
		_, err := outpace.Submit(t.Context(), ex, Func[int, int](file+":die"), 1).Result(t.Context())
		if lost := (*outpace.LostError)(nil); !errors.As(err, &lost) || lost.ExitCode != 7 {
			t.Errorf("a call that ends its worker: %v", err)
		}
		calls(t, ex, file, 20)
	}
}

// TestLoneCallClose: Close ends a call whose caller reads.
func TestLoneCallClose(t *testing.T) {
	ex, file := lonely(t, 1, outpace.Grace(time.Second))
	ended := make(chan error, 1)
	f := outpace.Submit(t.Context(), ex, Func[float64, float64](file+":nap"), 3600)
	go func() { _, err := f.Result(t.Context()); ended <- err }()
	eventually(t, "the call runs", func() bool { return f.State() == outpace.Running })
	if err := ex.Close(); err != nil {
		t.Error(err)
	}
	if err := <-ended; !errors.Is(err, outpace.ErrClosed) {
		t.Errorf("the call: %v", err)
	}
}
