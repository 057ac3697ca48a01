package session

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/outpace-run/outpace"
	"github.com/outpace-run/outpace/internal/child"
	"github.com/outpace-run/outpace/internal/wire"
)

// Start starts a worker. It does not wait for it; the error is the system's. A
// worker that was started is ended with Close or Abandon.
func Start(c Config) (*Session, error) {
	out := &sink{}
	c.Child.Channel, c.Child.Log = true, out.line
	if c.Output != nil {
		c.Child.Log = func(line string) { c.Output(line); out.line(line) }
	}
	p, err := child.Start(c.Child)
	if err != nil {
		return nil, err
	}
	s := &Session{
		process: p, out: out,
		define:  c.Define,
		words:   c.LastWords,
		limits:  c.Limits,
		writer:  writer{to: p.To},
		source:  source{process: p},
		turn:    make(chan struct{}, 1),
		notify:  make(chan struct{}, 1),
		flights: map[uint32]*flight{},
		loads:   map[string]*load{},
		shared:  shared{open: map[uint32]*ticket{}, most: maxUnread},
	}
	s.frames = wire.NewReader(&s.source)
	if len(c.Preamble) > 0 {
		s.writer.later(c.Preamble)
	}
	return s, nil
}

// HelloError is a program that was started, and did not say hello as a worker
// does.
type HelloError struct {
	Silent time.Duration // for so long it said nothing; 0 where something came or it ended
	Err    error         // what is wrong with its first frame, or the *outpace.LostError where a signal ended it; else nil
	End    string        // how it ended, where neither holds: "it ended with code 3"
	Output string        // the last lines that it printed
}

// Error says what the program did instead.
func (e *HelloError) Error() string {
	switch {
	case e.Silent > 0:
		return fmt.Sprintf("it said nothing for %v", e.Silent)
	case e.Err != nil:
		return e.Err.Error()
	}
	return e.End
}

// Unwrap returns what is wrong with its first frame, or which signal ended it.
func (e *HelloError) Unwrap() error { return e.Err }

// Greet waits for the worker's hello, for limit at most. It returns early with
// the cause of ctx when that is done; any other error is a *HelloError. After
// an error the worker is gone.
func (s *Session) Greet(ctx context.Context, limit time.Duration) error {
	err := s.greet(ctx, limit)
	if err != nil {
		_ = s.Abandon()
	}
	return err
}

func (s *Session) greet(ctx context.Context, limit time.Duration) error {
	limited, cancel := context.WithTimeoutCause(ctx, limit, &HelloError{Silent: limit})
	defer cancel()
	defer context.AfterFunc(limited, s.process.Kill)()
	kind, body, err := s.frames.Next()
	if limited.Err() != nil {
		return context.Cause(limited)
	}
	if err != nil {
		return s.unspoken(err)
	}
	if kind != wire.KindHello {
		return &HelloError{Err: fmt.Errorf("%w: the first is of kind %q", wire.ErrFrame, byte(kind))}
	}
	if err := wire.Decode(body, &s.hello); err != nil {
		return &HelloError{Err: err}
	}
	return nil
}

// unspoken says how a worker ended whose hello could not be read.
func (s *Session) unspoken(err error) error {
	own := s.endsItself()
	s.process.Kill()
	state, _ := s.state()
	e := &HelloError{End: errClosed.Error(), Output: state.Tail}
	switch {
	case errors.Is(err, wire.ErrFrame):
		e.Err = err
	case !ended(err):
		e.End = err.Error()
	case own && state.Signal != 0:
		e.Err = &outpace.LostError{Pid: s.process.Pid(), Signal: state.Signal, ExitCode: -1, Stderr: state.Tail}
	case own:
		e.End = fmt.Sprintf("it ended with code %d", state.Code)
	}
	return e
}
