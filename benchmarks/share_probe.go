package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"sync"
	"time"

	"github.com/outpace-run/outpace"
	workers "github.com/outpace-run/outpace/process"
	"github.com/outpace-run/outpace/share"
)

// shareProbe does a case of the share experiment, once.
type shareProbe struct {
	python  string // the interpreter
	n       int    // operations
	workers int    // that do them
}

// shareProbes are the cases as Outpace does them, and those by hand in Go, by the
// names that a child is given.
func shareProbes(p shareProbe) map[string]func(context.Context) (measurement, error) {
	return map[string]func(context.Context) (measurement, error){
		"lock":               p.locks,
		"lock-child":         p.childLocks,
		"count":              p.adds,
		"queue":              func(ctx context.Context) (measurement, error) { return p.queue(ctx, 1) },
		"queue-many":         func(ctx context.Context) (measurement, error) { return p.queue(ctx, 1000) },
		"queue-workers":      func(ctx context.Context) (measurement, error) { return p.queueOfWorkers(ctx, "consume") },
		"queue-workers-many": func(ctx context.Context) (measurement, error) { return p.queueOfWorkers(ctx, "consume_many") },
		"go-lock":            p.goLocks,
		"go-mutex":           p.goMutex,
		"kill":               p.kills,
		"kill-worker":        p.killsForWorker,
		"time-out":           p.timeouts,
	}
}

// probeShare is the child: it does one case once, and prints its measurement.
//
//	benchmarks share-probe [flags] CASE N [WORKERS]
func probeShare(ctx context.Context, args []string, stdout, stderr io.Writer) error {
	p := shareProbe{workers: 1}
	flags := flag.NewFlagSet("share-probe", flag.ContinueOnError)
	flags.SetOutput(stderr)
	flags.StringVar(&p.python, "python", "python3", "the interpreter")
	profile := flags.String("cpuprofile", "", "file for a profile of this process")
	if err := flags.Parse(args); err != nil {
		return errors.Join(errUsage, err)
	}
	if err := wholeNumbers(flags, stderr, &p.n, &p.workers); err != nil {
		return err
	}
	measure := shareProbes(p)[flags.Arg(0)]
	if measure == nil || p.n < 1 || p.workers < 1 || flags.NArg() > 3 {
		return usageError(stderr, "usage: benchmarks share-probe [flags] CASE N [WORKERS]")
	}
	return measureOnce(ctx, stdout, *profile, measure)
}

// secondsOf is a measurement of n operations.
func secondsOf(seconds float64, n int) measurement {
	return measurement{"seconds": seconds, "ops": float64(n)}
}

// lockLoop is the function of a Go child: it times n acquires and releases.
func lockLoop() outpace.Function[int, float64] {
	return outpace.Func("lockLoop", func(ctx context.Context, n int) (float64, error) {
		lock := share.Lock(ctx, "lock")
		start := time.Now()
		for range n {
			if _, err := lock.Acquire(ctx); err != nil {
				return 0, err
			}
			if err := lock.Release(); err != nil {
				return 0, err
			}
		}
		return time.Since(start).Seconds(), nil
	})
}

// childLocks is lockLoop in a child process.
func (p shareProbe) childLocks(ctx context.Context) (m measurement, err error) {
	ex, err := outpace.New(ctx, workers.Workers(1))
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, ex.Close()) }()
	if _, err := outpace.Submit(ctx, ex, lockLoop(), 100).Result(ctx); err != nil {
		return nil, err
	}
	seconds, err := outpace.Submit(ctx, ex, lockLoop(), p.n).Result(ctx)
	return secondsOf(seconds, p.n), err
}

// goLocks has goroutines acquire and release the same lock. Each is a caller of
// its own, and the count that the lock protects is checked.
func (p shareProbe) goLocks(ctx context.Context) (m measurement, err error) {
	ex, err := outpace.New(ctx, outpace.Threads(1))
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, ex.Close()) }()
	return p.inGoroutines(func(n int, count *int) error {
		shared, leave := ex.Share(ctx)
		defer leave()
		lock := share.Lock(shared, "lock")
		for range n {
			if _, err := lock.Acquire(shared); err != nil {
				return err
			}
			*count++
			if err := lock.Release(); err != nil {
				return err
			}
		}
		return nil
	})
}

// goMutex is goLocks with a mutex.
func (p shareProbe) goMutex(context.Context) (measurement, error) {
	var lock sync.Mutex
	return p.inGoroutines(func(n int, count *int) error {
		for range n {
			lock.Lock()
			*count++
			lock.Unlock()
		}
		return nil
	})
}

// inGoroutines has p.workers goroutines do n operations together, after a tenth
// of that to warm up, and checks what they have counted.
func (p shareProbe) inGoroutines(work func(n int, count *int) error) (measurement, error) {
	each, count := p.n/p.workers, 0
	all := func(n int) error {
		errs := make(chan error, p.workers)
		for range p.workers {
			go func() { errs <- work(n, &count) }()
		}
		var err error
		for range p.workers {
			err = errors.Join(err, <-errs)
		}
		return err
	}
	if err := all(each / 10); err != nil {
		return nil, err
	}
	count = 0
	start := time.Now()
	err := all(each)
	seconds := time.Since(start).Seconds()
	if err == nil && count != each*p.workers {
		err = fmt.Errorf("%d of %d were counted", count, each*p.workers)
	}
	return secondsOf(seconds, each*p.workers), err
}
