package outpace

import (
	"context"
	"errors"
	"fmt"
	"iter"
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
	brings() bool     // its source may go on
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
	unstop  func() bool // withdraws StopOn
	nested  bool        // the loop runs inside a task of the same executor
	sized   bool        // it is known how many bytes an input takes
	wake    time.Duration
	ahead   int32       // chunks that may wait for a worker
	step    int         // items that the loop takes at most before it says so
	stopped atomic.Bool // nothing more starts
	shut    atomic.Bool // no further input is pulled
	shares  atomic.Bool // an item has used package share: each is claimed alone
	room    chan struct{}

	// What follows is written for every item or chunk. The pads keep it away from
	// what all sides read for every item: each side has its own cache line.
	_       engine.Pad
	filling *chunk[In, Out] // the source's goroutine only, as the next two
	pulled  int
	timer   *time.Timer // seals a chunk that lingers

	_       engine.Pad
	yielded atomic.Int64 // items the loop has taken
	blocked atomic.Bool  // the source waits for room
	behind  atomic.Int64 // pulled, while blocked

	_      engine.Pad
	cost   engine.Grain                   // of an item
	open   atomic.Pointer[chunk[In, Out]] // what unfilled may seal
	queued atomic.Int32                   // chunks sealed and not begun
	busy   atomic.Int64                   // items claimed and not finished
	held   atomic.Int64                   // bytes of results that wait for the loop

	_        engine.Pad
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
		mode: m, ex: e, cfg: cfg, fn: f, nested: e.local && inside(ctx) == e, sized: hasSize[In](),
		step: min(max(cfg.window/64, 1), 64), room: make(chan struct{}, 1), more: make(chan struct{}, 1),
		ahead: int32(min(2*e.plan.Shape.Workers()+2, manyChunks)), wake: wakeFar,
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

// blockSize is how many items a slot claims at once: one when each needs a
// watch of its own.
func (r *mapping[In, Out]) blockSize() int {
	if r.shares.Load() {
		return 1
	}
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
