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
		s.fail(circle, "")
	}
}

// mayClose reports whether somebody that w waits for waits, in the end, for its
// owner; which is rare, and found out sooner than a circle is. Mostly the owner has
// nothing, or who has the gate does not wait. It goes from the owner to those who
// wait for it, since mostly nobody does, while a popular lock has a long line.
func (w *Wait) mayClose() bool {
	if len(w.owner.held) == 0 && len(w.owner.waits) == 1 || !slices.ContainsFunc(w.gate.holders, (*Owner).halts) {
		return false
	}
	seen := map[*Owner]bool{w.owner: true}
	todo := []*Owner{w.owner}
	add := func(from *Wait) { // those behind one who was seen are added for that one
		for ; from != nil && !seen[from.owner]; from = from.place.next {
			seen[from.owner] = true
			todo = append(todo, from.owner)
		}
	}
	for ; len(todo) > 0; todo = todo[1:] {
		o := todo[0]
		for _, h := range o.held {
			if h.gate == w.gate {
				return true
			}
			add(h.gate.line.head)
		}
		for _, v := range o.waits {
			switch {
			case v == w || v.gate == nil:
			case v.gate == w.gate:
				return true
			default:
				add(v.place.next)
			}
		}
	}
	return false
}

// halts reports whether the owner waits.
func (o *Owner) halts() bool { return len(o.waits) > 0 }

// ahead is the owners that must release something, or get something, before w
// gets what it waits for at a gate.
func (w *Wait) ahead() []*Owner {
	owners := slices.Clone(w.gate.holders)
	for before := w.gate.line.head; before != nil && before != w; before = before.place.next {
		owners = append(owners, before.owner)
	}
	return owners
}

// fail gives the youngest of those that wait for one another an error, with a
// hint if there is one. The lock is held.
func (s *Space) fail(circle []*Wait, hint string) {
	youngest := circle[0]
	for _, w := range circle {
		if w.owner.born > youngest.owner.born {
			youngest = w
		}
	}
	s.drop(youngest, Response{Status: Deadlock, Text: story(circle, youngest) + hint})
}

// most is how many a message names, of tasks and of what one holds: there may be
// thousands.
const most = 20

// story says who holds what and waits for what. The youngest, who is told, is
// named in any case.
func story(circle []*Wait, youngest *Wait) string {
	var parts []string
	for i, w := range circle {
		if i >= most && w != youngest {
			continue
		}
		holds := ""
		if h := w.owner.holds(); h != "" {
			holds = "holds " + h + " and "
		}
		parts = append(parts, fmt.Sprintf("%s %swaits for %s", w.owner.String(), holds, w.what()))
	}
	if more := len(circle) - len(parts); more > 0 {
		parts = append(parts, fmt.Sprintf("and %d more wait", more))
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

// blocker returns a wait of a stuck owner that this one waits for. That is another
// one where it can be: who has units of a semaphore and wants more waits for itself
// too, but it is the others who tell why.
func (w *Wait) blocker(stuck map[*Owner]bool) *Wait {
	if w.gate == nil {
		return nil
	}
	var itself *Wait
	for _, o := range w.ahead() {
		switch {
		case stuck[o] && o != w.owner:
			return o.waits[0]
		case stuck[o]:
			itself = o.waits[0]
		}
	}
	return itself
}
