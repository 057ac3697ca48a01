package outpace

import (
	"context"
	"errors"
	"iter"
	"sync"
)

// WaitMode says when Wait returns.
type WaitMode uint8

// The modes of Wait.
const (
	AllDone        WaitMode = iota // when every future is final
	FirstCompleted                 // when one is final
	FirstError                     // when one has failed or is cancelled, or every one is final
)

// Wait blocks until the futures are as mode says, or ctx is done, and returns
// which are final and which are not, in the order given, each once. A time-out
// is a deadline of ctx; it cancels nothing. Inside a task of the executor that
// the futures are of, with that task's ctx, pending ones are run in its slot.
func Wait[F AnyFuture](ctx context.Context, fs []F, mode WaitMode) (done, pending []F) {
	fs = unique(fs)
	c := newCollector(fs)
	defer withdraw(c, fs)
	final, bad := 0, false
	for final < len(fs) {
		i, ok := next(ctx, c, fs)
		if !ok {
			break
		}
		final++
		bad = bad || fs[i].Err() != nil
		if mode == FirstCompleted || mode == FirstError && bad {
			break
		}
	}
	for _, f := range fs {
		if f.header().final() {
			done = append(done, f)
		} else {
			pending = append(pending, f)
		}
	}
	return done, pending
}

// AsCompleted yields the futures as they become final: those that are already
// first, each once even if it was given twice. It ends early when ctx is done;
// what it has not yielded is then not final, or was not seen to be. It starts no
// goroutine and keeps no future that it has yielded. Inside a task of the
// executor that the futures are of, with that task's ctx, pending ones are run
// in its slot.
func AsCompleted[F AnyFuture](ctx context.Context, fs ...F) iter.Seq[F] {
	return func(yield func(F) bool) {
		left := unique(fs)
		c := newCollector(left)
		defer withdraw(c, left)
		var zero F
		for range left {
			i, ok := next(ctx, c, left)
			if !ok {
				return
			}
			f := left[i]
			left[i] = zero
			if !yield(f) {
				return
			}
		}
	}
}

// Gather waits for all futures and returns their values in the order given. The
// error joins those of all that failed; the values of the others are there all
// the same. When ctx is done first, the error is its cause, joined likewise.
func Gather[T any](ctx context.Context, fs ...*Future[T]) ([]T, error) {
	values := make([]T, len(fs))
	var errs []error
	for i, f := range fs {
		v, err := f.Result(ctx)
		if err != nil && !f.final() { // ctx is done: say so once, take what is there
			if ctx.Err() != nil && len(errs) > 0 && errors.Is(errs[len(errs)-1], err) {
				continue
			}
		}
		values[i] = v
		if err != nil {
			errs = append(errs, err)
		}
	}
	return values, errors.Join(errs...)
}

// unique copies fs without what was given before. Each future is marked for as
// long as that takes. One that is marked already was given twice, or another
// waiter is looking at it at this moment: then a map tells.
func unique[F AnyFuture](fs []F) []F {
	kept := make([]F, 0, len(fs))
	for _, f := range fs {
		if !f.header().mark() {
			break
		}
		kept = append(kept, f)
	}
	for _, f := range kept {
		f.header().unmark()
	}
	if len(kept) == len(fs) {
		return kept
	}
	kept = kept[:0]
	seen := make(map[*task]struct{}, len(fs))
	for _, f := range fs {
		t := f.header()
		if _, dup := seen[t]; !dup {
			seen[t] = struct{}{}
			kept = append(kept, f)
		}
	}
	return kept
}

// collector gathers the indexes of futures as they become final, by a callback
// on each: no goroutine, no timer.
type collector struct {
	mu     sync.Mutex
	ready  []int
	more   chan struct{}
	helped []*task // those that this waiter runs in its task's place
}

func newCollector[F AnyFuture](fs []F) *collector {
	c := &collector{more: make(chan struct{}, 1)}
	for i, f := range fs {
		if f.header().final() {
			c.add(i)
			continue
		}
		f.header().onDone(func() { c.add(i) }, c)
	}
	return c
}

func (c *collector) add(i int) {
	c.mu.Lock()
	c.ready = append(c.ready, i)
	c.mu.Unlock()
	poke(c.more)
}

func (c *collector) take() (i int, ok bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if len(c.ready) == 0 {
		return 0, false
	}
	i = c.ready[0]
	c.ready = c.ready[1:]
	return i, true
}

// next blocks until another future is final, or ctx is done.
func next[F AnyFuture](ctx context.Context, c *collector, fs []F) (i int, ok bool) {
	ex := inside(ctx)
	for {
		if i, ok := c.take(); ok {
			return i, true
		}
		if ex != nil {
			helpAny(ex, c, fs)
		}
		select {
		case <-c.more:
		case <-ctx.Done():
			return c.take()
		}
	}
}

// helpAny runs one pending future of ex in the place of the task that waits.
func helpAny[F AnyFuture](ex *Executor, c *collector, fs []F) {
	var zero F
	for _, f := range fs {
		if any(f) == any(zero) {
			continue // yielded before
		}
		if t := f.header(); t.ex() == ex && t.state() == Pending {
			c.helped = append(c.helped, t)
			t.awaitInside()
			return
		}
	}
}

// withdraw takes the collector's callbacks off futures that are not final.
func withdraw[F AnyFuture](c *collector, fs []F) {
	for _, t := range c.helped {
		t.leaveInside()
	}
	var zero F
	for _, f := range fs {
		if any(f) != any(zero) {
			f.header().forget(c)
		}
	}
}
