package outpace_test

import (
	"context"
	"encoding/json"
	"errors"
	"sync"
	"sync/atomic"
	"time"

	"github.com/outpace-run/outpace"
)

// fakeBatch is a batch in a worker.
type fakeBatch struct {
	w *fakeWorker
	outpace.Batch
	inputs []int
	lease  *time.Timer // nil for one without

	mu      sync.Mutex
	state   []byte // of each item: waiting, begun or answered
	cancels []context.CancelFunc
	ready   outpace.Reply // results that are not sent yet
}

const (
	itemWaits = iota
	itemBegun
	itemAnswered
)

func (b *fakeBatch) over() {
	b.w.mu.Lock()
	delete(b.w.batches, b.ID)
	b.w.mu.Unlock()
	select {
	case b.w.idle <- struct{}{}:
	default:
	}
}

// run works through the batch in order, as a slot of a thread does.
func (b *fakeBatch) run() {
	if b.lease != nil {
		defer b.lease.Stop()
	}
	for i := range b.inputs {
		if b.move(i, itemWaits, itemBegun) {
			ctx, cancel := context.WithCancel(b.w.proc)
			if b.w.model.cancels {
				b.mu.Lock()
				b.cancels[i] = cancel
				b.mu.Unlock()
			}
			b.item(ctx, i)
			cancel()
		}
		if b.w.proc.Err() != nil {
			return
		}
	}
	b.flush()
}

// keep gathers results that belong together.
func (b *fakeBatch) keep(r outpace.Reply) {
	b.mu.Lock()
	follows := b.ready.N > 0 && b.ready.First+b.ready.N == r.First
	b.mu.Unlock()
	if !follows {
		b.flush()
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.ready.N == 0 {
		b.ready = r
		return
	}
	b.ready.N++
	b.ready.Wall += r.Wall
	b.ready.Outputs = append(b.ready.Outputs, r.Outputs...)
	b.ready.Walls = append(b.ready.Walls, r.Walls...)
}

// flush sends the results that are there.
func (b *fakeBatch) flush() {
	b.mu.Lock()
	r := b.ready
	b.ready = outpace.Reply{}
	b.mu.Unlock()
	if r.N > 0 {
		b.w.say(r)
	}
}

func (b *fakeBatch) move(i int, from, to byte) bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.state[i] != from {
		return false
	}
	b.state[i] = to
	return true
}

// item runs item i and answers it.
func (b *fakeBatch) item(ctx context.Context, i int) {
	begin := time.Now()
	v, err := b.Func.Spec().(fakeBody)(ctx, b.inputs[i])
	r := outpace.Reply{Kind: outpace.ReplyResults, Batch: b.ID, First: i, N: 1, Wall: time.Since(begin), CPU: -1}
	if b.w.proc.Err() != nil {
		return
	}
	b.move(i, itemBegun, itemAnswered)
	var d death
	switch {
	case errors.As(err, &d):
		lost := &outpace.LostError{Signal: d.signal, ExitCode: d.code}
		if d.signal != 0 {
			lost.ExitCode = -1
		}
		b.w.die(lost)
		return
	case ctx.Err() != nil:
		r.Kind = outpace.ReplyCancelled
	case err != nil:
		r.Kind, r.Err = outpace.ReplyFault, &outpace.RemoteError{Type: "ValueError", Message: err.Error(), Cause: "exception"}
	default:
		text, err := json.Marshal(v)
		if err != nil {
			panic(err)
		}
		r.Outputs, r.Walls = [][]byte{text}, []time.Duration{r.Wall}
		if !b.w.model.loop {
			b.keep(r)
			return
		}
	}
	b.flush()
	b.w.say(r)
}

// leaseOver says what runs, and hands back what has not begun.
func (b *fakeBatch) leaseOver() {
	b.flush()
	for i := range b.inputs {
		b.mu.Lock()
		begun := b.state[i] == itemBegun
		b.mu.Unlock()
		if begun {
			b.w.say(outpace.Reply{Kind: outpace.ReplyRunning, Batch: b.ID, First: i, N: 1, Wall: b.Lease})
		}
	}
	for i := range b.inputs {
		if b.move(i, itemWaits, itemAnswered) {
			b.w.say(outpace.Reply{Kind: outpace.ReplyBack, Batch: b.ID, First: i, N: 1})
		}
	}
}

// startAll starts every item at once, as an event loop does.
func (b *fakeBatch) startAll() {
	var left atomic.Int32
	left.Store(int32(b.N))
	for i := range b.inputs {
		ctx, cancel := context.WithCancel(b.w.proc)
		b.mu.Lock()
		b.cancels[i], b.state[i] = cancel, itemBegun
		b.mu.Unlock()
		b.w.running.Go(func() {
			defer cancel()
			b.item(ctx, i)
			if left.Add(-1) == 0 {
				b.over()
			}
		})
	}
}

// cancel gives up item i, or all of them.
func (b *fakeBatch) cancel(index int) {
	for i := range b.inputs {
		if index >= 0 && i != index {
			continue
		}
		if b.move(i, itemWaits, itemAnswered) {
			b.w.say(outpace.Reply{Kind: outpace.ReplyCancelled, Batch: b.ID, First: i, N: 1})
		}
		b.mu.Lock()
		if b.cancels[i] != nil {
			b.cancels[i]()
		}
		b.mu.Unlock()
	}
}
