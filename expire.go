package outpace

import "time"

// This file is what becomes of a batch whose time is over.
//
//	time is over ──► an answer may be waiting in line? look again soon
//	     │
//	     ├─ its task can be cancelled ──► cancel it, and look again Grace later
//	     ├─ others share its interpreter ──► does the worker, or its loop, answer a ping?
//	     │        yes: the task is guilty · no: one of them does not let go, but
//	     │        which? all of them are suspects
//	     ▼
//	the worker tells where it is, and is killed ──► lost

const (
	lateLook  = 20 * time.Millisecond  // between two looks at whether an answer has come
	lateLooks = 50                     // at most
	pingLimit = 250 * time.Millisecond // a worker that answers later does not listen
	dumpTime  = 250 * time.Millisecond // to write a stack, on a busy machine too
	dumpLook  = time.Millisecond       // between two looks at whether it is written
)

// handed notes that a batch was sent, and sets its time-out. A batch of several
// is given its lease on top; when an item is slow the worker says so by then, and
// the time-out is counted from that item's own start.
func (l *lane) handed(b *batch, lease time.Duration) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.batches[b.id] != b {
		return
	}
	b.reached = true
	if b.cfg.timeout == 0 || b.timer != nil {
		return
	}
	limit := b.cfg.timeout
	if lease > 0 {
		limit += 2 * lease
	}
	b.timer = time.AfterFunc(limit, func() { l.timeUp(b) })
	if b.at >= 0 { // the worker was quicker to say that it is slow
		b.timer.Reset(b.cfg.timeout)
	}
}

// timeUp ends what has run too long: where a task can be cancelled it is, and
// the worker killed if it goes on; elsewhere it is killed at once.
func (l *lane) timeUp(b *batch) {
	l.mu.Lock()
	defer l.mu.Unlock()
	w, plan := l.worker, l.ex.plan
	if l.batches[b.id] != b || w == nil || l.killed != nil {
		return
	}
	if l.settling > 0 && b.looks < lateLooks { // the answer may come behind the one that is being read
		b.looks++
		b.timer.Reset(lateLook)
		return
	}
	guilty := -1 // not known, or on a loop all of its items
	switch {
	case plan.Loop:
	case b.n == 1:
		guilty = 0
	case b.at >= 0:
		guilty = b.at
	}
	asks := plan.Loop || plan.Cancels && guilty >= 0
	pinger, ok := w.(Pinger)
	switch {
	case asks && !b.expired:
		b.expired, b.guilty = true, guilty
		go l.cancel(w, b.id, guilty)
		b.timer.Reset(b.cfg.grace)
	case !plan.Loop && plan.Shape.Tasks > 1 && guilty < 0: // it does not even say which of them runs
		l.unheard()
		l.expire(w, b)
	case ok && l.items > 1 && (plan.Loop || guilty >= 0 && l.items > b.open):
		go l.question(pinger, b, guilty)
	default:
		b.expired, b.guilty = true, guilty
		l.expire(w, b)
	}
}

// question asks a worker whose tasks share an interpreter or a loop whether it listens,
// before one of them is found guilty: the others wait for whoever does not let
// go of it, and each of them is late.
func (l *lane) question(w Pinger, b *batch, guilty int) {
	answers := w.Ping(pingLimit)
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.worker != Worker(w) || l.batches[b.id] != b || l.killed != nil {
		return
	}
	if b.expired, b.guilty = true, guilty; !answers {
		l.unheard()
	}
	l.expire(w, b)
}

// unheard notes that the worker does not listen, for one of what is in flight:
// all of it is suspect. The lock is held.
func (l *lane) unheard() {
	l.mute = true
	for _, b := range l.batches {
		b.guilty, b.expired = -1, false
	}
}

// expire kills the worker of an expired batch, after it has told where it is.
// The lock is held.
func (l *lane) expire(w Worker, b *batch) {
	l.killed = &TimeoutError{After: b.cfg.timeout}
	if d, ok := w.(Dumper); ok && d.Dump() {
		killDumped(d, time.Now().Add(dumpTime), false)
		return
	}
	w.Kill()
}

// killDumped kills a worker when its stack is written, which two looks in a row
// must say: in between a signal may be neither pending nor in its handler.
func killDumped(d Dumper, latest time.Time, once bool) {
	time.AfterFunc(dumpLook, func() {
		done := d.Dumped()
		if done && once || !time.Now().Before(latest) {
			d.Kill()
			return
		}
		killDumped(d, latest, done)
	})
}
