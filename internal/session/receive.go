package session

import (
	"errors"
	"fmt"
	"io"
	"os"
	"time"

	"github.com/outpace-run/outpace"
	"github.com/outpace-run/outpace/internal/wire"
)

// maxAside bounds the replies put aside while a function is loaded.
const maxAside = 1 << 16

// ended reports whether an error of reading says that the process ended.
// Closing our end in Close, or the deadline after its end, are the same.
func ended(err error) bool {
	return err == io.EOF || err == io.ErrUnexpectedEOF || errors.Is(err, os.ErrDeadlineExceeded) || errors.Is(err, os.ErrClosed)
}

// Interrupt breaks a Receive off: see outpace.Interrupter.
func (s *Session) Interrupt() {
	s.source.interrupt()
	select {
	case s.notify <- struct{}{}: // one that waits for its turn
	default:
	}
}

// Receive returns the next reply: see outpace.Worker.
func (s *Session) Receive() (outpace.Reply, error) {
	for {
		if s.source.clear() {
			return outpace.Reply{}, outpace.ErrInterrupted
		}
		select {
		case <-s.notify:
			if r, ok := s.takeAside(); ok {
				return r, nil
			}
		case s.turn <- struct{}{}:
			r, ok, err := s.receive()
			<-s.turn
			if ok || err != nil {
				return r, err
			}
		}
	}
}

// receive returns a reply that was put aside, or reads one frame. The caller
// holds turn; ok is false for a frame that was no reply.
func (s *Session) receive() (r outpace.Reply, ok bool, err error) {
	if r, ok := s.takeAside(); ok {
		return r, true, nil
	}
	if err := s.frames.Wait(); err == outpace.ErrInterrupted {
		return r, false, err
	}
	r, ok, err = s.read(s.values[:0])
	if err != nil {
		return outpace.Reply{}, false, s.lose(err)
	}
	if r.Outputs != nil {
		s.values = r.Outputs
	}
	return r, ok, nil
}

// takeAside returns the first reply put aside. While more are left, notify
// stays set.
func (s *Session) takeAside() (r outpace.Reply, ok bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if len(s.aside) == 0 {
		return r, false
	}
	r = s.aside[0]
	s.aside = s.aside[1:]
	s.wake()
	return r, true
}

// putAside keeps a reply for Receive.
func (s *Session) putAside(r outpace.Reply) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if len(s.aside) >= maxAside {
		return fmt.Errorf("%w: too many answers", wire.ErrFrame)
	}
	s.aside = append(s.aside, r)
	s.wake()
	return nil
}

// wake sets notify if something is aside. The caller holds mu.
func (s *Session) wake() {
	if len(s.aside) == 0 {
		return
	}
	select {
	case s.notify <- struct{}{}:
	default:
	}
}

// read reads one frame and does what it says. The caller holds turn. The
// values of a reply are appended to dst.
func (s *Session) read(dst [][]byte) (r outpace.Reply, ok bool, err error) {
	s.source.inFrame = true
	kind, body, err := s.frames.Next()
	s.source.inFrame = false
	if err != nil {
		return r, false, err
	}
	switch kind {
	case wire.KindResults:
		r, err = results(dst, body)
		if err == nil {
			err = s.settle(r)
		}
		return r, err == nil, err
	case wire.KindFault, wire.KindBack, wire.KindRunning:
		r, err = reply(kind, body)
		if err == nil {
			err = s.settle(r)
		}
		return r, err == nil, err
	case wire.KindDefined:
		return r, false, s.defined(body)
	case wire.KindPong:
		s.pong()
		return r, false, nil
	case wire.KindOperation:
		return r, false, s.operation(body)
	}
	return r, false, fmt.Errorf("%w: kind %q", wire.ErrFrame, byte(kind))
}

// results turns a results frame into a reply, whose values are appended to dst.
func results(dst [][]byte, body []byte) (outpace.Reply, error) {
	f, err := wire.DecodeResults(body)
	if err != nil {
		return outpace.Reply{}, err
	}
	r := outpace.Reply{Kind: outpace.ReplyResults, Batch: f.Batch, First: int(f.First), N: int(f.N),
		Walls: f.Walls, Wall: f.Wall, CPU: f.CPU}
	switch {
	case f.Packed:
		r.Packed = f.Outputs
	case f.Texts:
		r.Texts = true
		r.Outputs, err = wire.SplitTexts(dst, f.Outputs, int(f.N))
	default:
		r.Outputs, err = wire.Split(dst, f.Outputs, int(f.N))
	}
	return r, err
}

// reply turns any other frame about items into a reply.
func reply(kind wire.Kind, body []byte) (outpace.Reply, error) {
	switch kind {
	case wire.KindFault:
		f, err := wire.DecodeFault(body)
		return outpace.Reply{Kind: outpace.ReplyFault, Batch: f.Batch, First: int(f.Index), N: 1,
			Wall: f.Wall, CPU: f.CPU, Err: remote(f.Err)}, err
	case wire.KindBack:
		f, err := wire.DecodeBack(body)
		kind := outpace.ReplyBack
		if f.Why == wire.Cancelled {
			kind = outpace.ReplyCancelled
		}
		return outpace.Reply{Kind: kind, Batch: f.Batch, First: int(f.First), N: int(f.N), CPU: -1}, err
	default:
		f, err := wire.DecodeRunning(body)
		return outpace.Reply{Kind: outpace.ReplyRunning, Batch: f.Batch, First: int(f.Index), N: 1, Wall: f.Wall, CPU: -1}, err
	}
}

// settle checks a reply against the batches on their way: each item is
// answered once, whatever a worker says.
func (s *Session) settle(r outpace.Reply) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	f := s.flights[r.Batch]
	switch {
	case f == nil:
		return fmt.Errorf("%w: an answer to batch %d, which is not waiting for one", wire.ErrFrame, r.Batch)
	case r.Kind == outpace.ReplyRunning:
		if r.First >= f.n || f.has(uint32(r.First)) {
			return fmt.Errorf("%w: item %d of batch %d runs", wire.ErrFrame, r.First, r.Batch)
		}
	case !f.answer(uint32(r.First), uint32(r.N)):
		return fmt.Errorf("%w: a second answer, or one to no item, in batch %d: items %d to %d", wire.ErrFrame, r.Batch, r.First, r.First+r.N-1)
	case f.left == 0:
		delete(s.flights, r.Batch)
	}
	return nil
}

// remote turns an error of the protocol into one of the library.
func remote(e wire.Error) *outpace.RemoteError {
	return &outpace.RemoteError{Type: e.Type, Bases: e.Bases, Message: e.Message, Traceback: e.Traceback, Cause: e.Cause, Hint: e.Hint}
}

// refuse answers a batch that is too long for the protocol in the worker's
// place, with a fault for each item.
func (s *Session) refuse(b outpace.Batch, err error) error {
	fault := &outpace.RemoteError{Type: "ValueError", Message: fmt.Sprintf("inputs of %d bytes: %v", len(b.Inputs), err), Cause: "encoding",
		Hint: "pass the name of a file"}
	for i := range b.N {
		if err := s.putAside(outpace.Reply{Kind: outpace.ReplyFault, Batch: b.ID, First: i, N: 1, CPU: -1, Wall: time.Duration(0), Err: fault}); err != nil {
			return err
		}
	}
	ping, err := wire.AppendFrame(nil, wire.KindPing, nil) // its answer wakes a Receive that reads
	if err != nil {
		return err
	}
	return s.writer.write(ping)
}
