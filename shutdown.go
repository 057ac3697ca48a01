package outpace

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"time"
)

// Close cancels what is left and ends the executor: pending tasks become
// cancelled with ErrClosed, the contexts of running ones are cancelled, worker
// processes are killed. It returns when every goroutine and process of the
// executor is gone, at the latest Grace after that; what user code keeps running
// is then named in an *AbandonedError. Failures of tasks of Go are joined to the
// error. A second call returns the same.
func (e *Executor) Close() error {
	ctx, cancel := context.WithCancelCause(context.Background())
	cancel(ErrClosed)
	return e.Shutdown(ctx)
}

// ownGrace is how long our own goroutines may take to end, however short Grace
// is, before what they did last is taken for user code that goes on.
const ownGrace = 100 * time.Millisecond

// Shutdown takes nothing new in, lets what was taken in finish, and ends the
// executor. It blocks until then; the source of a Map that is under way is not
// pulled any more. When ctx is done before that, the rest is cancelled as by
// Close. The error is that of Close.
func (e *Executor) Shutdown(ctx context.Context) error {
	e.mu.Lock()
	second := e.shutting
	e.shutting = true
	e.mu.Unlock()
	if second {
		select {
		case <-e.closed:
		case <-ctx.Done():
			e.cancel(ErrClosed)
			<-e.closed
		}
		return e.closeErr
	}
	e.closing.Store(true)
	e.queue.Close()
	for _, r := range e.runList() {
		r.noMore()
	}
	if e.await(e.drained, ctx, e.ctx.Done()) {
		e.retire()
	}
	e.cancel(ErrClosed)
	e.stop()
	grace, cancel := context.WithTimeout(context.Background(), max(e.cfg.grace, ownGrace))
	defer cancel()
	e.await(e.gone, grace, nil)
	e.closeErr = e.verdict()
	close(e.closed)
	return e.closeErr
}

// await waits until cond holds, ctx is done, or stopped is closed, and reports
// whether cond held. cond is asked again after each nudge.
func (e *Executor) await(cond func() bool, ctx context.Context, stopped <-chan struct{}) bool {
	for !cond() {
		select {
		case <-e.changed:
		case <-ctx.Done():
			return false
		case <-stopped:
			return false
		}
	}
	return true
}

// nudge tells Shutdown to look again.
func (e *Executor) nudge() {
	if e.closing.Load() {
		poke(e.changed)
	}
}

// poke leaves a word for whoever waits on ch, which holds one. A second before
// the first is read says nothing new.
func poke(ch chan<- struct{}) {
	select {
	case ch <- struct{}{}:
	default:
	}
}

// drained reports whether everything that was taken in is finished. A lane whose
// worker is starting has nothing to do when the queue is empty.
func (e *Executor) drained() bool {
	e.mu.Lock()
	defer e.mu.Unlock()
	busy, idle := len(e.waits)+e.returning > 0 || len(e.runList()) > 0, int32(0)
	for _, s := range e.slots {
		busy = busy || s.guest
	}
	for _, l := range e.lanes {
		busy = busy || l.busy()
		if l.isStarting() {
			idle++
		}
	}
	return !busy && e.queue.Len() == 0 && e.resting.Load()+idle == e.started.Load()
}

func (e *Executor) gone() bool {
	e.mu.Lock()
	defer e.mu.Unlock()
	return e.alive == 0
}

// enter counts a goroutine of ours; leave is its end. enter returns false when
// the executor has ended.
func (e *Executor) enter() bool {
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.ended.Load() {
		return false
	}
	e.alive++
	return true
}

func (e *Executor) leave() {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.leaveLocked()
}

func (e *Executor) leaveLocked() {
	e.alive--
	e.nudge()
}

// retire lets worker processes that have nothing to do end by themselves.
func (e *Executor) retire() {
	var all sync.WaitGroup
	for _, l := range e.laneList() {
		all.Go(l.retire)
	}
	all.Wait()
}

// stop is the hard end: nothing pending runs any more, slots and lanes end with
// what they are doing, worker processes are killed. It runs when the executor's
// context is done, and may run twice.
func (e *Executor) stop() {
	cause := context.Cause(e.ctx)
	e.mu.Lock()
	e.closing.Store(true)
	e.ended.Store(true)
	var waiting []job
	for timer, j := range e.waits {
		timer.Stop()
		waiting = append(waiting, j)
	}
	clear(e.waits)
	e.mu.Unlock()

	e.space.Close(cause)
	e.queue.Close()
	for _, j := range waiting {
		j.drop(cause)
	}
	e.dropAll()
	for _, s := range e.slotList() { // what a slot has taken may be behind a task that never returns
		e.dropEntries(s.giveUp())
	}
	for _, r := range e.runList() {
		r.halt(cause)
	}
	for _, l := range e.laneList() {
		l.kill()
	}
	e.queue.RouseAll()
	e.nudge()
}

// dropAll gives up what is queued.
func (e *Executor) dropAll() {
	var batch [64]entry
	for n, _ := e.queue.Take(batch[:], 1); n > 0; n, _ = e.queue.Take(batch[:], 1) {
		e.dropEntries(batch[:n])
	}
}

func (e *Executor) dropEntries(list []entry) {
	for _, en := range list {
		en.open().drop(e.closedCause())
	}
}

// verdict is the error of Shutdown: what is still running, and what failed.
func (e *Executor) verdict() error {
	e.mu.Lock()
	var stuck []string
	var left []job
	for _, what := range e.abandoned {
		stuck = append(stuck, what)
	}
	for _, s := range e.slots {
		s.mu.Lock()
		if s.cur != nil {
			stuck = append(stuck, describe(s.cur, -1, s.since, e.now()))
			left = append(left, s.cur)
		}
		s.mu.Unlock()
	}
	for _, r := range e.runList() {
		if what := r.stuck(); what != "" {
			stuck = append(stuck, what)
		}
	}
	goErr, goFailed := e.goErr, e.goFailed
	e.mu.Unlock()
	for _, j := range left {
		j.abandon(e.closedCause())
	}
	var errs []error
	if len(stuck) > 0 {
		slices.Sort(stuck)
		errs = append(errs, &AbandonedError{Tasks: stuck})
	}
	if goFailed > 0 {
		errs = append(errs, fmt.Errorf("%d tasks of Go failed, the first: %w", goFailed, goErr))
	}
	return errors.Join(errs...)
}

// register and unregister keep the list of the Maps that run.
func (e *Executor) register(r mapRun) {
	e.mu.Lock()
	defer e.mu.Unlock()
	list := append(slices.Clone(e.runList()), r)
	e.runs.Store(&list)
}

func (e *Executor) unregister(r mapRun) {
	e.mu.Lock()
	defer e.mu.Unlock()
	list := slices.DeleteFunc(slices.Clone(e.runList()), func(o mapRun) bool { return o == r })
	e.runs.Store(&list)
	e.nudge()
}

func (e *Executor) slotList() []*slot {
	e.mu.Lock()
	defer e.mu.Unlock()
	return slices.Clone(e.slots)
}

func (e *Executor) laneList() []*lane {
	e.mu.Lock()
	defer e.mu.Unlock()
	return slices.Clone(e.lanes)
}

// emit tells the observer. One that panics is told of it once and never again.
func (e *Executor) emit(ev Event) {
	if e.cfg.observe == nil {
		return
	}
	e.eventMu.Lock()
	defer e.eventMu.Unlock()
	if e.mute {
		return
	}
	if err := protect(func() { e.cfg.observe(ev) }); err != nil {
		e.mute = true
		_ = protect(func() { e.cfg.observe(Event{Kind: ObserverPanic, Index: -1, Count: 1, Err: err}) })
	}
}

// finished tells that count tasks from index on ended.
func (e *Executor) finished(index, count, attempts int, err error, o outcome) {
	if err != nil {
		e.blamed(err)
	}
	if e.cfg.observe == nil {
		return
	}
	e.emit(Event{Kind: TaskFinished, Index: index, Count: count, Worker: o.worker, Attempt: attempts, Wall: o.wall, CPU: o.cpu, Err: err})
}

func (e *Executor) begun(index, count, attempt, worker int) {
	if e.cfg.observe == nil {
		return
	}
	e.emit(Event{Kind: TaskStarted, Index: index, Count: count, Worker: worker, Attempt: attempt, CPU: -1})
}

func (e *Executor) requeued(index, count int, why error) {
	e.emit(Event{Kind: TaskRequeued, Index: index, Count: count, Err: why, CPU: -1})
}

// keep remembers the failure of a task of Go for Shutdown.
func (e *Executor) keep(err error) {
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.goFailed++; e.goErr == nil {
		e.goErr = err
	}
}

// call runs a callback of the user's.
func (e *Executor) call(fn func()) {
	if err := protect(fn); err != nil {
		e.emit(Event{Kind: ObserverPanic, Index: -1, Count: 1, Err: err})
	}
}
