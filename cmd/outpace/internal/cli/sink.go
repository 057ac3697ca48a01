package cli

import (
	"bytes"
	"context"
	"encoding/json"
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
// further ones gather, so a fast run does not pay a system call for each. It
// knows which of them were not written in the end.
type sink struct {
	ctx    context.Context
	failed func(error) // told the error of the first write that failed
	out    io.Writer

	isResult func(line []byte) bool // nil: every line is one

	mu      sync.Mutex
	buf     []byte
	writing []byte // taken from buf, and not written yet
	missing int64  // results that could not be written
	err     error

	wake   chan struct{} // something is in buf
	full   chan struct{} // as much as flushAt
	room   chan struct{} // buf was taken
	ending chan struct{}
	ended  chan struct{}
}

// newSink starts a sink. Its line returns the cause of ctx when that is done
// while there is no room. isResult tells the lines that are results from others;
// nil where all are.
func newSink(ctx context.Context, out io.Writer, isResult func([]byte) bool, failed func(error)) *sink {
	s := &sink{ctx: ctx, out: out, isResult: isResult, failed: failed,
		wake: make(chan struct{}, 1), full: make(chan struct{}, 1), room: make(chan struct{}, 1),
		ending: make(chan struct{}), ended: make(chan struct{})}
	go s.serve()
	return s
}

// line adds text and a newline. It blocks while too much is waiting.
func (s *sink) line(text []byte) error {
	_, err := s.lines([]json.RawMessage{text})
	return err
}

// lines adds texts, each with a newline, and blocks while too much is waiting.
// It returns how many it added: all, unless there is an error. The lock is taken
// once for all that there is room for.
func (s *sink) lines(texts []json.RawMessage) (n int, err error) {
	for n < len(texts) && err == nil {
		s.mu.Lock()
		before := len(s.buf)
		for n < len(texts) && len(s.buf) < sinkRoom {
			s.buf = append(append(s.buf, texts[n]...), '\n')
			n++
		}
		after := len(s.buf)
		err = s.err
		s.mu.Unlock()
		if before == 0 {
			poke(s.wake)
		}
		if before < flushAt && after >= flushAt {
			poke(s.full)
		}
		if err == nil && after >= sinkRoom {
			err = s.wait()
		}
	}
	return n, err
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
	s.buf, s.writing = spare[:0], text
	s.mu.Unlock()
	poke(s.room)
	n := 0
	if len(text) > 0 && err == nil {
		n, err = s.out.Write(text)
	}
	s.mu.Lock()
	s.writing = nil
	first := err != nil && s.err == nil
	if err != nil {
		s.err = err
		s.missing += s.results(text[bytes.LastIndexByte(text[:n], '\n')+1:])
	}
	s.mu.Unlock()
	if first {
		s.failed(err)
		poke(s.room)
	}
	return text
}

// results counts the results in some lines.
func (s *sink) results(lines []byte) (n int64) {
	if s.isResult == nil {
		return int64(bytes.Count(lines, []byte("\n")))
	}
	for line := range bytes.Lines(lines) {
		if s.isResult(line) {
			n++
		}
	}
	return n
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

// end writes what is left and returns how many results were not written, and
// the first error. When ctx is done it gives up after the grace, for a reader
// that does not read.
func (s *sink) end(grace time.Duration) (missing int64, err error) {
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
	return s.missing + s.results(s.writing) + s.results(s.buf), s.err
}
