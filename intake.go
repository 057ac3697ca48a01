package outpace

import (
	"iter"
	"runtime/debug"
)

// This file is the source's side of a Map: inputs become chunks, which become
// jobs in the queue.
//
//	source ─► accept ─► chunk ─┬─ full, or worth waking a worker ──► flush ─► queue
//	            │              ├─ not filled for a while ─► lingered ───┘
//	            │              └─ a worker has nothing else to do ─► unfilled ─► worker
//	            └─► lookUp: room? waits for the loop and the workers

// pull ranges over the source.
func (r *mapping[In, Out]) pull(in iter.Seq[In]) {
	normal := false
	defer func() {
		var err error
		if !normal {
			err = ErrGoexit
			if v := recover(); v != nil {
				err = &PanicError{Value: v, Stack: debug.Stack()}
			}
			err = &SourceError{Index: r.pulled, Err: err}
		}
		if err == nil && r.shut.Load() {
			err = ErrClosed // the source may have had more
		}
		r.endSource(err)
	}()
	for x := range in {
		if !r.accept(x) {
			break
		}
	}
	normal = true
}

// wanted reports whether another input is wanted at all.
func (r *mapping[In, Out]) wanted() bool { return !r.stopped.Load() && !r.shut.Load() }

func (r *mapping[In, Out]) noMore() {
	r.shut.Store(true)
	r.signalRoom()
}

func (r *mapping[In, Out]) endSource(err error) {
	r.flush()
	r.timer.Reset(linger) // once more, for what is in the last chunks
	r.mu.Lock()
	r.over, r.total, r.sourceErr = true, r.pulled, err
	r.tell()
	r.mu.Unlock()
	r.ex.unregister(r)
	r.ex.leave()
}

// accept takes one input in, and returns when there is room for another; false
// when no other is wanted. For most items it does no more than append: whether
// anything else is to be done is looked at every so often.
func (r *mapping[In, Out]) accept(x In) bool {
	c := r.filling
	if c == nil || !c.append(x) {
		c = r.newChunk()
		c.append(x)
		r.open.Store(c)
	}
	r.pulled++
	if r.sized {
		c.bytes += encodedSize(x)
	}
	if c.filled < c.look && c.bytes < maxBytes {
		return r.wanted()
	}
	return r.lookUp(c)
}

// lookUp hands the chunk that is being filled to the workers if it is time to,
// waits for room, and decides when to look up next.
func (r *mapping[In, Out]) lookUp(c *chunk[In, Out]) bool {
	worth := r.worth()
	switch {
	case c.filled >= c.limit || c.bytes >= maxBytes:
		r.flush()
	case c.filled >= worth && r.ex.queue.Sleeping():
		r.flush()
	case c.filled == 1:
		r.timer.Reset(linger)
	}
	if !r.hasRoom() {
		return r.awaitRoom()
	}
	// A worker that goes to sleep from here on looks at the chunk by itself.
	more := max(worth-c.filled, worth/4, 1)
	c.look = c.filled + min(more, c.limit-c.filled, r.cfg.window-r.pulled+int(r.yielded.Load()))
	return r.wanted()
}

// worth is how many items are worth waking a worker for.
func (r *mapping[In, Out]) worth() int {
	if r.ex.plan.Loop {
		return 1
	}
	return r.cost.Fit(r.wake, maxChunk)
}

// newChunk puts a fresh chunk at the end of the list.
func (r *mapping[In, Out]) newChunk() *chunk[In, Out] {
	size := min(r.cost.Size(), max(1, r.cfg.window/(2*r.ex.plan.Shape.Workers()))) // a window of one chunk would idle the others
	r.mu.Lock()
	defer r.mu.Unlock()
	var c *chunk[In, Out]
	for last := len(r.spare) - 1; last >= 0 && c == nil; last-- {
		if len(r.spare[last].in) >= size { // one that has become too small is dropped
			c = r.spare[last]
			c.reset()
		}
		r.spare[last] = nil
		r.spare = r.spare[:last]
	}
	if c == nil {
		c = newChunk(r, size)
	}
	c.place.Store(int64(r.pulled))
	c.limit, c.look = size, 1
	if c.prev = r.tail; c.prev != nil {
		c.prev.next = c
	} else {
		r.head = c
	}
	r.tail, r.filling = c, c
	return c
}

// flush hands the chunk that is being filled to the workers.
func (r *mapping[In, Out]) flush() {
	c := r.filling
	r.filling = nil
	if c != nil && r.seal(c) {
		r.enqueue(c)
	}
}

func (r *mapping[In, Out]) seal(c *chunk[In, Out]) bool {
	r.open.CompareAndSwap(c, nil)
	if !c.seal() {
		return false
	}
	r.queued.Add(1)
	return true
}

func (r *mapping[In, Out]) enqueue(c *chunk[In, Out]) {
	if !r.ex.queue.PutOver(entry{ticket: &c.ticket}) {
		r.ex.grow()
	}
	if r.nested { // all slots may be in loops like this one's: it has to help itself
		r.mu.Lock()
		r.tell()
		r.mu.Unlock()
	}
}

// lingered hands out a chunk that the source does not fill, and has a worker that
// sleeps look at those that others are busy with: one may be held up by an item.
func (r *mapping[In, Out]) lingered() {
	if c := r.open.Load(); c != nil && r.seal(c) {
		r.enqueue(c)
	}
	if r.ex.offers.n.Load() > 0 {
		r.ex.callHelp()
	}
}

func (r *mapping[In, Out]) unfilled() job {
	c := r.open.Load()
	if c == nil || c.size() < r.worth() || !r.seal(c) {
		return nil
	}
	return c
}

// hasRoom reports whether another input may be pulled.
func (r *mapping[In, Out]) hasRoom() bool {
	return r.pulled-int(r.yielded.Load()) < r.cfg.window && r.held.Load() < r.cfg.windowBytes && r.queued.Load() < r.ahead
}

func (r *mapping[In, Out]) awaitRoom() bool {
	r.flush() // nothing will be added to it for a while
	r.behind.Store(int64(r.pulled))
	r.blocked.Store(true)
	defer r.blocked.Store(false)
	for !r.hasRoom() && r.wanted() {
		select {
		case <-r.room:
		case <-r.ctx.Done():
			return false
		}
	}
	return r.wanted()
}

func (r *mapping[In, Out]) signalRoom() {
	if r.blocked.Load() {
		poke(r.room)
	}
}

// pickUp is told that a worker has begun with a chunk.
func (r *mapping[In, Out]) pickUp() {
	r.queued.Add(-1)
	r.signalRoom()
}

// passOn is told that the loop has taken n more items: after some of them only,
// since what it writes, the source reads. A blocked source is woken when an
// eighth of the window is free, so that the two do not take turns.
func (r *mapping[In, Out]) passOn(n int) {
	y := r.yielded.Add(int64(n))
	if r.blocked.Load() && r.behind.Load()-y <= int64(r.cfg.window-max(1, r.cfg.window/8)) {
		r.signalRoom()
	}
}
