package engine

import (
	"context"
	"errors"
	"sync"
	"sync/atomic"
)

// ErrClosed is returned by Put once the queue is closed.
var ErrClosed = errors.New("queue closed")

// Queue is a bounded first-in-first-out queue whose takers sleep when it is
// empty and whose putters block when it is full. Takers are woken one for each
// item, and only those that sleep: a busy taker costs a producer nothing.
type Queue[T any] struct {
	mu      sync.Mutex
	ring    []T // a ring that grows
	head, n int
	bound   int
	urgent  []T // taken first; not bounded here: it holds what was taken before and came back
	full    []chan struct{}
	idle    []*Sleeper
	sleeps  atomic.Int32 // len(idle), readable without the lock
	closed  bool
}

// Sleeper is a taker's bed: made once for each taker, used by one goroutine.
type Sleeper struct {
	wake   chan struct{}
	asleep bool // in the idle list; guarded by the queue's lock
}

// NewSleeper makes a Sleeper.
func NewSleeper() *Sleeper { return &Sleeper{wake: make(chan struct{}, 1)} }

// Wake is ready to receive from when the sleeper was woken.
func (s *Sleeper) Wake() <-chan struct{} { return s.wake }

// Rouse wakes the sleeper for a reason that is not in the queue.
func (s *Sleeper) Rouse() {
	select {
	case s.wake <- struct{}{}:
	default: // it has been told already
	}
}

// NewQueue makes a queue that holds at most bound items.
func NewQueue[T any](bound int) *Queue[T] {
	return &Queue[T]{bound: bound, ring: make([]T, min(bound, 16))}
}

// Put appends v. It blocks while the queue is full, until ctx is done. woke
// reports whether a sleeping taker was told.
func (q *Queue[T]) Put(ctx context.Context, v T) (woke bool, err error) {
	q.mu.Lock()
	for !q.closed && q.n >= q.bound {
		room := make(chan struct{})
		q.full = append(q.full, room)
		q.mu.Unlock()
		select {
		case <-room:
		case <-ctx.Done():
			q.forget(room)
			return false, context.Cause(ctx)
		}
		q.mu.Lock()
	}
	defer q.mu.Unlock()
	if q.closed {
		return false, ErrClosed
	}
	return q.push(v), nil
}

// TryPut appends v if there is room, and reports whether it did.
func (q *Queue[T]) TryPut(v T) (woke, ok bool, err error) {
	q.mu.Lock()
	defer q.mu.Unlock()
	if q.closed {
		return false, false, ErrClosed
	}
	if q.n >= q.bound {
		return false, false, nil
	}
	return q.push(v), true, nil
}

// PutOver appends v even when the queue is full or closed: for producers that
// keep a bound of their own.
func (q *Queue[T]) PutOver(v T) (woke bool) {
	q.mu.Lock()
	defer q.mu.Unlock()
	return q.push(v)
}

// PutUrgent puts v before everything else, also into a full or closed queue.
func (q *Queue[T]) PutUrgent(v T) (woke bool) {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.urgent = append(q.urgent, v)
	return q.wakeOne()
}

// push appends to the ring, which has room or can grow. The lock is held.
func (q *Queue[T]) push(v T) (woke bool) {
	if q.n == len(q.ring) {
		bigger := make([]T, max(min(2*len(q.ring), q.bound), len(q.ring)+16))
		k := copy(bigger, q.ring[q.head:])
		copy(bigger[k:], q.ring[:q.head])
		q.ring, q.head = bigger, 0
	}
	at := q.head + q.n
	if at >= len(q.ring) {
		at -= len(q.ring)
	}
	q.ring[at] = v
	q.n++
	return q.wakeOne()
}

// forget takes a blocked putter out of the line, or passes its turn on when it
// was called in the meantime.
func (q *Queue[T]) forget(room chan struct{}) {
	q.mu.Lock()
	defer q.mu.Unlock()
	for i, c := range q.full {
		if c == room {
			q.full = append(q.full[:i], q.full[i+1:]...)
			return
		}
	}
	q.callPutter()
}

func (q *Queue[T]) callPutter() {
	if len(q.full) > 0 {
		close(q.full[0])
		q.full = q.full[1:]
	}
}

func (q *Queue[T]) wakeOne() bool {
	last := len(q.idle) - 1
	if last < 0 {
		return false
	}
	s := q.idle[last]
	q.idle[last] = nil
	q.idle = q.idle[:last]
	q.sleeps.Store(int32(last))
	s.asleep = false
	s.Rouse()
	return true
}

// WakeOne tells one sleeping taker to look around, if there is one.
func (q *Queue[T]) WakeOne() {
	if q.Sleeping() {
		q.mu.Lock()
		q.wakeOne()
		q.mu.Unlock()
	}
}

// Take fills buf with the next items: at most a fair share of them when the
// queue feeds share takers, so that a quick taker does not hoard. It returns 0
// when the queue is empty; it never blocks.
func (q *Queue[T]) Take(buf []T, share int) int {
	q.mu.Lock()
	defer q.mu.Unlock()
	return q.take(buf, share)
}

// TakeOrSleep is Take that puts s into the idle list when there is nothing. The
// caller then looks once more for other work and waits for s.Wake, or calls
// PassOn because it found some.
func (q *Queue[T]) TakeOrSleep(buf []T, share int, s *Sleeper) int {
	q.mu.Lock()
	defer q.mu.Unlock()
	n := q.take(buf, share)
	if n == 0 && !s.asleep {
		s.asleep = true
		q.idle = append(q.idle, s)
		q.sleeps.Store(int32(len(q.idle)))
	}
	return n
}

// Rise takes s out of the idle list. Call it when s has woken up.
func (q *Queue[T]) Rise(s *Sleeper) {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.rise(s)
}

// PassOn takes s out of the idle list because it has found other work. If it
// was woken in the meantime, another sleeper is woken in its place.
func (q *Queue[T]) PassOn(s *Sleeper) {
	q.mu.Lock()
	defer q.mu.Unlock()
	if !s.asleep && q.n+len(q.urgent) > 0 {
		q.wakeOne()
	}
	q.rise(s)
}

func (q *Queue[T]) rise(s *Sleeper) {
	if !s.asleep {
		return
	}
	s.asleep = false
	for i, other := range q.idle {
		if other == s {
			q.idle = append(q.idle[:i], q.idle[i+1:]...)
			break
		}
	}
	q.sleeps.Store(int32(len(q.idle)))
}

func (q *Queue[T]) take(buf []T, share int) (n int) {
	var zero T
	for n < len(buf) && len(q.urgent) > 0 {
		buf[n] = q.urgent[0]
		q.urgent[0] = zero
		q.urgent = q.urgent[1:]
		n++
	}
	want := min(len(buf)-n, (q.n+share-1)/max(share, 1))
	for range want {
		buf[n] = q.ring[q.head]
		q.ring[q.head] = zero
		if q.head++; q.head == len(q.ring) {
			q.head = 0
		}
		q.n--
		n++
		if q.n < q.bound {
			q.callPutter()
		}
	}
	return n
}

// TakeIf takes the next item when it satisfies fits. Urgent items are left.
func (q *Queue[T]) TakeIf(fits func(T) bool) (v T, ok bool) {
	q.mu.Lock()
	defer q.mu.Unlock()
	if q.n == 0 || len(q.urgent) > 0 || !fits(q.ring[q.head]) {
		return v, false
	}
	one := [1]T{}
	q.take(one[:], 1)
	return one[0], true
}

// Sleeping reports whether a taker sleeps.
func (q *Queue[T]) Sleeping() bool { return q.sleeps.Load() > 0 }

// Sleepers is how many takers sleep.
func (q *Queue[T]) Sleepers() int { return int(q.sleeps.Load()) }

// Len is how many items wait.
func (q *Queue[T]) Len() int {
	q.mu.Lock()
	defer q.mu.Unlock()
	return q.n + len(q.urgent)
}

// Close makes every Put, blocked ones too, fail with ErrClosed. What is in the
// queue stays until it is taken.
func (q *Queue[T]) Close() {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.closed = true
	for _, room := range q.full {
		close(room)
	}
	q.full = nil
}

// RouseAll wakes every sleeper, so that each sees that the time is up.
func (q *Queue[T]) RouseAll() {
	q.mu.Lock()
	defer q.mu.Unlock()
	for q.wakeOne() {
	}
}
