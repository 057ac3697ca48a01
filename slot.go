package outpace

import (
	"runtime"
	"runtime/debug"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/outpace-run/outpace/internal/engine"
)

// slot runs jobs on a goroutine of this process, one at a time.
//
//	queue ──Take──► local ──► run          nothing there? help another slot:
//	                  ▲                    take half of its local jobs, join the
//	                  └── other slots      chunk it is in, seal an unfilled chunk
//
// A slot sleeps only when there is nothing to do anywhere, and everything that
// makes work wakes a sleeping slot, so no job ever waits behind a task that
// blocks while another slot is free.
type slot struct {
	ex    *Executor
	bed   *engine.Sleeper
	dead  atomic.Bool   // its goroutine was abandoned; it ends when it comes back
	index int           // its place in the executor's slots; guarded by the executor's lock
	over  chan struct{} // closed when a guest has ended or was abandoned
	gone  bool          // its goroutine has ended; guarded by the executor's lock
	guest bool          // runs one job in the place of a task that waits for it, then ends

	mu     sync.Mutex // guards cur, since and local, which other slots look into
	cur    job
	since  int64 // when cur was taken
	local  []job // from at on
	at     int
	buffer [localJobs]job
	offers bool // in the executor's list of those that share

	// Used by the slot's goroutine only.
	now    int64 // the time, as fresh as the last job's end
	block  block // the items of a chunk that run
	guard  *watch
	taken  int   // jobs of the last Take, for what they cost
	takeAt int64 // and when it was
}

const (
	localJobs = 64                    // jobs that a slot takes at once, at most
	localWork = 20 * time.Microsecond // and about how much work
)

// loop works until the executor ends.
func (s *slot) loop() {
	defer s.leave()
	for s.work() {
	}
}

// leave is the end of the slot's goroutine. When a task ended it by
// runtime.Goexit, another goroutine takes the slot over.
func (s *slot) leave() {
	if !s.dead.Load() && !s.guest && !s.ex.ended.Load() {
		go s.loop()
		return
	}
	s.ex.left(s)
}

// work runs jobs. It returns true when one panicked, and false at the end.
func (s *slot) work() (again bool) {
	normal := false
	defer func() {
		if normal {
			return
		}
		var err error = ErrGoexit
		if v := recover(); v != nil {
			err = &PanicError{Value: v, Stack: debug.Stack()}
			again = true
		}
		s.crash(err)
		again = again && !s.dead.Load()
	}()
	for j := s.next(); j != nil; j = s.next() {
		j.run(s)
	}
	normal = true
	return false
}

// crash charges the running item with err.
func (s *slot) crash(err error) {
	if w := s.guard; w != nil {
		s.guard = nil
		if !w.settle() {
			s.dead.Store(true)
			return // it was abandoned before
		}
	}
	s.cur.crashed(s, err)
	if s.cur.left() > 0 { // the rest of a chunk must not leave with us
		s.ex.again(s.cur)
	}
}

// next returns the job to run now; it sleeps while there is none, and returns
// nil when the executor has ended.
func (s *slot) next() job {
	j := s.pop()
	for ; j != nil && s.ex.ended.Load(); j = s.pop() {
		j.drop(s.ex.closedCause())
	}
	if j != nil {
		return j
	}
	if s.taken > 0 {
		s.ex.tasks.Observe(s.taken, time.Duration(s.now-s.takeAt))
		s.taken = 0
	}
	if s.guest {
		return nil
	}
	for !s.ex.ended.Load() {
		if j := s.refill(false); j != nil {
			return j
		}
		if j := s.steal(); j != nil {
			return j
		}
		if j := s.refill(true); j != nil {
			return j
		}
		// From here on producers see that we sleep: look at what came in before.
		if j := s.steal(); j != nil {
			s.ex.queue.PassOn(s.bed)
			return j
		}
		if !s.ex.ended.Load() {
			s.ex.nudge()
			<-s.bed.Wake()
		}
		s.ex.queue.Rise(s.bed)
	}
	return nil
}

// pop takes the next of the local jobs.
func (s *slot) pop() job {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.popLocked()
}

func (s *slot) popLocked() job {
	s.cur = nil
	if s.at < len(s.local) {
		s.cur, s.since = s.local[s.at], s.now
		s.local[s.at] = nil
		s.at++
	}
	s.offer()
	return s.cur
}

// refill takes a fair share of the queue, but no more than a little work.
func (s *slot) refill(sleep bool) job {
	want := s.buffer[:s.ex.tasks.Fit(localWork, localJobs)]
	s.mu.Lock()
	defer s.mu.Unlock()
	var n int
	if sleep {
		n = s.ex.queue.TakeOrSleep(want, int(s.ex.width.Load()), s.bed)
	} else {
		n = s.ex.queue.Take(want, int(s.ex.width.Load()))
	}
	s.local, s.at = s.buffer[:n], 0
	if n == 0 {
		return nil
	}
	s.now = s.ex.now()
	s.taken, s.takeAt = n, s.now
	return s.popLocked() // and offer the rest before anybody looks
}

// steal finds work that another slot has taken and not begun.
func (s *slot) steal() job {
	for i := 0; ; i++ {
		other := s.ex.offers.at(i)
		if other == nil {
			break
		}
		if j := other.give(s); j != nil {
			return s.adopt(j)
		}
	}
	for _, r := range s.ex.runList() {
		if j := r.unfilled(); j != nil {
			return s.adopt(j)
		}
	}
	return nil
}

func (s *slot) adopt(j job) job {
	s.now = s.ex.now()
	s.mu.Lock()
	s.cur, s.since = j, s.now
	s.offer()
	s.mu.Unlock()
	return j
}

// offer keeps the executor's list of slots that have something to share. The
// lock is held.
func (s *slot) offer() {
	has := s.at < len(s.local) || s.cur != nil && s.cur.left() > 1
	if has != s.offers {
		s.offers = has
		s.ex.offers.set(s, has)
	}
}

// give hands a job to a thief: the last local one, or a share in the current.
func (s *slot) give(thief *slot) job {
	if s == thief {
		return nil
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if last := len(s.local) - 1; s.at <= last {
		j := s.local[last]
		s.local[last] = nil
		s.local = s.local[:last]
		return j
	}
	if s.cur != nil && s.cur.left() > 1 {
		return s.cur
	}
	return nil
}

// offers is the slots that have something to share.
type offers struct {
	n    atomic.Int32 // len(list), readable without the lock
	mu   sync.Mutex
	list []*slot
}

func (o *offers) set(s *slot, has bool) {
	o.mu.Lock()
	defer o.mu.Unlock()
	if has {
		o.list = append(o.list, s)
	} else if i := slices.Index(o.list, s); i >= 0 {
		o.list = slices.Delete(o.list, i, i+1)
	}
	o.n.Store(int32(len(o.list)))
}

func (o *offers) at(i int) *slot {
	if i >= int(o.n.Load()) {
		return nil
	}
	o.mu.Lock()
	defer o.mu.Unlock()
	if i >= len(o.list) {
		return nil
	}
	return o.list[i]
}

// block is where a slot stands in a chunk: items from..at-1 are finished and
// not yet reported, at runs, at+1..end-1 follow; those before start have their
// records.
type block struct {
	from, start, at, end int
	try                  int   // attempt
	since                int64 // when from was begun
}

// watch guards one attempt that has a time-out. Its context ends at the
// time-out; when the function goes on for the grace period after that, the
// attempt fails without it and another goroutine takes over the slot.
type watch struct {
	slot    *slot
	cfg     *config
	fail    func(error)
	settled atomic.Bool
	timer   *time.Timer
	begin   int64
	index   int // of the input in its Map; -1 for a submitted task
}

func (s *slot) watch(cfg *config, index int, fail func(error)) *watch {
	w := &watch{slot: s, cfg: cfg, index: index, fail: fail, begin: s.ex.now()}
	s.guard = w
	w.timer = time.AfterFunc(cfg.timeout+cfg.grace, w.abandon)
	return w
}

// settle reports whether the attempt's outcome is still open, and closes it.
func (w *watch) settle() bool {
	w.timer.Stop()
	return w.settled.CompareAndSwap(false, true)
}

// end is called when the function has returned err. It makes an error after the
// time-out a TimeoutError. In an abandoned goroutine it does not return.
func (w *watch) end(err error) error {
	if !w.settle() {
		runtime.Goexit() // crash finds the guard
	}
	w.slot.guard = nil
	if err != nil && w.slot.ex.now()-w.begin >= int64(w.cfg.timeout) {
		return &TimeoutError{After: w.cfg.timeout}
	}
	return err
}

func (w *watch) abandon() {
	if !w.settled.CompareAndSwap(false, true) {
		return
	}
	w.slot.ex.replace(w.slot, w)
	w.fail(&TimeoutError{After: w.cfg.timeout, Abandoned: true})
}
