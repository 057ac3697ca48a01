package cli

import (
	"context"
	"io"
	"sync"
	"time"
)

const (
	flushAt    = 64 << 10             // bytes that are written at once rather than waited with
	flushEvery = 5 * time.Millisecond // the longest wait with less than that
	sinkRoom   = 1 << 20              // bytes that may wait before write blocks
)

// sink writes results from a goroutine of its own. A result that finds it idle
// is written at once; while it writes, and a few milliseconds after that,
// further ones gather, so a fast run does not pay a system call for each.
type sink struct {
	ctx    context.Context
	failed func(error) // told the error of the first write that failed
	out    io.Writer

	mu  sync.Mutex
	buf []byte
	err error

	wake   chan struct{} // something is in buf
	full   chan struct{} // as much as flushAt
	room   chan struct{} // buf was taken
	ending chan struct{}
	ended  chan struct{}
}

// newSink starts a sink. Its write returns the cause of ctx when that is done
// while there is no room.
func newSink(ctx context.Context, out io.Writer, failed func(error)) *sink {
	s := &sink{ctx: ctx, out: out, failed: failed,
		wake: make(chan struct{}, 1), full: make(chan struct{}, 1), room: make(chan struct{}, 1),
		ending: make(chan struct{}), ended: make(chan struct{})}
	go s.serve()
	return s
}

// line adds text and a newline. It blocks while too much is waiting.
func (s *sink) line(text []byte) error {
	s.mu.Lock()
	before := len(s.buf)
	s.buf = append(append(s.buf, text...), '\n')
	after, err := len(s.buf), s.err
	s.mu.Unlock()
	if before == 0 {
		poke(s.wake)
	}
	if before < flushAt && after >= flushAt {
		poke(s.full)
	}
	if err == nil && after >= sinkRoom {
		return s.wait()
	}
	return err
}

// wait blocks until there is room.
func (s *sink) wait() error {
	for {
		select {
		case <-s.room:
		case <-s.ctx.Done():
			return context.Cause(s.ctx)
		}
		s.mu.Lock()
		n, err := len(s.buf), s.err
		s.mu.Unlock()
		if err != nil || n < sinkRoom {
			return err
		}
	}
}

func poke(c chan struct{}) {
	select {
	case c <- struct{}{}:
	default:
	}
}

func (s *sink) serve() {
	defer close(s.ended)
	var spare []byte
	for ending := false; ; {
		if !ending {
			select {
			case <-s.wake:
			case <-s.ending:
				ending = true
			}
		}
		spare = s.flush(spare)
		if ending {
			return
		}
		ending = s.gather()
	}
}

// flush writes what is there and returns its buffer for the next.
func (s *sink) flush(spare []byte) []byte {
	s.mu.Lock()
	text, err := s.buf, s.err
	s.buf = spare[:0]
	s.mu.Unlock()
	poke(s.room)
	if len(text) == 0 || err != nil {
		return text
	}
	if _, err = s.out.Write(text); err != nil {
		s.mu.Lock()
		s.err = err
		s.mu.Unlock()
		s.failed(err)
		poke(s.room)
	}
	return text
}

// gather waits until there is more worth writing, and reports whether the sink
// is ending.
func (s *sink) gather() bool {
	pause := time.NewTimer(flushEvery)
	defer pause.Stop()
	select {
	case <-pause.C:
	case <-s.full:
	case <-s.ending:
		return true
	}
	return false
}

// end writes what is left and returns the first error. When ctx is done it
// gives up after the grace, for a reader that does not read.
func (s *sink) end(grace time.Duration) error {
	close(s.ending)
	select {
	case <-s.ended:
	case <-s.ctx.Done():
		select {
		case <-s.ended:
		case <-time.After(grace):
		}
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.err
}
