package outpace

import (
	"context"
	"runtime"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/outpace-run/outpace/internal/engine"
	"github.com/outpace-run/outpace/share"
)

// How much work goes into one piece, and how many items at most. A chunk costs
// about a microsecond to hand over inside this process and about 50 to a worker
// process, so these keep the overhead near 2 % and the pieces small.
const (
	chunkWork = 40 * time.Microsecond  // a chunk run in this process
	batchWork = 5 * time.Millisecond   // a batch sent to a worker process
	wakeLocal = 5 * time.Microsecond   // an unfilled chunk with this much work is worth waking a slot for
	wakeFar   = 200 * time.Microsecond // … or a worker process
	blockWork = 2 * time.Microsecond   // what a slot claims of a chunk at once
	maxBlock  = 256
	maxChunk  = 8192
	maxBytes  = 256 << 10 // of encoded inputs in a chunk, where they are known
	linger    = time.Millisecond

	// manyChunks of chunkWork are as much as a goroutine computes before the runtime
	// interrupts it (10 ms): more of them need not wait for a worker.
	manyChunks = 256
)

// chunk is consecutive inputs of a Map, their results, and the job to turn one
// into the other. Several slots may work on it at once, each claiming blocks.
//
//	fill: the source appends ─► seal ─► claim, run, report ─► the loop takes ─► reused
//
// claims packs the next unclaimed item (high half) and the number of items (low
// half; 0 until sealed) into one word, so that a slot that comes late to a chunk
// that is being reused claims nothing, or something that is there.
type chunk[In, Out any] struct {
	r      *mapping[In, Out]
	ticket ticket
	place  atomic.Int64  // position of item 0 in the Map; Close looks at it at any time
	limit  int           // items to fill in
	look   int           // how many of them may be filled in before the source looks up
	bytes  int           // of the inputs, where they are known
	weight atomic.Int64  // bytes of the results that came from other processes
	filled int           // by the source
	fill   atomic.Uint32 // items filled in, times 2, plus 1 when sealed
	claims atomic.Uint64

	in   []In
	out  []Out
	recs []record // where whole records are wanted

	mu   sync.Mutex
	errs []error // nil until an item fails; grows to one for each item

	// Guarded by r.mu:
	prev, next *chunk[In, Out]
	done       engine.Spans
	finished   int // items finished
	taken      int // items the loop has taken
}

// record is what is known of one item besides its value.
type record struct {
	attempts int32
	worker   int32
	wall     time.Duration
	cpu      time.Duration
}

// append adds an input; false when the chunk was sealed by somebody else.
func (c *chunk[In, Out]) append(x In) bool {
	n := c.filled
	if n < len(c.in) {
		c.in[n] = x
	} else {
		return false
	}
	if !c.fill.CompareAndSwap(uint32(2*n), uint32(2*n+2)) {
		return false
	}
	c.filled = n + 1
	return true
}

// seal ends the filling. It returns false when that was done before, or when
// there is nothing in the chunk.
func (c *chunk[In, Out]) seal() bool {
	for {
		f := c.fill.Load()
		if f&1 != 0 || f == 0 {
			return false
		}
		if c.fill.CompareAndSwap(f, f|1) {
			c.claims.Store(uint64(f / 2))
			return true
		}
	}
}

func (c *chunk[In, Out]) size() int { return int(c.fill.Load() / 2) }

func newChunk[In, Out any](r *mapping[In, Out], size int) *chunk[In, Out] {
	c := &chunk[In, Out]{r: r, in: make([]In, size), out: make([]Out, size)}
	c.ticket.job = c
	if r.records {
		c.recs = make([]record, size)
	}
	return c
}

func (c *chunk[In, Out]) mapRun() mapRun        { return c.r }
func (c *chunk[In, Out]) card() *ticket         { return &c.ticket }
func (c *chunk[In, Out]) unwanted() bool        { return c.r.ctx.Err() != nil }
func (c *chunk[In, Out]) function() AnyFunction { return c.r.fn }
func (c *chunk[In, Out]) settings() *config     { return c.r.cfg }
func (c *chunk[In, Out]) grain() *engine.Grain  { return &c.r.cost }
func (c *chunk[In, Out]) input(i int) any       { return c.in[i] }
func (c *chunk[In, Out]) first() int            { return int(c.place.Load()) }
func (c *chunk[In, Out]) tries(int) int         { return 1 }
func (c *chunk[In, Out]) doubts() int           { return 0 }

func (c *chunk[In, Out]) left() int {
	w := c.claims.Load()
	return max(int(uint32(w))-int(w>>32), 0)
}

// claim takes the next items, up to limit of them. When the run has been
// stopped it passes over all that are left.
func (c *chunk[In, Out]) claim(limit int) (a, b int) {
	for {
		w := c.claims.Load()
		next, size := int(w>>32), int(uint32(w))
		if next >= size {
			return 0, 0
		}
		stopped := c.r.stopped.Load()
		to := min(next+limit, size)
		if stopped {
			to = size
		}
		if !c.claims.CompareAndSwap(w, uint64(to)<<32|uint64(size)) {
			continue
		}
		if next == 0 {
			c.r.pickUp()
		}
		if stopped {
			c.r.skip(c, next, to)
			return 0, 0
		}
		c.r.busy.Add(int64(to - next))
		return next, to
	}
}

func (c *chunk[In, Out]) drop(error)    {} // the run is told by halt
func (c *chunk[In, Out]) abandon(error) {}

// run works on the chunk in this process until nothing is left to claim.
func (c *chunk[In, Out]) run(s *slot) {
	r := c.r
	begin, reported := s.now, s.now
	s.block = block{try: 1, since: s.now}
	for {
		a, b := c.claim(r.blockSize())
		if a == b {
			break
		}
		if a != s.block.at { // another slot had what is in between
			c.report(s, s.block.at)
			s.block.from = a
		}
		c.runBlock(s, a, b, 1)
		if s.now-reported > int64(4*chunkWork) {
			c.report(s, s.block.at)
			reported = s.now
			if c.left() > 1 { // it takes longer than thought: call for help
				r.ex.queue.WakeOne()
			}
		}
	}
	c.report(s, s.block.at)
	s.doneWith(c)
	if s.now-begin > int64(chunkWork)/4 && r.ahead < manyChunks {
		runtime.Gosched() // else source and loop wait for a time slice while all cores compute
	}
}

// runBlock applies the function to claimed items.
func (c *chunk[In, Out]) runBlock(s *slot, a, b, try int) {
	r := c.r
	start, since := s.now, s.now
	r.ex.begun(c.first()+a, b-a, try, 1)
	s.block.start, s.block.end = a, b
	ctx := c.itemContext(s)
	for i := a; i < s.block.end; i++ {
		if r.stopped.Load() {
			c.cut(s, i, s.block.end, try, since)
			return
		}
		s.block.at = i
		var v Out
		var err error
		if r.cfg.timeout == 0 {
			v, err = r.fn.def.body(ctx, c.in[i])
			if ctx.owner.Load() != nil {
				ctx.end(err)
				ctx = c.itemContext(s)
			}
		} else {
			v, err = r.watched(s, c, i, try)
		}
		if err == nil {
			c.out[i] = v
			continue
		}
		c.miss(s, i, try, err, since)
		since = s.now
	}
	b = s.block.end // less than it was where an item shares
	s.now = r.ex.now()
	s.block.at = b
	c.note(s, b, try, since)
	r.cost.Observe(b-a, time.Duration(s.now-start))
}

// cut ends a block whose run was stopped: items i to b (exclusive) do not start.
func (c *chunk[In, Out]) cut(s *slot, i, b, try int, since int64) {
	s.now = c.r.ex.now()
	c.note(s, i, try, since)
	c.report(s, i)
	c.r.skip(c, i, b)
	c.r.idle(b - i)
	s.block.from, s.block.at = b, b
}

// note writes the records of the block's items before b: the mean of what they
// took since start.
func (c *chunk[In, Out]) note(s *slot, b, try int, start int64) {
	if c.recs == nil || s.block.start >= b {
		return
	}
	each := time.Duration(s.now-start) / time.Duration(b-s.block.start)
	for i := s.block.start; i < b; i++ {
		c.recs[i] = record{int32(try), 1, each, -1}
	}
}

// watched calls the function with item i under the eyes of a watch: it has a
// time-out.
func (r *mapping[In, Out]) watched(s *slot, c *chunk[In, Out], i, try int) (Out, error) {
	mine := &tenant{}
	place := c.first() + i
	from, x := s.block.from, c.in[i] // once abandoned, the chunk is not ours to read
	open := func() *share.Owner {
		r.shares.Store(true)
		return newOwner(r.ex.here, r.fn.Name(), place, 1, x, 0)
	}
	ctx, cancel := context.WithTimeoutCause(sharing{r.ctx, mine, open}, r.cfg.timeout, &TimeoutError{After: r.cfg.timeout})
	defer cancel()
	defer mine.end(ErrGoexit) // or a panic: what returns has ended it before
	w := s.watch(r.cfg, place, func(err error) {
		mine.end(err)
		c.span(from, i, outcome{worker: 1, cpu: -1})
		c.failItem(i, try, err, outcome{worker: 1, wall: r.cfg.timeout + r.cfg.grace, cpu: -1})
	})
	v, err := r.fn.def.body(ctx, x)
	err = w.end(err)
	mine.end(err)
	return v, err
}

// miss handles the failure of item i in the middle of a block: what was before
// it is reported, and it is retried or keeps its error.
func (c *chunk[In, Out]) miss(s *slot, i, try int, err error, start int64) {
	s.now = c.r.ex.now()
	c.note(s, i, try, start)
	c.report(s, i)
	s.block.from, s.block.start = i+1, i+1
	c.failItem(i, try, err, outcome{worker: 1, wall: time.Duration(s.now - start), cpu: -1})
}

// crashed ends the block of a slot whose item panicked or ended the goroutine.
func (c *chunk[In, Out]) crashed(s *slot, err error) { c.crash(s, 1, err) }

func (c *chunk[In, Out]) crash(s *slot, try int, err error) {
	if s.items != nil {
		s.items.end(err)
	}
	b := s.block
	c.miss(s, b.at, try, err, s.now)
	if b.at+1 < b.end {
		c.r.idle(b.end - b.at - 1)
		c.r.ex.again(newRerun(c, b.at+1, b.end, history{tried: try - 1}))
	}
}

// report tells that the block's items up to b are finished.
func (c *chunk[In, Out]) report(s *slot, b int) {
	if s.block.from < b {
		c.span(s.block.from, b, outcome{worker: 1, try: s.block.try, wall: time.Duration(s.now - s.block.since), cpu: -1})
	}
	s.block.from, s.block.since = b, s.now
}

// span takes the items a to b (exclusive) off the busy ones, as finished.
func (c *chunk[In, Out]) span(a, b int, o outcome) {
	if a >= b {
		return
	}
	if c.r.ex.cfg.observe != nil {
		c.r.ex.finished(c.first()+a, b-a, max(o.try, 1), nil, o)
	}
	c.r.report(c, a, b)
	c.r.idle(b - a)
}

// failItem ends an attempt at item i: it is retried, or err is its result.
func (c *chunk[In, Out]) failItem(i, try int, err error, o outcome) {
	r := c.r
	if r.ctx.Err() == nil && !r.stopped.Load() && r.ex.retries(r.cfg, try, err) {
		r.idle(1)
		r.ex.later(newRerun(c, i, i+1, history{tried: try, last: err, cost: o}), r.cfg, c.first()+i, try, err)
		return
	}
	c.giveUp(i, try, err, o)
}

// giveUp makes err the result of item i.
func (c *chunk[In, Out]) giveUp(i, try int, err error, o outcome) {
	r := c.r
	failure := &TaskError{Function: r.fn.Name(), Index: c.first() + i, Attempts: try, Err: err}
	c.setErr(i, failure)
	if c.recs != nil {
		c.recs[i] = record{int32(try), int32(o.worker), o.wall, o.cpu}
	}
	r.ex.finished(c.first()+i, 1, try, failure, o)
	r.report(c, i, i+1)
	r.failed(failure)
	r.idle(1)
}

func (c *chunk[In, Out]) setErr(i int, err error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.errs == nil {
		c.errs = make([]error, c.size())
	}
	c.errs[i] = err
}

// failures returns the errors of the items, or nil when none has failed.
func (c *chunk[In, Out]) failures(a, b int) []error {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.errs == nil {
		return nil
	}
	return slices.Clone(c.errs[a:b])
}
