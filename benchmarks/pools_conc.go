package main

import (
	"context"

	"github.com/sourcegraph/conc/iter"
	"github.com/sourcegraph/conc/pool"
	"github.com/sourcegraph/conc/stream"

	"github.com/outpace-run/outpace/benchmarks/probe"
)

// concPool is conc's pool, and its ResultPool for typed results.
func concPool() probe.Peer {
	return probe.Peer{
		Name: "conc pool",
		Tasks: func(_ context.Context, w probe.Width) (func(probe.Task) error, func() error, error) {
			p := pool.New().WithMaxGoroutines(w.Workers)
			return func(t probe.Task) error { p.Go(t.Plain); return nil }, stop(p.Wait), nil
		},
		Futures: func(_ context.Context, w probe.Width) (func(int, int) (int, error), func() error, error) {
			return func(n, producers int) (int, error) { return concResults(w.Workers, n, producers) }, ignore, nil
		},
		Map: func(_ context.Context, w probe.Width) (func(probe.Work, int, *probe.Results) error, func() error, error) {
			return func(work probe.Work, n int, results *probe.Results) error {
				squares := make([]int, n)
				p := pool.New().WithMaxGoroutines(w.Workers)
				for x := range probe.Count(n) {
					p.Go(func() { squares[x] = work.Do(x) })
				}
				p.Wait()
				give(squares, results)
				return nil
			}, ignore, nil
		},
	}
}

// concResults has a pool for each time: Wait ends it, and nothing else gives
// results. They come in no order.
func concResults(workers, n, producers int) (int, error) {
	p := pool.NewWithResults[int]().WithMaxGoroutines(workers)
	_, err := probe.Share(n, producers, func(from, to int) (int, error) {
		for x := from; x < to; x++ {
			p.Go(func() int { return x * x })
		}
		return 0, nil
	})
	sum := 0
	for _, square := range p.Wait() {
		sum += square
	}
	return sum, err
}

// concStream is conc's stream: tasks at the same time, their callbacks in order.
func concStream() probe.Peer {
	return probe.Peer{
		Name: "conc stream",
		Map: func(_ context.Context, w probe.Width) (func(probe.Work, int, *probe.Results) error, func() error, error) {
			return func(work probe.Work, n int, results *probe.Results) error {
				s := stream.New().WithMaxGoroutines(w.Workers)
				for x := range probe.Count(n) {
					s.Go(func() stream.Callback {
						y := work.Do(x)
						return func() { results.Take(y) }
					})
				}
				s.Wait()
				return nil
			}, ignore, nil
		},
	}
}

// concIter is conc's iter.Map, from a slice to a slice.
func concIter() probe.Peer {
	return probe.Peer{
		Name: "conc iter.Map",
		Map: func(_ context.Context, w probe.Width) (func(probe.Work, int, *probe.Results) error, func() error, error) {
			mapper := iter.Mapper[int, int]{MaxGoroutines: w.Workers}
			return func(work probe.Work, n int, results *probe.Results) error {
				give(mapper.Map(collected(n), func(x *int) int { return work.Do(*x) }), results)
				return nil
			}, ignore, nil
		},
	}
}
