package outpace

import (
	"context"
	"fmt"
	"time"
)

// Option changes a setting. Options given to New are the executor's defaults;
// given to Submit, Go or Map they hold for that call. A value out of range is an
// error that wraps ErrOption: New and Go return it, the Future of Submit fails
// with it, a Map yields it as its last and only error.
type Option func(*config) error

// config is the settings of an executor or of one call. It is not changed once
// it is in use, so tasks share it.
type config struct {
	timeout     time.Duration
	retries     int
	retryIf     func(error) bool
	backoffBase time.Duration
	backoffCap  time.Duration
	queue       int
	window      int
	windowBytes int64
	grace       time.Duration
	stopIf      func(failed, finished int) bool
	stopOn      context.Context
	memory      int64 // of a worker process, in bytes; 0: no limit
	maxTasks    int   // of a worker process; 0: no limit
	idleLimit   time.Duration
	maxDeaths   int // in a row; 0: the default
	observe     func(Event)
}

func defaults() config {
	return config{
		backoffBase: 100 * time.Millisecond,
		backoffCap:  30 * time.Second,
		queue:       1024,
		window:      65_536,
		windowBytes: 64 << 20,
		grace:       time.Second,
		idleLimit:   time.Minute,
	}
}

// with returns c changed by opts, or c itself when there are none.
func (c *config) with(opts []Option) (*config, error) {
	if len(opts) == 0 {
		return c, nil
	}
	changed := *c
	for _, o := range opts {
		if o == nil {
			return c, fmt.Errorf("%w: an Option is nil", ErrOption)
		}
		if err := o(&changed); err != nil {
			return c, err
		}
	}
	return &changed, nil
}

// longest is the longest time that an option takes: longer is the same, and
// sums of two do not overflow.
const longest = 100 * 365 * 24 * time.Hour

// Timeout limits each attempt to d of wall time, counted from when it starts
// to run. 0, the default, is no limit. See the package comment for what ends a
// goroutine and what ends a child process.
func Timeout(d time.Duration) Option {
	return func(c *config) error {
		if d < 0 {
			return fmt.Errorf("%w: a time-out is 0 or more, got %v", ErrOption, d)
		}
		c.timeout = min(d, longest)
		return nil
	}
}

// Retries gives a failed task up to n further attempts. The default is 0.
// A panic, a lost worker and a time-out are failures like any other error.
func Retries(n int) Option {
	return func(c *config) error {
		if n < 0 || n > 1_000_000 {
			return fmt.Errorf("%w: retries are from 0 to 1000000, got %d", ErrOption, n)
		}
		c.retries = n
		return nil
	}
}

// RetryIf retries only failures for which retry returns true. The default, also
// nil, is all of them. retry gets the cause, not the *TaskError around it. A
// panic in it means no, and is told to the observer.
func RetryIf(retry func(error) bool) Option {
	return func(c *config) error { c.retryIf = retry; return nil }
}

// Backoff sets the wait before a retry: after attempt k a random time from 0 to
// the smaller of limit and base x 2^(k-1), the "full jitter" of Marc Brooker,
// "Exponential Backoff And Jitter", AWS Architecture Blog, 2015. The defaults
// are 100 ms and 30 s; a base of 0 retries at once. A waiting task occupies no
// worker.
func Backoff(base, limit time.Duration) Option {
	return func(c *config) error {
		if base < 0 || limit < base {
			return fmt.Errorf("%w: a back-off goes from 0 or more up to at least as much, got %v to %v", ErrOption, base, limit)
		}
		c.backoffBase, c.backoffCap = min(base, longest), min(limit, longest)
		return nil
	}
}

// Queue bounds how many submitted tasks wait for a worker; Submit blocks while
// the queue is full. The default is 1024. Given elsewhere than to New it has no
// effect.
func Queue(n int) Option {
	return func(c *config) error {
		if n < 1 {
			return fmt.Errorf("%w: a queue holds at least 1 task, got %d", ErrOption, n)
		}
		c.queue = n
		return nil
	}
}

// Window bounds how far a Map runs ahead of the loop that takes its results:
// at most items inputs are pulled from the source and not yet yielded, and the
// source is not pulled while bytes of encoded results (from other processes;
// results in this process are not measured) wait to be yielded. 0 leaves a
// bound as it is; the defaults are 65,536 items and 64 MiB. A window below the
// number of tasks at once narrows the run.
func Window(items int, bytes int64) Option {
	return func(c *config) error {
		if items < 0 || bytes < 0 {
			return fmt.Errorf("%w: a window is 0 or more items and bytes, got %d and %d", ErrOption, items, bytes)
		}
		if items > 0 {
			c.window = items
		}
		if bytes > 0 {
			c.windowBytes = bytes
		}
		return nil
	}
}

// Grace is how long user code may go on after it was told to stop: a goroutine
// whose context was cancelled, a worker process asked to cancel a task, a
// source after the loop was left. After that a goroutine is abandoned and a
// worker process killed. The default is 1 s.
func Grace(d time.Duration) Option {
	return func(c *config) error {
		if d < 0 {
			return fmt.Errorf("%w: a grace period is 0 or more, got %v", ErrOption, d)
		}
		c.grace = min(d, longest)
		return nil
	}
}

// FailFast ends a Map after its first failed task: nothing more is handed to the
// workers, what they have (with tiny tasks, some milliseconds of work) is
// finished, and the last error of the loop wraps ErrStopped. A task that waits for
// a retry fails with its last error. Map and MapItems end before the first task
// that never ran: what has finished behind it is not yielded. FailFast has no
// effect on Submit and Go.
func FailFast() Option { return StopIf(func(int, int) bool { return true }) }

// StopIf ends a Map as FailFast does as soon as stop returns true. stop is asked
// after each failed task, with the number of tasks that have failed and that
// have finished so far, failed ones included. It is called by one goroutine at
// a time, must not block, and a panic in it means no and is told to the observer.
// nil, the default, never ends anything.
func StopIf(stop func(failed, finished int) bool) Option {
	return func(c *config) error { c.stopIf = stop; return nil }
}

// StopOn ends a Map when ctx is done, gently, as FailFast does: what the workers
// have is finished, and the last error of the loop wraps ErrStopped and the cause
// of ctx. (When the ctx given to Map is done, what runs is cancelled.) It has no
// effect on Submit and Go; a nil ctx never ends anything.
func StopOn(ctx context.Context) Option { return func(c *config) error { c.stopOn = ctx; return nil } }

// Observe has every event told to fn, one at a time, in the order in which they
// happen to each task. fn runs on the executor's goroutines: while it runs,
// work waits, so it must not wait for the executor or its futures, nor cancel or
// submit. A panic in it is reported once as an ObserverPanic event and
// harms no task. Given elsewhere than to New it has no effect.
func Observe(fn func(Event)) Option { return func(c *config) error { c.observe = fn; return nil } }

// MemoryLimit limits the memory that each worker process and what it started
// may have resident, in bytes; 0, the default, is no limit. The executor looks
// every 50 ms, so a process may go over it by what it grows in that time. One
// that is over it is killed: the task that made it grow fails with a
// *MemoryError, and others that were in flight run again, uncharged. Where tasks
// before it had filled the worker, it is run again alone. The limit of address
// space that systems offer (RLIMIT_AS) is not used: it breaks libraries that
// reserve more than they use. Given elsewhere than to New it has no effect; New
// refuses it for a model of this process, and a worker that cannot be looked at
// (they can on Linux) is an error of its start.
func MemoryLimit(bytes int64) Option {
	return func(c *config) error {
		if bytes < 0 {
			return fmt.Errorf("%w: a memory limit is 0 or more bytes, got %d", ErrOption, bytes)
		}
		c.memory = bytes
		return nil
	}
}

// MaxTasks replaces a worker process after it has run n tasks, for functions or
// libraries that leak; 0, the default, never does. The old process ends before
// the new one starts. Given elsewhere than to New it has no effect; New refuses
// it for a model of this process.
func MaxTasks(n int) Option {
	return func(c *config) error {
		if n < 0 {
			return fmt.Errorf("%w: a worker runs 0 (no limit) or more tasks, got %d", ErrOption, n)
		}
		c.maxTasks = n
		return nil
	}
}

// IdleLimit is how long a worker process with tasks in flight may be stopped
// (SIGSTOP) before it counts as lost; the default is a minute, 0 is no limit. A
// Timeout that is shorter ends the attempt first. It needs Linux; elsewhere, and
// given elsewhere than to New, it has no effect.
func IdleLimit(d time.Duration) Option {
	return func(c *config) error {
		if d < 0 {
			return fmt.Errorf("%w: an idle limit is 0 or more, got %v", ErrOption, d)
		}
		c.idleLimit = min(d, longest)
		return nil
	}
}

// MaxDeaths ends everything on the executor with a *CrashLoopError when n tasks
// in a row have failed because they killed their workers, or n workers in a row
// have died and no attempt ended in between, all processes counted together: a
// function that kills every worker. 0, the default, is 50, or three for each
// process where that is more. Workers that were killed at a Timeout, at the
// MemoryLimit or for a cancel do not count. Given elsewhere than to New it has
// no effect.
func MaxDeaths(n int) Option {
	return func(c *config) error {
		if n < 0 {
			return fmt.Errorf("%w: workers die 0 (the default) or more times, got %d", ErrOption, n)
		}
		c.maxDeaths = n
		return nil
	}
}
