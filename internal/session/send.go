package session

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"sync"

	"github.com/outpace-run/outpace"
	"github.com/outpace-run/outpace/internal/wire"
)

// largeInputs is from how many bytes on inputs are not copied into a frame.
const largeInputs = 64 << 10

// writer is the write end of the channel. Its owner is whoever holds mu.
type writer struct {
	to  *os.File
	mu  sync.Mutex
	buf []byte // reused

	queue struct {
		sync.Mutex
		frames  []byte
		running bool
	}
	late sync.WaitGroup
}

// write writes frames. It blocks while the pipe is full.
func (w *writer) write(frames []byte) error {
	w.mu.Lock()
	defer w.mu.Unlock()
	_, err := w.to.Write(frames)
	return err
}

// batch writes a batch, its inputs without a copy where they are large.
func (w *writer) batch(b wire.Batch) error {
	w.mu.Lock()
	defer w.mu.Unlock()
	var err error
	if len(b.Inputs) < largeInputs {
		if w.buf, err = wire.AppendBatch(w.buf[:0], b); err == nil {
			_, err = w.to.Write(w.buf)
		}
		return err
	}
	if w.buf, err = wire.BatchHead(w.buf[:0], b); err != nil {
		return err
	}
	if _, err = w.to.Write(w.buf); err != nil {
		return err
	}
	_, err = w.to.Write(b.Inputs)
	return err
}

// later has frames written as soon as the pipe takes them, in order, and does
// not wait for it.
func (w *writer) later(frames []byte) {
	w.queue.Lock()
	defer w.queue.Unlock()
	w.queue.frames = append(w.queue.frames, frames...)
	if !w.queue.running {
		w.queue.running = true
		w.late.Go(w.drain)
	}
}

// drain writes what later was given, until there is no more.
func (w *writer) drain() {
	for {
		w.queue.Lock()
		frames := w.queue.frames
		w.queue.frames = nil
		w.queue.running = len(frames) > 0
		w.queue.Unlock()
		if len(frames) == 0 || w.write(frames) != nil {
			return // where writing failed the worker is lost, and Receive says so
		}
	}
}

// soon writes a frame and does not wait for it: at once where nobody else writes
// and the pipe has room, which saves a switch to another goroutine; else as later
// does. The frame may be reused.
func (w *writer) soon(frame []byte) {
	if w.unread() > 0 || !w.mu.TryLock() {
		w.later(frame)
		return
	}
	n := w.attempt(frame)
	if n == len(frame) {
		w.mu.Unlock()
		return
	}
	rest := bytes.Clone(frame[n:])
	w.late.Go(func() { // it owns the writer until the frame is whole
		defer w.mu.Unlock()
		_, _ = w.to.Write(rest)
	})
}

// unread is how many bytes wait for the pipe.
func (w *writer) unread() int {
	w.queue.Lock()
	defer w.queue.Unlock()
	return len(w.queue.frames)
}

// Send hands a batch over: see outpace.Worker.
func (s *Session) Send(b outpace.Batch) error {
	if b.N < 1 {
		return fmt.Errorf("%w: a batch of %d items", outpace.ErrOption, b.N)
	}
	l, err := s.load(b.Func)
	if err != nil {
		return err
	}
	if err := s.register(b); err != nil {
		return err
	}
	err = s.writer.batch(wire.Batch{ID: b.ID, Func: l.id, N: uint32(b.N), Measure: b.Measure, Lease: b.Lease, Packed: b.Packed, Texts: b.Texts, Inputs: b.Inputs})
	if errors.Is(err, wire.ErrTooLong) {
		s.mu.Lock()
		delete(s.flights, b.ID)
		s.mu.Unlock()
		return s.refuse(b, err)
	}
	return s.sent(err)
}

// sent passes the error of a write on. A worker that cannot be written to is
// of no use even where it lives.
func (s *Session) sent(err error) error {
	if err != nil {
		s.helpers.Go(func() {
			if !s.endsItself() {
				s.process.Kill()
			}
		})
		return fmt.Errorf("%w: %w", errLost, err)
	}
	return nil
}

var errLost = errors.New("the worker is lost")

func (s *Session) register(b outpace.Batch) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.lost != nil {
		return s.lost
	}
	if s.flights[b.ID] != nil {
		return fmt.Errorf("%w: batch %d is on its way already", outpace.ErrOption, b.ID)
	}
	s.flights[b.ID] = &flight{n: b.N, left: b.N}
	return nil
}

// Cancel asks for items to be given up: see outpace.Worker. It does not block.
func (s *Session) Cancel(batch uint32, index int) error {
	s.mu.Lock()
	waiting, lost := s.flights[batch] != nil, s.lost
	s.mu.Unlock()
	if lost != nil {
		return lost
	}
	if !waiting {
		return nil // all was answered meanwhile
	}
	c := wire.Cancel{Batch: batch, Index: wire.All}
	if index >= 0 {
		c.Index = uint32(index)
	}
	s.writer.later(wire.AppendCancel(nil, c))
	return nil
}
