package outpace_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"math"
	"syscall"
	"testing"
	"time"

	"github.com/outpace-run/outpace"
)

func TestParseShape(t *testing.T) {
	for text, want := range map[string]outpace.Shape{"1x1": {1, 1}, "4x2": {4, 2}, "1x1000000": {1, 1000000}} {
		if s, err := outpace.ParseShape(text); err != nil || s != want || s.String() != text || s.Workers() != want.Processes*want.Tasks {
			t.Errorf("%s: %v, %v", text, s, err)
		}
	}
	for _, text := range []string{"", "4", "x", "4x", "x2", "0x1", "1x0", "-1x2", "2x-1", "1.5x2", "2x2x2", "2X2", " 2x2", "1x1000001", "99999999999999999999x1"} {
		if s, err := outpace.ParseShape(text); !errors.Is(err, outpace.ErrOption) {
			t.Errorf("%q: %v, %v", text, s, err)
		}
	}
}

// FuzzParseShape: what is accepted is read back the same.
func FuzzParseShape(f *testing.F) {
	for _, text := range []string{"1x1", "4x2", "+4x2", "04x2", "x", "1x"} {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		s, err := outpace.ParseShape(text)
		if err != nil {
			if !errors.Is(err, outpace.ErrOption) {
				t.Fatal(err)
			}
			return
		}
		if again, err := outpace.ParseShape(s.String()); err != nil || again != s {
			t.Fatalf("%q is %v, and that is %v, %v", text, s, again, err)
		}
	})
}

// TestOptions: what is out of range is refused, by New and by a call.
func TestOptions(t *testing.T) {
	ex := open(t, outpace.Serial())
	for name, o := range map[string]outpace.Option{
		"timeout": outpace.Timeout(-1), "retries": outpace.Retries(-1), "many retries": outpace.Retries(math.MaxInt),
		"backoff": outpace.Backoff(-1, 0), "backoff upside down": outpace.Backoff(2, 1), "queue": outpace.Queue(0),
		"window": outpace.Window(-1, 0), "window bytes": outpace.Window(0, -1), "grace": outpace.Grace(-1),
	} {
		if _, err := outpace.New(context.Background(), outpace.Serial(), o); !errors.Is(err, outpace.ErrOption) {
			t.Errorf("%s: New: %v", name, err)
		}
		if f := outpace.Submit(context.Background(), ex, square(), 1, o); !errors.Is(f.Err(), outpace.ErrOption) {
			t.Errorf("%s: Submit: %v", name, f.Err())
		}
		if err := outpace.Go(context.Background(), ex, func(context.Context) error { return nil }, o); !errors.Is(err, outpace.ErrOption) {
			t.Errorf("%s: Go: %v", name, err)
		}
	}
	for _, m := range []outpace.Model{outpace.Threads(0), outpace.Threads(-3), outpace.Async(0), outpace.Async(math.MaxInt)} {
		if _, err := outpace.New(context.Background(), m); !errors.Is(err, outpace.ErrOption) {
			t.Errorf("New: %v", err)
		}
	}
}

// TestOptionsExtreme: the largest values are as good as none.
func TestOptionsExtreme(t *testing.T) {
	ex := open(t, outpace.Threads(2), outpace.Timeout(math.MaxInt64), outpace.Queue(math.MaxInt),
		outpace.Window(math.MaxInt, math.MaxInt64), outpace.Backoff(math.MaxInt64, math.MaxInt64))
	want(t, outpace.Submit(context.Background(), ex, square(), 3), 9)
	i := 0
	for v, err := range outpace.Map(limit(t), ex, square(), count(1000)) {
		if err != nil || v != i*i {
			t.Fatalf("result %d: %d, %v", i, v, err)
		}
		i++
	}
}

func TestPlanString(t *testing.T) {
	p := outpace.Plan{Model: "processes", Shape: outpace.Shape{Processes: 4, Tasks: 1}, Why: "4 cores", Notes: []string{"python3.12", "GIL"}}
	if got := p.String(); got != "processes 4x1: 4 cores\n  python3.12\n  GIL" {
		t.Errorf("%q", got)
	}
	for want, m := range map[string]outpace.Model{
		"serial 1x1: one task at a time, as asked":           outpace.Serial(),
		"threads 1x3: 3 goroutines, as asked":                outpace.Threads(3),
		"async 1x1000: 1000 tasks waiting at once, as asked": outpace.Async(1000),
	} {
		if p, err := m.Plan(); err != nil || p.String() != want {
			t.Errorf("%v, %v; want %s", p, err, want)
		}
		if _, err := m.Start(context.Background(), outpace.WorkerEnv{}); !errors.Is(err, outpace.ErrFunction) {
			t.Errorf("Start: %v", err)
		}
	}
}

// TestErrorTexts: every error says what happened in one line.
func TestErrorTexts(t *testing.T) {
	eof := io.EOF
	for _, c := range []struct {
		err  error
		text string
	}{
		{&outpace.TaskError{Function: "f", Index: 3, Attempts: 1, Err: eof}, "f, input 3: EOF"},
		{&outpace.TaskError{Function: "f", Index: 0, Attempts: 4, Err: eof}, "f, input 0, 4 attempts: EOF"},
		{&outpace.TaskError{Index: -1, Attempts: 1, Err: eof}, "task: EOF"},
		{&outpace.PanicError{Value: eof}, "panic: EOF"},
		{&outpace.TimeoutError{After: time.Second}, "timed out after 1s"},
		{&outpace.TimeoutError{After: time.Second, Abandoned: true}, "timed out after 1s; its goroutine ignores its context and was abandoned"},
		{&outpace.LostError{Signal: syscall.SIGSEGV, ExitCode: -1}, "worker killed by SIGSEGV (segmentation fault)"},
		{&outpace.LostError{ExitCode: 3}, "worker exited with code 3"},
		{&outpace.LostError{ExitCode: -1, Err: eof}, "worker lost: EOF"},
		{&outpace.LostError{ExitCode: -1}, "worker lost"},
		{&outpace.RemoteError{Type: "ValueError", Message: "bad row"}, "ValueError: bad row"},
		{&outpace.RemoteError{Type: "KeyError", Hint: "look"}, "KeyError (hint: look)"},
		{&outpace.LoadError{Function: "f.py:g", Err: eof}, "cannot load f.py:g: EOF"},
		{&outpace.StartError{Worker: 2, Tries: 3, Err: eof}, "cannot start worker 2 (3 tries): EOF"},
		{&outpace.SourceError{Index: 7, Err: eof}, "the source failed after 7 inputs: EOF"},
		{&outpace.AbandonedError{Tasks: []string{"a", "b"}}, "2 still running and abandoned: a; b"},
	} {
		if got := c.err.Error(); got != c.text {
			t.Errorf("%T: %q, want %q", c.err, got, c.text)
		}
	}
	for _, err := range []error{&outpace.TaskError{Err: eof}, &outpace.PanicError{Value: eof}, &outpace.LostError{Err: eof},
		&outpace.LoadError{Err: eof}, &outpace.StartError{Err: eof}, &outpace.SourceError{Err: eof}} {
		if !errors.Is(fmt.Errorf("further out: %w", err), eof) {
			t.Errorf("%T hides its cause", err)
		}
	}
	if !errors.Is(&outpace.TimeoutError{}, outpace.ErrTimeout) || errors.Unwrap(&outpace.PanicError{Value: 3}) != nil {
		t.Error("time-out or panic")
	}
}

func TestNames(t *testing.T) {
	for s, want := range map[fmt.Stringer]string{
		outpace.Pending: "pending", outpace.Running: "running", outpace.Done: "done", outpace.Failed: "failed", outpace.Cancelled: "cancelled",
		outpace.State(99): "unknown", outpace.TaskStarted: "task_started", outpace.TaskRequeued: "task_requeued",
		outpace.ObserverPanic: "observer_panic", outpace.EventKind(99): "unknown", outpace.EventKind(0): "unknown",
	} {
		if got := s.String(); got != want {
			t.Errorf("%s, want %s", got, want)
		}
	}
}

// TestFunction: what a Function says of itself.
func TestFunction(t *testing.T) {
	var zero outpace.Function[int, int]
	if zero.Name() != "" || zero.Spec() != nil || zero.Local() {
		t.Error("the zero Function")
	}
	if f := square(); f.Name() != "square" || f.Spec() != nil || !f.Local() {
		t.Error("a Go function")
	}
	if f := outpace.Remote[int, int]("there", 7); f.Name() != "there" || f.Spec() != 7 || f.Local() {
		t.Error("a remote function")
	}
	if err := outpace.Serial().Check(outpace.Remote[int, int]("there", 7)); !errors.Is(err, outpace.ErrFunction) || !mentions(err, "there") {
		t.Errorf("Check: %v", err)
	}
	if f := outpace.Func[int, int]("nobody", nil); f.Local() {
		t.Error("a function without a body is local")
	}
}
