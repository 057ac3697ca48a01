package outpace

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"runtime/debug"
	"sync"
	"sync/atomic"
	"time"

	"github.com/outpace-run/outpace/internal/engine"
)

// errSkipped marks an item that never ran because the run was stopped.
var errSkipped = errors.New("skipped")

// mapRun is a mapping of any types, as its executor sees it.
type mapRun interface {
	unfilled() job    // seals the chunk that is being filled and hands it out, if that is worth it
	halt(cause error) // stops the run; cause is its error
	returned(j job)   // one of its jobs came back to the queue
	noMore()          // the executor is closing: no further input is pulled
	stuck() string    // what of it cannot be ended, or ""
}

// mapping is one Map while it runs.
//
//	source goroutine        slots or lanes           the caller's loop
//	in ─► accept ─► chunk ─► queue ─► run ─► report ─► nextSpan ─► take
//	        ▲                                                       │
//	        └────────────── room: window, bytes, chunks ahead ◄─────┘
type mapping[In, Out any] struct {
	mode
	ex      *Executor
	cfg     *config
	fn      Function[In, Out]
	ctx     context.Context // of every item
	cancel  context.CancelCauseFunc
	release func()
	unstop  func() bool  // withdraws StopOn
	nested  bool         // the loop runs inside a task of the same executor
	cost    engine.Grain // of an item
	wake    time.Duration
	ahead   int32 // chunks that may wait for a worker

	// The source's goroutine only:
	filling *chunk[In, Out]
	pulled  int
	timer   *time.Timer // seals a chunk that lingers

	open    atomic.Pointer[chunk[In, Out]] // what unfilled may seal
	queued  atomic.Int32                   // chunks sealed and not begun
	busy    atomic.Int64                   // items claimed and not finished
	yielded atomic.Int64                   // items the loop has taken
	held    atomic.Int64                   // bytes of results that wait for the loop
	stopped atomic.Bool                    // nothing more starts
	shut    atomic.Bool                    // no further input is pulled
	blocked atomic.Bool                    // the source waits for room
	behind  atomic.Int64                   // pulled, while blocked
	room    chan struct{}

	asking   sync.Mutex // held while StopIf is asked
	failures int        // items that failed for good; guarded by asking

	mu         sync.Mutex
	head, tail *chunk[In, Out]
	spare      []*chunk[In, Out]
	ready      []span[In, Out] // finished spans, when unordered
	finished   int             // items finished or skipped
	over       bool            // the source has ended
	total      int             // inputs, once it has
	sourceErr  error
	cause      error // why the run was stopped
	failure    error // why nothing more starts: FailFast, StopIf, StopOn
	hungry     bool  // the loop waits
	leaving    bool  // the loop was left, or has ended
	more       chan struct{}
	back       []job           // of a nested run: jobs that came back
	assist     <-chan struct{} // closed when the guest of a nested loop has ended; nil without one
}

// span is items a to b (exclusive) of a chunk.
type span[In, Out any] struct {
	c    *chunk[In, Out]
	a, b int
}

func newMapping[In, Out any](ctx context.Context, e *Executor, f Function[In, Out], m mode, opts []Option) (*mapping[In, Out], error) {
	cfg, err := e.cfg.with(opts)
	if ctx == nil {
		ctx, err = context.Background(), errNilContext
	}
	if err == nil {
		err = e.model.Check(f)
	}
	if err == nil {
		err = e.open()
	}
	if err == nil {
		err = context.Cause(ctx)
	}
	if err != nil {
		return nil, err
	}
	r := &mapping[In, Out]{
		mode: m, ex: e, cfg: cfg, fn: f, nested: e.local && inside(ctx) == e,
		room: make(chan struct{}, 1), more: make(chan struct{}, 1),
		ahead: int32(2*e.plan.Shape.Workers() + 2), wake: wakeFar,
	}
	r.cost.Target, r.cost.Most = batchWork, maxChunk
	if e.local {
		r.cost.Target, r.wake = chunkWork, wakeLocal
		ctx = context.WithValue(ctx, insideKey{}, e)
	}
	if e.plan.Loop {
		r.cost.Most = 16 // items of a batch wait together: their wall time says nothing about cost
	}
	r.ctx, r.cancel, r.release = e.merge(ctx, nil, 0)
	return r, nil
}

// start begins to pull from the source.
func (r *mapping[In, Out]) start(in iter.Seq[In]) error {
	if !r.ex.enter() {
		r.cancel(nil)
		r.release()
		return r.ex.closedCause()
	}
	r.ex.register(r)
	r.timer = time.AfterFunc(time.Hour, r.lingered)
	r.timer.Stop()
	if stop := r.cfg.stopOn; stop != nil {
		r.unstop = context.AfterFunc(stop, func() { r.stopStarting(context.Cause(stop)) })
	}
	go r.pull(in)
	return nil
}

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
	r.timer.Stop()
	r.mu.Lock()
	r.over, r.total, r.sourceErr = true, r.pulled, err
	r.tell()
	r.mu.Unlock()
	r.ex.unregister(r)
	r.ex.leave()
}

// accept takes one input in, and returns when there is room for another; false
// when no other is wanted.
func (r *mapping[In, Out]) accept(x In) bool {
	c := r.filling
	if c == nil || !c.append(x) {
		c = r.newChunk()
		c.append(x)
		r.open.Store(c)
	}
	r.pulled++
	c.bytes += encodedSize(x)
	switch {
	case c.filled >= c.limit || c.bytes >= maxBytes:
		r.flush()
	case r.ex.queue.Sleeping() && r.worthIt(c.filled):
		r.flush()
	case c.filled == 1:
		r.timer.Reset(linger)
	}
	if r.hasRoom() {
		return r.wanted()
	}
	return r.awaitRoom()
}

// worthIt reports whether n items are worth waking a worker for.
func (r *mapping[In, Out]) worthIt(n int) bool {
	return !r.cost.Known() || r.ex.plan.Loop || time.Duration(n)*r.cost.Cost() >= r.wake
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
		c = &chunk[In, Out]{r: r, in: make([]In, size), out: make([]Out, size)}
		if r.records {
			c.recs = make([]record, size)
		}
	}
	c.place.Store(int64(r.pulled))
	c.limit = size
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
	if !r.ex.queue.PutOver(c) {
		r.ex.grow()
	}
	if r.nested { // all slots may be in loops like this one's: it has to help itself
		r.mu.Lock()
		r.tell()
		r.mu.Unlock()
	}
}

// lingered hands out a chunk that the source does not fill.
func (r *mapping[In, Out]) lingered() {
	if c := r.open.Load(); c != nil && r.seal(c) {
		r.enqueue(c)
	}
}

func (r *mapping[In, Out]) unfilled() job {
	c := r.open.Load()
	if c == nil || !r.worthIt(c.size()) || !r.seal(c) {
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

// passOn is told that the loop takes n more items. A blocked source is woken
// when an eighth of the window is free, so that the two do not take turns.
func (r *mapping[In, Out]) passOn(n int) {
	y := r.yielded.Add(int64(n))
	if r.blocked.Load() && r.behind.Load()-y <= int64(r.cfg.window-max(1, r.cfg.window/8)) {
		r.signalRoom()
	}
}

// blockSize is how many items a slot claims at once: one when each needs a
// watch of its own.
func (r *mapping[In, Out]) blockSize() int {
	if r.cfg.timeout > 0 {
		return 1
	}
	return r.cost.Fit(blockWork, maxBlock)
}

// failed stops the run after a failure when FailFast or StopIf asks for it.
func (r *mapping[In, Out]) failed(err error) {
	if r.cfg.stopIf != nil && r.enough() {
		r.stopStarting(err)
	}
}

// enough counts a failure and asks StopIf.
func (r *mapping[In, Out]) enough() (yes bool) {
	r.asking.Lock()
	defer r.asking.Unlock()
	r.failures++
	r.mu.Lock()
	finished := r.finished
	r.mu.Unlock()
	r.ex.call(func() { yes = r.cfg.stopIf(r.failures, finished) })
	return yes
}

// stopStarting has nothing more started; what runs goes on.
func (r *mapping[In, Out]) stopStarting(cause error) {
	r.mu.Lock()
	if r.failure == nil {
		r.failure = fmt.Errorf("%w: %w", ErrStopped, cause)
	}
	r.mu.Unlock()
	r.stopped.Store(true)
	r.signalRoom()
	r.lingered() // its items are to be passed over too
	r.ex.recall(func(j job) bool { return sameRun(j, r) })
}

func (r *mapping[In, Out]) halt(cause error) {
	r.mu.Lock()
	if r.cause == nil {
		r.cause = cause
	}
	r.tell()
	r.mu.Unlock()
	r.stopped.Store(true)
	r.cancel(cause)
	r.signalRoom()
}

func (r *mapping[In, Out]) returned(j job) {
	if !r.nested {
		return
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	r.back = append(r.back, j)
	r.tellAnyway()
}

func (r *mapping[In, Out]) stuck() string {
	return fmt.Sprintf("source of %s, after %d inputs", r.fn.Name(), r.yielded.Load())
}
