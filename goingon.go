package outpace

import "github.com/outpace-run/outpace/share"

// This file answers one question of package share: all of these tasks wait for
// something; is there anything else that may still happen?

// mayGoOn reports whether, besides the waiting tasks, another runs, or one that is
// pending, or is still to come from a Map's source, may start. It looks for pending
// ones before and after it looks at the workers, so that it does not miss one that
// goes from here to there meanwhile.
func (e *Executor) mayGoOn(waiting map[*share.Site]int) bool {
	look := e.lanesGoOn
	if e.local {
		look = e.slotsGoOn
	}
	before := e.comes()
	running, free, pending := look(waiting)
	return running || free && (before || pending || e.comes())
}

// comes reports whether a task is to come, or to come back. The queue is last,
// where all of them go.
func (e *Executor) comes() bool { return e.comesIn() || e.comesBack() || e.queue.Len() > 0 }

// slotsGoOn looks at the slots of this process.
func (e *Executor) slotsGoOn(waiting map[*share.Site]int) (running, free, pending bool) {
	busy := 0
	for _, s := range e.slotList() {
		s.mu.Lock()
		if s.cur != nil {
			busy++
			pending = pending || s.cur.left() > 0
		}
		pending = pending || s.local.Len() > 0
		s.mu.Unlock()
	}
	return busy > waiting[e.here], busy < int(e.width.Load()), pending
}

// lanesGoOn looks at the workers.
func (e *Executor) lanesGoOn(waiting map[*share.Site]int) (running, free, pending bool) {
	tasks := e.plan.Shape.Tasks
	free = e.started.Load() < e.width.Load()
	for _, l := range e.laneList() {
		l.mu.Lock()
		wait := waiting[l.site]
		running = running || l.starting || l.settling > 0 || l.items > wait && wait < tasks
		free = free || l.items < tasks
		pending = pending || l.items > wait || l.waiting != nil
		l.mu.Unlock()
	}
	return running, free, pending
}

// comesBack reports whether a retry is behind its back-off.
func (e *Executor) comesBack() bool {
	e.mu.Lock()
	defer e.mu.Unlock()
	return len(e.waits)+e.returning > 0
}

// comesIn reports whether a Map may still bring inputs.
func (e *Executor) comesIn() bool {
	for _, r := range e.runList() {
		if r.brings() {
			return true
		}
	}
	return false
}

// brings reports whether the source may go on. One that waits for room, while the
// loop waits for results, waits for a task that waits.
func (r *mapping[In, Out]) brings() bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	waits := r.blocked.Load() && r.hungry
	return !r.over && !r.stopped.Load() && !waits || r.open.Load() != nil
}
