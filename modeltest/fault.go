package modeltest

import (
	"context"
	"errors"
	"runtime"
	"slices"
	"syscall"
	"testing"

	"github.com/outpace-run/outpace"
)

func faultTests() []test {
	return []test{
		{"Fault/Panic", testFaultPanic},
		{"Fault/Goexit", testFaultGoexit},
		{"Fault/Go", testFaultGo},
		{"Fault/ExitInMap", testFaultExit},
		{"Fault/CrashInMap", testFaultCrash},
		{"Fault/CrashRetried", testFaultRetried},
		{"Fault/CrashSubmitted", testFaultSubmitted},
	}
}

// testFaultPanic: a panic is the error of its task, with value and stack.
func testFaultPanic(t *testing.T, s *suite) {
	if !s.local {
		t.Skip("its functions are not Go")
	}
	cause := errors.New("panic value")
	f := outpace.Func("panics", func(_ context.Context, n int) (int, error) {
		if n%10 == 3 {
			panic(cause)
		}
		return n, nil
	})
	ex := s.open(t)
	failure := ends(t, s, outpace.Submit(context.Background(), ex, f, 3), outpace.Failed, cause)
	var panicked *outpace.PanicError
	if !errors.As(failure, &panicked) || panicked.Value != cause || len(panicked.Stack) == 0 {
		t.Errorf("failure: %v", failure)
	}
	s.everyTenth(t, ex, f, cause)
}

// testFaultGoexit: a task that ends its goroutine fails, and its slot lives on.
func testFaultGoexit(t *testing.T, s *suite) {
	if !s.local {
		t.Skip("its functions are not Go")
	}
	f := outpace.Func("goexits", func(_ context.Context, n int) (int, error) {
		if n%10 == 3 {
			runtime.Goexit()
		}
		return n, nil
	})
	ex := s.open(t)
	ends(t, s, outpace.Submit(context.Background(), ex, f, 3), outpace.Failed, outpace.ErrGoexit)
	s.everyTenth(t, ex, f, outpace.ErrGoexit)
}

// everyTenth maps a function that fails for 3, 13, 23 …
func (s *suite) everyTenth(t *testing.T, ex *outpace.Executor, f outpace.Function[int, int], cause error) {
	t.Helper()
	for _, opts := range [][]outpace.Option{nil, {outpace.Timeout(1 << 40)}, {outpace.Retries(1), outpace.Backoff(0, 0)}} {
		i := 0
		for v, err := range outpace.Map(s.limit(t), ex, f, upTo(1000), opts...) {
			var failure *outpace.TaskError
			switch {
			case i%10 != 3 && (v != i || err != nil), i%10 == 3 && (!errors.Is(err, cause) || !errors.As(err, &failure) || failure.Index != i):
				t.Fatalf("result %d: %d, %v", i, v, err)
			}
			i++
		}
		if i != 1000 {
			t.Errorf("%d results", i)
		}
	}
}

// testFaultGo: failures of tasks without a result are told at the end.
func testFaultGo(t *testing.T, s *suite) {
	ex := s.openRaw(t)
	if !s.local {
		if err := outpace.Go(context.Background(), ex, func(context.Context) error { return nil }); !errors.Is(err, outpace.ErrFunction) {
			t.Errorf("Go on worker processes: %v", err)
		}
		ex.Close()
		return
	}
	cause := errors.New("lost cause")
	for i := range 5 {
		if err := outpace.Go(context.Background(), ex, func(context.Context) error {
			if i < 2 {
				return cause
			}
			return nil
		}); err != nil {
			t.Error(err)
		}
	}
	if err := ex.Shutdown(s.limit(t)); !errors.Is(err, cause) || !mentions(err, "2 ") {
		t.Errorf("Shutdown: %v", err)
	}
}

// testFaultExit: of many inputs the one that ends its process fails, alone.
func testFaultExit(t *testing.T, s *suite) {
	if s.fns.Exit.Name() == "" {
		t.Skip("no Exit")
	}
	lost := s.oneDies(t, s.fns.Exit, -3)
	if lost.ExitCode != 3 || lost.Signal != 0 {
		t.Errorf("lost: %+v", lost)
	}
}

// testFaultCrash: likewise the one whose process crashes.
func testFaultCrash(t *testing.T, s *suite) {
	if s.fns.Crash.Name() == "" {
		t.Skip("no Crash")
	}
	if lost := s.oneDies(t, s.fns.Crash, -int(syscall.SIGSEGV)); lost.Signal != syscall.SIGSEGV {
		t.Errorf("lost: %+v", lost)
	}
}

// oneDies maps 200 inputs, one of which costs its worker's life.
func (s *suite) oneDies(t *testing.T, f outpace.Function[int, int], deadly int) *outpace.LostError {
	t.Helper()
	rec := &recorder{}
	ex := s.open(t, outpace.Observe(rec.observe))
	inputs := slices.Collect(upTo(200))
	inputs[77] = deadly
	var lost *outpace.LostError
	i := 0
	for item, err := range outpace.MapItems(s.limit(t), ex, f, slices.Values(inputs)) {
		if err != nil || item.Index != i {
			t.Fatalf("record %d: %+v, %v", i, item, err)
		}
		if i == 77 {
			if !errors.As(item.Err, &lost) || item.Attempts != 1 {
				t.Fatalf("the deadly input: %+v", item)
			}
		} else if item.Err != nil || item.Value != i || item.Attempts != 1 {
			t.Fatalf("input %d: %+v", i, item)
		}
		i++
	}
	if i != 200 || lost == nil {
		t.Fatalf("%d records", i)
	}
	if n := len(rec.of(outpace.WorkerLost)); n < 1 {
		t.Errorf("%d losses told", n)
	}
	rec.consistent(t, 200)
	return lost
}

// testFaultRetried: a deadly input has its attempts, each in a fresh worker.
func testFaultRetried(t *testing.T, s *suite) {
	if s.fns.Exit.Name() == "" {
		t.Skip("no Exit")
	}
	ex := s.open(t, outpace.Retries(2), outpace.Backoff(0, 0))
	f := outpace.Submit(context.Background(), ex, s.fns.Exit, -4)
	if failure := ends(t, s, f, outpace.Failed, nil); failure.Attempts != 3 {
		t.Errorf("failure: %v", failure)
	}
}

// testFaultSubmitted: submitted neighbours of a deadly task get their results.
func testFaultSubmitted(t *testing.T, s *suite) {
	if s.fns.Exit.Name() == "" {
		t.Skip("no Exit")
	}
	ex := s.open(t)
	var fs futures
	for i := range 50 {
		n := i
		if i == 20 {
			n = -4
		}
		fs = append(fs, outpace.Submit(context.Background(), ex, s.fns.Exit, n))
	}
	values, _ := outpace.Gather(s.limit(t), fs...)
	for i, f := range fs {
		if i == 20 && f.State() != outpace.Failed || i != 20 && (values[i] != i || f.Err() != nil) {
			t.Errorf("task %d: %d, %v", i, values[i], f.Err())
		}
		if f.Attempts() != 1 {
			t.Errorf("task %d has %d attempts", i, f.Attempts())
		}
	}
}
