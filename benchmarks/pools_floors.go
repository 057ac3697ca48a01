package main

import (
	"context"
	"sync"

	"github.com/outpace-run/outpace/benchmarks/probe"
)

// channelPool is what one writes by hand: workers that range over a channel of
// functions, as deep as Outpace's queue.
func channelPool() probe.Peer {
	return probe.Peer{
		Name: "channel pool",
		Tasks: func(_ context.Context, w probe.Width) (func(probe.Task) error, func() error, error) {
			submit, end := startChannelPool(w.Workers, 1024)
			return func(t probe.Task) error { return submit(t.Plain) }, end, nil
		},
		Futures: func(_ context.Context, w probe.Width) (func(int, int) (int, error), func() error, error) {
			submit, end := startChannelPool(w.Workers, 1024)
			return func(n, producers int) (int, error) {
				return probe.Share(n, producers, func(from, to int) (int, error) { return channelled(submit, from, to) })
			}, end, nil
		},
		Completed: func(_ context.Context, w probe.Width) (func(int) (int, error), func() error, error) {
			submit, end := startChannelPool(w.Workers, 1024)
			return func(n int) (int, error) { return oneChannel(submit, n) }, end, nil
		},
		Hold: func(_ context.Context, w probe.Width) (func(int, <-chan struct{}) error, func() error, error) {
			submit, _ := startChannelPool(w.Workers, w.Pending)
			return func(n int, gate <-chan struct{}) error {
				for range n {
					submit(func() { <-gate })
				}
				return nil
			}, ignore, nil
		},
	}
}

func startChannelPool(workers, depth int) (submit func(func()) error, end func() error) {
	queue := make(chan func(), depth)
	var all sync.WaitGroup
	for range workers {
		all.Go(func() {
			for task := range queue {
				task()
			}
		})
	}
	submit = func(task func()) error { queue <- task; return nil }
	return submit, func() error { close(queue); all.Wait(); return nil }
}

// oneChannel has all results arrive on one channel, in any order: there is no
// future for any of them.
func oneChannel(submit func(func()) error, n int) (int, error) {
	results := make(chan int, n)
	for x := range n {
		if err := submit(func() { results <- x * x }); err != nil {
			return 0, err
		}
	}
	sum := 0
	for range n {
		sum += <-results
	}
	return sum, nil
}

// goStatement is a goroutine for each task, without a limit, and a channel for
// its result.
func goStatement() probe.Peer {
	spawn := func(task func()) error { go task(); return nil }
	return probe.Peer{
		Name: "go + channel",
		Futures: func(context.Context, probe.Width) (func(int, int) (int, error), func() error, error) {
			return func(n, producers int) (int, error) {
				return probe.Share(n, producers, func(from, to int) (int, error) { return channelled(spawn, from, to) })
			}, ignore, nil
		},
		RoundTrip: func(context.Context, probe.Width) (func(int) (int, error), func() error, error) {
			return func(n int) (int, error) { return channelled(spawn, n, n+1) }, ignore, nil
		},
	}
}

// goSemaphore is a goroutine for each item, with a channel that limits how many
// there are.
func goSemaphore() probe.Peer {
	return probe.Peer{
		Name: "go + semaphore",
		Map: func(_ context.Context, w probe.Width) (func(probe.Work, int, *probe.Results) error, func() error, error) {
			return func(work probe.Work, n int, results *probe.Results) error {
				squares, running, all := make([]int, n), make(chan struct{}, w.Workers), sync.WaitGroup{}
				for x := range probe.Count(n) {
					running <- struct{}{}
					all.Go(func() { squares[x] = work.Do(x); <-running })
				}
				all.Wait()
				give(squares, results)
				return nil
			}, ignore, nil
		},
	}
}

// channelPair is one goroutine that answers, over two unbuffered channels.
func channelPair() probe.Peer {
	return probe.Peer{
		Name: "channel pair",
		RoundTrip: func(context.Context, probe.Width) (func(int) (int, error), func() error, error) {
			ask, answer := make(chan int), make(chan int)
			go func() {
				for x := range ask {
					answer <- x * x
				}
				close(answer)
			}()
			return func(n int) (int, error) { ask <- n; return <-answer, nil },
				func() error { close(ask); <-answer; return nil }, nil
		},
	}
}

// staticSplit gives each worker the same part of a slice: what is fastest where
// all items cost the same.
func staticSplit() probe.Peer {
	return probe.Peer{
		Name: "static split",
		Map: func(_ context.Context, w probe.Width) (func(probe.Work, int, *probe.Results) error, func() error, error) {
			return func(work probe.Work, n int, results *probe.Results) error {
				inputs, squares := collected(n), make([]int, n)
				_, err := probe.Share(n, w.Workers, func(from, to int) (int, error) {
					for i := from; i < to; i++ {
						squares[i] = work.Do(inputs[i])
					}
					return 0, nil
				})
				give(squares, results)
				return err
			}, ignore, nil
		},
	}
}

// serialLoop is a loop over the same source.
func serialLoop() probe.Peer {
	return probe.Peer{
		Name: "serial loop",
		Map: func(context.Context, probe.Width) (func(probe.Work, int, *probe.Results) error, func() error, error) {
			return func(work probe.Work, n int, results *probe.Results) error {
				for x := range probe.Count(n) {
					results.Take(work.Do(x))
				}
				return nil
			}, ignore, nil
		},
	}
}
