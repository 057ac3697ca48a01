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
	ex      *Executor
	parent  context.Context
	cfg     *config
	fn      AnyFunction
	untimed bool   // nobody can ask how long its tasks took
	nobody  waiter // in the place of waiters once a task is final
}

// scope returns the scope of a task, the last one where it is the same. With an
// error the task cannot be taken in; the scope is good for saying so.
func (e *Executor) scope(last *atomic.Pointer[scope], ctx context.Context, fn AnyFunction, opts []Option) (*scope, error) {
	if s := last.Load(); s != nil && len(opts) == 0 && s.fn == fn && sameContext(s.parent, ctx) {
		return s, nil
	}
	cfg, err := e.cfg.with(opts)
	if ctx == nil {
		ctx, err = context.Background(), errNilContext
	}
	if err == nil {
		err = e.model.Check(fn)
	}
	s := &scope{ex: e, parent: ctx, cfg: cfg, fn: fn}
	s.untimed = last == &e.lastGo && cfg.timeout == 0 && e.cfg.observe == nil
	if err == nil && len(opts) == 0 {
		last.Store(s)
	}
	return s, err
}

// sameContext reports whether two contexts are one. Only pointers are compared,
// and context.Background: to compare values of other types may panic.
func sameContext(a, b context.Context) bool {
	t := reflect.TypeOf(a)
	return t == reflect.TypeOf(b) && (t.Kind() == reflect.Pointer || t == reflect.TypeOf(context.Background())) && a == b
}

// entry is what the queue holds: a job, or a task of Go, which needs no record
// before it runs.
type entry struct {
	job   job
	do    action
	scope *scope // of do
}

// action is the input of a task of Go: the function itself.
type action func(context.Context) error

// open returns the entry's job; for a task of Go it makes the record.
func (e entry) open() job {
	if e.scope == nil {
		return e.job
	}
	return newAct(e.scope, e.do)
}

func newAct(s *scope, do action) *submitted[action, struct{}] {
	t := &submitted[action, struct{}]{in: do}
	t.scope, t.job = s, t
	return t
}
