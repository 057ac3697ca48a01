package modeltest

import (
	"context"
	"errors"
	"iter"
	"math"
	"sync/atomic"
	"testing"

	"github.com/outpace-run/outpace"
)

func mapTests() []test {
	return []test{
		{"Map/Order", testMapOrder},
		{"Map/Items", testMapItems},
		{"Map/Spans", testMapSpans},
		{"Map/Unordered", testMapUnordered},
		{"Map/FailuresInPlace", testMapFailures},
		{"Map/Streaming", testMapStreaming},
		{"Map/Window", testMapWindow},
		{"Map/WindowBytes", testMapWindowBytes},
		{"Map/Retries", testMapRetries},
		{"Map/FailFast", testMapFailFast},
		{"Map/TwoAtOnce", testMapTwo},
		{"Map/BesideSubmit", testMapBeside},
		{"Map/Again", testMapAgain},
	}
}

// endless yields 0, 1, 2 … for ever.
func endless() iter.Seq[int] { return upTo(math.MaxInt) }

// testMapOrder: results in input order, none lost, none twice, for any number.
func testMapOrder(t *testing.T, s *suite) {
	ex := s.open(t)
	for _, n := range []int{0, 1, 2, 3, 100, 20_000} {
		i := 0
		for v, err := range outpace.Map(s.limit(t), ex, s.fns.Square, upTo(n)) {
			if err != nil || v != i*i {
				t.Fatalf("of %d, result %d: %d, %v", n, i, v, err)
			}
			i++
		}
		if i != n {
			t.Fatalf("%d results of %d", i, n)
		}
	}
}

// testMapItems: each record holds its input, and what was measured.
func testMapItems(t *testing.T, s *suite) {
	ex := s.open(t)
	i := 0
	for item, err := range outpace.MapItems(s.limit(t), ex, s.fns.SleepMS, upTo(30)) {
		if err != nil || item.Err != nil {
			t.Fatal(err, item.Err)
		}
		if item.Index != i || item.Input != i || item.Value != i || item.Attempts != 1 {
			t.Fatalf("record %d: %+v", i, item)
		}
		if item.Worker < 1 || item.Worker > s.plan.Shape.Processes || item.Wall < 0 {
			t.Fatalf("record %d: %+v", i, item)
		}
		i++
	}
	if i != 30 {
		t.Errorf("%d records", i)
	}
}

// testMapSpans: each input is in one span, in order, with its value.
func testMapSpans(t *testing.T, s *suite) {
	ex := s.open(t)
	const n = 20_000
	next := 0
	for span, err := range outpace.MapSpans(s.limit(t), ex, s.fns.Square, upTo(n)) {
		if err != nil || span.Err != nil {
			t.Fatal(err, span.Err)
		}
		if size := len(span.Inputs); span.Index != next || size < 1 || size > 64 || len(span.Values) != size {
			t.Fatalf("after %d inputs: %+v", next, span)
		}
		for i, v := range span.Values {
			if span.Inputs[i] != next || v != next*next {
				t.Fatalf("input %d: %d became %d", next, span.Inputs[i], v)
			}
			next++
		}
	}
	if next != n {
		t.Errorf("%d inputs", next)
	}
}

// testMapUnordered: every input once, whatever the order.
func testMapUnordered(t *testing.T, s *suite) {
	ex := s.open(t)
	const n = 20_000
	seen := make([]bool, n)
	count := 0
	for item, err := range outpace.MapUnordered(s.limit(t), ex, s.fns.Square, upTo(n)) {
		if err != nil || item.Err != nil || item.Input != item.Index || item.Value != item.Index*item.Index || seen[item.Index] {
			t.Fatalf("%+v, %v", item, err)
		}
		seen[item.Index] = true
		count++
	}
	if count != n {
		t.Errorf("%d records of %d", count, n)
	}
}

// testMapFailures: each failed input has its error at its place, in each Map.
func testMapFailures(t *testing.T, s *suite) {
	ex := s.open(t)
	right := func(i int, err error) bool {
		var failure *outpace.TaskError
		return errors.As(err, &failure) && failure.Index == i && failure.Attempts == 1 && mentions(err, "bad ")
	}
	i := 0
	for v, err := range outpace.Map(s.limit(t), ex, s.fns.Fail, upTo(300)) {
		if v != 0 || !right(i, err) {
			t.Fatalf("result %d: %d, %v", i, v, err)
		}
		i++
	}
	n := 0
	for item, err := range outpace.MapUnordered(s.limit(t), ex, s.fns.Fail, upTo(300)) {
		if err != nil || !right(item.Index, item.Err) || item.Attempts != 1 || item.Value != 0 {
			t.Fatalf("record %d: %+v, %v", item.Index, item, err)
		}
		n++
	}
	if i != 300 || n != 300 {
		t.Errorf("%d and %d results", i, n)
	}
}

// testMapStreaming: a result is there before the source gives the next input.
func testMapStreaming(t *testing.T, s *suite) {
	ex := s.open(t)
	back := make(chan int)
	source := func(yield func(int) bool) {
		for i := range 50 {
			if !yield(i) || i > 0 && i%10 == 0 && <-back != i*i {
				return
			}
		}
	}
	n := 0
	for v, err := range outpace.Map(s.limit(t), ex, s.fns.Square, source) {
		if err != nil || v != n*n {
			t.Fatalf("result %d: %d, %v", n, v, err)
		}
		if n > 0 && n%10 == 0 {
			back <- v
		}
		n++
	}
	if n != 50 {
		t.Errorf("%d results", n)
	}
}

// testMapWindow: never more than a window of inputs is between source and loop.
func testMapWindow(t *testing.T, s *suite) {
	ex := s.open(t)
	for _, window := range []int{1, 2, 7, 100} {
		var pulled, yielded atomic.Int64
		source := func(yield func(int) bool) {
			for i := range 1000 {
				if ahead := pulled.Add(1) - yielded.Load(); ahead > int64(window) {
					t.Errorf("window %d: %d ahead", window, ahead)
					return
				}
				if !yield(i) {
					return
				}
			}
		}
		n := 0
		for v, err := range outpace.Map(s.limit(t), ex, s.fns.Square, source, outpace.Window(window, 0)) {
			if err != nil || v != n*n {
				t.Fatalf("window %d, result %d: %d, %v", window, n, v, err)
			}
			n++
			yielded.Add(1)
		}
		if n != 1000 {
			t.Errorf("window %d: %d results", window, n)
		}
	}
}

// testMapWindowBytes: a narrow window of bytes slows the run and loses nothing.
func testMapWindowBytes(t *testing.T, s *suite) {
	ex := s.open(t)
	n := 0
	sizes := func(yield func(int) bool) {
		for range 200 {
			if !yield(10_000) {
				return
			}
		}
	}
	for v, err := range outpace.Map(s.limit(t), ex, s.fns.Big, sizes, outpace.Window(0, 1)) {
		if err != nil || len(v) != 10_000 {
			t.Fatalf("result %d: %d bytes, %v", n, len(v), err)
		}
		n++
	}
	if n != 200 {
		t.Errorf("%d results", n)
	}
}

// testMapRetries: each input has its attempts, and one result.
func testMapRetries(t *testing.T, s *suite) {
	ex := s.open(t, outpace.Retries(2), outpace.Backoff(0, 0))
	i := 0
	for item, err := range outpace.MapItems(s.limit(t), ex, s.fns.Fail, upTo(100)) {
		if err != nil || item.Index != i || item.Attempts != 3 || item.Err == nil {
			t.Fatalf("record %d: %+v, %v", i, item, err)
		}
		i++
	}
	if i != 100 {
		t.Errorf("%d records", i)
	}
}

// testMapFailFast: after a failure nothing more starts, and the end says so.
func testMapFailFast(t *testing.T, s *suite) {
	ex := s.open(t)
	var last error
	n := 0
	for _, err := range outpace.Map(s.limit(t), ex, s.fns.Fail, endless(), outpace.FailFast(), outpace.Window(1000, 0)) {
		n++
		last = err
	}
	if !errors.Is(last, outpace.ErrStopped) || !mentions(last, "bad ") {
		t.Errorf("%d errors, the last: %v", n, last)
	}
	for v, err := range outpace.Map(s.limit(t), ex, s.fns.Square, upTo(1), outpace.FailFast()) {
		if v != 0 || err != nil {
			t.Errorf("without a failure: %v, %v", v, err)
		}
	}
}

// testMapTwo: several Maps share an executor and do not mix their results.
func testMapTwo(t *testing.T, s *suite) {
	ex := s.open(t)
	ended := make(chan error, 4)
	for k := range 4 {
		go func() {
			i := 0
			for v, err := range outpace.Map(s.limit(t), ex, s.fns.Square, upTo(1000*(k+1))) {
				if err != nil || v != i*i {
					t.Errorf("Map %d, result %d: %d, %v", k, i, v, err)
					break
				}
				i++
			}
			ended <- nil
		}()
	}
	for range 4 {
		<-ended
	}
}

// testMapBeside: a Map does not shut submitted tasks out.
func testMapBeside(t *testing.T, s *suite) {
	ex := s.open(t)
	n := 0
	for _, err := range outpace.Map(s.limit(t), ex, s.fns.Square, endless()) {
		if err != nil {
			t.Fatal(err)
		}
		if n++; n%100 == 0 {
			want(t, s, outpace.Submit(context.Background(), ex, s.fns.Square, n), n*n)
		}
		if n == 1000 {
			break
		}
	}
}

// testMapAgain: an iterator of Map can be ranged over twice; each is a run.
func testMapAgain(t *testing.T, s *suite) {
	ex := s.open(t)
	results := outpace.Map(s.limit(t), ex, s.fns.Square, upTo(10))
	for range 2 {
		n := 0
		for v, err := range results {
			if err != nil || v != n*n {
				t.Fatalf("result %d: %d, %v", n, v, err)
			}
			n++
		}
		if n != 10 {
			t.Errorf("%d results", n)
		}
	}
}
