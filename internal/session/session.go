// Package session is a worker process and the conversation with it, as
// docs/protocol.md writes it down. It makes an outpace.Worker of a program in
// any language; which program that is, and what its hello must say, is up to
// the adapter packages.
//
//	Send, Cancel ──► writer (one owner at a time) ──► 3 ┐
//	                                                     process
//	Receive ◄── flights (each item once) ◄── turn ◄── 4 ┘
//	share.Owner ◄── operation ◄── … ◄── turn ◄── 4;  outcome ──► writer ──► 3
//
// Whoever holds turn reads. That is Receive nearly always; a Send that waits
// for its function to be loaded reads too where nobody else does, and puts
// replies aside for Receive.
//
//	Start ──► Greet ──► Configure ──► Send, Cancel, Receive ──► Close
//
// A worker is not believed: what breaks the protocol ends it, and is the
// reason that Receive gives.
package session

import (
	"context"
	"errors"
	"fmt"
	"io"
	"sync"
	"time"

	"github.com/outpace-run/outpace"
	"github.com/outpace-run/outpace/internal/child"
	"github.com/outpace-run/outpace/internal/wire"
)

// Config is what to start, and how functions are told to it.
type Config struct {
	Child    child.Config // the program; its Channel and Log are set by Start
	Preamble []byte       // written to the channel before any frame; nil: nothing
	Limits   Limits       // of loading a function, until Configure sets others

	// Output is told each line that the worker prints, from one goroutine. After
	// the last one LastWords, from any, says what to keep of it for an error: by
	// default that is the tail. Both may be nil.
	Output    func(line string)
	LastWords func(end child.State) string

	// Define says how the worker is told about a function. It is called for
	// every batch, from any goroutine. Its error is what Send returns.
	Define func(f outpace.AnyFunction) (Definition, error)
}

// Definition is how a worker finds a function.
type Definition struct {
	wire.Define        // its Func is chosen by the session
	Key         string // equal for equal functions
}

// Limits is how long loading a function may take, and after how long it is
// told about, again and again.
type Limits struct {
	Timeout, Patience time.Duration
	Hint              string // what to do about a load that took too long
}

// Setup is how a worker is going to be used.
type Setup struct {
	wire.Configure
	Limits Limits
	Log    func(line string) // takes what the worker prints; nil changes nothing
	Owner  OwnerFunc         // who its operations act for; nil: nobody
}

// Session is one worker process. It implements outpace.Worker once it is
// configured.
type Session struct {
	process *child.Child
	define  func(outpace.AnyFunction) (Definition, error)
	words   func(child.State) string
	out     *sink
	hello   wire.Hello
	number  int
	limits  Limits
	writer  writer
	source  source
	frames  *wire.Reader  // of source
	turn    chan struct{} // holds one element while somebody reads
	values  [][]byte      // of the last reply; reused by Receive
	shared  shared
	helpers sync.WaitGroup

	mu      sync.Mutex
	flights map[uint32]*flight
	loads   map[string]*load // by the key of the function
	aside   []outpace.Reply
	lost    *outpace.LostError
	notify  chan struct{} // holds one element after something was put aside
	pings   []chan struct{}
}

var _ outpace.Worker = (*Session)(nil)

// Child returns the process. Its channel is the session's.
func (s *Session) Child() *child.Child { return s.process }

// Hello returns what the worker said first, once Greet has returned.
func (s *Session) Hello() wire.Hello { return s.hello }

// Listen hands the worker's lines to log from now on; up to 100 lines were kept
// for the first who listens. A nil log changes nothing.
func (s *Session) Listen(log func(line string)) { s.out.open(log) }

// Configure tells the worker how it is going to be used. It comes after Greet
// and before the first Send, once. Its error is how the worker was lost.
func (s *Session) Configure(how Setup) error {
	s.number, s.limits = how.Worker, how.Limits
	s.shared.begin(how.Owner)
	s.source.spins = how.Configure.Spare
	s.out.open(how.Log)
	frame, err := wire.AppendJSON(nil, wire.KindConfigure, how.Configure)
	if err != nil {
		return err
	}
	if err := s.writer.write(frame); err != nil {
		return s.lose(err)
	}
	return nil
}

// Kill kills the worker's process group.
func (s *Session) Kill() { s.process.Kill() }

// Close ends the worker: see outpace.Worker.
func (s *Session) Close(ctx context.Context) error {
	quit, _ := wire.AppendFrame(nil, wire.KindQuit, nil)
	s.writer.later(quit)
	s.helpers.Go(func() { // what it still says must not keep it from ending, nor what it waits for
		s.turn <- struct{}{}
		for err := error(nil); err == nil; {
			_, _, err = s.read(nil)
		}
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

// Abandon kills a worker that nobody needs and waits until it is gone. It is
// called instead of Close.
func (s *Session) Abandon() error {
	s.process.Kill()
	return s.release()
}

const (
	// unkillable is how long a killed process may take to go. It goes at once,
	// unless a system call of it cannot be interrupted, as on a dead network disk.
	unkillable = 5 * time.Second
	// endsItself is how long a process that closed its channel has to end before
	// it is killed, so that its own end is seen and not ours.
	endsItself = 500 * time.Millisecond
)

// release waits for the end of the process, which was asked for, and gives
// back all that belongs to it.
func (s *Session) release() error {
	_, ended := s.state()
	_ = s.process.To.Close()
	_ = s.process.From.Close()
	if !ended {
		return fmt.Errorf("process %d was killed, but the system does not let go of it", s.process.Pid())
	}
	s.lose(io.EOF)
	s.shared.close()
	s.writer.late.Wait()
	s.helpers.Wait()
	return nil
}

// state waits for the process to be gone and returns how it ended; ended is
// false when it does not go though it was killed.
func (s *Session) state() (state child.State, ended bool) {
	limit := time.NewTimer(unkillable)
	defer limit.Stop()
	select {
	case <-s.process.Done():
		state = s.process.Wait()
		if s.words != nil {
			state.Tail = s.words(state)
		}
		return state, true
	case <-limit.C:
		return child.State{Code: -1}, false
	}
}

// endsItself gives a process that closed its channel the time to end.
func (s *Session) endsItself() bool {
	limit := time.NewTimer(endsItself)
	defer limit.Stop()
	select {
	case <-s.process.Dead():
		return true
	case <-limit.C:
		return false
	}
}

// lose ends the conversation because of err, which is io.EOF (in a frame or
// not) where the process ended, and returns the error that says how the worker
// was lost. Only the first call counts.
func (s *Session) lose(err error) *outpace.LostError {
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
		lost.Peak, lost.OutOfMemory, lost.MemoryLimit = state.MaxRSS, state.OutOfMemory, state.MemoryLimit
	} else {
		s.process.Kill()
		state, _ := s.state()
		lost.Stderr, lost.Peak, lost.Err = state.Tail, state.MaxRSS, err
		if ended(err) {
			lost.Err = errClosed
		}
	}
	s.shared.close()
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.lost == nil {
		s.lost = lost
		s.failLoads(lost)
	}
	return s.lost
}

var errClosed = errors.New("it closed its channel")
