package outpace

import (
	"context"
	"time"
)

// report takes in that items a to b (exclusive) of c are finished.
func (r *mapping[In, Out]) report(c *chunk[In, Out], a, b int) {
	r.mu.Lock()
	defer r.mu.Unlock()
	c.finished += b - a
	r.finished += b - a
	if r.ordered {
		c.done.Add(a, b)
		if c == r.head {
			r.tell()
		}
		return
	}
	r.ready = append(r.ready, span[In, Out]{c, a, b})
	r.tell()
}

// skip finishes items that are not to run any more.
func (r *mapping[In, Out]) skip(c *chunk[In, Out], a, b int) {
	for i := a; i < b; i++ {
		c.setErr(i, errSkipped)
	}
	r.report(c, a, b)
}

// idle is told that n items are no longer with a worker.
func (r *mapping[In, Out]) idle(n int) {
	if r.busy.Add(int64(-n)) > 0 {
		return
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.leaving {
		r.tellAnyway()
	}
}

// tell wakes the loop if it waits. The lock is held.
func (r *mapping[In, Out]) tell() {
	if r.hungry || r.leaving {
		r.hungry = false
		r.tellAnyway()
	}
}

func (r *mapping[In, Out]) tellAnyway() { poke(r.more) }

// nextSpan blocks until items are finished that may be yielded, and returns
// them; false at the end of the run, or when it was stopped.
func (r *mapping[In, Out]) nextSpan() (s span[In, Out], ok bool) {
	for {
		if r.ctx.Err() != nil { // also when the loop never has to wait
			r.halt(context.Cause(r.ctx))
		}
		r.mu.Lock()
		s, ok := r.takeSpan()
		done := r.over && r.finished == r.total || r.cause != nil || r.failure != nil && r.allFinished()
		r.hungry = !ok && !done
		r.mu.Unlock()
		if ok || done {
			return s, ok
		}
		if r.nested {
			r.helpOut()
		}
		select {
		case <-r.more:
		case <-r.assist:
			r.assist = nil
		case <-r.ctx.Done():
			r.halt(context.Cause(r.ctx))
		}
	}
}

// allFinished reports whether every input that was pulled is finished: the end
// of a run that was stopped, whose source may never return. The lock is held.
func (r *mapping[In, Out]) allFinished() bool {
	for c := r.head; c != nil; c = c.next {
		if c.finished < c.size() {
			return false
		}
	}
	return true
}

// takeSpan takes what may be yielded now. The lock is held.
func (r *mapping[In, Out]) takeSpan() (s span[In, Out], ok bool) {
	if !r.ordered {
		if len(r.ready) == 0 {
			return s, false
		}
		s = r.ready[0]
		r.ready = r.ready[1:]
		return s, true
	}
	if c := r.head; c != nil && c.done.Prefix() > c.taken {
		return span[In, Out]{c, c.taken, c.done.Prefix()}, true
	}
	return s, false
}

// consumed is told that the loop is through with a span. A chunk that is used
// up is taken out of the list and kept for reuse.
func (r *mapping[In, Out]) consumed(s span[In, Out]) {
	c := s.c
	r.mu.Lock()
	defer r.mu.Unlock()
	c.taken += s.b - s.a
	if c.fill.Load()&1 == 0 || c.taken < c.size() {
		return
	}
	if weight := c.weight.Swap(0); weight > 0 {
		r.held.Add(-weight)
		r.signalRoom()
	}
	if c.prev != nil {
		c.prev.next = c.next
	} else {
		r.head = c.next
	}
	if c.next != nil {
		c.next.prev = c.prev
	} else {
		r.tail = c.prev
	}
	c.prev, c.next = nil, nil // else one that is kept keeps all that came after it
	if len(r.spare) < int(r.ahead) {
		clear(c.in[:c.size()])
		clear(c.out[:c.size()])
		r.spare = append(r.spare, c)
	}
}

// reset makes a used-up chunk ready to be filled again. Only the source's
// goroutine calls it: it may still hold a chunk that was sealed behind its back
// and is used up by now, and must find it sealed.
func (c *chunk[In, Out]) reset() {
	c.claims.Store(0)
	c.filled, c.bytes, c.finished, c.taken = 0, 0, 0, 0
	c.errs = nil
	c.done.Reset()
	c.fill.Store(0)
}

// helpOut has the caller's slot work for a loop that is itself in a task: on a
// goroutine of its own, since a task may panic or end its goroutine.
func (r *mapping[In, Out]) helpOut() {
	if r.assist != nil {
		return
	}
	r.lingered()
	r.mu.Lock()
	var j job
	for len(r.back) > 0 && j == nil {
		if last := len(r.back) - 1; r.back[last].left() > 0 {
			j = r.back[last]
		} else {
			r.back = r.back[:last]
		}
	}
	for c := r.head; c != nil && j == nil; c = c.next {
		if c.left() > 0 {
			j = c
		}
	}
	r.mu.Unlock()
	if j != nil {
		r.assist = r.ex.host(j)
	}
}

// finish ends the run: what is still running is cancelled and waited for, for
// the grace period at most.
func (r *mapping[In, Out]) finish() {
	if r.unstop != nil {
		r.unstop()
	}
	r.halt(ErrCancelled)
	r.mu.Lock()
	r.leaving = true
	r.mu.Unlock()
	if !r.quiet() {
		mine := func(j job) bool { return sameRun(j, r) }
		r.ex.recall(mine)
		r.ex.cancelRemote(mine)
		timer := time.NewTimer(r.cfg.grace)
		defer timer.Stop()
	wait:
		for !r.quiet() {
			select {
			case <-r.more:
			case <-timer.C:
				break wait
			}
		}
	}
	r.timer.Stop()
	r.release()
}

// quiet reports whether nothing of the run is going on any more.
func (r *mapping[In, Out]) quiet() bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.over && r.busy.Load() == 0
}

func sameRun(j job, r mapRun) bool {
	m, ok := j.(interface{ mapRun() mapRun })
	return ok && m.mapRun() == r
}

// verdict is the error of the run as a whole.
func (r *mapping[In, Out]) verdict() error {
	r.mu.Lock()
	defer r.mu.Unlock()
	switch {
	case r.cause != nil:
		return r.cause
	case r.failure != nil:
		return r.failure
	}
	return r.sourceErr
}
