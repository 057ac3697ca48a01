package outpace

import (
	"context"
	"time"

	"github.com/outpace-run/outpace/share"
)

// insideKey finds, from a context, the executor that runs the current task.
type insideKey struct{}

// inside returns the executor whose task ctx belongs to, or nil.
func inside(ctx context.Context) *Executor {
	ex, _ := ctx.Value(insideKey{}).(*Executor)
	return ex
}

// taskContext is a task's record seen as the context of its function. Most
// functions never ask for its channel, so the real context behind it is made on
// the first need: merging three contexts up front would cost more than a small
// task does.
type taskContext task

func (c *taskContext) Deadline() (time.Time, bool) {
	at, ok := c.scope.parent.Deadline()
	if c.scope.cfg.timeout > 0 {
		if own := (*task)(c).deadline(); !ok || own.Before(at) {
			return own, true
		}
	}
	return at, ok
}

func (c *taskContext) Done() <-chan struct{} { return c.real().Done() }

func (c *taskContext) Err() error {
	if r := c.rare.Load(); r == nil && !(*task)(c).final() && c.scope.parent.Err() == nil && c.scope.ex.ctx.Err() == nil &&
		(c.scope.cfg.timeout == 0 || c.scope.ex.now() < c.started.Load()+int64(c.scope.cfg.timeout)) {
		return nil
	}
	return c.real().Err()
}

func (c *taskContext) Value(key any) any {
	if _, ok := key.(insideKey); ok {
		return c.scope.ex
	}
	if _, ok := key.(share.Key); ok {
		t := (*task)(c)
		return t.tenant().get(t.owner)
	}
	if c.Err() != nil { // so that context.Cause finds it
		return c.real().Value(key)
	}
	if r := c.rare.Load(); r != nil {
		r.mu.Lock()
		ctx := r.ctx
		r.mu.Unlock()
		if ctx != nil {
			return ctx.Value(key)
		}
	}
	return c.scope.parent.Value(key)
}

// String describes the context in the way of the context package.
func (c *taskContext) String() string { return "outpace.task" }

func (c *taskContext) real() context.Context {
	t := (*task)(c)
	r := t.extra()
	r.mu.Lock()
	defer r.mu.Unlock()
	t.makeContext(r)
	return r.ctx
}

// ownContext is the context of an attempt with a time-out. Where a retry may
// follow it is one of its own and not the record, so that an abandoned attempt
// does not take the next one's context for its own.
func (t *task) ownContext() context.Context {
	if t.scope.cfg.retries == 0 {
		return (*taskContext)(t)
	}
	r := t.extra()
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.ctx == nil {
		r.tenant = &tenant{}
		parent := context.WithValue(sharing{t.scope.parent, r.tenant, t.owner}, insideKey{}, t.scope.ex)
		r.ctx, r.cancel, r.release = t.scope.ex.merge(parent, t.deadline, t.scope.cfg.timeout)
	}
	return r.ctx
}

func (t *task) deadline() time.Time { return t.timeAt(t.started.Load()).Add(t.scope.cfg.timeout) }

// makeContext makes the real context of the running attempt, done when the
// caller's is, the executor's is, or the time-out is over. r is locked.
func (t *task) makeContext(r *rare) {
	if r.ctx != nil {
		return
	}
	r.ctx, r.cancel, r.release = t.scope.ex.merge(t.scope.parent, t.deadline, t.scope.cfg.timeout)
	if r.settled || t.final() {
		t.dropContext(r)
	}
}

// dropContext ends the context of an attempt that is over. r is locked.
func (t *task) dropContext(r *rare) {
	if r.ctx != nil {
		r.cancel(context.Canceled)
		r.release()
	}
}

// merge makes a context that is done when parent is, when the executor is
// closed, or at the deadline where timeout is not 0. release must be called.
func (e *Executor) merge(parent context.Context, deadline func() time.Time, timeout time.Duration) (context.Context, context.CancelCauseFunc, func()) {
	stopTimer := func() {}
	if timeout > 0 {
		parent, stopTimer = context.WithDeadlineCause(parent, deadline(), &TimeoutError{After: timeout})
	}
	ctx, cancel := context.WithCancelCause(parent)
	if e.ctx.Err() != nil {
		cancel(context.Cause(e.ctx))
	}
	detach := context.AfterFunc(e.ctx, func() { cancel(context.Cause(e.ctx)) })
	return ctx, cancel, func() { detach(); stopTimer() }
}
