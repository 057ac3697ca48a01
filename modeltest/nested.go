package modeltest

import (
	"context"
	"fmt"
	"testing"
	"time"

	"github.com/outpace-run/outpace"
)

func nestedTests() []test {
	return []test{
		{"Nested/Submit", testNestedSubmit},
		{"Nested/Map", testNestedMap},
		{"Nested/Wait", testNestedWait},
		{"Nested/FullQueue", testNestedFull},
		{"Nested/Retries", testNestedRetries},
		{"Nested/Panics", testNestedPanics},
	}
}

// testNestedSubmit: tasks that wait for tasks of the same executor, however
// deep, do not run out of slots.
func testNestedSubmit(t *testing.T, s *suite) {
	if !s.local {
		t.Skip("its tasks do not know the executor")
	}
	ex := s.open(t)
	var fib outpace.Function[int, int]
	fib = outpace.Func("fib", func(ctx context.Context, n int) (int, error) {
		if n < 2 {
			return n, nil
		}
		a, b := outpace.Submit(ctx, ex, fib, n-1), outpace.Submit(ctx, ex, fib, n-2)
		values, err := outpace.Gather(ctx, a, b)
		return values[0] + values[1], err
	})
	want(t, s, outpace.Submit(context.Background(), ex, fib, 13), 233)
}

// testNestedMap: likewise Maps in tasks of a Map.
func testNestedMap(t *testing.T, s *suite) {
	if !s.local {
		t.Skip("its tasks do not know the executor")
	}
	ex := s.open(t)
	sum := outpace.Func("sum", func(ctx context.Context, n int) (int, error) {
		total := 0
		for v, err := range outpace.Map(ctx, ex, s.fns.Square, upTo(n)) {
			if err != nil {
				return 0, err
			}
			total += v
		}
		return total, nil
	})
	n := 0
	for v, err := range outpace.Map(s.limit(t), ex, sum, upTo(60)) {
		if err != nil || v != (n-1)*n*(2*n-1)/6 {
			t.Fatalf("sum %d: %d, %v", n, v, err)
		}
		n++
	}
	if n != 60 {
		t.Errorf("%d results", n)
	}
}

// testNestedWait: likewise Wait and AsCompleted.
func testNestedWait(t *testing.T, s *suite) {
	if !s.local {
		t.Skip("its tasks do not know the executor")
	}
	ex := s.open(t)
	spread := outpace.Func("spread", func(ctx context.Context, n int) (int, error) {
		var fs futures
		for i := range n {
			fs = append(fs, outpace.Submit(ctx, ex, s.fns.Square, i))
		}
		total := 0
		for f := range outpace.AsCompleted(ctx, fs...) {
			v, err := f.Result(ctx)
			if err != nil {
				return 0, err
			}
			total += v
		}
		done, _ := outpace.Wait(ctx, fs, outpace.AllDone)
		return total + len(done), nil
	})
	var fs futures
	for range 2*min(s.width, 20) + 1 {
		fs = append(fs, outpace.Submit(context.Background(), ex, spread, 10))
	}
	for _, f := range fs {
		want(t, s, f, 285+10)
	}
}

// testNestedFull: a task may submit although the queue is full.
func testNestedFull(t *testing.T, s *suite) {
	if !s.local {
		t.Skip("its tasks do not know the executor")
	}
	ex := s.open(t, outpace.Queue(1))
	spread := outpace.Func("spread", func(ctx context.Context, n int) (int, error) {
		total := 0
		for i := range n {
			v, err := outpace.Submit(ctx, ex, s.fns.SleepMS, i).Result(ctx)
			if err != nil {
				return 0, err
			}
			total += v
		}
		return total, nil
	})
	var fs futures
	for range 30 {
		fs = append(fs, outpace.Submit(context.Background(), ex, spread, 5))
	}
	for _, f := range fs {
		want(t, s, f, 10)
	}
}

// testNestedRetries: what fails inside a task that waits for it runs again, also
// when no other slot is there to run it.
func testNestedRetries(t *testing.T, s *suite) {
	if !s.local {
		t.Skip("its tasks do not know the executor")
	}
	for _, backoff := range []time.Duration{0, 10 * time.Millisecond} {
		ex := s.open(t, outpace.Retries(2), outpace.Backoff(backoff, backoff))
		one := outpace.Func("one", func(ctx context.Context, n int) (int, error) {
			_, err := outpace.Submit(ctx, ex, s.fns.Fail, n).Result(ctx)
			if !mentions(err, "bad") {
				return 0, fmt.Errorf("submit: %w", err)
			}
			return n, nil
		})
		many := outpace.Func("many", func(ctx context.Context, n int) (int, error) {
			for _, err := range outpace.Map(ctx, ex, s.fns.Fail, upTo(n)) {
				if !mentions(err, "bad") {
					return 0, fmt.Errorf("map: %w", err)
				}
			}
			return n, nil
		})
		for n := range 5 {
			want(t, s, outpace.Submit(s.limit(t), ex, one, n), n)
			want(t, s, outpace.Submit(s.limit(t), ex, many, n), n)
		}
	}
}

// testNestedPanics: likewise what panics in a Map inside of a task.
func testNestedPanics(t *testing.T, s *suite) {
	if !s.local {
		t.Skip("its tasks do not know the executor")
	}
	ex := s.open(t)
	panics := outpace.Func("panics", func(_ context.Context, n int) (int, error) {
		if n%3 == 0 {
			panic(n)
		}
		return n, nil
	})
	outer := outpace.Func("outer", func(ctx context.Context, n int) (int, error) {
		i := 0
		for _, err := range outpace.Map(ctx, ex, panics, upTo(n)) {
			if (err != nil) != (i%3 == 0) {
				return 0, fmt.Errorf("result %d: %w", i, err)
			}
			i++
		}
		return i, nil
	})
	for _, n := range []int{0, 1, 5, 3000} {
		want(t, s, outpace.Submit(s.limit(t), ex, outer, n), n)
	}
}
