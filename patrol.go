package outpace

import (
	"errors"
	"fmt"
	"time"
)

// How often worker processes are looked at while they have something to do.
const (
	lookMemory = 50 * time.Millisecond
	lookIdle   = time.Second
)

// vital is what a lane knows of its worker's process from outside. It belongs to
// the lane's lock.
type vital struct {
	base    int64 // memory when it was idle first, after an answer
	before  int64 // memory when the worker was idle last
	peak    int64 // the most since then
	used    bool  // it has answered something
	stopped time.Time
}

// startPatrol starts to look at worker processes, the first time that there is
// one. It fails where a limit needs it and the worker cannot be looked at.
func (e *Executor) startPatrol(w Worker) error {
	watched, ok := w.(Watched)
	if ok && e.cfg.memory > 0 {
		v, err := watched.Vitals(e.cfg.memory)
		if err != nil {
			return fmt.Errorf("%w: MemoryLimit: %w", ErrOption, err)
		}
		if v.Memory > e.cfg.memory {
			return fmt.Errorf("%w: the memory limit is %s, and a worker has %s before it runs anything", ErrOption, size(e.cfg.memory), size(v.Memory))
		}
	}
	switch {
	case !ok && e.cfg.memory > 0:
		return fmt.Errorf("%w: MemoryLimit: this model's workers cannot be looked at", ErrOption)
	case !ok || e.cfg.memory == 0 && e.cfg.idleLimit == 0:
		return nil
	}
	e.patrol.Do(func() {
		if e.enter() {
			go e.walk()
		}
	})
	return nil
}

// walk looks at every lane until the executor ends.
func (e *Executor) walk() {
	defer e.leave()
	every := lookMemory
	if e.cfg.memory == 0 {
		every = min(lookIdle, max(lookMemory, e.cfg.idleLimit/4))
	}
	tick := time.NewTicker(every)
	defer tick.Stop()
	for {
		select {
		case <-tick.C:
			for _, l := range e.laneList() {
				l.look()
			}
		case <-e.ctx.Done():
			return
		}
	}
}

// look looks at a lane's worker, if it has something to do, and kills one that
// is over its limits.
func (l *lane) look() {
	l.mu.Lock()
	w, busy := l.worker, l.items > 0
	l.mu.Unlock()
	watched, ok := w.(Watched)
	if !ok || !busy {
		return
	}
	cfg := l.ex.cfg
	v, err := watched.Vitals(cfg.memory)
	if err != nil {
		return // it is about to be lost
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.worker != w || l.items == 0 || l.killed != nil {
		return
	}
	l.peak = max(l.peak, v.Memory)
	switch {
	case !v.Stopped:
		l.stopped = time.Time{}
	case l.stopped.IsZero():
		l.stopped = time.Now()
	}
	switch {
	case cfg.memory > 0 && v.Memory > cfg.memory:
		l.killed = &MemoryError{Limit: cfg.memory, Peak: v.Memory}
		w.Kill()
	case v.Stopped && cfg.idleLimit > 0 && time.Since(l.stopped) >= cfg.idleLimit:
		l.killed = &stoppedError{cfg.idleLimit}
		w.Kill()
	}
}

// stoppedError is the reason why a worker counts as lost that did not end.
type stoppedError struct{ limit time.Duration }

func (e *stoppedError) Error() string {
	return fmt.Sprintf("a signal stopped it, and it did not go on for %v", e.limit)
}

// weigh notes what an idle worker weighs, before it gets something to do.
func (l *lane) weigh(w Worker) {
	watched, ok := w.(Watched)
	if !ok || l.ex.cfg.memory == 0 {
		return
	}
	v, err := watched.Vitals(0)
	l.mu.Lock()
	defer l.mu.Unlock()
	if err != nil || l.worker != w || l.items > 0 {
		return
	}
	if l.used && l.base == 0 {
		l.base = v.Memory
	}
	l.before, l.peak = v.Memory, v.Memory
}

// grew reports whether what is in flight made the worker grow over its limit,
// rather than what ran before it: it took at least half of the room that a
// worker has with the function loaded. The lock is held.
func (l *lane) grew() bool {
	return !l.used || 2*(l.peak-l.before) >= l.ex.cfg.memory-l.base
}

// loss is what the end of a worker means for what it had in flight.
type loss struct {
	err    error  // for the item that it is charged to
	charge bool   // the one item in flight is to blame
	pardon bool   // we killed it for another's sake: nothing in flight is a suspect
	words  string // the last that the worker wrote
}

// soloDeaths is how often an item has to be alone on a worker that somebody may
// have killed from outside, until that is its fault.
const soloDeaths = 3

// reached reports whether all that is in flight was handed to the worker. The
// lock is held.
func (l *lane) reached() bool {
	for _, b := range l.batches {
		if !b.reached {
			return false
		}
	}
	return true
}

// judge decides that. It is called once a worker is gone, with the lock held;
// open is the number of items in flight.
//
//	who ended it               | the item that was out of time | a lone item                | several
//	we, at a time-out          | fails with TimeoutError       | –                          | run again, uncharged
//	… when it did not listen   | –                             | –                          | suspects
//	we, for a Cancel           | –                             | runs again, or is cancelled| likewise
//	we, for its memory         | –                             | MemoryError if it grew it  | suspects
//	it was stopped for long    | –                             | a suspect; alone: LostError| suspects
//	itself                     | –                             | LostError                  | suspects
//	the kernel, out of memory  | –                             | a suspect; alone: LostError| suspects
//	perhaps somebody, SIGKILL… | –                             | a suspect; LostError when  | suspects
//	                           |                               | alone for the third time   |
//
// What had not reached the worker when it ended is not to blame.
func (l *lane) judge(lost *LostError, open int) loss {
	var memory *MemoryError
	var stopped *stoppedError
	ended := l.ex.ended.Load()
	switch {
	case errors.As(l.killed, &memory):
		memory.Peak = max(memory.Peak, l.peak, lost.Peak)
		return loss{err: memory, charge: open == 1 && l.grew(), pardon: ended}
	case errors.As(l.killed, &stopped):
		lost.Signal, lost.Err = 0, stopped
		return loss{err: lost, charge: open == 1 && l.doubts > 0, pardon: ended}
	case l.killed != nil:
		return loss{err: l.killed, pardon: !l.mute || ended, words: lost.Stderr}
	}
	needed := 0 // deaths before this one
	switch {
	case lost.OutOfMemory:
		needed = 1
	case lost.chance():
		needed = soloDeaths
	}
	return loss{err: lost, charge: !ended && open == 1 && l.doubts >= needed && l.reached(), pardon: ended}
}
