package share

import "time"

// lookEvery is how often a space looks for tasks that wait for what nobody is
// left to do. Two looks in a row must find that nothing has happened. lookAgain is
// how soon it looks when it has found one: the others, and the tasks that come
// next, often wait for the same; after that it doubles.
const (
	lookEvery = 100 * time.Millisecond
	lookAgain = time.Millisecond
)

// nobodyLeft is what to do about waits that nobody is left to end.
const nobodyLeft = "; nobody else can go on (hint: close a queue when all is in it, and run as many tasks at once as wait for one another)"

// arm starts the looks while there is something to look for: somebody waits, and
// the caller is not going to do anything. The lock is held.
func (s *Space) arm() {
	if s.config.Others == nil || !s.left || s.closed != nil || s.waiting.head == nil {
		return
	}
	if s.watch == nil {
		s.seen = s.changes
		s.watch = time.AfterFunc(s.pace, s.tick)
	}
}

// tick is one look.
func (s *Space) tick() {
	s.mu.Lock()
	s.watch = nil
	s.pace = min(2*s.pace, lookEvery)
	seen := s.changes
	if s.seen == seen && s.tasks == s.halted && s.left && s.closed == nil && s.waiting.head != nil {
		waiting := s.waitingTasks()
		s.mu.Unlock()
		others := s.config.Others(waiting)
		s.mu.Lock()
		if !others && seen == s.changes && s.left && s.closed == nil {
			if waits := s.stuckWaits(); len(waits) > 0 {
				s.fail(waits, nobodyLeft)
				s.pace = lookAgain
			}
		}
	}
	s.arm()
	s.unlock()
}

// waitingTasks counts the tasks that wait, by site. The lock is held.
func (s *Space) waitingTasks() map[*Site]int {
	n := map[*Site]int{}
	for w := s.waiting.head; w != nil; w = w.all.next {
		if w.owner.task() && !w.owner.who.Part && w.owner.waits[0] == w {
			n[w.owner.site]++
		}
	}
	return n
}

// stuckWaits returns the waits of those that are stuck if nobody but those who
// wait is left to do anything. The lock is held.
func (s *Space) stuckWaits() []*Wait {
	stuck := s.stuck(false)
	var waits []*Wait
	for w := s.waiting.head; w != nil; w = w.all.next {
		if stuck[w.owner] {
			waits = append(waits, w)
		}
	}
	return waits
}
