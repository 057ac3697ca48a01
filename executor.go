package outpace

import (
	"context"
	"fmt"
	"sync"
	"sync/atomic"
	"time"

	"github.com/outpace-run/outpace/internal/engine"
	"github.com/outpace-run/outpace/share"
)

// Executor takes tasks and runs them on the workers of its model. Make it with
// New, end it with Close or Shutdown. It may be used from any goroutine.
//
//	Submit, Go ──┐                      ┌─► slots: goroutines of this process
//	             ├─► queue (bounded) ──►│
//	Map ─ chunks ┘      ▲               └─► lanes: one for each worker process
//	                    └── retries and suspects come back, before all others
type Executor struct {
	model Model
	plan  Plan
	local bool         // the model runs in this process
	width atomic.Int32 // slots (local), or lanes
	cfg   *config
	epoch time.Time
	act   Function[action, struct{}]

	space *share.Space // what tasks share
	here  *share.Site  // … those of this process

	ctx    context.Context // done when everything is to stop
	cancel context.CancelCauseFunc
	queue  *engine.Queue[entry]

	lastSubmit, lastGo atomic.Pointer[scope]
	waiters            sync.Pool           // of *waiter
	handed             atomic.Pointer[ear] // of the worker that a task was handed over to last

	closing atomic.Bool  // nothing new is taken in
	ended   atomic.Bool  // slots and lanes are to end
	started atomic.Int32 // slots or lanes

	// What is above is read for each task, what follows is written for each hand of
	// them: the pad keeps it away, on a cache line of its own.
	_        engine.Pad
	tasks    engine.Grain // what submitted tasks are known to cost
	resting  atomic.Int32 // slots or lanes that sleep, and have nothing in hand
	offers   offers
	runs     atomic.Pointer[[]mapRun] // copied on write, under mu
	deaths   atomic.Int32             // of workers in a row, nothing ended in between
	suspects atomic.Int32             // that lanes hold back until nothing else is in flight beside them
	killers  atomic.Int32             // tasks in a row that failed because they killed their workers
	patrol   sync.Once                // starts the look at worker processes

	mu        sync.Mutex
	slots     []*slot
	lanes     []*lane
	waits     map[*time.Timer]job // retries behind their back-off
	abandoned map[*slot]string    // goroutines that nobody can end, and what they run
	returning int                 // jobs on their way from there to the queue
	alive     int                 // goroutines of ours
	goErr     error               // the first failure of a task of Go
	goFailed  int                 // and how many there were
	shutting  bool

	changed  chan struct{} // told when something that Shutdown waits for may have happened
	closed   chan struct{} // closed when Shutdown is through
	closeErr error

	eventMu sync.Mutex // one event at a time
	mute    bool       // the observer panicked; guarded by eventMu
}

// New makes an executor of the model. The model's plan is made and checked; no
// worker is started before there is a task for it. When ctx is done the executor
// stops as if closed, with the cause of ctx; Close must still be called. New does
// not block. The error wraps ErrOption for an option or a shape out of range, or
// is the model's own.
func New(ctx context.Context, m Model, opts ...Option) (*Executor, error) {
	if ctx == nil || m == nil {
		return nil, fmt.Errorf("%w: New wants a context and a model, and got nil", ErrOption)
	}
	base := defaults()
	cfg, err := base.with(opts)
	if err != nil {
		return nil, err
	}
	plan, err := m.Plan()
	if err != nil {
		return nil, err
	}
	if err := plan.Shape.validate(); err != nil {
		return nil, err
	}
	if _, ok := m.(local); ok && (cfg.memory > 0 || cfg.maxTasks > 0) {
		return nil, fmt.Errorf("%w: MemoryLimit and MaxTasks are for workers in processes of their own", ErrOption)
	}
	e := &Executor{
		model: m, plan: plan, cfg: cfg, epoch: time.Now().Add(-1), // so that now is never 0
		queue: engine.NewQueue[entry](cfg.queue), closed: make(chan struct{}), changed: make(chan struct{}, 1),
		waits: map[*time.Timer]job{}, abandoned: map[*slot]string{},
	}
	e.tasks.Target, e.tasks.Most = batchWork, maxChunk
	e.act = Func("", func(ctx context.Context, fn action) (struct{}, error) { return struct{}{}, fn(ctx) })
	_, e.local = m.(local)
	e.width.Store(int32(plan.Shape.Processes))
	if e.local {
		e.width.Store(int32(plan.Shape.Tasks))
	}
	e.runs.Store(&[]mapRun{})
	e.newSpace()
	e.ctx, e.cancel = context.WithCancelCause(ctx)
	context.AfterFunc(e.ctx, e.stop)
	return e, nil
}

// Plan returns the plan that the executor was made with.
func (e *Executor) Plan() Plan { return e.plan }

// open reports why the executor takes nothing in, or nil.
func (e *Executor) open() error {
	if e.closing.Load() || e.ctx.Err() != nil { // stop follows on a goroutine of its own
		return e.closedCause()
	}
	return nil
}

func (e *Executor) closedCause() error {
	if cause := context.Cause(e.ctx); cause != nil {
		return cause
	}
	return ErrClosed
}

// again puts a job that was taken before in front of the queue.
func (e *Executor) again(j job) {
	if e.ended.Load() {
		j.drop(e.closedCause())
		return
	}
	if back, ok := j.(interface{ returning() bool }); ok && back.returning() && e.local {
		e.host(j)
		return
	}
	if !e.queue.PutUrgent(entry{ticket: j.card()}) {
		e.grow()
	}
	if e.ended.Load() {
		e.dropAll()
	}
}

// grow adds a worker if the shape has room for one more.
func (e *Executor) grow() {
	for n := e.started.Load(); n < e.width.Load(); n = e.started.Load() {
		if !e.started.CompareAndSwap(n, n+1) {
			continue
		}
		if e.local {
			e.addSlot(&slot{ex: e, bed: engine.NewSleeper()})
		} else {
			e.addLane(int(n) + 1)
		}
		return
	}
}

// callHelp has another worker look around for what one has taken and not begun.
func (e *Executor) callHelp() {
	if !e.queue.WakeOne() {
		e.grow()
	}
}

// rest sleeps until there is something to do. Only who rests has looked
// everywhere before: who is in the queue's list may still be about to find a job.
func (e *Executor) rest(bed *engine.Sleeper) {
	e.resting.Add(1)
	e.nudge()
	<-bed.Wake()
	e.resting.Add(-1)
}

// addSlot starts a slot's goroutine, unless the executor has ended.
func (e *Executor) addSlot(s *slot) bool {
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.ended.Load() {
		return false
	}
	e.alive++
	s.index = len(e.slots)
	e.slots = append(e.slots, s)
	go s.loop()
	return true
}

// left takes a slot off the books when its goroutine ends. What an abandoned one
// had to do is left to replace, which may not have come to it yet.
func (e *Executor) left(s *slot) {
	if !s.dead.Load() {
		s.mu.Lock()
		s.cur = nil
		s.mu.Unlock()
		e.dropEntries(s.giveUp())
	}
	e.mu.Lock()
	defer e.mu.Unlock()
	s.gone = true
	delete(e.abandoned, s)
	e.removeSlot(s)
	e.leaveLocked()
}

// removeSlot takes a slot out of the team. The lock is held.
func (e *Executor) removeSlot(s *slot) {
	if s.over != nil {
		close(s.over)
		s.over = nil
	}
	last := len(e.slots) - 1
	if s.index > last || e.slots[s.index] != s {
		return // it was replaced before
	}
	e.slots[s.index] = e.slots[last]
	e.slots[s.index].index = s.index
	e.slots[last] = nil
	e.slots = e.slots[:last]
}

// replace puts a new goroutine in the place of one that does not come back.
func (e *Executor) replace(s *slot, w *watch) {
	s.dead.Store(true)
	s.mu.Lock()
	what := describe(s.cur, w.index, w.begin, e.now())
	var local []job
	for _, en := range s.local.Rest() {
		local = append(local, en.open())
	}
	if s.cur != nil && s.cur.left() > 0 {
		local = append(local, s.cur)
	}
	s.cur = nil
	s.offer()
	s.mu.Unlock()

	e.mu.Lock()
	if !s.gone {
		e.abandoned[s] = what
	}
	e.removeSlot(s)
	e.mu.Unlock()
	for _, j := range local {
		e.again(j)
	}
	if !s.guest {
		e.addSlot(&slot{ex: e, bed: engine.NewSleeper()})
	}
}

// describe says what runs: item index of a Map where that is known (else -1).
func describe(j job, index int, since, now int64) string {
	name := "task"
	if j != nil && j.function().Name() != "" {
		name = j.function().Name()
	}
	switch {
	case index >= 0:
		name = fmt.Sprintf("%s, input %d", name, index)
	case j != nil && j.first() >= 0:
		name = fmt.Sprintf("%s, input %d or one soon after", name, j.first())
	}
	return fmt.Sprintf("%s for %v", name, time.Duration(now-since).Round(time.Millisecond))
}

// help runs a pending task on a goroutine of its own, in the place of a task of
// this executor that is about to wait for it.
func (e *Executor) help(t *task) {
	if e.local && t.state() == Pending {
		e.host(t.job)
	}
}

// host runs one job on a guest slot. The channel is closed when that has ended.
func (e *Executor) host(j job) <-chan struct{} {
	over := make(chan struct{})
	s := &slot{ex: e, guest: true, over: over, now: e.now()}
	s.local.Fill([]entry{{ticket: j.card()}})
	if !e.addSlot(s) {
		j.drop(e.closedCause())
		close(over)
	}
	return over
}

func (e *Executor) now() int64        { return int64(time.Since(e.epoch)) }
func (e *Executor) runList() []mapRun { return *e.runs.Load() }

// retries reports whether a task gets another attempt after err.
func (e *Executor) retries(cfg *config, attempts int, err error) bool {
	return attempts <= cfg.retries && !e.ended.Load() && (cfg.retryIf == nil || e.wanted(cfg.retryIf, err))
}

// wanted asks the user's RetryIf. A panic in it is told, and means no.
func (e *Executor) wanted(retryIf func(error) bool, err error) (yes bool) {
	e.call(func() { yes = retryIf(err) })
	return yes
}

// later queues a job again behind its back-off, and says so.
func (e *Executor) later(j job, cfg *config, index, attempt int, err error) {
	e.deaths.Store(0) // whoever is to blame for them is found
	wait := engine.Backoff(cfg.backoffBase, cfg.backoffCap, attempt)
	e.emit(Event{Kind: TaskRetried, Index: index, Count: 1, Attempt: attempt, Err: err, Delay: wait})
	if wait == 0 {
		e.again(j)
		return
	}
	if !e.delay(j, wait) {
		j.drop(e.closedCause())
	}
}

// delay queues a job again after a while; false when the executor has ended.
func (e *Executor) delay(j job, wait time.Duration) bool {
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.ended.Load() {
		return false
	}
	var timer *time.Timer
	timer = time.AfterFunc(wait, func() {
		e.mu.Lock()
		_, mine := e.waits[timer]
		if mine {
			delete(e.waits, timer)
			e.returning++
		}
		e.mu.Unlock()
		if mine {
			e.comeBack(j)
		}
	})
	e.waits[timer] = j
	return true
}

// recall takes matching jobs out of their back-off; they are to be passed over.
func (e *Executor) recall(match func(job) bool) {
	e.mu.Lock()
	var back []job
	for timer, j := range e.waits {
		if match(j) {
			timer.Stop()
			delete(e.waits, timer)
			back = append(back, j)
		}
	}
	e.returning += len(back)
	e.mu.Unlock()
	e.comeBack(back...)
}

// comeBack queues jobs that were behind their back-off. Until they are queued,
// Shutdown knows of them by their number.
func (e *Executor) comeBack(back ...job) {
	for _, j := range back {
		e.again(j)
	}
	e.mu.Lock()
	defer e.mu.Unlock()
	e.returning -= len(back)
	e.nudge()
}
