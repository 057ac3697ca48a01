package outpace

// handOver has the caller's goroutine send a submitted task to a worker that
// has nothing to do, and reports whether it did: to wake the lane's goroutine
// for that takes as long as a small call does. It does not block. So it is done
// only where the worker has the function loaded, nothing else is in flight that
// could be in the way, and the input fits into an empty pipe whole; and nobody
// observes, since events come from goroutines of the executor.
//
//	Submit ──► handOver ─────────────► Send ──► worker
//	   └─────► queue ──► lane's loop ────▲
func (e *Executor) handOver(j job) bool {
	if e.cfg.observe != nil || !e.queue.Sleeping() || e.queue.Len() > 0 {
		return false
	}
	for _, l := range e.laneList() {
		if l.driving.TryLock() {
			done := l.handOver(j)
			l.driving.Unlock()
			if done {
				return true
			}
		}
	}
	return false
}

// fits is the bytes that a pipe takes at once when it is empty.
const fits = 4 << 10

func (l *lane) handOver(j job) bool {
	l.mu.Lock()
	w := l.worker
	free := w != nil && l.items == 0 && l.waiting == nil && l.room() > 0
	next := l.lastID + 1 // only who drives sends
	l.mu.Unlock()
	if !free || l.known != j.function() {
		return false
	}
	text, err := j.appendInput(append(l.buffer[:0], '['), 0)
	if err != nil || len(text) > fits {
		return false
	}
	l.buffer = append(text, ']')
	if a, b := j.claim(1); a == b {
		return true // cancelled meanwhile
	}
	b := newBatch(j)
	b.refs, b.n = []ref{{j, 0, 1, 0}}, 1
	b.answered, b.open = make([]bool, 1), 1
	l.ear.handOver(j, next)
	l.send(w, b)
	return true
}

// handOver notes that a task is about to be sent whose caller may read the
// answer. Where the answer matters to others too, listen reads it.
func (h *ear) handOver(j job, batch uint32) {
	t := j.(interface{ header() *task }).header()
	cfg := j.settings()
	h.direct.Store(false)
	h.batch.Store(batch)
	h.task.Store(t)
	h.handed.Add(1)
	h.lane.ex.handed.Store(h)
	if cfg.timeout > 0 || cfg.retries > 0 {
		poke(h.call)
	}
}
