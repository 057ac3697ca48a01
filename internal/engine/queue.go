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
// empty and whose putters block when it is full.
//
//	putters ─► ring ─► takers:  busy ─► searching (one at a time, briefly) ─► asleep
//
// Waking a goroutine costs as much as running several small tasks. So a put
// wakes one sleeper, or nobody while a taker searches: that one will find it.
// Whoever takes while more is left wakes the next, so nothing ever lies there
// while a taker sleeps.
type Queue[T any] struct {
	mu     sync.Mutex
	ring   []T // a ring that grows
	head   int
	n      int
	bound  int
	urgent []T // taken first; not bounded here: it holds what was taken before and came back
	full   []chan struct{}
	idle   []*Sleeper
	closed bool

	// Readable without the lock; the pad keeps those who look from slowing down
	// those who hold it.
	_      Pad
	size   atomic.Int32 // len(urgent) + n
	sleeps atomic.Int32 // len(idle)
	search atomic.Bool  // a taker searches
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

// Put appends v. It blocks while the queue is full, until ctx is done. told
// reports whether a taker will see to it: one that slept, or that searches.
func (q *Queue[T]) Put(ctx context.Context, v T) (told bool, err error) {
	q.mu.Lock()
	for waited := false; ; waited = true {
		if q.closed {
			q.mu.Unlock()
			return false, ErrClosed
		}
		if q.n < q.bound {
			told = q.push(v)
			if waited && q.n < q.bound {
				q.callPutter() // there is room for more than one
			}
			q.mu.Unlock()
			return told, nil
		}
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
}

// TryPut appends v if there is room, and reports whether it did.
func (q *Queue[T]) TryPut(v T) (told, ok bool, err error) {
	q.mu.Lock()
	switch {
	case q.closed:
		err = ErrClosed
	case q.n < q.bound:
		told, ok = q.push(v), true
	}
	q.mu.Unlock()
	return told, ok, err
}

// PutOver appends v even when the queue is full or closed: for producers that
// keep a bound of their own.
func (q *Queue[T]) PutOver(v T) (told bool) {
	q.mu.Lock()
	defer q.mu.Unlock()
	return q.push(v)
}

// PutUrgent puts v before everything else, also into a full or closed queue.
func (q *Queue[T]) PutUrgent(v T) (told bool) {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.urgent = append(q.urgent, v)
	return q.tell()
}

// push appends to the ring, which has room or can grow. The lock is held.
func (q *Queue[T]) push(v T) (told bool) {
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
	return q.tell()
}

// tell sees to it that a taker knows of what was put. A taker that searches looks
// at size, which is written first, once more after it has said that it does not
// search any more. The lock is held.
func (q *Queue[T]) tell() bool {
	q.size.Store(int32(q.n + len(q.urgent)))
	return q.search.Load() || q.wakeOne()
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

// WakeOne tells one sleeping taker to look around, and reports whether there was
// one.
func (q *Queue[T]) WakeOne() bool {
	if !q.Sleeping() {
		return false
	}
	q.mu.Lock()
	defer q.mu.Unlock()
	return q.wakeOne()
}

// Search reports whether the caller may search: poll Len for a short while
// instead of sleeping. It must call Found then, before it takes or sleeps. Only
// one taker may at a time, since more would be in the way of those that work.
func (q *Queue[T]) Search() bool { return !q.search.Load() && q.search.CompareAndSwap(false, true) }

// Found ends a search.
func (q *Queue[T]) Found() { q.search.Store(false) }

// Take fills buf with the next items: at most a fair share of them when the
// queue feeds share takers, so that a quick taker does not hoard. It returns 0
// when the queue is empty; it never blocks. alone reports that something is left,
// and that none slept who could be woken for it.
func (q *Queue[T]) Take(buf []T, share int) (n int, alone bool) {
	q.mu.Lock()
	n, alone = q.take(buf, share)
	q.mu.Unlock()
	return n, alone
}

// TakeOrSleep is Take that puts s into the idle list when there is nothing. The
// caller then looks once more for other work and waits for s.Wake, or calls
// PassOn because it found some. Otherwise s is out of the list.
func (q *Queue[T]) TakeOrSleep(buf []T, share int, s *Sleeper) (n int, alone bool) {
	q.mu.Lock()
	n, alone = q.take(buf, share)
	switch {
	case n > 0:
		q.rise(s)
	case !s.asleep:
		s.asleep = true
		q.idle = append(q.idle, s)
		q.sleeps.Store(int32(len(q.idle)))
	}
	q.mu.Unlock()
	return n, alone
}

// Rise takes s out of the idle list. Call it when s has woken up.
func (q *Queue[T]) Rise(s *Sleeper) {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.rise(s)
}

// PassOn takes s out of the idle list because it has found other work. If it
// was woken in the meantime, another sleeper is woken in its place; alone reports
// that there was none.
func (q *Queue[T]) PassOn(s *Sleeper) (alone bool) {
	q.mu.Lock()
	defer q.mu.Unlock()
	alone = !s.asleep && q.n+len(q.urgent) > 0 && !q.wakeOne()
	q.rise(s)
	return alone
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

func (q *Queue[T]) take(buf []T, share int) (n int, alone bool) {
	if q.n+len(q.urgent) == 0 {
		return 0, false
	}
	var zero T
	fair := min(len(buf), (q.n+len(q.urgent)+share-1)/max(share, 1))
	for n < fair && len(q.urgent) > 0 {
		buf[n] = q.urgent[0]
		q.urgent[0] = zero
		q.urgent = q.urgent[1:]
		n++
	}
	want := fair - n
	for n < fair {
		n += q.pull(buf[n:fair])
	}
	left := q.n + len(q.urgent)
	q.size.Store(int32(left))
	if want > 0 && q.n < q.bound {
		q.callPutter()
	}
	return n, n > 0 && left > 0 && !q.wakeOne()
}

// pull takes the first of the ring, up to its end: as one copy, since putters wait
// for the lock meanwhile. The lock is held.
func (q *Queue[T]) pull(buf []T) (n int) {
	part := q.ring[q.head:min(q.head+len(buf), len(q.ring))]
	n = copy(buf, part)
	clear(part)
	if q.head += n; q.head == len(q.ring) {
		q.head = 0
	}
	q.n -= n
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
	_, _ = q.take(one[:], 1)
	return one[0], true
}

// Sleeping reports whether a taker sleeps.
func (q *Queue[T]) Sleeping() bool { return q.sleeps.Load() > 0 }

// Len is how many items wait.
func (q *Queue[T]) Len() int { return int(q.size.Load()) }

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
