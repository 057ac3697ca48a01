package modeltest

import (
	"context"
	"errors"
	"slices"
	"testing"
	"time"

	"github.com/outpace-run/outpace"
)

func waitTests() []test {
	return []test{
		{"Wait/All", testWaitAll},
		{"Wait/First", testWaitFirst},
		{"Wait/FirstError", testWaitFirstError},
		{"Wait/NoError", testWaitNoError},
		{"Wait/Already", testWaitAlready},
		{"Wait/Deadline", testWaitDeadline},
		{"Wait/MixedTypes", testWaitMixed},
		{"AsCompleted/Order", testAsCompletedOrder},
		{"AsCompleted/Duplicates", testAsCompletedDuplicates},
		{"AsCompleted/Context", testAsCompletedContext},
		{"AsCompleted/Break", testAsCompletedBreak},
		{"Gather/Partial", testGatherPartial},
		{"Gather/Context", testGatherContext},
	}
}

type futures = []*outpace.Future[int]

// testWaitAll: duplicates count once, the order is the one given.
func testWaitAll(t *testing.T, s *suite) {
	ex := s.open(t)
	a := outpace.Submit(context.Background(), ex, s.fns.SleepMS, 40)
	b := outpace.Submit(context.Background(), ex, s.fns.Fail, 1)
	c := outpace.Submit(context.Background(), ex, s.fns.Square, 3)
	done, pending := outpace.Wait(s.limit(t), futures{c, a, c, b, a}, outpace.AllDone)
	if !slices.Equal(done, futures{c, a, b}) || len(pending) != 0 {
		t.Errorf("%d done, %d pending", len(done), len(pending))
	}
	if done, pending := outpace.Wait(s.limit(t), futures{}, outpace.AllDone); len(done)+len(pending) != 0 {
		t.Errorf("of none: %v, %v", done, pending)
	}
}

// testWaitFirst: one is enough, and the others go on.
func testWaitFirst(t *testing.T, s *suite) {
	ex := s.open(t)
	quick := outpace.Submit(context.Background(), ex, s.fns.Square, 3)
	slow := outpace.Submit(context.Background(), ex, s.fns.SleepMS, forever)
	done, pending := outpace.Wait(s.limit(t), futures{slow, quick, slow}, outpace.FirstCompleted)
	if !slices.Equal(done, futures{quick}) || !slices.Equal(pending, futures{slow}) {
		t.Errorf("done %d, pending %d", len(done), len(pending))
	}
}

// testWaitFirstError: values do not end it, an error does.
func testWaitFirstError(t *testing.T, s *suite) {
	ex := s.open(t)
	good := outpace.Submit(context.Background(), ex, s.fns.Square, 3)
	bad := outpace.Submit(context.Background(), ex, s.fns.Fail, 3)
	slow := outpace.Submit(context.Background(), ex, s.fns.SleepMS, forever)
	done, pending := outpace.Wait(s.limit(t), futures{good, bad, slow}, outpace.FirstError)
	if !slices.Contains(done, bad) || !slices.Contains(pending, slow) || len(done)+len(pending) != 3 {
		t.Errorf("done %d, pending %d", len(done), len(pending))
	}
	last := outpace.Submit(context.Background(), ex, s.fns.SleepMS, forever)
	rest := futures{slow, last}
	for _, f := range rest {
		go f.Cancel() // a cancelled one is one with an error
	}
	if done, _ := outpace.Wait(s.limit(t), rest, outpace.FirstError); len(done) == 0 {
		t.Error("a cancelled future did not end it")
	}
}

// testWaitNoError: without an error, FirstError waits for all.
func testWaitNoError(t *testing.T, s *suite) {
	ex := s.open(t)
	var fs futures
	for i := range 5 {
		fs = append(fs, outpace.Submit(context.Background(), ex, s.fns.SleepMS, 10*i))
	}
	if done, pending := outpace.Wait(s.limit(t), fs, outpace.FirstError); len(done) != 5 || len(pending) != 0 {
		t.Errorf("%d done, %d pending", len(done), len(pending))
	}
}

// testWaitAlready: what is final when Wait is called counts, also when the
// context is done.
func testWaitAlready(t *testing.T, s *suite) {
	ex := s.open(t)
	a := outpace.Submit(context.Background(), ex, s.fns.Square, 3)
	b := outpace.Submit(context.Background(), ex, s.fns.Fail, 3)
	outpace.Wait(s.limit(t), futures{a, b}, outpace.AllDone)
	over, cancel := context.WithCancel(context.Background())
	cancel()
	for _, mode := range []outpace.WaitMode{outpace.AllDone, outpace.FirstCompleted, outpace.FirstError} {
		if done, pending := outpace.Wait(over, futures{a, b}, mode); !slices.Equal(done, futures{a, b}) || len(pending) != 0 {
			t.Errorf("mode %d: %d done, %d pending", mode, len(done), len(pending))
		}
	}
}

// testWaitDeadline: a time-out returns both sets and cancels nothing.
func testWaitDeadline(t *testing.T, s *suite) {
	ex := s.open(t)
	quick := outpace.Submit(context.Background(), ex, s.fns.Square, 3)
	want(t, s, quick, 9)
	slow := outpace.Submit(context.Background(), ex, s.fns.SleepMS, 500)
	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Millisecond)
	defer cancel()
	done, pending := outpace.Wait(ctx, futures{slow, quick}, outpace.AllDone)
	if !slices.Equal(done, futures{quick}) || !slices.Equal(pending, futures{slow}) {
		t.Errorf("%d done, %d pending", len(done), len(pending))
	}
	want(t, s, slow, 500)
}

// testWaitMixed: futures of several types are waited for together.
func testWaitMixed(t *testing.T, s *suite) {
	ex := s.open(t)
	a := outpace.Submit(context.Background(), ex, s.fns.Square, 3)
	b := outpace.Submit(context.Background(), ex, s.fns.Big, 3)
	seen := map[outpace.AnyFuture]bool{}
	for f := range outpace.AsCompleted[outpace.AnyFuture](s.limit(t), a, b) {
		seen[f] = true
	}
	if done, _ := outpace.Wait(s.limit(t), []outpace.AnyFuture{a, b}, outpace.AllDone); len(done) != 2 || !seen[a] || !seen[b] {
		t.Errorf("done %v, seen %v", done, seen)
	}
}

// testAsCompletedOrder: finished ones first, then the others as they come.
func testAsCompletedOrder(t *testing.T, s *suite) {
	ex := s.open(t)
	var fs futures
	for _, ms := range []int{300, 200, 100} {
		fs = append(fs, outpace.Submit(context.Background(), ex, s.fns.SleepMS, ms))
	}
	early := outpace.Submit(context.Background(), ex, s.fns.Square, 3)
	early.Cancel()
	outpace.Wait(s.limit(t), futures{early}, outpace.AllDone)
	order := slices.Collect(outpace.AsCompleted(s.limit(t), append(fs, early)...))
	if len(order) != 4 || s.local && order[0] != early {
		t.Fatalf("%d futures", len(order))
	}
	if !s.local {
		return // how quickly its workers start is not ours to say
	}
	exact := futures{early, fs[2], fs[1], fs[0]}
	if s.width == 1 {
		exact = futures{early, fs[0], fs[1], fs[2]}
	}
	if s.width == 2 {
		exact = futures{early, fs[1], fs[0], fs[2]} // the third begins at 200 and ends with the first
		slices.SortFunc(order[2:], func(a, b *outpace.Future[int]) int { return slices.Index(fs, a) - slices.Index(fs, b) })
	}
	if !slices.Equal(order, exact) {
		t.Errorf("not in the order in which they ended")
	}
}

// testAsCompletedDuplicates: each once, even if it was given twice.
func testAsCompletedDuplicates(t *testing.T, s *suite) {
	ex := s.open(t)
	a := outpace.Submit(context.Background(), ex, s.fns.Square, 3)
	b := outpace.Submit(context.Background(), ex, s.fns.Square, 4)
	n := 0
	for range outpace.AsCompleted(s.limit(t), a, b, a, a, b) {
		n++
	}
	if n != 2 {
		t.Errorf("%d futures, want 2", n)
	}
	for range outpace.AsCompleted[*outpace.Future[int]](s.limit(t)) {
		t.Error("one of none")
	}
}

// testAsCompletedContext: it ends with the context, and cancels nothing.
func testAsCompletedContext(t *testing.T, s *suite) {
	ex := s.open(t)
	quick := outpace.Submit(context.Background(), ex, s.fns.Square, 3)
	want(t, s, quick, 9)
	slow := outpace.Submit(context.Background(), ex, s.fns.SleepMS, 500)
	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Millisecond)
	defer cancel()
	if got := slices.Collect(outpace.AsCompleted(ctx, slow, quick)); !slices.Equal(got, futures{quick}) {
		t.Errorf("%d futures", len(got))
	}
	want(t, s, slow, 500)
}

// testAsCompletedBreak: leaving the loop cancels nothing, and another loop can
// take the rest.
func testAsCompletedBreak(t *testing.T, s *suite) {
	ex := s.open(t)
	var fs futures
	for i := range 20 {
		fs = append(fs, outpace.Submit(context.Background(), ex, s.fns.Square, i))
	}
	for range outpace.AsCompleted(s.limit(t), fs...) {
		break
	}
	n := 0
	for range outpace.AsCompleted(s.limit(t), fs...) {
		n++
	}
	if n != 20 {
		t.Errorf("%d futures, want 20", n)
	}
}

// testGatherPartial: all values that are there, and every error.
func testGatherPartial(t *testing.T, s *suite) {
	ex := s.open(t)
	values, err := outpace.Gather(s.limit(t),
		outpace.Submit(context.Background(), ex, s.fns.Square, 2),
		outpace.Submit(context.Background(), ex, s.fns.Fail, 11),
		outpace.Submit(context.Background(), ex, s.fns.Square, 3),
		outpace.Submit(context.Background(), ex, s.fns.Fail, 12))
	if !slices.Equal(values, []int{4, 0, 9, 0}) || !mentions(err, "bad 11") || !mentions(err, "bad 12") {
		t.Errorf("%v, %v", values, err)
	}
}

// testGatherContext: a context that is done costs no value that is there.
func testGatherContext(t *testing.T, s *suite) {
	ex := s.open(t)
	quick := outpace.Submit(context.Background(), ex, s.fns.Square, 3)
	want(t, s, quick, 9)
	slow := outpace.Submit(context.Background(), ex, s.fns.SleepMS, forever)
	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Millisecond)
	defer cancel()
	values, err := outpace.Gather(ctx, slow, quick)
	if !slices.Equal(values, []int{0, 9}) || !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("%v, %v", values, err)
	}
}
