package outpace_test

import (
	"context"
	"fmt"
	"testing"
	"time"

	"github.com/outpace-run/outpace"
)

// Each benchmark's operation is one task, so ns/op is what a task costs beside
// its own work.

func BenchmarkMap(b *testing.B) {
	for _, n := range []int{1, 2, 8} {
		b.Run(fmt.Sprintf("threads=%d", n), func(b *testing.B) {
			ex := open(b, outpace.Threads(n))
			b.ReportAllocs()
			b.ResetTimer()
			for _, err := range outpace.Map(context.Background(), ex, square(), count(b.N)) {
				if err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

func BenchmarkMapUnordered(b *testing.B) {
	ex := open(b, outpace.Threads(2))
	b.ReportAllocs()
	b.ResetTimer()
	for _, err := range outpace.MapUnordered(context.Background(), ex, square(), count(b.N)) {
		if err != nil {
			b.Fatal(err)
		}
	}
}

// BenchmarkSubmit is submitting and gathering many futures.
func BenchmarkSubmit(b *testing.B) {
	ex := open(b, outpace.Threads(2))
	f := square()
	fs := make([]*outpace.Future[int], 0, b.N)
	b.ReportAllocs()
	b.ResetTimer()
	for i := range b.N {
		fs = append(fs, outpace.Submit(context.Background(), ex, f, i))
	}
	if _, err := outpace.Gather(context.Background(), fs...); err != nil {
		b.Fatal(err)
	}
}

// BenchmarkRoundTrip is one task at a time, submitted and waited for.
func BenchmarkRoundTrip(b *testing.B) {
	ex := open(b, outpace.Threads(2))
	f := square()
	b.ReportAllocs()
	for i := range b.N {
		if _, err := outpace.Submit(context.Background(), ex, f, i).Result(context.Background()); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkAsCompleted(b *testing.B) {
	ex := open(b, outpace.Threads(2))
	f := square()
	fs := make([]*outpace.Future[int], b.N)
	for i := range fs {
		fs[i] = outpace.Submit(context.Background(), ex, f, i)
	}
	b.ReportAllocs()
	b.ResetTimer()
	for range outpace.AsCompleted(context.Background(), fs...) {
		continue
	}
}

// BenchmarkAsyncWaits is tasks that wait 10 ms, ten thousand at a time.
func BenchmarkAsyncWaits(b *testing.B) {
	ex := open(b, outpace.Async(10_000))
	wait := outpace.Func("wait", func(_ context.Context, n int) (int, error) {
		<-time.After(10 * time.Millisecond)
		return n, nil
	})
	b.ResetTimer()
	for _, err := range outpace.Map(context.Background(), ex, wait, count(b.N)) {
		if err != nil {
			b.Fatal(err)
		}
	}
}

// BenchmarkFork is nested tasks: fib(n) forks twice.
func BenchmarkFork(b *testing.B) {
	ex := open(b, outpace.Threads(2))
	var fib outpace.Function[int, int]
	fib = outpace.Func("fib", func(ctx context.Context, n int) (int, error) {
		if n < 2 {
			return n, nil
		}
		values, err := outpace.Gather(ctx, outpace.Submit(ctx, ex, fib, n-1), outpace.Submit(ctx, ex, fib, n-2))
		return values[0] + values[1], err
	})
	const tasks = 1973 // of fib(15)
	b.ReportAllocs()
	for range b.N/tasks + 1 {
		if v, err := outpace.Submit(context.Background(), ex, fib, 15).Result(context.Background()); v != 610 {
			b.Fatal(v, err)
		}
	}
}
