package outpace

import (
	"context"
	"errors"
	"runtime"
	"time"

	"github.com/outpace-run/outpace/internal/engine"
)

const (
	tinyTask = 2 * time.Microsecond
	patience = 200 // turns to let others run, about 20 us where there are none
)

// Submit schedules f(in) and returns its Future. It blocks only while the queue
// is full, until ctx is done. The context of the task is derived from ctx, so
// cancelling that cancels the task too, when it runs or its turn comes. Where the
// task cannot be taken in (after Close, a function that the model cannot run, an
// invalid option) the Future has already failed or is cancelled. Called from a
// task of the same executor while the queue is full, Submit runs the new task in
// the caller's slot before it returns.
func Submit[In, Out any](ctx context.Context, e *Executor, f Function[In, Out], in In, opts ...Option) *Future[Out] {
	sc, err := e.scope(&e.lastSubmit, ctx, f, opts)
	t := &submitted[In, Out]{in: in}
	t.ticket = ticket{t, sc}
	if err != nil {
		t.resolve(Pending, Failed, err)
	} else if err = e.put(sc.parent, entry{ticket: &t.ticket}); err != nil {
		t.resolve(Pending, Cancelled, err)
	}
	return &t.Future
}

// Go schedules fn, a task of this process without a result. It blocks as Submit
// does, and returns an error where Submit's Future has already failed. What fn
// returns is told to the observer; Close and Shutdown return the first failure
// and the number of them. The context that fn gets is done after fn has returned:
// soon, but where tasks are tiny a worker takes several of them, and a channel that
// is asked for after the return may be closed only when those have returned too.
func Go(ctx context.Context, e *Executor, fn func(ctx context.Context) error, opts ...Option) error {
	f := e.act
	if fn == nil {
		f = Function[action, struct{}]{} // whose Check fails
	}
	sc, err := e.scope(&e.lastGo, ctx, f, opts)
	if err != nil {
		return err
	}
	return e.put(sc.parent, entry{&sc.ticket, fn})
}

// put queues a task, and sees to it that somebody will run it.
func (e *Executor) put(ctx context.Context, en entry) error {
	if err := e.open(); err != nil {
		return err
	}
	if !e.local && e.handOver(en.job) {
		return nil
	}
	told, ok, err := e.queue.TryPut(en)
	if !ok {
		if told, err = e.putFull(ctx, en, err); err != nil {
			return err
		}
	}
	if !told {
		e.grow()
	}
	return nil
}

// putFull queues a task where there was no room, or the queue is closed.
func (e *Executor) putFull(ctx context.Context, en entry, err error) (told bool, _ error) {
	if err == nil && e.local && inside(ctx) == e {
		e.runInside(ctx, en)
		return true, nil
	}
	ok := false
	if err == nil {
		told, ok, err = e.retryPut(en)
	}
	if err == nil && !ok {
		told, err = e.queue.Put(ctx, en)
	}
	if errors.Is(err, engine.ErrClosed) {
		err = e.closedCause()
	}
	return told, err
}

// retryPut lets others run for a moment, and puts once a quarter of the queue is
// free: where tasks are tiny that is sooner than one who sleeps is awake, and
// the processor does not go to sleep either.
func (e *Executor) retryPut(en entry) (told, ok bool, err error) {
	if !e.tinyTasks() {
		return false, false, nil
	}
	for range patience {
		runtime.Gosched()
		if e.queue.Len() <= e.cfg.queue-(e.cfg.queue+3)/4 {
			return e.queue.TryPut(en)
		}
	}
	return false, false, nil
}

// tinyTasks reports whether it is worth waiting for a task without going to sleep.
func (e *Executor) tinyTasks() bool {
	return e.local && e.tasks.Known() && e.tasks.Cost() < tinyTask
}

// runInside runs a new task in the place of the task of this executor that
// submits it, since the queue is full. When ctx is done before it ends, it has
// been taken in all the same: it is cancelled, or goes on if it ignores that.
func (e *Executor) runInside(ctx context.Context, en entry) {
	t := en.open().(interface{ header() *task }).header()
	_ = t.wait(ctx)
}
