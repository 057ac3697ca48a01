package modeltest

import (
	"context"
	"errors"
	"runtime"
	"slices"
	"sync/atomic"
	"testing"
	"time"

	"github.com/outpace-run/outpace"
)

func mapEndTests() []test {
	return []test{
		{"MapEnd/Break", testMapBreak},
		{"MapEnd/BreakWhileRunning", testMapBreakRunning},
		{"MapEnd/PanicInLoop", testMapLoopPanics},
		{"MapEnd/Context", testMapContext},
		{"MapEnd/SourcePanics", testMapSourcePanics},
		{"MapEnd/SourceGoexits", testMapSourceGoexits},
		{"MapEnd/SourceBlocks", testMapSourceBlocks},
		{"MapEnd/BadOption", testMapBadOption},
	}
}

// testMapBreak: leaving the loop stops the source, for good.
func testMapBreak(t *testing.T, s *suite) {
	ex := s.open(t)
	var pulled atomic.Int64
	var over atomic.Bool
	source := func(yield func(int) bool) {
		defer over.Store(true)
		for i := 0; ; i++ {
			pulled.Add(1)
			if !yield(i) {
				return
			}
		}
	}
	for _, err := range outpace.Map(s.limit(t), ex, s.fns.Square, source, outpace.Window(500, 0)) {
		if err != nil {
			t.Fatal(err)
		}
		break
	}
	if n := pulled.Load(); n > 501 || !over.Load() {
		t.Errorf("after the loop: %d pulled, the source is over: %v", n, over.Load())
	}
	want(t, s, outpace.Submit(context.Background(), ex, s.fns.Square, 5), 25)
}

// testMapBreakRunning: what runs when the loop is left is cancelled, and its
// slots are free soon.
func testMapBreakRunning(t *testing.T, s *suite) {
	ex := s.open(t, outpace.Grace(100*time.Millisecond))
	inputs := func(yield func(int) bool) {
		for i := 0; yield(min(i, 1) * forever); i++ {
			continue
		}
	}
	began := time.Now()
	for v, err := range outpace.Map(s.limit(t), ex, s.fns.SleepMS, inputs) {
		if v != 0 || err != nil {
			t.Error(v, err)
		}
		break
	}
	want(t, s, outpace.Submit(context.Background(), ex, s.fns.Square, 5), 25)
	if took := time.Since(began); took > 30*time.Second {
		t.Errorf("it took %v", took)
	}
}

// testMapLoopPanics: a panic in the caller's loop comes out, and leaks nothing.
func testMapLoopPanics(t *testing.T, s *suite) {
	ex := s.open(t)
	func() {
		defer func() {
			if v := recover(); v != "loop" {
				t.Errorf("recovered %v", v)
			}
		}()
		for range outpace.Map(s.limit(t), ex, s.fns.Square, endless()) {
			panic("loop")
		}
	}()
	want(t, s, outpace.Submit(context.Background(), ex, s.fns.Square, 5), 25)
}

// testMapContext: the context of a Map ends it, with its cause as the last error.
func testMapContext(t *testing.T, s *suite) {
	ex := s.open(t, outpace.Grace(100*time.Millisecond))
	cause := errors.New("enough")
	ctx, cancel := context.WithCancelCause(s.limit(t))
	defer cancel(nil)
	n := 0
	var last error
	for _, err := range outpace.Map(ctx, ex, s.fns.Square, endless()) {
		if last = err; err == nil {
			n++
		}
		if n == 100 {
			cancel(cause)
		}
	}
	if last != cause || n < 100 {
		t.Errorf("%d results, then %v", n, last)
	}
	ctx, cancelAll := context.WithTimeoutCause(context.Background(), 50*time.Millisecond, cause)
	defer cancelAll()
	for _, err := range outpace.MapUnordered(ctx, ex, s.fns.SleepMS, upTo(5), outpace.Window(5, 0)) {
		last = err
		if err != nil && err != cause {
			t.Errorf("a context with a deadline: %v", err)
		}
	}
	stuck := slices.Values([]int{forever, forever})
	ctx, cancelStuck := context.WithTimeoutCause(context.Background(), 50*time.Millisecond, cause)
	defer cancelStuck()
	for _, err := range outpace.Map(ctx, ex, s.fns.SleepMS, stuck) {
		last = err
	}
	if last != cause {
		t.Errorf("tasks that do not end: %v", last)
	}
}

// testMapSourcePanics: what the source gave before it panicked is yielded, then
// comes the panic as an error.
func testMapSourcePanics(t *testing.T, s *suite) {
	source := func(yield func(int) bool) {
		_ = yield(0) && yield(1) && yield(2)
		panic("source")
	}
	err := s.brokenSource(t, source)
	var panicked *outpace.PanicError
	if !errors.As(err, &panicked) || panicked.Value != "source" || len(panicked.Stack) == 0 {
		t.Errorf("error: %v", err)
	}
}

// testMapSourceGoexits: likewise when the source ends its goroutine.
func testMapSourceGoexits(t *testing.T, s *suite) {
	source := func(yield func(int) bool) {
		_ = yield(0) && yield(1) && yield(2)
		runtime.Goexit()
	}
	if err := s.brokenSource(t, source); !errors.Is(err, outpace.ErrGoexit) {
		t.Errorf("error: %v", err)
	}
}

// brokenSource maps a source that fails after three inputs.
func (s *suite) brokenSource(t *testing.T, source func(func(int) bool)) error {
	t.Helper()
	ex := s.open(t)
	n := 0
	var last error
	for v, err := range outpace.Map(s.limit(t), ex, s.fns.Square, source) {
		if last = err; err == nil {
			if v != n*n {
				t.Errorf("result %d is %d", n, v)
			}
			n++
		}
	}
	var broken *outpace.SourceError
	if n != 3 || !errors.As(last, &broken) || broken.Index != 3 {
		t.Errorf("%d results, then %v", n, last)
	}
	return last
}

// testMapSourceBlocks: a source that does not return holds nobody, and is named
// by Close.
func testMapSourceBlocks(t *testing.T, s *suite) {
	ex := s.openRaw(t, outpace.Grace(50*time.Millisecond))
	free := make(chan struct{})
	source := func(yield func(int) bool) { _ = yield(3); <-free }
	for v, err := range outpace.Map(s.limit(t), ex, s.fns.Square, source) {
		if v != 9 || err != nil {
			t.Error(v, err)
		}
		break
	}
	want(t, s, outpace.Submit(context.Background(), ex, s.fns.Square, 5), 25)
	err := ex.Close()
	var abandoned *outpace.AbandonedError
	if !errors.As(err, &abandoned) || len(abandoned.Tasks) != 1 || !mentions(err, "source") {
		t.Errorf("Close: %v", err)
	}
	close(free)
}

// testMapBadOption: an option out of range is the only thing that is yielded.
func testMapBadOption(t *testing.T, s *suite) {
	ex := s.open(t)
	n := 0
	for _, err := range outpace.Map(context.Background(), ex, s.fns.Square, upTo(5), outpace.Retries(-1)) {
		if n++; !errors.Is(err, outpace.ErrOption) {
			t.Errorf("Map: %v", err)
		}
	}
	if n != 1 {
		t.Errorf("%d results", n)
	}
	f := outpace.Submit(context.Background(), ex, s.fns.Square, 5, outpace.Timeout(-1))
	ends(t, s, f, outpace.Failed, outpace.ErrOption)
}
