package outpace

import (
	"errors"
	"sync"
	"time"

	"github.com/outpace-run/outpace/internal/engine"
	"github.com/outpace-run/outpace/share"
)

// lane drives one worker process: it keeps the worker's slots busy with batches
// from the queue, and starts another worker when one is lost.
//
//	queue ─► loop: take ─► encode ─► Send ─────► worker
//	  ▲                                            │
//	  └── handed back, retried, suspects ◄── receive: settle, fail, lost
//
// A batch holds items of one function. At most T batches are in flight, twice
// that while items are tiny, so that a worker does not idle for a round trip.
type lane struct {
	ex     *Executor
	number int
	bed    *engine.Sleeper

	calls sync.RWMutex // held for reading by Send and Cancel, so that Close comes after them

	mu       sync.Mutex
	worker   Worker // nil before the start and after a loss
	ear      *ear   // of the last worker
	batches  map[uint32]*batch
	lastID   uint32
	items    int   // in flight
	doubts   int   // of the suspect that is in flight, alone; 0: there is none
	waiting  job   // a suspect that waits until nothing is in flight
	tiny     bool  // items of the last batch were tiny
	killed   error // why we killed the worker; nil when it dies by itself
	mute     bool  // … and it did not listen any more, for one of what is in flight
	retiring bool
	resting  bool // loop sleeps for want of work: room is no news for it
	settling int  // replies whose items are being dealt with
	starting bool
	deaths   int                    // in a row, without a result in between
	sent     int                    // items that the worker was given
	site     *share.Site            // where the worker's tasks are, to package share
	aside    map[place]*share.Owner // what the worker does besides
	over     bool                   // the lane has ended: there is no worker to be had for it
	vital

	// What follows belongs to whoever holds driving: loop, but while it sleeps.
	driving sync.Mutex
	buffer  []byte      // encoded inputs
	packs   bool        // the worker reads packed inputs
	known   AnyFunction // that the worker was sent last, and so has loaded
}

const (
	startTries   = 3                      // starts in a row that may fail before the lane gives up
	killedTries  = 20                     // … where the last one was killed from outside
	restartPause = 500 * time.Millisecond // the longest pause before a worker is replaced
	leaseOver    = 4 * batchWork          // after this a worker hands back what it has not begun
	tinyItem     = time.Millisecond       // items up to this cost are sent ahead of need
	batchBytes   = 1 << 20                // of encoded inputs in a batch
)

// addLane starts the goroutine of a lane.
func (e *Executor) addLane(number int) {
	l := &lane{ex: e, number: number, bed: engine.NewSleeper(), batches: map[uint32]*batch{}}
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.ended.Load() {
		return
	}
	e.alive++
	e.lanes = append(e.lanes, l)
	go l.loop()
}

func (l *lane) loop() {
	defer l.ex.leave()
	l.driving.Lock() // and never unlocked for good: after the end nobody drives
	for !l.ex.ended.Load() && !l.over {
		w := l.ready()
		if w == nil {
			continue
		}
		if b := l.take(); b != nil {
			poke(l.ear.call)
			l.send(w, b)
		}
	}
	l.kill()
	if j := l.waiting; j != nil {
		j.drop(l.ex.closedCause())
	}
}

// ready waits until there is room in the worker and something to do, and sees
// to it that there is a worker. It returns nil to be called again.
func (l *lane) ready() Worker {
	l.mu.Lock()
	w, room, empty := l.worker, l.room(), l.items == 0
	held, worn := l.waiting != nil, l.left() == 0
	l.mu.Unlock()
	if worn && empty {
		l.recycle(w)
		return nil
	}
	if empty && !held {
		held = l.rescue()
	}
	switch {
	case room <= 0: // below 0 when items turned out slow that were sent ahead
		<-l.bed.Wake()
		return nil
	case !held && !l.ex.hasWork():
		l.sleep()
		return nil
	case w == nil:
		return l.start()
	}
	return w
}

// rescue takes over a suspect that waits for another lane to run empty.
func (l *lane) rescue() bool {
	for _, other := range l.ex.laneList() {
		if other == l {
			continue
		}
		other.mu.Lock()
		j := other.waiting
		if j != nil && other.items > 0 {
			other.waiting = nil
			other.bed.Rouse()
		} else {
			j = nil
		}
		other.mu.Unlock()
		if j != nil {
			l.mu.Lock()
			l.waiting = j
			l.mu.Unlock()
			return true
		}
	}
	return false
}

// room is how many items (on a loop) or batches the worker can take. The lock is
// held.
func (l *lane) room() int {
	tasks := l.ex.plan.Shape.Tasks
	switch {
	case l.left() == 0 || l.killed != nil: // it is about to be gone
		return 0
	case l.doubts > 0 || l.waiting != nil && l.items > 0:
		return 0
	case l.waiting != nil:
		return 1
	case l.ex.plan.Loop:
		return tasks - l.items
	case l.tiny:
		return 2*tasks - len(l.batches)
	}
	return tasks - len(l.batches)
}

// left is how many items the worker may still be given. The lock is held.
func (l *lane) left() int {
	if l.ex.cfg.maxTasks == 0 || l.worker == nil {
		return maxChunk
	}
	return max(l.ex.cfg.maxTasks-l.sent, 0)
}

// hasWork reports whether a worker process would find something to do.
func (e *Executor) hasWork() bool {
	if e.queue.Len() > 0 {
		return true
	}
	for _, r := range e.runList() {
		if j := r.unfilled(); j != nil {
			e.queue.PutUrgent(entry{ticket: j.card()})
			return true
		}
	}
	return false
}

// sleep waits for work, or for news of the worker.
func (l *lane) sleep() {
	empty := l.rest(true)
	_, _ = l.ex.queue.TakeOrSleep(nil, 1, l.bed)
	if !(empty && l.rescue()) && !l.ex.hasWork() && !l.ex.ended.Load() {
		l.driving.Unlock()
		l.ex.rest(l.bed)
		l.driving.Lock()
	}
	l.ex.queue.Rise(l.bed)
	l.rest(false)
}

// rest notes whether loop sleeps, and reports whether nothing is in flight.
func (l *lane) rest(now bool) (empty bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.resting = now
	return l.items == 0
}

// stir tells loop that there is more room. One that sleeps for want of work is
// left asleep, since to wake it costs as much as a small call does; unless it
// can take over a suspect now, or has to replace its worker. The lock is held.
func (l *lane) stir() {
	if !l.resting || l.items == 0 && (l.ex.suspects.Load() > 0 || l.left() == 0) {
		l.bed.Rouse()
	}
}

// send hands a batch to the worker.
func (l *lane) send(w Worker, b *batch) {
	j := b.refs[0].j
	out := Batch{Func: j.function(), N: b.n, Inputs: l.buffer, Packed: b.packed, Texts: b.texts, Measure: true}
	for _, r := range b.refs {
		l.ex.begun(r.index(r.a), r.n, r.j.tries(r.a), l.number)
	}
	l.weigh(w)
	b.sent = time.Now()
	l.mu.Lock()
	l.lastID++
	b.id, out.ID = l.lastID, l.lastID
	l.batches[b.id] = b
	l.items += b.n
	l.sent += b.n
	l.doubts = j.doubts()
	l.tiny = b.cfg.timeout == 0 && j.grain().Known() && j.grain().Cost() <= tinyItem
	if !l.ex.plan.Loop && (b.n > 1 || l.tiny) { // others wait behind its items, or will
		out.Lease = leaseOver
	}
	lost := l.worker != w || l.retiring
	if lost {
		l.putDown(b)
	}
	l.mu.Unlock()
	if lost {
		b.each(func(r ref, a, n int) { r.j.requeue(a, a+n, nil, false) })
		return
	}
	l.calls.RLock()
	err := w.Send(out)
	if err == nil {
		l.handed(b, out.Lease)
	}
	l.calls.RUnlock()
	if loadErr := (*LoadError)(nil); errors.As(err, &loadErr) {
		l.reject(b, loadErr)
		return
	}
	if err != nil {
		w.Kill() // receive tells how it ended
		return
	}
	l.known = out.Func
	for _, r := range b.refs {
		if r.j.unwanted() { // given up while it was on its way: too early for cancelRemote
			l.cancelJobs(job.unwanted)
			break
		}
	}
}

// settled is told that a reply's items have been dealt with.
func (l *lane) settled() {
	l.mu.Lock()
	l.settling--
	l.mu.Unlock()
	l.ex.nudge()
}

// reject gives up a batch whose function cannot be loaded.
func (l *lane) reject(b *batch, err error) {
	l.mu.Lock()
	mine := l.batches[b.id] == b
	l.putDown(b)
	l.mu.Unlock()
	if !mine {
		return // the worker was lost on top, and that has been dealt with
	}
	b.each(func(r ref, a, n int) { r.j.reject(a, a+n, err) })
}

// putDown takes a batch off the books. The lock is held.
func (l *lane) putDown(b *batch) {
	if l.batches[b.id] != b {
		return
	}
	delete(l.batches, b.id)
	if b.timer != nil {
		b.timer.Stop()
	}
	l.items -= b.open
	if len(l.batches) == 0 {
		l.doubts = 0
	}
	l.stir()
	if len(l.batches) == 0 {
		l.ex.nudge()
	}
}

func (l *lane) busy() bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.items > 0 || l.waiting != nil || l.settling > 0
}

func (l *lane) isStarting() bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.starting
}

// kill ends the worker at once.
func (l *lane) kill() {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.worker != nil {
		l.worker.Kill()
	}
	l.bed.Rouse()
}
