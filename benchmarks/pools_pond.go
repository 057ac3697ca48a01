package main

import (
	"context"

	"github.com/alitto/pond/v2"

	"github.com/outpace-run/outpace/benchmarks/probe"
)

// pondPeer is pond: Go for tasks without a result, a ResultPool for typed ones,
// a group of it for a Map.
func pondPeer() probe.Peer {
	return probe.Peer{
		Name: "pond",
		Tasks: func(_ context.Context, w probe.Width) (func(probe.Task) error, func() error, error) {
			pool := pond.NewPool(w.Workers)
			return func(t probe.Task) error { return pool.Go(t.Plain) }, stop(pool.StopAndWait), nil
		},
		Futures: func(_ context.Context, w probe.Width) (func(int, int) (int, error), func() error, error) {
			pool := pond.NewResultPool[int](w.Workers)
			return func(n, producers int) (int, error) {
				return probe.Share(n, producers, func(from, to int) (int, error) { return pondFutures(pool, from, to) })
			}, stop(pool.StopAndWait), nil
		},
		Completed: func(_ context.Context, w probe.Width) (func(int) (int, error), func() error, error) {
			pool := pond.NewResultPool[int](w.Workers)
			return func(n int) (int, error) { return pondCompleted(pool, n) }, stop(pool.StopAndWait), nil
		},
		RoundTrip: func(_ context.Context, w probe.Width) (func(int) (int, error), func() error, error) {
			pool := pond.NewResultPool[int](w.Workers)
			return func(n int) (int, error) {
				return pool.Submit(func() int { return n * n }).Wait()
			}, stop(pool.StopAndWait), nil
		},
		Map: func(_ context.Context, w probe.Width) (func(probe.Work, int, *probe.Results) error, func() error, error) {
			pool := pond.NewResultPool[int](w.Workers)
			return func(w probe.Work, n int, results *probe.Results) error {
				return pondMap(pool, w, n, results)
			}, stop(pool.StopAndWait), nil
		},
		Hold: func(_ context.Context, w probe.Width) (func(int, <-chan struct{}) error, func() error, error) {
			pool := pond.NewResultPool[int](w.Workers)
			return func(n int, gate <-chan struct{}) error {
				for i := range n {
					pool.Submit(func() int { <-gate; return i * i })
				}
				return nil
			}, ignore, nil
		},
	}
}

// stop makes the end of a pool that has no error.
func stop(end func()) func() error {
	return func() error { end(); return nil }
}

// ignore ends nothing: what is held ends with the process.
func ignore() error { return nil }

func pondFutures(pool pond.ResultPool[int], from, to int) (int, error) {
	tasks := make([]pond.ResultTask[int], to-from)
	for i := range tasks {
		x := from + i
		tasks[i] = pool.Submit(func() int { return x * x })
	}
	sum := 0
	for _, task := range tasks {
		square, err := task.Wait()
		if err != nil {
			return 0, err
		}
		sum += square
	}
	return sum, nil
}

// pondCompleted has a goroutine wait for each future, because pond has nothing
// that waits for any of them.
func pondCompleted(pool pond.ResultPool[int], n int) (int, error) {
	type result struct {
		square int
		err    error
	}
	results := make(chan result, n)
	for x := range n {
		task := pool.Submit(func() int { return x * x })
		go func() {
			square, err := task.Wait()
			results <- result{square, err}
		}()
	}
	sum := 0
	for range n {
		r := <-results
		if r.err != nil {
			return 0, r.err
		}
		sum += r.square
	}
	return sum, nil
}

func pondMap(pool pond.ResultPool[int], w probe.Work, n int, results *probe.Results) error {
	group := pool.NewGroup()
	for x := range probe.Count(n) {
		group.Submit(func() int { return w.Do(x) })
	}
	squares, err := group.Wait()
	give(squares, results)
	return err
}

// give gives the results of a Map that has all of them at once.
func give(squares []int, results *probe.Results) {
	for _, y := range squares {
		results.Take(y)
	}
}
