package share

import (
	"fmt"
	"slices"
	"strings"
)

// This file finds waits without an end. It plays through what may still happen:
// who does not wait may go on, and release what it holds; by that, others that
// wait get their turn and may go on too; and so forth. Whoever is left when
// nothing changes any more is stuck.
//
// (Reduction of a resource graph: Holt, Some Deadlock Properties of Computer
// Systems, 1972.)

// check looks for a circle when a request has begun to wait for a gate, and
// fails the youngest in it. Who waits for a queue is taken to get what it waits
// for: whether that is so is for tick to find out. The lock is held.
func (s *Space) check(w *Wait) {
	s.arm()
	for !w.gone && w.gate != nil && w.mayClose() {
		circle := circleOf(w, s.stuck(true))
		if circle == nil {
			return
		}
		s.fail(circle)
	}
}

// mayClose reports whether those that w waits for wait, in the end, for its owner;
// which is rare, and found out sooner than a circle is. Nobody can wait for an
// owner that has nothing and waits nowhere else.
func (w *Wait) mayClose() bool {
	if len(w.owner.held) == 0 && len(w.owner.waits) == 1 {
		return false
	}
	seen := map[*Owner]bool{}
	var leads func(w *Wait) bool
	leads = func(from *Wait) bool {
		for _, o := range from.ahead() {
			if o == w.owner {
				return true
			}
			if seen[o] {
				continue
			}
			seen[o] = true
			for _, next := range o.waits {
				if next.gate != nil && leads(next) {
					return true
				}
			}
		}
		return false
	}
	return leads(w)
}

// ahead is the owners that must release something, or get something, before w
// gets what it waits for at a gate.
func (w *Wait) ahead() []*Owner {
	owners := slices.Clone(w.gate.holders)
	for before := w.gate.line.head; before != nil && before != w; before = before.place.next {
		owners = append(owners, before.owner)
	}
	return owners
}

// fail gives the youngest of those that wait for one another an error. The lock
// is held.
func (s *Space) fail(circle []*Wait) {
	youngest := circle[0]
	for _, w := range circle {
		if w.owner.born > youngest.owner.born {
			youngest = w
		}
	}
	s.drop(youngest, Response{Status: Deadlock, Text: story(circle)})
}

// story says who holds what and waits for what.
func story(circle []*Wait) string {
	var parts []string
	for _, w := range circle {
		holds := ""
		if h := w.owner.holds(); h != "" {
			holds = "holds " + h + " and "
		}
		parts = append(parts, fmt.Sprintf("%s %swaits for %s", w.owner.String(), holds, w.what()))
	}
	return strings.Join(parts, "; ")
}

// what says what a wait is for.
func (w *Wait) what() string {
	switch {
	case w.gate != nil && w.gate.kind == KindSemaphore:
		return fmt.Sprintf("%d of %v", w.req.Count, w.gate)
	case w.gate != nil:
		return w.gate.String()
	case w.req.Op == OpPut:
		return fmt.Sprintf("room in queue %q", w.queue.name)
	}
	return fmt.Sprintf("an item of queue %q", w.queue.name)
}

// stuck returns the owners that wait and can never go on. served says whether
// somebody who does not wait may serve the queues.
func (s *Space) stuck(served bool) map[*Owner]bool {
	stuck := map[*Owner]bool{}
	for w := s.waiting.head; w != nil; w = w.all.next {
		stuck[w.owner] = true
	}
	for changed := true; changed && len(stuck) > 0; {
		changed = false
		blocked := map[*gate]bool{} // by somebody in the line who is stuck
		for w := s.waiting.head; w != nil; w = w.all.next {
			switch {
			case !stuck[w.owner]:
			case w.gate != nil && blocked[w.gate] && w.timer == nil:
			case w.mayEnd(stuck, served):
				delete(stuck, w.owner)
				changed = true
				served = served || w.owner.task()
			case w.gate != nil:
				blocked[w.gate] = true
			}
		}
	}
	return stuck
}

// mayEnd reports whether a wait that nobody stuck is in front of may end if all
// but the stuck ones go on.
func (w *Wait) mayEnd(stuck map[*Owner]bool, served bool) bool {
	if w.timer != nil {
		return true // by its time-out
	}
	if w.gate == nil {
		return served
	}
	free := w.gate.free
	for _, h := range w.gate.holders {
		if !stuck[h] {
			free += h.has(w.gate)
		}
	}
	return free >= w.req.Count
}

// circleOf returns waits of stuck owners that wait for one another, in the order
// of who waits for whom; nil where w leads to none.
func circleOf(w *Wait, stuck map[*Owner]bool) []*Wait {
	if !stuck[w.owner] {
		return nil
	}
	var path []*Wait
	for w != nil {
		for i, seen := range path {
			if seen.owner == w.owner {
				return path[i:]
			}
		}
		path = append(path, w)
		w = w.blocker(stuck)
	}
	return nil
}

// blocker returns a wait of a stuck owner that this one waits for.
func (w *Wait) blocker(stuck map[*Owner]bool) *Wait {
	if w.gate == nil {
		return nil
	}
	for _, o := range w.ahead() {
		if stuck[o] {
			return o.waits[0]
		}
	}
	return nil
}
