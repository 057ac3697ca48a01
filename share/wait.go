package share

import (
	"slices"
	"time"
)

// Wait is a request that waits for its turn.
type Wait struct {
	owner *Owner
	req   Request
	done  func(Response)
	gate  *gate  // that it waits for; or
	queue *queue // to put or take
	in    int    // items of a put that are in
	timer *time.Timer
	place link // in the line of the gate or queue
	all   link // in the space's list of all
	gone  bool // it was answered
}

// link is a Wait's place in a line.
type link struct{ prev, next *Wait }

// line is waits in the order of their arrival. all says which of a Wait's links
// it goes by.
type line struct {
	head, tail *Wait
	all        bool
}

func (l *line) link(w *Wait) *link {
	if l.all {
		return &w.all
	}
	return &w.place
}

func (l *line) push(w *Wait) {
	at := l.link(w)
	at.prev, at.next = l.tail, nil
	if l.tail == nil {
		l.head = w
	} else {
		l.link(l.tail).next = w
	}
	l.tail = w
}

func (l *line) remove(w *Wait) {
	at := l.link(w)
	if at.prev == nil {
		l.head = at.next
	} else {
		l.link(at.prev).next = at.next
	}
	if at.next == nil {
		l.tail = at.prev
	} else {
		l.link(at.next).prev = at.prev
	}
	*at = link{}
}

// lineOf returns the line that a wait stands in.
func (w *Wait) lineOf() *line {
	switch {
	case w.gate != nil:
		return &w.gate.line
	case w.req.Op == OpPut:
		return &w.queue.puts
	}
	return &w.queue.takes
}

// enqueue has a request wait. The lock is held.
func (s *Space) enqueue(w *Wait) *Wait {
	s.changes++
	w.lineOf().push(w)
	s.waiting.push(w)
	if w.owner.task() && len(w.owner.waits) == 0 {
		s.halted++
	}
	w.owner.waits = append(w.owner.waits, w)
	if w.owner.who.Waits != nil {
		w.owner.who.Waits()
	}
	if w.req.Wait > 0 {
		w.timer = time.AfterFunc(w.req.Wait, func() { s.giveUp(w, No) })
	}
	return w
}

// finish ends a wait with an answer. The lock is held.
func (s *Space) finish(w *Wait, r Response) {
	if w.gone {
		return
	}
	s.changes++
	w.gone = true
	w.lineOf().remove(w)
	s.waiting.remove(w)
	w.owner.waits = slices.DeleteFunc(w.owner.waits, func(other *Wait) bool { return other == w })
	if w.owner.task() && len(w.owner.waits) == 0 {
		s.halted--
	}
	if w.timer != nil {
		w.timer.Stop()
	}
	s.due = append(s.due, due{w.done, r})
}

// giveUp ends a wait whose time is over, or that nobody wants any more. Others
// may get their turn by that.
func (s *Space) giveUp(w *Wait, status Status) {
	s.mu.Lock()
	s.drop(w, Response{Status: status, Number: int64(w.in)})
	s.unlock()
}

// drop is giveUp under the lock.
func (s *Space) drop(w *Wait, r Response) {
	if w.gone {
		return
	}
	s.finish(w, r)
	if w.gate != nil {
		s.grant(w.gate)
	} else {
		s.pump(w.queue)
	}
}

// Withdraw gives the wait up: it is answered by Withdrawn, unless it was answered
// before. It may be called more than once, and of nil does nothing.
func (w *Wait) Withdraw() {
	if w != nil {
		w.owner.site.space.giveUp(w, Withdrawn)
	}
}
