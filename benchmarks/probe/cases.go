package probe

import (
	"context"
	"errors"
	"fmt"
	"runtime"
	"sync"
	"time"
)

// errNotDone is for a case that the peer has no driver for.
var errNotDone = errors.New("the peer does not do this case")

// Cases lists the cases of executors of Go functions.
func Cases() []Case {
	return []Case{
		{"task-1", 1_000_000, tasks(1)},
		{"task-8", 1_000_000, tasks(8)},
		{"future-1", 300_000, futures(1)},
		{"future-8", 300_000, futures(8)},
		{"pending", 1_000_000, pending},
		{"completed", 100_000, completed},
		{"round-trip", 100_000, roundTrip},
		{"map-tiny", 1_000_000, mapped(func(Pace) Work { return Work{} })},
		{"map-60ns", 500_000, mapped(computing(60 * time.Nanosecond))},
		{"map-300ns", 300_000, mapped(computing(300 * time.Nanosecond))},
		{"map-100us", 10_000, mapped(computing(100 * time.Microsecond))},
		{"map-skew", 10_000, mapped(func(p Pace) Work {
			return Work{costs: true, turns: p.turns(time.Microsecond), slow: p.turns(2 * time.Millisecond)}
		})},
		{"sleep", 100_000, sleeping},
	}
}

// warm is the part of n that is done once before the clock runs, so that
// workers have started and the heap has its size.
func warm(n int) int { return max(1, n/10) }

// tasks measures tasks without a result, from the first submit until the last
// has run: each counts the same WaitGroup down.
func tasks(producers int) func(context.Context, Peer, Request) (Reading, error) {
	return func(ctx context.Context, p Peer, r Request) (Reading, error) {
		return with(ctx, p.Tasks, Width{Workers: r.Workers}, func(submit func(Task) error) (Reading, error) {
			var left sync.WaitGroup
			t := Task{
				Plain:   left.Done,
				Error:   func() error { left.Done(); return nil },
				Context: func(context.Context) error { left.Done(); return nil },
			}
			run := func(n int) error {
				left.Add(n)
				_, err := Share(n, producers, func(from, to int) (int, error) {
					for range to - from {
						if err := submit(t); err != nil {
							return 0, err
						}
					}
					return 0, nil
				})
				if err == nil {
					left.Wait()
				}
				return err
			}
			return measured(r.N, run)
		})
	}
}

// futures measures typed results: n are submitted, then all are read.
func futures(producers int) func(context.Context, Peer, Request) (Reading, error) {
	return func(ctx context.Context, p Peer, r Request) (Reading, error) {
		return with(ctx, p.Futures, Width{Workers: r.Workers}, func(do func(int, int) (int, error)) (Reading, error) {
			return measured(r.N, func(n int) error {
				sum, err := do(n, producers)
				return checkSum(n, sum, err)
			})
		})
	}
}

// completed measures the same, read in the order in which they complete.
func completed(ctx context.Context, p Peer, r Request) (Reading, error) {
	return with(ctx, p.Completed, Width{Workers: r.Workers}, func(do func(int) (int, error)) (Reading, error) {
		return measured(r.N, func(n int) error {
			sum, err := do(n)
			return checkSum(n, sum, err)
		})
	})
}

// roundTrip measures one task at a time: submitted, and waited for.
func roundTrip(ctx context.Context, p Peer, r Request) (Reading, error) {
	return with(ctx, p.RoundTrip, Width{Workers: r.Workers}, func(do func(int) (int, error)) (Reading, error) {
		return measured(r.N, func(n int) error {
			sum := 0
			for i := range n {
				square, err := do(i)
				if err != nil {
					return err
				}
				sum += square
			}
			return checkSum(n, sum, nil)
		})
	})
}

func computing(d time.Duration) func(Pace) Work {
	return func(p Pace) Work { return Work{costs: true, turns: p.turns(d)} }
}

// mapped measures a Map: from the source to the results, in order.
func mapped(work func(Pace) Work) func(context.Context, Peer, Request) (Reading, error) {
	return func(ctx context.Context, p Peer, r Request) (Reading, error) {
		w := work(r.Pace)
		return with(ctx, p.Map, Width{Workers: r.Workers}, func(do func(Work, int, *Results) error) (Reading, error) {
			return measured(r.N, func(n int) error {
				var results Results
				if err := do(w, n, &results); err != nil {
					return err
				}
				return results.check(n)
			})
		})
	}
}

// sleeping measures a Map of items that wait for 10 ms each: how long it takes
// in all, the start of the workers included.
func sleeping(ctx context.Context, p Peer, r Request) (Reading, error) {
	w := Work{costs: true, turns: 1, sleep: 10 * time.Millisecond}
	return with(ctx, p.Map, Width{Workers: r.Workers, Waits: true}, func(do func(Work, int, *Results) error) (Reading, error) {
		reading, err := clocked(r.N, func() error {
			var results Results
			if err := do(w, r.N, &results); err != nil {
				return err
			}
			return results.check(r.N)
		})
		if err == nil {
			reading["wall_ms"] = reading["seconds"] * 1e3
		}
		return reading, err
	})
}

// pending measures what a task that waits for its turn keeps of the heap: all
// workers wait at a gate while n are submitted.
func pending(ctx context.Context, p Peer, r Request) (Reading, error) {
	return with(ctx, p.Hold, Width{Workers: r.Workers, Pending: r.N}, func(hold func(int, <-chan struct{}) error) (Reading, error) {
		gate := make(chan struct{})
		defer close(gate)
		before := liveBytes()
		reading, err := clocked(r.N, func() error { return hold(r.N, gate) })
		if err == nil {
			reading["live_B"] = float64(liveBytes()-before) / float64(r.N)
		}
		return reading, err
	})
}

// liveBytes is what of the heap is in use after a collection.
func liveBytes() int64 {
	var stats runtime.MemStats
	runtime.GC()
	runtime.GC() // what the first one found dead is swept now
	runtime.ReadMemStats(&stats)
	return int64(stats.HeapAlloc)
}

// measured does a part for warming up, then n by the clock.
func measured(n int, run func(n int) error) (Reading, error) {
	if err := run(warm(n)); err != nil {
		return nil, fmt.Errorf("warming up: %w", err)
	}
	return clocked(n, func() error { return run(n) })
}

// with opens a peer's pool, measures, and ends the pool.
func with[D any](ctx context.Context, open Open[D], w Width, measure func(D) (Reading, error)) (Reading, error) {
	if open == nil {
		return nil, errNotDone
	}
	do, end, err := open(ctx, w)
	if err != nil {
		return nil, err
	}
	reading, err := measure(do)
	return reading, errors.Join(err, end())
}
