package outpace

import (
	"context"
	"errors"
	"sync"
	"sync/atomic"
	"time"
)

// task is the part of a submitted task's record that does not depend on types.
// The record is the future, the queue's job and (as *taskContext) the context
// of the function all at once, so that a task costs one allocation. It is kept
// small, since there may be a million pending: what tasks have in common is in
// the scope, and what most never need in rare.
type task struct {
	word     atomic.Uint32 // state, marks, attempts
	ticket                 // of the record itself
	started  atomic.Int64  // nanoseconds since the executor's epoch
	finished int64
	waiters  atomic.Pointer[waiter]
	rare     atomic.Pointer[rare]
}

func (t *task) ex() *Executor { return t.scope.ex }

// rare is what most tasks never need: it failed, somebody asks for a callback,
// or the function asks its context for a channel.
type rare struct {
	err      error // of a final task
	mu       sync.Mutex
	settled  bool
	done     chan struct{}
	calls    []callback
	doubted  int         // how often its worker has died: above 0 it runs alone
	delayed  bool        // behind its back-off
	inside   int         // tasks of the same executor that wait for it
	tenant   *tenant     // the attempt, to package share
	unwatch  func() bool // stops watching the caller's context, for a task in a worker process
	ctx      context.Context
	cancel   context.CancelCauseFunc
	release  func() // frees what ctx holds
	cancelBy error  // cause of a Cancel that came before ctx was made
}

// callback is a function to run when a task is final; who is set for those that
// can be withdrawn.
type callback struct {
	fn  func()
	who any
}

func (t *task) extra() *rare {
	if r := t.rare.Load(); r != nil {
		return r
	}
	t.rare.CompareAndSwap(nil, &rare{})
	return t.rare.Load()
}

func (t *task) state() State {
	s := State(t.word.Load() & stateMask)
	if s == settling {
		return Running
	}
	return s
}

func (t *task) final() bool {
	s := State(t.word.Load() & stateMask)
	return s >= Done && s != settling
}

func (t *task) attempts() int { return int(t.word.Load() / attemptUnit) }

// failure is the error of a final task.
func (t *task) failure() error {
	if r := t.rare.Load(); r != nil {
		return r.err
	}
	return nil
}

// mark notes that a waiter has seen the task, and reports whether none had.
func (t *task) mark() bool { return t.word.Or(marked)&marked == 0 }

func (t *task) unmark() { t.word.And(^uint32(marked)) }

// move changes the state if it is from, and reports whether it was.
func (t *task) move(from, to State, addAttempts uint32) bool {
	for {
		w := t.word.Load()
		if State(w&stateMask) != from {
			return false
		}
		if t.word.CompareAndSwap(w, w&^stateMask|uint32(to)+addAttempts*attemptUnit) {
			return true
		}
	}
}

// begin claims a pending task for a worker: an attempt starts.
func (t *task) begin(now int64) bool {
	if !t.move(Pending, Running, 1) {
		return false
	}
	t.started.Store(now)
	return true
}

// takeUp is begin for a task that is still wanted; else it is cancelled.
func (t *task) takeUp(now int64) bool {
	if cause := t.unwantedFor(); cause != nil {
		t.cancelWith(cause)
		return false
	}
	return t.begin(now)
}

// unwantedFor is why the task is not to run any more: its caller is gone, or the
// executor is closing and stop is about to drop it; else nil.
func (t *task) unwantedFor() error {
	if t.scope.parent.Err() != nil {
		return context.Cause(t.scope.parent)
	}
	if t.ex().ctx.Err() != nil {
		return t.ex().closedCause()
	}
	return nil
}

// publish makes a settling task final and tells everybody who waits.
func (t *task) publish(to State, err error) {
	if err != nil {
		t.extra().err = err
	}
	if r := t.rare.Load(); r != nil {
		r.endTenant(err)
	}
	t.move(settling, to, 0)
	t.callWaiters()
	r := t.rare.Load()
	if r == nil {
		return
	}
	r.mu.Lock()
	if r.done != nil && !r.settled {
		close(r.done)
	}
	r.settled = true
	calls := r.calls
	r.calls = nil
	t.dropContext(r)
	r.endWatch()
	r.mu.Unlock()
	for _, c := range calls {
		t.ex().call(c.fn)
	}
}

// resolve ends a task that runs, or waits, as failed or cancelled with err; who
// comes second is ignored.
func (t *task) resolve(from, to State, err error) bool {
	if !t.move(from, settling, 0) {
		return false
	}
	t.finished = t.ex().now()
	t.publish(to, &TaskError{Function: t.job.function().Name(), Index: -1, Attempts: t.attempts(), Err: err})
	return true
}

// end is resolve for a task that was taken in, whose end is therefore told.
func (t *task) end(from, to State, err error, o outcome) bool {
	if !t.resolve(from, to, err) {
		return false
	}
	t.ex().finished(-1, 1, t.attempts(), err, o)
	return true
}

// ended is where an attempt of the function ends that gave no value.
func (t *task) ended(err error, o outcome) {
	late := errors.Is(err, ErrTimeout)
	switch {
	case !late && t.word.Load()&cancelAsked != 0:
		t.giveUp(err, o)
	case !late && t.ex().ctx.Err() != nil:
		t.giveUp(t.ex().closedCause(), o)
	case !late && t.scope.parent.Err() != nil:
		t.giveUp(context.Cause(t.scope.parent), o)
	case t.ex().retries(t.scope.cfg, t.attempts(), err):
		t.retry(err)
	default:
		if _, ok := t.job.(*submitted[action, struct{}]); t.end(Running, Failed, err, o) && ok {
			t.ex().keep(err)
		}
	}
}

// giveUp ends a running task whose Cancel was asked for.
func (t *task) giveUp(err error, o outcome) {
	t.end(Running, Cancelled, t.cancelCause(err), o)
}

// retry puts the task back behind its back-off.
func (t *task) retry(err error) {
	attempt := t.attempts()
	r := t.extra()
	r.endTenant(err)
	r.mu.Lock()
	t.dropContext(r)
	r.ctx = nil // the next attempt gets its own
	r.delayed = true
	r.endWatch()
	r.mu.Unlock()
	if t.move(Running, Pending, 0) && !t.cancelled() {
		t.ex().later(t.job, t.scope.cfg, -1, attempt, err)
	}
}

// cancelled makes a task that is pending again cancelled when that was asked
// for in the meantime.
func (t *task) cancelled() bool {
	if t.word.Load()&cancelAsked == 0 {
		return false
	}
	t.end(Pending, Cancelled, t.cancelCause(ErrCancelled), outcome{cpu: -1})
	return true
}

// returning is told that the task comes back to the queue. It reports whether
// it is to run at once, in the place of a task that waits for it.
func (t *task) returning() (hosted bool) {
	r := t.rare.Load()
	if r == nil {
		return false
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	r.delayed = false
	return r.inside > 0
}

// awaitInside is help that goes on when the task comes back for another
// attempt; leaveInside is its end.
func (t *task) awaitInside() {
	r := t.extra()
	r.mu.Lock()
	r.inside++
	delayed := r.delayed
	r.mu.Unlock()
	if !delayed {
		t.ex().help(t)
	}
}

func (t *task) leaveInside() {
	r := t.extra()
	r.mu.Lock()
	r.inside--
	r.mu.Unlock()
}

// watchParent cancels the task when its caller's context is done, where the
// function runs in another process and cannot see that context.
func (t *task) watchParent() {
	if t.scope.parent.Done() == nil {
		return
	}
	r := t.extra()
	r.mu.Lock()
	defer r.mu.Unlock()
	r.unwatch = context.AfterFunc(t.scope.parent, func() { t.cancelWith(context.Cause(t.scope.parent)) })
}

func (r *rare) endWatch() {
	if r.unwatch != nil {
		r.unwatch()
		r.unwatch = nil
	}
}

// requeue puts the task back without charging the attempt.
func (t *task) requeue(suspect bool) bool {
	if suspect {
		r := t.extra()
		r.mu.Lock()
		r.doubted++
		r.mu.Unlock()
	}
	if r := t.rare.Load(); r != nil {
		r.mu.Lock()
		r.endWatch()
		r.mu.Unlock()
	}
	return t.move(Running, Pending, ^uint32(0)) // adding all ones takes one attempt off
}

func (t *task) cancelCause(err error) error {
	r := t.rare.Load()
	if r != nil {
		r.mu.Lock()
		defer r.mu.Unlock()
		if r.cancelBy != nil {
			return r.cancelBy
		}
	}
	return err
}

// cancelWith is Cancel with a cause.
func (t *task) cancelWith(cause error) bool {
	if t.end(Pending, Cancelled, cause, outcome{cpu: -1}) {
		if t.attempts() > 0 { // it may be behind a back-off
			t.ex().recall(func(j job) bool { return j == t.job })
		}
		return true
	}
	r := t.extra()
	r.mu.Lock()
	if r.settled || t.final() {
		r.mu.Unlock()
		return false
	}
	if r.cancelBy == nil {
		r.cancelBy = cause
	}
	t.word.Or(cancelAsked)
	t.makeContext(r)
	r.cancel(cause)
	r.mu.Unlock()
	if !t.end(Pending, Cancelled, cause, outcome{cpu: -1}) { // it may have gone back for a retry in between
		t.ex().cancelRemote(func(j job) bool { return j == t.job })
		return false
	}
	return true
}

func (t *task) doneChan() <-chan struct{} {
	t.ex().hearSoon(t)
	r := t.extra()
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.done == nil {
		r.done = make(chan struct{})
		if r.settled || t.final() {
			r.settled = true
			close(r.done)
		}
	}
	return r.done
}

// onDone has fn run when the task is final; at once if it is. An entry with a
// who can be withdrawn by forget.
func (t *task) onDone(fn func(), who any) {
	t.ex().hearSoon(t)
	r := t.extra()
	r.mu.Lock()
	if !r.settled && !t.final() {
		r.calls = append(r.calls, callback{fn, who})
		r.mu.Unlock()
		return
	}
	r.mu.Unlock()
	t.ex().call(fn)
}

func (t *task) forget(who any) {
	r := t.rare.Load()
	if r == nil {
		return
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	kept := r.calls[:0]
	for _, c := range r.calls {
		if c.who != who {
			kept = append(kept, c)
		}
	}
	clear(r.calls[len(kept):])
	r.calls = kept
}

func (t *task) timeAt(ns int64) time.Time {
	if ns == 0 {
		return time.Time{}
	}
	return t.ex().epoch.Add(time.Duration(ns))
}
