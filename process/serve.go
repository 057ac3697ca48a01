package process

import (
	"errors"
	"fmt"
	"io"
	"os"
	"runtime"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/outpace-run/outpace"
	"github.com/outpace-run/outpace/internal/wire"
)

// server is a worker process from within: docs/protocol.md is what it does.
//
//	3 ──► read: define, cancel, ping; batches ──► jobs ──► T slots ──► writer ──► 4
//	                                                │         │
//	                                                │     outpace.Function.Call
//	                                                └── lease over: handed back
//
// The goroutine that called Main reads. Each slot is a goroutine that works
// through one job after another. What items share goes the same way: share.go.
// Frames about a job are sent under its lock, so
// that what is said about an item never comes after its answer.
type server struct {
	registry registry
	out      *writer
	begun    time.Time
	tickets  tickets
	width    int // slots; 0 before configure

	mu        sync.Mutex
	functions map[uint32]*function
	jobs      map[uint32]*job // not answered in full
	waiting   []*job          // of these, those that no slot has taken up, the oldest first
	slots     int             // goroutines of slots
	idle      int             // of these, those that wait for a job
	unsaid    int             // jobs whose last answer is not written
	closing   bool            // quit was read
	hand      chan *job       // to an idle slot
}

// function is a function that was defined.
type function struct {
	outpace.AnyFunction
	mean atomic.Int64 // how long an item took lately, in nanoseconds; 0: unknown
}

// serve answers a supervisor until the process ends.
func serve(r registry, in *os.File, out *writer) {
	s := &server{
		registry: r, out: out, begun: time.Now(), tickets: newTickets(),
		functions: map[uint32]*function{}, jobs: map[uint32]*job{}, hand: make(chan *job),
	}
	s.hello()
	frames := wire.NewReader(in)
	for {
		kind, body, err := frames.Next()
		switch {
		case err == io.EOF || err == io.ErrUnexpectedEOF:
			endGroup() // the supervisor is gone
		case err != nil:
			s.out.die("cannot read from the supervisor: %v", err)
		}
		if err := s.take(kind, body); err != nil {
			s.out.die("bad frame %q: %v", byte(kind), err)
		}
	}
}

func (s *server) hello() {
	executable, _ := os.Executable()
	s.say(wire.KindHello, wire.Hello{Version: wire.Version, Pid: os.Getpid(), Language: language,
		Runtime: strings.TrimPrefix(runtime.Version(), "go"), Executable: executable})
}

// say sends a frame whose body is JSON.
func (s *server) say(kind wire.Kind, v any) {
	frame, err := wire.AppendJSON(nil, kind, v)
	if err != nil {
		s.out.die("%v", err)
	}
	s.out.write(frame)
}

// take does what a frame says. The error ends the process.
func (s *server) take(kind wire.Kind, body []byte) error {
	switch kind {
	case wire.KindConfigure:
		return s.configure(body)
	case wire.KindDefine:
		return s.define(body)
	case wire.KindBatch:
		return s.batch(body)
	case wire.KindCancel:
		c, err := wire.DecodeCancel(body)
		if err != nil {
			return err
		}
		s.cancel(c)
		return nil
	case wire.KindPing:
		pong, err := wire.AppendFrame(nil, wire.KindPong, body)
		s.out.write(pong)
		return err
	case wire.KindOutcome:
		return s.outcome(body)
	case wire.KindQuit:
		s.quit()
		return nil
	}
	return errors.New("unknown kind")
}

func (s *server) configure(body []byte) error {
	var c wire.Configure
	if err := wire.Decode(body, &c); err != nil {
		return err
	}
	if s.width > 0 || c.Slots < 1 || c.Mode != wire.ModeSerial && c.Mode != wire.ModeThreads {
		return fmt.Errorf("mode %q, slots %d", c.Mode, c.Slots)
	}
	s.width = c.Slots
	if c.Mode == wire.ModeSerial {
		s.width = 1
	}
	return nil
}

func (s *server) define(body []byte) error {
	var d wire.Define
	if err := wire.Decode(body, &d); err != nil {
		return err
	}
	answer := wire.Defined{Func: d.Func}
	f, problem, hint := s.registry.find(d.Target)
	if problem == "" && (d.Star || len(d.Kwargs) > 0 || d.Init) {
		problem, hint = d.Target+" is a Go function: it is called with one input, and nothing else", "leave the options out"
	}
	if problem != "" {
		answer.Err = &wire.Error{Type: "error", Message: problem, Cause: "notfound", Hint: hint}
	} else {
		s.functions[d.Func] = &function{AnyFunction: f}
	}
	s.say(wire.KindDefined, answer)
	return nil
}

func (s *server) batch(body []byte) error {
	b, err := wire.DecodeBatch(body)
	if err != nil {
		return err
	}
	f := s.functions[b.Func]
	switch {
	case s.width == 0:
		return errors.New("a batch before configure")
	case f == nil:
		return fmt.Errorf("function %d is not defined", b.Func)
	case b.N < 1:
		return errors.New("a batch of no items")
	case b.Packed || b.Texts:
		return errors.New("packed inputs, which hello did not offer")
	}
	inputs, err := split(b.Inputs, int(b.N))
	if err != nil {
		return err
	}
	return s.accept(newJob(s, f, b, inputs))
}

// split cuts the inputs apart. One alone is left as it is: whatever is wrong
// with it is its own fault, and found when it is decoded. So is one that is
// nested deeper than Split allows.
func split(array []byte, n int) ([][]byte, error) {
	if n == 1 && len(array) > 2 && array[0] == '[' && array[len(array)-1] == ']' {
		return [][]byte{array[1 : len(array)-1]}, nil
	}
	return wire.Split(make([][]byte, 0, n), array, n)
}

// clock is the time since the process began to serve.
func (s *server) clock() time.Duration { return time.Since(s.begun) }
