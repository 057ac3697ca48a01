package process

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"time"

	"github.com/outpace-run/outpace/internal/wire"
	"github.com/outpace-run/outpace/share"
)

// This file is how functions in a worker share: operations go to the supervisor,
// outcomes come back.
//
//	share.Lock(ctx, …) ─► item, part ─► tickets.open ─► frame ─► 4
//	                        ▲                                    │
//	                        └── call.answer ◄── tickets.close ◄──┴── server.take ◄── 3

// item is the context of an item, and the agent of its task, as part 0. Both in
// one, and one for all items that share nothing: they pay nothing for it.
type item struct {
	context.Context // of the job
	job             *job
	index           uint32        // guarded by the job's lock until shares is set
	shares          bool          // guarded by the job's lock; no other item gets it then
	parts           atomic.Uint32 // how many there are besides
	held            atomic.Int64  // units that it has asked for and not released
	over            bool          // it is answered, or about to be; guarded by the job's lock
}

var (
	_ share.Parter = (*item)(nil)
	_ share.Parter = part{}
)

// Value finds the item itself under share.Key, and else what the job's context has.
func (i *item) Value(key any) any {
	if _, ok := key.(share.Key); ok {
		i.job.mu.Lock()
		i.shares = true
		i.job.mu.Unlock()
		return i
	}
	return i.Context.Value(key)
}

// Call carries a request out: see share.Agent.
func (i *item) Call(ctx context.Context, r share.Request) (share.Response, error) {
	return part{i, 0}.Call(ctx, r)
}

// Post carries out a request that nobody waits for: see share.Agent.
func (i *item) Post(r share.Request) { part{i, 0}.Post(r) }

// Part returns the agent of a new part: see share.Parter.
func (i *item) Part() share.Agent { return part{i, i.parts.Add(1)} }

// part is the agent of a part of an item.
type part struct {
	*item
	number uint32
}

// long is how long a queue is waited for where other parts of the item may serve
// it: a wait with a limit is never taken for one without an end.
const long = 365 * 24 * time.Hour

// Call carries a request out: see share.Agent.
func (p part) Call(ctx context.Context, r share.Request) (share.Response, error) {
	if ctx.Err() != nil {
		return share.Response{Status: share.Withdrawn}, context.Cause(ctx)
	}
	r.Credit = false
	if r.Wait < 0 && p.parts.Load() > 0 && (r.Op == share.OpPut || r.Op == share.OpTake) {
		r.Wait = long
	}
	tickets := &p.job.server.tickets
	number, c, err := tickets.open(ctx, r)
	if err != nil {
		return share.Response{Status: share.Withdrawn}, err
	}
	p.hold(r, 1)
	if err := p.send(number, r); err != nil {
		p.hold(r, -1)
		tickets.close(number)
		return unsent(err)
	}
	select {
	case <-c.answered:
	case <-ctx.Done():
		p.withdraw(number)
		<-c.answered
	}
	if c.response.Status != share.OK {
		p.hold(r, -1)
	}
	if c.response.Status == share.Withdrawn {
		return c.response, context.Cause(ctx)
	}
	return c.response, nil
}

// hold counts what an acquire is about.
func (p part) hold(r share.Request, sign int64) {
	if r.Op == share.OpAcquire {
		p.held.Add(sign * int64(r.Count))
	}
}

// Post carries out a request that nobody waits for: see share.Agent.
func (p part) Post(r share.Request) {
	err := p.send(0, r)
	if err != nil {
		_, _ = fmt.Fprintf(p.job.server.out.log, "outpace: %q was not done: %v\n", r.Name, err)
	} else if r.Op == share.OpRelease {
		p.held.Add(-int64(r.Count))
	}
}

// Part returns the agent of a new part of the item: see share.Parter.
func (p part) Part() share.Agent { return p.item.Part() }

// send sends an operation of an item that is not answered: its batch's number may
// be another's afterwards.
func (p part) send(ticket uint32, r share.Request) error {
	frame, err := operation(wire.Operation{Batch: p.job.id, Index: p.index, Part: p.number, Ticket: ticket, Request: r})
	if err != nil {
		return err
	}
	p.job.mu.Lock()
	defer p.job.mu.Unlock()
	if p.over {
		return fmt.Errorf("%w: it has returned", share.ErrOver)
	}
	p.job.server.out.write(frame)
	return nil
}

// withdraw gives an operation up that waits.
func (p part) withdraw(ticket uint32) {
	frame, err := operation(wire.Operation{Batch: p.job.id, Index: p.index, Part: p.number, Ticket: ticket, Request: share.Request{Op: share.OpWithdraw}})
	if err == nil {
		p.job.server.out.write(frame)
	}
}

// operation makes a frame that the supervisor takes: a long one is looked through,
// for what is nested too deeply.
func operation(o wire.Operation) ([]byte, error) {
	const (
		header = 5
		nested = 16 << 10 // shorter than that, nothing is nested too deeply
	)
	frame, err := wire.AppendOperation(nil, o)
	if err == nil && len(frame) > nested {
		_, err = wire.DecodeOperation(frame[header:])
	}
	return frame, err
}

// unsent is the answer to an operation that was not sent.
func unsent(err error) (share.Response, error) {
	if errors.Is(err, share.ErrOver) {
		return share.Response{Status: share.Ended, Text: err.Error()}, err
	}
	return share.Response{Status: share.Misuse, Text: err.Error()}, nil
}

// tickets is the operations of a worker that are not answered.
type tickets struct {
	waiting, prompt chan struct{} // hold an element for each that may wait, and for each that may not

	mu   sync.Mutex
	last uint32
	all  map[uint32]*call
}

// call is an operation that is not answered.
type call struct {
	op       share.Op
	answered chan struct{}
	response share.Response // once answered is closed
}

// prompt is how many tickets are kept for operations that do not wait for anybody,
// a release among them: without it those that wait could keep all.
const prompt = 1 << 10

func newTickets() tickets {
	return tickets{all: map[uint32]*call{},
		waiting: make(chan struct{}, wire.MaxTickets-prompt), prompt: make(chan struct{}, prompt)}
}

// room is where a ticket of an operation is counted.
func (t *tickets) room(op share.Op) chan struct{} {
	if op == share.OpAcquire || op == share.OpPut || op == share.OpTake {
		return t.waiting
	}
	return t.prompt
}

// open returns a ticket that is not in use, waiting for one if it must. The error
// is the cause of ctx.
func (t *tickets) open(ctx context.Context, r share.Request) (uint32, *call, error) {
	select {
	case t.room(r.Op) <- struct{}{}:
	case <-ctx.Done():
		return 0, nil, context.Cause(ctx)
	}
	c := &call{op: r.Op, answered: make(chan struct{})}
	t.mu.Lock()
	defer t.mu.Unlock()
	for t.last++; t.last == 0 || t.all[t.last] != nil; {
		t.last++
	}
	t.all[t.last] = c
	return t.last, c, nil
}

// close takes a ticket back; nil where it is not in use.
func (t *tickets) close(number uint32) *call {
	t.mu.Lock()
	defer t.mu.Unlock()
	c := t.all[number]
	if c != nil {
		delete(t.all, number)
		<-t.room(c.op)
	}
	return c
}

// outcome hands an answer to whoever waits for it.
func (s *server) outcome(body []byte) error {
	o, err := wire.DecodeOutcome(body)
	if err != nil {
		return err
	}
	c := s.tickets.close(o.Ticket)
	if c == nil {
		return fmt.Errorf("an outcome for ticket %d, which is not waiting for one", o.Ticket)
	}
	if c.response, err = o.Response(c.op); err != nil {
		return err
	}
	close(c.answered)
	return nil
}
