package main

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/outpace-run/outpace"
	"github.com/outpace-run/outpace/python"
	"github.com/outpace-run/outpace/share"
)

// sharingFunction is a function of speed/sharing.py.
func sharingFunction[In, Out any](name string) outpace.Function[In, Out] {
	return python.Func[In, Out]("benchmarks/speed/sharing.py:" + name)
}

// with gives measure an executor with so many Python workers, all started, and the
// context of its caller.
func (p shareProbe) with(ctx context.Context, workers int, measure func(context.Context, *outpace.Executor) (measurement, error)) (m measurement, err error) {
	ex, err := outpace.New(ctx, python.Workers(workers, python.Interpreter(p.python)))
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, ex.Close()) }()
	if err := warm(ctx, ex, workers); err != nil {
		return nil, err
	}
	shared, leave := ex.Share(ctx)
	defer leave()
	return measure(shared, ex)
}

// warm has every worker do something at the same time.
func warm(ctx context.Context, ex *outpace.Executor, workers int) error {
	var started []*outpace.Future[any]
	for range workers {
		started = append(started, outpace.Submit(ctx, ex, sharingFunction[int, any]("nothing"), 0))
	}
	_, err := outpace.Gather(ctx, started...)
	return err
}

// locks is acquire and release of a free lock, from one worker.
func (p shareProbe) locks(ctx context.Context) (measurement, error) {
	return p.with(ctx, 1, func(ctx context.Context, ex *outpace.Executor) (measurement, error) {
		return p.inWorker(ctx, ex, "locks")
	})
}

// adds is adding to a counter, from one worker.
func (p shareProbe) adds(ctx context.Context) (measurement, error) {
	return p.with(ctx, 1, func(ctx context.Context, ex *outpace.Executor) (measurement, error) {
		m, err := p.inWorker(ctx, ex, "adds")
		if err != nil {
			return nil, err
		}
		counts, err := share.Counter(ctx, "pages").Snapshot(ctx)
		sum := int64(0)
		for _, n := range counts {
			sum += n
		}
		if err == nil && sum != int64(p.n+sharesToWarm) {
			err = fmt.Errorf("%d of %d were counted", sum, p.n+sharesToWarm)
		}
		return m, err
	})
}

// sharesToWarm is how many operations come before those that are measured.
const sharesToWarm = 100

// inWorker runs a function that measures itself.
func (p shareProbe) inWorker(ctx context.Context, ex *outpace.Executor, name string) (measurement, error) {
	f := sharingFunction[int, float64](name)
	if _, err := outpace.Submit(ctx, ex, f, sharesToWarm).Result(ctx); err != nil {
		return nil, err
	}
	seconds, err := outpace.Submit(ctx, ex, f, p.n).Result(ctx)
	return secondsOf(seconds, p.n), err
}

// placesOfQueue is what speed/sharing.py has as PLACES.
const placesOfQueue = 10_000

// queue has workers put items, and gets them, up to atOnce at once.
func (p shareProbe) queue(ctx context.Context, atOnce int) (measurement, error) {
	return p.with(ctx, p.workers, func(ctx context.Context, ex *outpace.Executor) (measurement, error) {
		rows := share.Queue[string](ctx, "rows", placesOfQueue)
		each := p.n / p.workers
		start := time.Now()
		var producers []*outpace.Future[any]
		for range p.workers {
			producers = append(producers, outpace.Submit(ctx, ex, sharingFunction[int, any]("produce"), each))
		}
		for left := each * p.workers; left > 0; {
			items, err := rows.GetMany(ctx, min(left, atOnce))
			if err != nil {
				return nil, err
			}
			for _, item := range items {
				if len(item) != 100 || strings.Trim(item, "x") != "" {
					return nil, fmt.Errorf("%q came out of the queue", item)
				}
			}
			left -= len(items)
		}
		seconds := time.Since(start).Seconds()
		_, err := outpace.Gather(ctx, producers...)
		return secondsOf(seconds, each*p.workers), err
	})
}

// queueOfWorkers has one worker put items and another get them.
func (p shareProbe) queueOfWorkers(ctx context.Context, consume string) (measurement, error) {
	return p.with(ctx, 2, func(ctx context.Context, ex *outpace.Executor) (measurement, error) {
		start := time.Now()
		producer := outpace.Submit(ctx, ex, sharingFunction[int, any]("produce"), p.n)
		right, err := outpace.Submit(ctx, ex, sharingFunction[int, bool](consume), p.n).Result(ctx)
		seconds := time.Since(start).Seconds()
		if err == nil && !right {
			err = errors.New("other items came out of the queue")
		}
		_, err2 := producer.Result(ctx)
		return secondsOf(seconds, p.n), errors.Join(err, err2)
	})
}
