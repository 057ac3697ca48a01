package process

import (
	"context"
	"sync"
	"time"

	"github.com/outpace-run/outpace"
	"github.com/outpace-run/outpace/internal/wire"
)

// job is a batch that is not answered in full.
//
//	items   0 … answered … first … first+n-1   at        next … end-1    end …
//	        results are sent       are kept    is run    not begun       handed back
//
// It is finished by its slot when there is nothing left to begin, or by whoever
// hands all of it back while it waits.
type job struct {
	server  *server
	fn      *function
	id      uint32
	inputs  [][]byte
	measure bool // the wall time of each item is wanted
	lease   time.Duration
	arrived time.Duration
	timer   *time.Timer // of the lease, or nil

	// these belong to the server's lock
	started bool // by a slot
	overdue bool // it has run for longer than its lease

	mu       sync.Mutex
	next     int // the first item that was not begun
	end      int // behind the last one that is not handed back
	skip     map[int]bool
	at       int           // the item that is run; -1
	since    time.Duration // when it was begun
	givenUp  bool          // … and its context was cancelled
	ctx      context.Context
	stop     context.CancelCauseFunc
	item     *item // of at
	own      item  // the first
	finished bool
	results
}

// results is the values of items first to first+n-1, which wait to be sent.
type results struct {
	first, n int
	values   []byte // JSON array without its end
	walls    []time.Duration
	wall     time.Duration
	cpu      time.Duration // negative: not measured
	mark     time.Duration // CPU time of the process when the last item ended
}

const (
	cpuWorth    = 100 * time.Microsecond // items from here on have their CPU time measured
	wallWorth   = 10 * time.Microsecond  // … and their wall time each
	maxKept     = 1 << 20                // bytes of results that wait for the end of a batch
	largeValues = 64 << 10               // from here on values are not copied into a frame
)

func newJob(s *server, f *function, b wire.Batch, inputs [][]byte) *job {
	j := &job{server: s, fn: f, id: b.ID, inputs: inputs, lease: b.Lease, arrived: s.clock(), end: len(inputs), at: -1}
	mean := time.Duration(f.mean.Load())
	j.measure = b.Measure && (mean == 0 || mean > wallWorth)
	j.cpu = -1
	if s.width == 1 && (mean == 0 || mean > cpuWorth) {
		j.cpu = 0
	}
	return j
}

// begin returns the next item to run, and its context. It finishes the job when
// there is none.
func (j *job) begin() (ctx *item, i int, ok bool) {
	j.mu.Lock()
	defer j.mu.Unlock()
	for j.skip[j.next] {
		j.next++
	}
	if j.next >= j.end {
		j.finish(nil)
		return nil, 0, false
	}
	if j.ctx == nil {
		j.ctx, j.stop = context.WithCancelCause(context.Background())
	}
	if j.cpu == 0 && j.n == 0 {
		j.mark = cpuTime()
	}
	i = j.next
	j.next, j.at, j.givenUp, j.since = i+1, i, false, j.server.clock()
	return j.nextItem(), i, true
}

// nextItem returns the context of the item that is run: the last one's, unless that
// has shared or been cancelled. So only a goroutine that outlives its item, and
// shares for the first time after that, may be taken for another. The lock is held.
func (j *job) nextItem() *item {
	switch {
	case j.item == nil:
		j.item = &j.own
	case j.item.shares || j.item.Context != j.ctx:
		j.item = &item{}
	}
	i := j.item
	if i.job == nil {
		i.Context, i.job = j.ctx, j
	}
	i.index, i.over = uint32(j.at), false
	return i
}

// done takes the result of the item that was run, a JSON array of it without
// its end, and returns a buffer to use for the next.
func (j *job) done(value []byte) []byte {
	j.mu.Lock()
	defer j.mu.Unlock()
	i, wall := j.ended()
	if j.n > 0 && j.first+j.n != i { // an item between them was cancelled
		j.flush()
	}
	if j.n == 0 {
		j.first = i
		j.values, value = value, j.values
	} else {
		j.values = append(append(j.values, ','), value[1:]...)
	}
	j.n++
	j.wall += wall
	if j.measure {
		j.walls = append(j.walls, wall)
	}
	if j.cpu >= 0 {
		now := cpuTime()
		j.cpu += now - j.mark
		j.mark = now
	}
	if len(j.values) > maxKept || j.item.held.Load() != 0 { // others may wait for what it holds
		j.flush()
	}
	return value
}

// failed takes the failure of the item that was run. Of one whose context was
// cancelled, an error is not news.
func (j *job) failed(e wire.Error, returned bool) {
	j.mu.Lock()
	defer j.mu.Unlock()
	i, wall := j.ended()
	j.flush()
	if j.givenUp && returned {
		j.server.out.write(wire.AppendBack(nil, wire.Back{Batch: j.id, First: uint32(i), N: 1, Why: wire.Cancelled}))
		return
	}
	f := wire.Fault{Batch: j.id, Index: uint32(i), Wall: wall, CPU: -1, Err: e}
	if j.cpu >= 0 {
		f.CPU = cpuTime() - j.mark
	}
	frame, err := wire.AppendFault(nil, f)
	if err != nil {
		j.server.out.die("%v", err)
	}
	j.server.out.write(frame)
}

// ended notes that the item that was run has ended. The lock is held.
func (j *job) ended() (i int, wall time.Duration) {
	i, wall = j.at, j.server.clock()-j.since
	j.at, j.item.over = -1, true
	j.fn.mean.Store(max(1, int64(wall)))
	if j.givenUp {
		j.stop(nil)
		j.ctx = nil // the next item gets a context of its own
	}
	return i, wall
}

// flush sends the results that are kept. The lock is held.
func (j *job) flush() {
	if j.n == 0 {
		return
	}
	j.values = append(j.values, ']')
	head, err := wire.ResultsHead(nil, wire.Results{Batch: j.id, First: uint32(j.first), N: uint32(j.n),
		Wall: j.wall, CPU: j.cpu, Walls: j.walls, Outputs: j.values})
	if err != nil {
		j.server.out.die("%v", err)
	}
	if len(j.values) < largeValues {
		j.server.out.write(append(head, j.values...))
	} else {
		j.server.out.write(head, j.values)
	}
	if cap(j.values) > maxKept {
		j.values = nil
	}
	j.n, j.values, j.walls, j.wall = 0, j.values[:0], j.walls[:0], 0
	j.cpu = min(j.cpu, 0)
}

// expire answers what there is because the lease is over, and hands back what
// was not begun.
func (j *job) expire() {
	j.mu.Lock()
	defer j.mu.Unlock()
	if j.finished {
		return
	}
	j.flush()
	if j.at >= 0 {
		j.server.out.write(wire.AppendRunning(nil, wire.Running{Batch: j.id, Index: uint32(j.at), Wall: j.server.clock() - j.since}))
	}
	j.back(wire.LeaseOver)
}

// expireWaiting hands back a job that waits for a slot.
func (j *job) expireWaiting() {
	j.mu.Lock()
	defer j.mu.Unlock()
	if !j.finished {
		j.back(wire.LeaseOver)
	}
}

// back sends items next … end-1 back. One that waits for a slot has nothing
// left then, and is finished. The lock is held.
func (j *job) back(why wire.Why) {
	var frames []byte
	for i := j.next; i < j.end; i++ {
		if j.skip[i] {
			continue
		}
		first := i
		for i < j.end && !j.skip[i] {
			i++
		}
		frames = wire.AppendBack(frames, wire.Back{Batch: j.id, First: uint32(first), N: uint32(i - first), Why: why})
	}
	j.end = j.next
	if j.next == 0 {
		j.finish(frames)
	} else if len(frames) > 0 {
		j.server.out.write(frames)
	}
}

// cancelAll gives up all items: what is run is cancelled, what was not begun is
// handed back.
func (j *job) cancelAll() {
	j.mu.Lock()
	defer j.mu.Unlock()
	if j.finished {
		return
	}
	if j.at >= 0 {
		j.giveUp()
	}
	j.back(wire.Cancelled)
}

// cancelOne gives up one item in the same way.
func (j *job) cancelOne(i int) {
	j.mu.Lock()
	defer j.mu.Unlock()
	switch {
	case i == j.at:
		j.giveUp()
	case i >= j.next && i < j.end && !j.skip[i]:
		if j.skip == nil {
			j.skip = map[int]bool{}
		}
		j.skip[i] = true
		j.server.out.write(wire.AppendBack(nil, wire.Back{Batch: j.id, First: uint32(i), N: 1, Why: wire.Cancelled}))
	}
}

// giveUp cancels the context of the item that is run. The lock is held.
func (j *job) giveUp() {
	j.givenUp = true
	j.stop(outpace.ErrCancelled)
}

// finish ends a job of which every item is answered, or is in last, frames that
// are still to be sent. The lock is held.
func (j *job) finish(last []byte) {
	if j.finished {
		return
	}
	j.finished = true
	j.server.forget(j)
	j.flush()
	if len(last) > 0 {
		j.server.out.write(last)
	}
	if j.ctx != nil {
		j.stop(nil)
	}
	j.server.said()
}
