package share

import (
	"context"
	"time"
)

// SharedLock is a lock that one task at a time can hold. Its methods act for the
// task whose context Lock was called with.
type SharedLock struct{ semaphore }

// Lock returns the lock of a name, for the task of ctx. It never blocks. Where ctx
// belongs to no task, the methods return ErrOutside.
func Lock(ctx context.Context, name string) *SharedLock {
	return &SharedLock{newSemaphore(ctx, KindLock, name, 1)}
}

// Acquire waits until the task holds the lock. It returns nil for a lock that was
// released, or never held; where whoever held it ended without a release, it
// returns who that was: what the lock protects may be half done. The error, after
// which the task does not hold it, is ctx's cause when that is done first; wraps
// ErrHeld for a task that has the lock already, and ErrClosed; or is a
// *DeadlockError.
func (l *SharedLock) Acquire(ctx context.Context) (*Abandonment, error) { return l.acquire(ctx, 1) }

// TryAcquire is Acquire that does not wait: ok is whether the task holds the lock
// now, and the error nil where another has it.
func (l *SharedLock) TryAcquire() (ok bool, abandoned *Abandonment, err error) {
	return l.tryAcquire(1)
}

// Release gives the lock to whoever has waited for it longest. It does not wait.
// The error wraps ErrMisuse where the task does not hold it. From a child process
// it is sent, and such a mistake is told in the worker's log instead.
func (l *SharedLock) Release() error { return l.release(1) }

// SharedSemaphore is a number of units that tasks acquire and release. Its methods
// act for the task whose context Semaphore was called with.
type SharedSemaphore struct{ semaphore }

// Semaphore returns the semaphore of a name, which has n units, for the task of
// ctx. It never blocks. n must be the same wherever the name is used. Where ctx
// belongs to no task, the methods return ErrOutside.
func Semaphore(ctx context.Context, name string, n int) *SharedSemaphore {
	return &SharedSemaphore{newSemaphore(ctx, KindSemaphore, name, n)}
}

// Acquire waits until the task has got k more units: see SharedLock.Acquire. Who
// waits for many is not overtaken by those who want few. The error wraps
// ErrMisuse where the semaphore never has as many.
func (s *SharedSemaphore) Acquire(ctx context.Context, k int) (*Abandonment, error) {
	return s.acquire(ctx, k)
}

// TryAcquire is Acquire that does not wait: ok is whether the task has got the
// units, and the error nil where they are not there.
func (s *SharedSemaphore) TryAcquire(k int) (ok bool, abandoned *Abandonment, err error) {
	return s.tryAcquire(k)
}

// Release gives k units back, which the task must have: see SharedLock.Release.
func (s *SharedSemaphore) Release(k int) error { return s.release(k) }

// semaphore is what locks and semaphores have in common.
type semaphore struct {
	agent Agent
	owner *Owner // the agent in the executor's process …
	gate  *gate  // … where the lock is at hand
	kind  Kind
	name  string
	limit int
}

func newSemaphore(ctx context.Context, kind Kind, name string, limit int) semaphore {
	l := semaphore{agent: from(ctx), kind: kind, name: name, limit: limit}
	if o, ok := l.agent.(*Owner); ok {
		l.owner = o
		l.gate = o.site.space.find(l.request(OpAcquire, 1, 0))
	}
	return l
}

// find returns the gate of a request, or nil where one is wrong.
func (s *Space) find(r Request) *gate {
	if r.check() != "" {
		return nil
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if g := s.gate(gateKey{r.Kind, r.Name}, r.Limit); g.limit == r.Limit {
		return g
	}
	return nil
}

// acquire waits for units. What nobody else has or wants needs no request.
func (l *semaphore) acquire(ctx context.Context, k int) (*Abandonment, error) {
	if was, ok := l.owner.pass(l.gate, k); ok {
		return was, nil
	}
	resp, err := call(ctx, l.agent, l.request(OpAcquire, k, Forever))
	return resp.Abandoned, err
}

func (l *semaphore) tryAcquire(k int) (ok bool, was *Abandonment, err error) {
	if was, ok := l.owner.pass(l.gate, k); ok {
		return true, was, nil
	}
	resp, err := call(context.Background(), l.agent, l.request(OpAcquire, k, 0))
	return err == nil && resp.Status == OK, resp.Abandoned, err
}

func (l *semaphore) release(k int) error {
	if l.owner.leave(l.gate, k) {
		return nil
	}
	return post(l.agent, l.request(OpRelease, k, 0))
}

// pass acquires units that are free, of a gate at hand, if there is nothing else
// to think of.
func (o *Owner) pass(g *gate, k int) (was *Abandonment, ok bool) {
	if g == nil || k < 1 {
		return nil, false
	}
	s := o.site.space
	s.mu.Lock()
	if ok = s.closed == nil && !o.over && g.free >= k && g.line.head == nil; ok {
		was = s.take(o, g, k)
	}
	s.mu.Unlock()
	return was, ok
}

// leave releases units of a gate at hand.
func (o *Owner) leave(g *gate, k int) bool {
	if g == nil || k < 1 {
		return false
	}
	s := o.site.space
	s.mu.Lock()
	ok := o.has(g) >= k && s.closed == nil
	if ok {
		s.changes++
		s.giveBack(o, g, k)
	}
	s.unlock()
	return ok
}

func (l *semaphore) request(op Op, k int, wait time.Duration) Request {
	return Request{Op: op, Kind: l.kind, Name: l.name, Limit: l.limit, Count: k, Wait: wait}
}
