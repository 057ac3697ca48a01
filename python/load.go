package python

import (
	"fmt"
	"syscall"
	"time"

	"github.com/outpace-run/outpace"
	"github.com/outpace-run/outpace/internal/wire"
)

// load is a function of a session: being loaded until done is closed.
type load struct {
	id    uint32
	name  string
	begun time.Time
	done  chan struct{}

	// set before done is closed, under the session's mu
	over      bool
	err       error // a *outpace.LoadError, or that the worker is lost
	coroutine bool
	took      time.Duration
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
	return &outpace.LoadError{Function: l.name, Took: took, Err: why}
}

// limits is how long a load may take, and after how long it is told about.
type limits struct{ timeout, patience time.Duration }

// load returns what the worker calls a function, after having it loaded the
// first time.
func (s *session) load(f *spec) (uint32, error) {
	l, fresh := s.loadOf(f)
	if fresh {
		define := f.define
		define.Func = l.id
		frame, err := wire.AppendJSON(nil, wire.KindDefine, define)
		if err == nil {
			err = s.sent(s.writer.write(frame))
		}
		if err != nil {
			s.mu.Lock()
			l.end(err)
			s.mu.Unlock()
			return 0, err
		}
		limits := s.limits
		s.helpers.Go(func() { s.watch(l, limits) })
	}
	return l.id, s.await(l)
}

// loadOf returns the load of a function, which is fresh for its first caller.
func (s *session) loadOf(f *spec) (l *load, fresh bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if l = s.loads[f.key]; l != nil {
		return l, false
	}
	l = &load{id: uint32(len(s.loads) + 1), name: f.define.Target, begun: time.Now(), done: make(chan struct{})}
	s.loads[f.key] = l
	if s.lost != nil {
		l.end(s.lost)
		return l, false
	}
	return l, true
}

// await waits for the end of a load, reading where nobody else does.
func (s *session) await(l *load) error {
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
func (s *session) readFor(l *load) {
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
func (s *session) watch(l *load, within limits) {
	limit := time.NewTimer(within.timeout)
	defer limit.Stop()
	tick := time.NewTicker(within.patience)
	defer tick.Stop()
	for {
		select {
		case <-l.done:
			return
		case <-tick.C:
			s.out.line(fmt.Sprintf("still importing %s after %v", l.name, time.Since(l.begun).Round(within.patience)))
		case <-limit.C:
			s.mu.Lock()
			l.end(l.failed(time.Since(l.begun), fmt.Errorf("%w: not loaded after %v (hint: a longer --start-timeout, or python.StartTimeout in Go)", outpace.ErrTimeout, within.timeout)))
			s.mu.Unlock()
			s.process.Kill()
			return
		}
	}
}

// defined settles the load that a defined frame is about.
func (s *session) defined(body []byte) error {
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
		l.coroutine, l.took = d.Coroutine, seconds(d.Seconds)
		if d.Err != nil {
			l.end(l.failed(l.took, remote(*d.Err)))
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
func (s *session) failLoads(lost *outpace.LostError) {
	for _, l := range s.loads {
		if lost.Signal == syscall.SIGKILL {
			l.end(fmt.Errorf("%w: %w", errLost, lost))
		} else {
			l.end(l.failed(time.Since(l.begun), lost))
		}
	}
}
