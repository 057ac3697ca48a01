package outpace

import (
	"context"
	"runtime"
)

// waiter is a goroutine that waits for a task. Those of one task are a stack that
// is pushed without a lock. The end of the task takes all of it and leaves
// scope.nobody, so that none is pushed that nobody will call.
//
//	wait ─► push ─► asleep on wake ◄── callWaiters (the task is final)
//
// It is used again afterwards: a channel for each task that is waited for would
// cost more than the rest of a small task.
type waiter struct {
	wake chan struct{} // holds one
	next *waiter
}

// wait blocks until the task is final or ctx is done.
func (t *task) wait(ctx context.Context) error {
	if t.final() {
		return nil
	}
	if inside(ctx) == t.ex() {
		t.awaitInside()
		defer t.leaveInside()
	}
	if t.soon(ctx) {
		return nil
	}
	w, _ := t.ex().waiters.Get().(*waiter)
	if w == nil {
		w = &waiter{wake: make(chan struct{}, 1)}
	}
	if t.push(w) {
		if err := w.sleep(ctx); err != nil {
			if t.final() { // both at once
				return nil
			}
			if !t.withdraw(w) {
				return err // w is left to the task, which may call it at any time
			}
			t.ex().waiters.Put(w)
			return err
		}
	}
	t.ex().waiters.Put(w)
	return nil
}

// soon does what is better than to sleep right away, and reports whether the task
// is final then. In this process others run for a moment: to be put to sleep and
// woken costs more than a tiny task does. The answer of a worker to a lone call is
// read here.
func (t *task) soon(ctx context.Context) bool {
	e := t.ex()
	switch {
	case e.tinyTasks():
		for range 4 {
			runtime.Gosched()
			if t.final() {
				return true
			}
		}
	case !e.local:
		e.hearFor(ctx, t)
	}
	return t.final()
}

// push adds a waiter; false when the task is final.
func (t *task) push(w *waiter) bool {
	for {
		first := t.waiters.Load()
		if first == &t.scope.nobody {
			return false
		}
		w.next = first
		if t.waiters.CompareAndSwap(first, w) {
			return true
		}
	}
}

// withdraw takes a waiter back that does not wait any more, else each time that
// somebody waits for a moment would leave one with the task. It takes the whole
// stack, one withdrawal at a time, and pushes the others again. False: the task
// calls w, or has called it.
func (t *task) withdraw(w *waiter) (done bool) {
	r := t.extra()
	r.mu.Lock()
	defer r.mu.Unlock()
	first := t.waiters.Load()
	for first != &t.scope.nobody && !t.waiters.CompareAndSwap(first, nil) {
		first = t.waiters.Load()
	}
	if first == &t.scope.nobody {
		return false
	}
	for other := first; other != nil; {
		next := other.next
		if other == w {
			done = true
		} else if !t.push(other) {
			other.wake <- struct{}{}
		}
		other = next
	}
	return done
}

// callWaiters wakes everybody who waits for the task, which is final.
func (t *task) callWaiters() {
	w := t.waiters.Swap(&t.scope.nobody)
	for w != nil && w != &t.scope.nobody {
		next := w.next // before w is woken: then it is not ours any more
		w.wake <- struct{}{}
		w = next
	}
}

// sleep returns when w is called, or the cause of ctx when that is done first.
func (w *waiter) sleep(ctx context.Context) error {
	if ctx.Done() == nil { // a plain receive costs half of a select
		<-w.wake
		return nil
	}
	select {
	case <-w.wake:
		return nil
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}
