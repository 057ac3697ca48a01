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
//	                  ▲                    take the last of its local jobs, join the
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

	mu     sync.Mutex         // guards what follows, which other slots look into
	local  engine.Hand[entry] // taken from the queue and not begun
	cur    job                // written by the slot's goroutine only, while it has one
	since  int64              // when cur was taken, or the first of several tasks of Go
	offers bool               // in the executor's list of those that share

	// Used by the slot's goroutine only.
	one    [1]entry
	buffer []entry                      // for more than one; made when there is more than one
	spare  *submitted[action, struct{}] // the record of tasks of Go, see open
	now    int64                        // the time, as fresh as the last job's end …
	late   bool                         // … unless that was not looked at
	block  block                        // the items of a chunk that run
	items  *itemContext                 // their context
	guard  *watch
	taken  int   // jobs of the last Take, for what they cost
	takeAt int64 // and when it was
}

const (
	localJobs = 256                   // jobs that a slot takes at once, at most
	localWork = 20 * time.Microsecond // and about how much work
	looks     = 20                    // how often a slot that searches looks: a few microseconds
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
	s.settleUp()
	if s.taken > 0 {
		s.ex.tasks.Observe(s.taken, time.Duration(s.now-s.takeAt))
		s.taken = 0
	}
	if s.guest {
		return nil
	}
	asleep := false // producers see that we sleep: what they put wakes us
	for !s.ex.ended.Load() {
		if j := s.refill(asleep); j != nil {
			return j
		}
		if j := s.steal(); j != nil {
			if asleep && s.ex.queue.PassOn(s.bed) {
				s.ex.grow()
			}
			return j
		}
		switch {
		case asleep: // and there was nothing to do since
			if !s.ex.ended.Load() {
				s.ex.rest(s.bed)
			}
		case !s.search():
			asleep = true
		}
	}
	if asleep {
		s.ex.queue.Rise(s.bed)
	}
	return nil
}

// search waits for a moment for something to come in. It lets other goroutines
// run, one of which may be about to submit.
func (s *slot) search() (found bool) {
	q := s.ex.queue
	if !q.Search() {
		return false
	}
	for range looks {
		runtime.Gosched()
		if q.Len() > 0 {
			found = true
			break
		}
	}
	q.Found()
	return found
}

// pop takes the next of the local jobs.
func (s *slot) pop() job {
	en, more, ok := s.local.Next()
	var j job
	if ok {
		j = s.open(en)
	}
	if j != s.cur || more == 0 {
		s.mu.Lock()
		s.cur, s.since = j, s.now
		s.offer()
		s.mu.Unlock()
	}
	return j
}

// open returns the job of an entry. Tasks of Go that nobody can ask about get one
// record, one after the other, which is running all the time. One that left a
// trace in it (it failed, or somebody has a channel of its context) keeps it. A
// context that was passed on without a trace is, from then on, that of the tasks
// that follow, so it is done later than it might be, and never sooner.
func (s *slot) open(en entry) job {
	if t := s.spare; t != nil && en.job == nil && t.scope == en.scope && t.rare.Load() == nil {
		t.in = en.do
		return t
	}
	s.settleUp()
	switch {
	case en.job != nil:
		return en.job
	case !en.scope.untimed:
		return newAct(en.scope, en.do)
	}
	s.spare = newAct(en.scope, en.do)
	s.spare.word.Store(uint32(Running) | attemptUnit)
	return s.spare
}

// forget gives the record up that open keeps, if that is t: it left a trace.
func (s *slot) forget(t *task) {
	if s.spare != nil && &s.spare.task == t {
		s.spare = nil
	}
}

// settleUp does what tasks of Go left undone: it looks at the time, which the
// next job is measured from, and ends the record that open keeps.
func (s *slot) settleUp() {
	if s.late {
		s.now, s.late = s.ex.now(), false
	}
	if t := s.spare; t != nil && t.move(Running, settling, 0) {
		t.publish(Done, nil)
	}
	s.spare = nil
}

// refill takes a fair share of the queue, but no more than a little work.
func (s *slot) refill(sleep bool) job {
	want := s.one[:]
	if n := s.ex.tasks.Fit(localWork, localJobs); n > 1 {
		if s.buffer == nil {
			s.buffer = make([]entry, localJobs)
		}
		want = s.buffer[:n]
	}
	var n int
	var alone bool
	s.mu.Lock()
	if sleep {
		n, alone = s.ex.queue.TakeOrSleep(want, int(s.ex.width.Load()), s.bed)
	} else {
		n, alone = s.ex.queue.Take(want, int(s.ex.width.Load()))
	}
	var j job
	if n > 0 { // the first is ours before anybody looks
		s.now = s.ex.now()
		s.taken, s.takeAt = n, s.now
		j = s.open(want[0])
		want[0] = entry{}
		s.local.Fill(want[1:n])
		s.cur, s.since = j, s.now
		s.offer()
	}
	s.mu.Unlock()
	switch {
	case n > 1: // only now: who was woken before would have found nothing to steal
		s.ex.callHelp()
	case alone:
		s.ex.grow()
	}
	return j
}

// steal finds work that another slot has taken and not begun.
func (s *slot) steal() job {
	for i := 0; ; i++ {
		other := s.ex.offers.at(i)
		if other == nil {
			break
		}
		if en, more, ok := other.give(s); ok {
			if more { // its slot may be blocked
				s.ex.callHelp()
			}
			return s.adopt(en)
		}
	}
	for _, r := range s.ex.runList() {
		if j := r.unfilled(); j != nil {
			return s.adopt(entry{ticket: j.card()})
		}
	}
	return nil
}

func (s *slot) adopt(en entry) job {
	s.now = s.ex.now()
	j := s.open(en)
	s.mu.Lock()
	s.cur, s.since = j, s.now
	s.offer()
	s.mu.Unlock()
	return j
}

// offer keeps the executor's list of slots that have something to share. The
// lock is held.
func (s *slot) offer() {
	has := s.local.Len() > 0
	if !has && s.cur != nil {
		has = s.cur.left() > 1
	}
	if has != s.offers {
		s.offers = has
		s.ex.offers.set(s, has)
	}
}

// give hands a job to a thief: the last local one, or a share in the current.
// more reports whether there are further local ones.
func (s *slot) give(thief *slot) (en entry, more, ok bool) {
	if s == thief {
		return en, false, false
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if en, ok = s.local.Last(); ok {
		return en, s.local.Len() > 0, true
	}
	if s.cur != nil && s.cur.left() > 1 {
		return entry{ticket: s.cur.card()}, false, true
	}
	return en, false, false
}

// giveUp takes all local jobs away from the slot.
func (s *slot) giveUp() []entry {
	s.mu.Lock()
	defer s.mu.Unlock()
	all := s.local.Rest()
	s.offer()
	return all
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
