package session

import (
	"context"
	"fmt"
	"math"
	"syscall"
	"time"

	"github.com/outpace-run/outpace"
	"github.com/outpace-run/outpace/internal/wire"
)

// load is a function of a session: being loaded until done is closed.
type load struct {
	id    uint32
	name  string
	init  bool // it is called once, rather than for inputs
	begun time.Time
	done  chan struct{}

	// set before done is closed, under the session's mu
	over bool
	err  error // a *outpace.LoadError, or that the worker is lost
	Loaded
}

// end settles a load; only the first call counts. The caller holds mu.
func (l *load) end(err error) {
	if !l.over {
		l.over, l.err = true, err
		close(l.done)
	}
}

// failed is the error for a function that cannot be loaded.
func (l *load) failed(took time.Duration, why error) error {
	return &outpace.LoadError{Function: l.name, Init: l.init, Took: took, Err: why}
}

// Loaded is what is known about a function once a worker has loaded it.
type Loaded struct {
	Coroutine bool
	Took      time.Duration
}

// Load has the worker load a function, as the first Send of it does. It blocks
// until that is done. The errors are those of Send.
func (s *Session) Load(f outpace.AnyFunction) (Loaded, error) {
	l, err := s.load(f)
	if err != nil {
		return Loaded{}, err
	}
	return l.Loaded, nil
}

// load returns the load of a function after its end.
func (s *Session) load(f outpace.AnyFunction) (*load, error) {
	d, err := s.define(f)
	if err != nil {
		return nil, err
	}
	return s.loadAs(d)
}

// Init has the worker call a function once, without an input, after Configure
// and before the first Send. It blocks until that is done, or until ctx is; then
// the worker is killed. Its failure is a *outpace.LoadError.
func (s *Session) Init(ctx context.Context, d Definition) error {
	d.Init, d.Key = true, "init "+d.Key
	stop := context.AfterFunc(ctx, s.process.Kill)
	_, err := s.loadAs(d)
	if !stop() {
		return context.Cause(ctx)
	}
	return err
}

// loadAs is load for a function that is defined.
func (s *Session) loadAs(d Definition) (*load, error) {
	l, fresh := s.loadOf(d)
	if fresh {
		d.Func = l.id
		frame, err := wire.AppendJSON(nil, wire.KindDefine, d.Define)
		if err == nil {
			err = s.sent(s.writer.write(frame))
		}
		if err != nil {
			s.mu.Lock()
			l.end(err)
			s.mu.Unlock()
			return nil, err
		}
		limits := s.limits
		s.helpers.Go(func() { s.watch(l, limits) })
	}
	return l, s.await(l)
}

// loadOf returns the load of a function, which is fresh for its first caller.
func (s *Session) loadOf(d Definition) (l *load, fresh bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if l = s.loads[d.Key]; l != nil {
		return l, false
	}
	l = &load{id: uint32(len(s.loads) + 1), name: d.Target, init: d.Init, begun: time.Now(), done: make(chan struct{})}
	s.loads[d.Key] = l
	if s.lost != nil {
		l.end(s.lost)
		return l, false
	}
	return l, true
}

// await waits for the end of a load, reading where nobody else does.
func (s *Session) await(l *load) error {
	for {
		select {
		case <-l.done:
			return l.err
		default:
		}
		select {
		case <-l.done:
		case s.turn <- struct{}{}:
			s.readFor(l)
			<-s.turn
		}
	}
}

// readFor reads one frame while a load goes on. The caller holds turn.
func (s *Session) readFor(l *load) {
	select {
	case <-l.done:
		return
	default:
	}
	r, ok, err := s.read(nil)
	if err == nil && ok {
		err = s.putAside(r)
	}
	if err != nil {
		s.lose(err)
	}
}

// watch tells about a load that takes long, and ends the worker of one that
// takes too long.
func (s *Session) watch(l *load, within Limits) {
	limit := time.NewTimer(within.Timeout)
	defer limit.Stop()
	tick := time.NewTicker(within.Patience)
	defer tick.Stop()
	for {
		select {
		case <-l.done:
			return
		case <-tick.C:
			doing := "importing"
			if l.init {
				doing = "in the init function"
			}
			s.out.line(fmt.Sprintf("still %s %s after %v", doing, l.name, time.Since(l.begun).Round(within.Patience)))
		case <-limit.C:
			s.mu.Lock()
			l.end(l.failed(time.Since(l.begun), fmt.Errorf("%w: not loaded after %v (hint: %s)", outpace.ErrTimeout, within.Timeout, within.Hint)))
			s.mu.Unlock()
			s.process.Kill()
			return
		}
	}
}

// defined settles the load that a defined frame is about.
func (s *Session) defined(body []byte) error {
	var d wire.Defined
	if err := wire.Decode(body, &d); err != nil {
		return err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, l := range s.loads {
		if l.id != d.Func || l.over {
			continue
		}
		l.Loaded = Loaded{d.Coroutine, seconds(d.Seconds)}
		if d.Err != nil {
			l.end(l.failed(l.Took, remote(*d.Err)))
		} else {
			l.end(nil)
		}
		return nil
	}
	return fmt.Errorf("%w: function %d is not being loaded", wire.ErrFrame, d.Func)
}

// failLoads ends the loads of a lost worker. One that crashed or exited while
// it loaded a function would do so again; one that was killed may be the
// victim of somebody else. The caller holds mu.
func (s *Session) failLoads(lost *outpace.LostError) {
	for _, l := range s.loads {
		if lost.Signal == syscall.SIGKILL {
			l.end(fmt.Errorf("%w: %w", errLost, lost))
		} else {
			l.end(l.failed(time.Since(l.begun), lost))
		}
	}
}

// seconds converts what a worker measured, whatever it says.
func seconds(s float64) time.Duration {
	if !(s > 0) {
		return 0
	}
	return time.Duration(min(s*1e9, math.MaxInt64/2))
}
