package main

import (
	"context"
	"slices"
	"sync"

	"github.com/destel/rill"
	"github.com/panjf2000/ants/v2"
	"github.com/samber/lo/parallel"
	"golang.org/x/sync/errgroup"

	"github.com/outpace-run/outpace/benchmarks/probe"
)

// collected is the source as a slice, for those that take nothing else. That n
// is known is in their favour.
func collected(n int) []int { return slices.AppendSeq(make([]int, 0, n), probe.Count(n)) }

// antsPeer is ants: Submit, and a channel or a WaitGroup for results, which its
// author recommends.
func antsPeer() probe.Peer {
	return probe.Peer{
		Name: "ants",
		Tasks: func(_ context.Context, w probe.Width) (func(probe.Task) error, func() error, error) {
			pool, err := ants.NewPool(w.Workers)
			return func(t probe.Task) error { return pool.Submit(t.Plain) }, func() error { pool.Release(); return nil }, err
		},
		Futures: func(_ context.Context, w probe.Width) (func(int, int) (int, error), func() error, error) {
			pool, err := ants.NewPool(w.Workers)
			return func(n, producers int) (int, error) {
				return probe.Share(n, producers, func(from, to int) (int, error) { return channelled(pool.Submit, from, to) })
			}, func() error { pool.Release(); return nil }, err
		},
		RoundTrip: func(_ context.Context, w probe.Width) (func(int) (int, error), func() error, error) {
			pool, err := ants.NewPool(w.Workers)
			return func(n int) (int, error) { return channelled(pool.Submit, n, n+1) }, func() error { pool.Release(); return nil }, err
		},
		Map: func(_ context.Context, w probe.Width) (func(probe.Work, int, *probe.Results) error, func() error, error) {
			pool, err := ants.NewPool(w.Workers)
			return func(work probe.Work, n int, results *probe.Results) error {
				squares, all := make([]int, n), sync.WaitGroup{}
				all.Add(n)
				for x := range probe.Count(n) {
					if err := pool.Submit(func() { squares[x] = work.Do(x); all.Done() }); err != nil {
						return err
					}
				}
				all.Wait()
				give(squares, results)
				return nil
			}, func() error { pool.Release(); return nil }, err
		},
	}
}

// channelled submits a part of the squares, each with a channel for its result,
// and reads them all.
func channelled(submit func(func()) error, from, to int) (int, error) {
	futures := make([]chan int, to-from)
	for i := range futures {
		x, future := from+i, make(chan int, 1)
		futures[i] = future
		if err := submit(func() { future <- x * x }); err != nil {
			return 0, err
		}
	}
	sum := 0
	for _, future := range futures {
		sum += <-future
	}
	return sum, nil
}

// group is errgroup with a limit; results go into a slice.
func group() probe.Peer {
	return probe.Peer{
		Name: "errgroup",
		Tasks: func(_ context.Context, w probe.Width) (func(probe.Task) error, func() error, error) {
			var g errgroup.Group
			g.SetLimit(w.Workers)
			return func(t probe.Task) error { g.Go(t.Error); return nil }, g.Wait, nil
		},
		Futures: func(_ context.Context, w probe.Width) (func(int, int) (int, error), func() error, error) {
			return func(n, producers int) (int, error) { return grouped(w.Workers, n, producers) }, ignore, nil
		},
		Map: func(_ context.Context, w probe.Width) (func(probe.Work, int, *probe.Results) error, func() error, error) {
			return func(work probe.Work, n int, results *probe.Results) error {
				squares, g := make([]int, n), errgroup.Group{}
				g.SetLimit(w.Workers)
				for x := range probe.Count(n) {
					g.Go(func() error { squares[x] = work.Do(x); return nil })
				}
				err := g.Wait()
				give(squares, results)
				return err
			}, ignore, nil
		},
	}
}

func grouped(workers, n, producers int) (int, error) {
	squares, g := make([]int, n), errgroup.Group{}
	g.SetLimit(workers)
	_, err := probe.Share(n, producers, func(from, to int) (int, error) {
		for x := from; x < to; x++ {
			g.Go(func() error { squares[x] = x * x; return nil })
		}
		return 0, nil
	})
	if err := g.Wait(); err != nil {
		return 0, err
	}
	sum := 0
	for _, square := range squares {
		sum += square
	}
	return sum, err
}

// rillPeer is rill's ordered stream, from an iterator to an iterator.
func rillPeer() probe.Peer {
	return probe.Peer{
		Name: "rill OrderedMap",
		Map: func(_ context.Context, w probe.Width) (func(probe.Work, int, *probe.Results) error, func() error, error) {
			return func(work probe.Work, n int, results *probe.Results) error {
				in := rill.FromSeq(probe.Count(n), nil)
				out := rill.OrderedMap(in, w.Workers, func(x int) (int, error) { return work.Do(x), nil })
				for y, err := range rill.ToSeq2(out) {
					if err != nil {
						return err
					}
					results.Take(y)
				}
				return nil
			}, ignore, nil
		},
	}
}

// loPeer is samber/lo's parallel.Map: a goroutine for each item of a slice, as
// many at once as there are.
func loPeer() probe.Peer {
	return probe.Peer{
		Name: "lo/parallel.Map",
		Map: func(context.Context, probe.Width) (func(probe.Work, int, *probe.Results) error, func() error, error) {
			return func(work probe.Work, n int, results *probe.Results) error {
				give(parallel.Map(collected(n), func(x, _ int) int { return work.Do(x) }), results)
				return nil
			}, ignore, nil
		},
	}
}
