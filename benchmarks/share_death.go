package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"slices"
	"time"

	"github.com/outpace-run/outpace"
	"github.com/outpace-run/outpace/share"
)

// inLine is how long who waits for a lock gets to be in line before the holder
// dies. Who needs longer makes the measured delay longer.
const inLine = 5 * time.Millisecond

// kills has p.n holders of a lock killed while the caller waits for it.
func (p shareProbe) kills(ctx context.Context) (measurement, error) {
	return p.deaths(ctx, 1, func(ctx context.Context, ex *outpace.Executor, name string) (time.Duration, error) {
		holder, pid, err := holding(ctx, ex, name)
		if err != nil {
			return 0, err
		}
		killed := make(chan time.Time, 1)
		time.AfterFunc(inLine, func() { killed <- killNow(pid) })
		got, err := abandonedLock(ctx, name)
		delay := got.Sub(<-killed)
		_, err2 := holder.Result(ctx) // it runs once more, and returns
		return delay, errors.Join(err, err2)
	})
}

// killsForWorker is kills where another worker waits.
func (p shareProbe) killsForWorker(ctx context.Context) (measurement, error) {
	return p.deaths(ctx, 2, func(ctx context.Context, ex *outpace.Executor, name string) (time.Duration, error) {
		holder, pid, err := holding(ctx, ex, name)
		if err != nil {
			return 0, err
		}
		waiter := outpace.Submit(ctx, ex, sharingFunction[string, bool]("wait_for"), name)
		if _, err := share.Queue[string](ctx, "waits", 1).Get(ctx); err != nil {
			return 0, err
		}
		killed := make(chan time.Time, 1)
		time.AfterFunc(inLine, func() { killed <- killNow(pid) })
		abandoned, err := waiter.Result(ctx)
		delay := time.Since(<-killed)
		if err == nil && !abandoned {
			err = errors.New("the lock was not abandoned")
		}
		_, err2 := holder.Result(ctx)
		return delay, errors.Join(err, err2)
	})
}

// timeouts has the time of holders of a lock run out while the caller waits.
func (p shareProbe) timeouts(ctx context.Context) (measurement, error) {
	const limit = 100 * time.Millisecond
	return p.deaths(ctx, 1, func(ctx context.Context, ex *outpace.Executor, name string) (time.Duration, error) {
		if err := warm(ctx, ex, 1); err != nil { // the worker of the last one's place
			return 0, err
		}
		start := time.Now()
		holder, _, err := holding(ctx, ex, name, outpace.Timeout(limit))
		if err != nil {
			return 0, err
		}
		got, err := abandonedLock(ctx, name)
		var late *outpace.TimeoutError
		if _, end := holder.Result(ctx); !errors.As(end, &late) {
			err = errors.Join(err, fmt.Errorf("the holder did not run out of time: %w", end))
		}
		return got.Sub(start.Add(limit)), err
	})
}

// deaths measures p.n deaths, one after the other, each with a lock of its own.
func (p shareProbe) deaths(ctx context.Context, workers int, die func(context.Context, *outpace.Executor, string) (time.Duration, error)) (measurement, error) {
	return p.with(ctx, workers, func(ctx context.Context, ex *outpace.Executor) (measurement, error) {
		delays, sum := make([]time.Duration, p.n), time.Duration(0)
		for i := range delays {
			delay, err := die(ctx, ex, fmt.Sprintf("lock %d", i))
			if err != nil {
				return nil, err
			}
			delays[i] = delay
			sum += delay
		}
		slices.Sort(delays)
		m := secondsOf(sum.Seconds(), p.n)
		m["p50_ms"], m["max_ms"] = delays[p.n/2].Seconds()*1e3, delays[p.n-1].Seconds()*1e3
		return m, nil
	})
}

// holding starts a task that has a lock until it dies, and returns when it has it.
func holding(ctx context.Context, ex *outpace.Executor, name string, opts ...outpace.Option) (*outpace.Future[any], int, error) {
	holder := outpace.Submit(ctx, ex, sharingFunction[string, any]("hold"), name, opts...)
	pid, err := share.Queue[int](ctx, "held", 1).Get(ctx)
	return holder, pid, err
}

// killNow kills a process and returns when that began.
func killNow(pid int) time.Time {
	now := time.Now()
	if p, err := os.FindProcess(pid); err == nil {
		_ = p.Kill() // else nobody gets the lock, and the trial takes too long
	}
	return now
}

// abandonedLock waits for a lock, and returns when it had it.
func abandonedLock(ctx context.Context, name string) (time.Time, error) {
	lock := share.Lock(ctx, name)
	was, err := lock.Acquire(ctx)
	now := time.Now()
	if err == nil && was == nil {
		err = errors.New("the lock was not abandoned")
	}
	return now, errors.Join(err, lock.Release())
}
