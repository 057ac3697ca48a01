package session

import (
	"fmt"
	"sync"

	"github.com/outpace-run/outpace/internal/wire"
	"github.com/outpace-run/outpace/share"
)

// maxUnread bounds the outcomes, in bytes, that a worker has not read yet when it
// wants more; and the operations, in bytes, that wait.
const maxUnread = 1 << 30

// OwnerFunc returns who an operation of a worker acts for: part of an item, or
// with batch wire.Outside of the worker itself; nil where that is nobody.
type OwnerFunc func(batch uint32, item, part int) *share.Owner

// shared is what a worker wants of things that are shared, and has no answer to.
//
//	read ─► operation ─► Owner.Do ─┬─► answer ─► writer.soon        at once
//	                               └─► Wait ─► … ─► answer          when it is its turn, from any goroutine
//
// A ticket is open from operation to answer, and none is answered after close.
type shared struct {
	most int // bytes unread, and bytes that wait

	mu     sync.Mutex
	owner  OwnerFunc // nil before Configure
	open   map[uint32]*ticket
	bytes  int    // of open
	frame  []byte // reused
	closed bool
}

// ticket is an operation that is to be answered.
type ticket struct {
	number uint32
	op     share.Op
	bytes  int         // of its frame
	wait   *share.Wait // nil before Do has returned, and where it did not have to wait
}

// operation carries out what a worker wants. It does not wait. The caller holds
// turn. The error is a fault of the worker's, or errLost after the end.
func (s *Session) operation(body []byte) error {
	o, err := wire.DecodeOperation(body)
	if err != nil {
		return err
	}
	s.source.eager = true
	if o.Op == share.OpWithdraw {
		s.shared.withdraw(o.Ticket)
		return nil
	}
	owner, err := s.ownerOf(o)
	if err != nil {
		return err
	}
	if o.Ticket == 0 {
		return s.post(owner, o)
	}
	if s.writer.unread() > s.shared.most {
		return fmt.Errorf("%w: more than %d bytes of outcomes are not read", wire.ErrFrame, s.shared.most)
	}
	t := &ticket{number: o.Ticket, op: o.Op, bytes: len(body)}
	if err := s.shared.register(t); err != nil {
		return err
	}
	if w := do(owner, o.Request, func(r share.Response) { s.answer(t, r) }); w != nil {
		s.shared.waits(t, w)
	}
	return nil
}

// do has an owner carry a request out. Nobody is somebody who is over.
func do(owner *share.Owner, r share.Request, done func(share.Response)) *share.Wait {
	if owner == nil {
		done(share.Response{Status: share.Ended, Number: 1, Text: "it is for no task that runs (hint: use what is shared in a task, and before that returns)"})
		return nil
	}
	return owner.Do(r, done)
}

// ownerOf returns who an operation acts for: nil where its item is not on its way,
// or answered.
func (s *Session) ownerOf(o wire.Operation) (*share.Owner, error) {
	s.shared.mu.Lock()
	find, closed := s.shared.owner, s.shared.closed
	s.shared.mu.Unlock()
	switch {
	case closed:
		return nil, errLost
	case find == nil, o.Batch != wire.Outside && !s.runs(o.Batch, o.Index):
		return nil, nil
	}
	return find(o.Batch, int(o.Index), int(o.Part)), nil
}

// runs reports whether an item may be running.
func (s *Session) runs(batch, item uint32) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	f := s.flights[batch]
	return f != nil && int64(item) < int64(f.n) && !f.has(item)
}

// post carries out what nobody waits for. Credits are the worker's to count: a
// wrong count is a fault.
func (s *Session) post(owner *share.Owner, o wire.Operation) error {
	var got share.Response
	do(owner, o.Request, func(r share.Response) { got = r }) // at once: what may wait has a ticket
	switch {
	case got.Status == share.Misuse && (o.Op == share.OpPaid || o.Op == share.OpRefund):
		return fmt.Errorf("%w: %s", wire.ErrFrame, got.Text)
	case got.Text != "":
		s.out.line(fmt.Sprintf("outpace: %q was not done: %s", o.Name, got.Text))
	}
	return nil
}

// answer sends the outcome of an operation. It does not wait, and after the end of
// the session does nothing.
func (s *Session) answer(t *ticket, r share.Response) {
	a := &s.shared
	a.mu.Lock() // with it, nothing of package share is called
	defer a.mu.Unlock()
	if a.closed {
		return
	}
	delete(a.open, t.number)
	a.bytes -= t.bytes
	frame, err := wire.AppendOutcome(a.frame[:0], t.number, t.op, r)
	if err != nil {
		frame, _ = wire.AppendOutcome(a.frame[:0], t.number, t.op,
			share.Response{Status: share.Misuse, Text: fmt.Sprintf("the answer cannot be sent: %v", err)})
	}
	s.writer.soon(frame)
	if cap(frame) <= largeInputs {
		a.frame = frame
	}
}

// begin sets who operations act for.
func (a *shared) begin(owner OwnerFunc) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.owner = owner
}

// register opens a ticket.
func (a *shared) register(t *ticket) error {
	a.mu.Lock()
	defer a.mu.Unlock()
	switch {
	case a.closed:
		return errLost
	case a.open[t.number] != nil:
		return fmt.Errorf("%w: ticket %d is not answered yet", wire.ErrFrame, t.number)
	case len(a.open) >= wire.MaxTickets:
		return fmt.Errorf("%w: more than %d operations wait", wire.ErrFrame, wire.MaxTickets)
	case a.bytes > a.most:
		return fmt.Errorf("%w: operations of more than %d bytes wait", wire.ErrFrame, a.most)
	}
	a.open[t.number] = t
	a.bytes += t.bytes
	return nil
}

// waits notes how the wait of a ticket is given up.
func (a *shared) waits(t *ticket, w *share.Wait) {
	a.mu.Lock()
	t.wait = w
	closed := a.closed
	a.mu.Unlock()
	if closed {
		w.Withdraw()
	}
}

// withdraw gives up an operation that waits. One that was answered meanwhile has
// no ticket any more.
func (a *shared) withdraw(number uint32) {
	var w *share.Wait
	a.mu.Lock()
	if t := a.open[number]; t != nil {
		w = t.wait
	}
	a.mu.Unlock()
	w.Withdraw()
}

// close gives up what waits. Nothing is answered any more.
func (a *shared) close() {
	a.mu.Lock()
	a.closed = true
	waits := make([]*share.Wait, 0, len(a.open))
	for _, t := range a.open {
		waits = append(waits, t.wait)
	}
	a.open = nil
	a.mu.Unlock()
	for _, w := range waits {
		w.Withdraw()
	}
}
