package outpace

import (
	"context"
	"reflect"
	"sync/atomic"
)

// scope is what tasks that are submitted in the same way have in common: one
// pointer in each of their records in place of four. An executor keeps the last
// one, since most programs submit one function many times.
type scope struct {
	ticket  ticket // of the scope itself
	ex      *Executor
	parent  context.Context
	cfg     *config
	fn      AnyFunction
	safe    bool   // parent may be compared with any other context
	untimed bool   // nobody can ask how long its tasks took
	nobody  waiter // in the place of waiters once a task is final
}

// scope returns the scope of a task, the last one where it is the same. With an
// error the task cannot be taken in; the scope is good for saying so.
func (e *Executor) scope(last *atomic.Pointer[scope], ctx context.Context, fn AnyFunction, opts []Option) (*scope, error) {
	if s := last.Load(); s != nil && len(opts) == 0 && s.safe && s.parent == ctx && s.fn == fn {
		return s, nil
	}
	cfg, err := e.cfg.with(opts)
	if ctx == nil {
		ctx, err = context.Background(), errNilContext
	}
	if err == nil {
		err = e.model.Check(fn)
	}
	s := &scope{ex: e, parent: ctx, cfg: cfg, fn: fn, safe: comparableContext(ctx)}
	s.ticket.scope = s
	s.untimed = last == &e.lastGo && cfg.timeout == 0 && e.cfg.observe == nil
	if err == nil && len(opts) == 0 {
		last.Store(s)
	}
	return s, err
}

// comparableContext reports whether a context may be compared with any other: it
// is a pointer, or context.Background. With another type that may panic. It is
// asked once, since reflection for each task would cost a tenth of a tiny one.
func comparableContext(ctx context.Context) bool {
	t := reflect.TypeOf(ctx)
	return t.Kind() == reflect.Pointer || t == reflect.TypeOf(context.Background())
}

// ticket is what the queue knows of a job: the job itself, or, where that is nil,
// what tasks of Go have in common.
type ticket struct {
	job   job
	scope *scope
}

// entry is what the queue holds: the ticket of a job; or that of a scope, and a
// task of Go, which needs no record before it runs. It is small because a
// million may wait, and because it goes from one processor's cache to another's.
type entry struct {
	*ticket
	do action
}

// action is the input of a task of Go: the function itself.
type action func(context.Context) error

// open returns the entry's job; for a task of Go it makes the record.
func (e entry) open() job {
	if e.job != nil {
		return e.job
	}
	return newAct(e.scope, e.do)
}

func newAct(s *scope, do action) *submitted[action, struct{}] {
	t := &submitted[action, struct{}]{in: do}
	t.ticket = ticket{t, s}
	return t
}
