package outpace

import (
	"context"
	"sync"
	"sync/atomic"
	"time"
)

// ear is who listens to a worker: a goroutine of the executor or, while lone
// calls follow one another, the caller of each. The goroutine would have to be
// woken, and then wake the caller; that costs more than a small call does, most
// of all where the two run on different cores.
//
//	handOver ─► Send ─► worker ─┬─► listen, a goroutine
//	                            └─► hearFor, the caller that waits; listen stands by meanwhile
//
// listen reads again when it is asked to (something else was sent, or somebody
// waits in another way), and when nothing was handed over for a tick: then a call
// takes long, its caller does not wait for it, or the worker is idle and may die.
type ear struct {
	lane    *lane
	worker  Worker
	reading sync.Mutex           // held by who calls Receive
	err     error                // of Receive or of an answer; guarded by reading
	call    chan struct{}        // holds one: listen is to read
	task    atomic.Pointer[task] // handed over last, until it is answered
	batch   atomic.Uint32        // it is
	handed  atomic.Uint32        // how many were
	direct  atomic.Bool          // the caller of the last one would have read the answer himself
}

// tick is how long listen leaves a call to its caller.
const tick = time.Millisecond

// listen takes in a worker's answers until it is gone.
func (h *ear) listen() {
	defer h.lane.ex.leave()
	for {
		h.reading.Lock()
		err := h.hear()
		h.reading.Unlock()
		if err != nil {
			h.lane.lost(h.worker, err)
			return
		}
		if h.direct.Load() {
			h.standBy()
		}
	}
}

// hear takes in one answer, and keeps the error. reading is held.
func (h *ear) hear() error {
	if h.err != nil {
		return h.err
	}
	rep, err := h.worker.Receive()
	if err == ErrInterrupted { // perhaps late, for a caller that is gone
		return nil
	}
	if err == nil {
		err = h.lane.reply(h.worker, rep)
	}
	if rep.Kind != ReplyRunning && rep.Batch == h.batch.Load() {
		h.task.Store(nil)
	}
	h.err = err
	return err
}

// standBy returns when listen is to read.
func (h *ear) standBy() {
	clock := time.NewTicker(tick)
	defer clock.Stop()
	for {
		before := h.handed.Load()
		select {
		case <-h.call:
			return
		case <-clock.C:
		}
		if h.handed.Load() == before {
			return
		}
	}
}

// hearFor has the caller take in answers until his task is answered or ctx is done,
// if the task is the lone call of a worker and nobody reads.
func (e *Executor) hearFor(ctx context.Context, t *task) {
	h := e.handed.Load()
	if h == nil || h.task.Load() != t {
		return
	}
	w, ok := h.worker.(Interrupter)
	if ctx.Done() != nil && !ok {
		poke(h.call)
		return
	}
	h.direct.Store(true)
	if !h.reading.TryLock() {
		return
	}
	if ctx.Done() != nil { // only who reads is to be interrupted
		stop := context.AfterFunc(ctx, w.Interrupt)
		defer stop()
	}
	for h.task.Load() == t && ctx.Err() == nil && h.hear() == nil {
	}
	h.reading.Unlock()
	if h.task.Load() != nil || !t.final() { // the next caller found us reading; or ctx is done, or the worker lost
		poke(h.call)
	}
}

// hearSoon has listen read the answer to a task: somebody waits for it in another
// way than by reading it himself.
func (e *Executor) hearSoon(t *task) {
	if h := e.handed.Load(); h != nil && h.task.Load() == t {
		poke(h.call)
	}
}
