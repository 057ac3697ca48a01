package python

import (
	"context"
	"errors"
	"fmt"
	"io"
	"math"
	"sync"
	"time"

	"github.com/outpace-run/outpace"
	"github.com/outpace-run/outpace/internal/child"
	"github.com/outpace-run/outpace/internal/wire"
)

// session is one worker process and the conversation with it. It implements
// outpace.Worker.
//
//	Send, Cancel ──► writer (one owner at a time) ──► 3 ┐
//	                                                     process
//	Receive ◄── flights (each item once) ◄── turn ◄── 4 ┘
//
// Whoever holds turn reads. That is Receive nearly always; a Send that waits
// for its function to be loaded reads too where nobody else does, and puts
// replies aside for Receive.
type session struct {
	process *child.Child
	out     *sink
	hello   wire.Hello
	path    string // what was started
	number  int
	limits  limits // of loading a function
	writer  writer
	frames  *wire.Reader
	turn    chan struct{} // holds one element while somebody reads
	values  [][]byte      // of the last reply; reused by Receive
	helpers sync.WaitGroup

	mu      sync.Mutex
	flights map[uint32]*flight
	loads   map[string]*load // by the key of the function
	aside   []outpace.Reply
	lost    *outpace.LostError
	notify  chan struct{} // holds one element after something was put aside
}

func newSession(p *child.Child, out *sink) *session {
	return &session{
		process: p, out: out,
		writer:  writer{to: p.To},
		frames:  wire.NewReader(p.From),
		turn:    make(chan struct{}, 1),
		notify:  make(chan struct{}, 1),
		flights: map[uint32]*flight{},
		loads:   map[string]*load{},
	}
}

// configure tells the worker how it is going to be used.
func (s *session) configure(c config, number int, log func(string)) error {
	s.number = number
	s.limits = limits{c.startTimeout, c.patience}
	s.out.open(log)
	mode := c.mode
	if mode == "" {
		mode = wire.ModeSerial
	}
	frame, err := wire.AppendJSON(nil, wire.KindConfigure, wire.Configure{Worker: number, Slots: c.tasks, Mode: mode})
	if err != nil {
		return err
	}
	return s.writer.write(frame)
}

// Kill kills the worker's process group.
func (s *session) Kill() { s.process.Kill() }

// Close ends the worker: see outpace.Worker.
func (s *session) Close(ctx context.Context) error {
	quit, _ := wire.AppendFrame(nil, wire.KindQuit, nil)
	s.writer.later(quit)
	s.helpers.Go(func() { // its last answers must not keep it from ending
		s.turn <- struct{}{}
		_, _ = io.Copy(io.Discard, s.process.From)
		<-s.turn
	})
	select {
	case <-s.process.Done():
	case <-ctx.Done():
		s.process.Kill()
	}
	return s.release()
}

// abandon ends a worker that nobody needs.
func (s *session) abandon() {
	s.process.Kill()
	_ = s.release()
}

// unkillable is how long a killed process may take to go. It goes at once,
// unless a system call of it cannot be interrupted, as on a dead network disk.
const unkillable = 5 * time.Second

// release waits for the end of the process, which was asked for, and gives
// back all that belongs to it.
func (s *session) release() error {
	_, ended := s.state()
	_ = s.process.To.Close()
	_ = s.process.From.Close()
	if !ended {
		return fmt.Errorf("process %d was killed, but the system does not let go of it", s.process.Pid())
	}
	s.lose(io.EOF)
	s.writer.late.Wait()
	s.helpers.Wait()
	return nil
}

// state waits for the process to be gone and returns how it ended; ended is
// false when it does not go though it was killed.
func (s *session) state() (state child.State, ended bool) {
	limit := time.NewTimer(unkillable)
	defer limit.Stop()
	select {
	case <-s.process.Done():
		return s.process.Wait(), true
	case <-limit.C:
		return child.State{Code: -1}, false
	}
}

// endsItself gives a process that closed its channel the time to end.
func (s *session) endsItself() bool {
	limit := time.NewTimer(endsItself)
	defer limit.Stop()
	select {
	case <-s.process.Exited():
		return true
	case <-limit.C:
		return false
	}
}

// lose ends the conversation because of err, which is io.EOF (in a frame or
// not) where the process ended, and returns the error that says how the worker
// was lost. Only the first call counts.
func (s *session) lose(err error) *outpace.LostError {
	s.mu.Lock()
	lost := s.lost
	s.mu.Unlock()
	if lost != nil {
		return lost
	}
	lost = &outpace.LostError{Worker: s.number, Pid: s.process.Pid(), ExitCode: -1}
	if ended(err) && s.endsItself() {
		state, _ := s.state()
		lost.Signal, lost.ExitCode, lost.Stderr = state.Signal, state.Code, state.Tail
	} else {
		s.process.Kill()
		state, _ := s.state()
		lost.Stderr, lost.Err = state.Tail, err
		if ended(err) {
			lost.Err = errClosed
		}
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.lost == nil {
		s.lost = lost
		s.failLoads(lost)
	}
	return s.lost
}

var errClosed = errors.New("it closed its channel")

// flight is a batch on its way: n items, left of them unanswered.
type flight struct {
	n, left  int
	answered []uint64 // a bit for each item, once some were answered
}

// answer marks items as answered; false if they are not all waiting for it.
func (f *flight) answer(first, n uint32) bool {
	if n < 1 || int64(n) > int64(f.left) || int64(first)+int64(n) > int64(f.n) {
		return false
	}
	if int(n) == f.n && f.left == f.n {
		f.left = 0
		return true
	}
	if f.answered == nil {
		f.answered = make([]uint64, (f.n+63)/64)
	}
	for i := first; i < first+n; i++ {
		if f.has(i) {
			return false
		}
		f.answered[i/64] |= 1 << (i % 64)
	}
	f.left -= int(n)
	return true
}

func (f *flight) has(i uint32) bool { return f.answered != nil && f.answered[i/64]&(1<<(i%64)) != 0 }

// seconds converts what a worker measured, whatever it says.
func seconds(s float64) time.Duration {
	if !(s > 0) {
		return 0
	}
	return time.Duration(min(s*1e9, math.MaxInt64/2))
}
