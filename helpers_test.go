package outpace_test

import (
	"context"
	"errors"
	"iter"
	"math"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/outpace-run/outpace"
)

// square and friends are what most tests run.
func square() outpace.Function[int, int] {
	return outpace.Func("square", func(_ context.Context, n int) (int, error) { return n * n, nil })
}

func sleeper() outpace.Function[int, int] { return outpace.Func("sleep_ms", sleepMS) }

// forever is an input for sleepers: longer than any test.
const forever = 3_600_000

// open makes an executor that is closed without an error when the test ends.
func open(t testing.TB, m outpace.Model, opts ...outpace.Option) *outpace.Executor {
	t.Helper()
	ex, err := outpace.New(context.Background(), m, opts...)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := ex.Close(); err != nil {
			t.Errorf("Close: %v", err)
		}
	})
	return ex
}

// limit is a context that turns a hang into a failure.
func limit(t testing.TB) context.Context {
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	t.Cleanup(cancel)
	return ctx
}

// eventually polls until ok holds, for as long as a busy machine may need.
func eventually(t testing.TB, what string, ok func() bool) {
	t.Helper()
	for range 30_000 {
		if ok() {
			return
		}
		time.Sleep(time.Millisecond)
	}
	t.Fatalf("still not so: %s", what)
}

// want checks a future's value.
func want[T comparable](t testing.TB, f *outpace.Future[T], value T) {
	t.Helper()
	if v, err := f.Result(limit(t)); err != nil || v != value {
		t.Errorf("result is %v, %v; want %v", v, err, value)
	}
}

// wantErr checks that a future failed (with cause, if not nil), and returns its
// TaskError.
func wantErr[T any](t testing.TB, f *outpace.Future[T], cause error) *outpace.TaskError {
	t.Helper()
	_, err := f.Result(limit(t))
	var failure *outpace.TaskError
	if !errors.As(err, &failure) || cause != nil && !errors.Is(err, cause) {
		t.Fatalf("state %v, error %v; want %v in it", f.State(), err, cause)
	}
	return failure
}

func count(n int) iter.Seq[int] {
	return func(yield func(int) bool) {
		for i := range n {
			if !yield(i) {
				return
			}
		}
	}
}

func endless() iter.Seq[int] { return count(math.MaxInt) }

func mentions(err error, text string) bool { return err != nil && strings.Contains(err.Error(), text) }

// recorder is an observer that keeps everything.
type recorder struct {
	mu     sync.Mutex
	events []outpace.Event
}

func (r *recorder) observe(e outpace.Event) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.events = append(r.events, e)
}

func (r *recorder) of(kind outpace.EventKind) []outpace.Event {
	r.mu.Lock()
	defer r.mu.Unlock()
	return slices.DeleteFunc(slices.Clone(r.events), func(e outpace.Event) bool { return e.Kind != kind })
}

// tasks counts the tasks that events of a kind are about.
func (r *recorder) tasks(kind outpace.EventKind) int {
	n := 0
	for _, e := range r.of(kind) {
		n += e.Count
	}
	return n
}
