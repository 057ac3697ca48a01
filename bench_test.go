package outpace_test

import (
	"context"
	"fmt"
	"sync"
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

// BenchmarkGo is tasks without a result, from one producer and from eight.
func BenchmarkGo(b *testing.B) {
	for _, producers := range []int{1, 8} {
		b.Run(fmt.Sprintf("producers=%d", producers), func(b *testing.B) {
			ex := open(b, outpace.Threads(2))
			var left sync.WaitGroup
			task := func(context.Context) error { left.Done(); return nil }
			left.Add(b.N)
			b.ReportAllocs()
			b.ResetTimer()
			for p := range producers {
				go func() {
					for i := p; i < b.N; i += producers {
						if err := outpace.Go(context.Background(), ex, task); err != nil {
							b.Error(err)
						}
					}
				}()
			}
			left.Wait()
		})
	}
}

// BenchmarkSubmit is submitting and gathering many futures.
func BenchmarkSubmit(b *testing.B) {
	for _, producers := range []int{1, 8} {
		b.Run(fmt.Sprintf("producers=%d", producers), func(b *testing.B) {
			ex := open(b, outpace.Threads(2))
			f := square()
			b.ReportAllocs()
			b.ResetTimer()
			var all sync.WaitGroup
			for p := range producers {
				all.Go(func() {
					fs := make([]*outpace.Future[int], 0, b.N/producers+1)
					for i := p; i < b.N; i += producers {
						fs = append(fs, outpace.Submit(context.Background(), ex, f, i))
					}
					if _, err := outpace.Gather(context.Background(), fs...); err != nil {
						b.Error(err)
					}
				})
			}
			all.Wait()
		})
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

// BenchmarkAsCompleted is submitting and collecting many futures.
func BenchmarkAsCompleted(b *testing.B) {
	ex := open(b, outpace.Threads(2))
	f := square()
	fs := make([]*outpace.Future[int], b.N)
	b.ReportAllocs()
	b.ResetTimer()
	for i := range fs {
		fs[i] = outpace.Submit(context.Background(), ex, f, i)
	}
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
