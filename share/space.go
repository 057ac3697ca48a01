package share

import (
	"fmt"
	"sync"
	"time"
)

// Config is what a Space wants to know of the executor that it belongs to, and
// to tell it. Its functions may be nil. They are called without a lock of the
// Space, from any goroutine, and must not block.
type Config struct {
	// Others reports whether anything but the waiting tasks may still do something:
	// a task runs that does not wait, or a pending one may start. waiting is how
	// many tasks of a site wait. Without it nothing is ever found to be stuck.
	Others func(waiting map[*Site]int) bool

	// Warn is told that a task returned without a release of what it held.
	Warn func(o *Owner, line string)
}

// Space is the objects of one executor, and all who use them.
//
//	Owner.Do ─► start ─┬─► answered at once
//	                   └─► Wait in a line ─┬─► granted by a release, put, take: due ─► done
//	                                       ├─► time is over, withdrawn, owner ended
//	                                       └─► a circle (circle.go), nobody left (stuck.go)
//
// One lock guards everything: what is done under it takes well under a
// microsecond. Answers are collected under it, and given when it is released.
type Space struct {
	config Config

	mu       sync.Mutex
	gates    map[gateKey]*gate
	counters map[string]map[string]int64
	values   map[string]*value
	queues   map[string]*queue
	waiting  line // everybody who waits, by arrival
	due      []due
	changes  uint64 // counts what could end somebody's wait
	births   uint64 // counts owners
	tasks    int    // owners that are tasks, or parts of one
	halted   int    // … and wait
	callers  int    // sides of the caller that may still do something
	left     bool   // the caller has said that it will do nothing more
	watch    *time.Timer
	pace     time.Duration // to the next look
	seen     uint64        // changes at the last look
	closed   error
}

// due is an answer that is to be given.
type due struct {
	done func(Response)
	resp Response
}

// NewSpace returns a Space without objects.
func NewSpace(c Config) *Space {
	return &Space{config: c, gates: map[gateKey]*gate{}, counters: map[string]map[string]int64{},
		values: map[string]*value{}, queues: map[string]*queue{}, waiting: line{all: true}, pace: lookEvery}
}

// Site is where owners run: this process, or a worker process. Its methods may be
// called from any goroutine.
type Site struct {
	space  *Space
	name   string
	owners map[*Owner]struct{} // guarded by space.mu, as all that follows
	over   bool
}

// NewSite returns a site without owners. The name says in messages what it is.
func (s *Space) NewSite(name string) *Site {
	return &Site{space: s, name: name, owners: map[*Owner]struct{}{}}
}

// End ends all owners of a site, because of why, and gives back what the site had
// in advance.
func (t *Site) End(why string) {
	s := t.space
	s.mu.Lock()
	t.over = true
	for o := range t.owners {
		o.quit(why) // first, or one would get what another had, and be told of as having had it
	}
	for o := range t.owners {
		o.end(why)
	}
	for _, q := range s.queues {
		q.refund(t, q.paid[t])
		s.pump(q)
	}
	s.unlock()
}

// Close ends the space: whoever waits, and whoever comes later, gets an error
// that wraps ErrClosed and cause.
func (s *Space) Close(cause error) {
	s.mu.Lock()
	if s.closed == nil {
		s.closed = cause
		if s.watch != nil {
			s.watch.Stop()
		}
		for w := s.waiting.head; w != nil; w = s.waiting.head {
			s.finish(w, s.ended())
		}
	}
	s.unlock()
}

// unlock gives the answers that are due.
func (s *Space) unlock() {
	calls := s.due
	s.due = nil
	s.mu.Unlock()
	for _, c := range calls {
		c.done(c.resp)
	}
}

func (s *Space) ended() Response {
	return Response{Status: Ended, Text: fmt.Sprint(s.closed)}
}

// start carries a request out, or has it wait. The lock is held.
func (s *Space) start(o *Owner, r *Request, done func(Response)) (Response, *Wait) {
	switch {
	case s.closed != nil:
		return s.ended(), nil
	case o.over:
		return Response{Status: Ended, Number: taskOver, Text: isOver + o.why}, nil
	}
	switch r.Op {
	case OpAcquire, OpRelease:
		return s.useGate(o, r, done)
	case OpAdd, OpCount, OpSnapshot:
		return s.useCounter(r), nil
	case OpGet, OpSet, OpSwap:
		return s.useValue(r), nil
	default:
		return s.useQueue(o, r, done)
	}
}

// check reports what makes no sense in a request whatever the objects are like.
func (r *Request) check() string {
	counts := r.Op == OpAcquire || r.Op == OpRelease || r.Op == OpPaid || r.Op == OpRefund || r.Op == OpTake
	limits := r.Op == OpAcquire || r.Op == OpPut || r.Op == OpTake
	items := r.Op == OpPut || r.Op == OpPaid
	switch {
	case !r.Op.Valid() || r.Op == OpWithdraw || r.Kind > KindSemaphore:
		return fmt.Sprintf("there is no operation %d of %d", r.Op, r.Kind)
	case r.Name == "" || len(r.Name) > MaxName:
		return fmt.Sprintf("a name has 1 to %d bytes, and not %d (hint: give it a shorter one)", MaxName, len(r.Name))
	case limits && r.Limit < 1:
		return fmt.Sprintf("%q is to have room for %d (hint: 1 is the least)", r.Name, r.Limit)
	case counts && r.Count < 1:
		return fmt.Sprintf("%d of %q are asked for (hint: 1 is the least)", r.Count, r.Name)
	case items && len(r.Items) < 1:
		return fmt.Sprintf("nothing is put into %q", r.Name)
	case (r.Op == OpSet || r.Op == OpSwap) && len(r.Value) == 0:
		return fmt.Sprintf("nothing is to be the value of %q", r.Name)
	}
	return ""
}

// misuse is the answer to a request that makes no sense.
func misuse(format string, args ...any) Response {
	return Response{Status: Misuse, Text: fmt.Sprintf(format, args...)}
}

// Share returns the caller's side: an owner for what is done outside of tasks.
// While it is open, what tasks wait for may still come from the caller.
func (s *Space) Share(t *Site, describe string) *Owner {
	o := t.Owner(Who{Describe: func() string { return describe }, Aside: true})
	s.mu.Lock()
	o.caller = true
	s.callers++
	s.left = false
	s.mu.Unlock()
	return o
}

// Leave closes the caller's side that Share opened: what it holds is released.
// When the last one is closed, tasks that wait for what nobody is left to do get a
// DeadlockError. A second call does nothing.
func (s *Space) Leave(o *Owner) {
	s.mu.Lock()
	if o.caller && !o.over {
		o.end("it has left")
		s.callers--
		s.left = s.callers == 0
		s.arm()
	}
	s.unlock()
}
