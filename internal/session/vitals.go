package session

import (
	"syscall"
	"time"

	"github.com/outpace-run/outpace"
	"github.com/outpace-run/outpace/internal/wire"
)

// What else a session can do for an executor.
var (
	_ outpace.Watched = (*Session)(nil)
	_ outpace.Pinger  = (*Session)(nil)
	_ outpace.Dumper  = (*Session)(nil)
	_ outpace.Packer  = (*Session)(nil)

	_ outpace.Interrupter = (*Session)(nil)
)

// Vitals looks at the process: see outpace.Watched. It needs Linux.
func (s *Session) Vitals(limit int64) (outpace.Vitals, error) {
	seen, err := s.process.Vitals()
	if err == nil && seen.Memory > limit && limit > 0 { // perhaps only since shared pages count more than once
		seen.Memory, err = s.process.ExactMemory()
	}
	return outpace.Vitals{Memory: seen.Memory, Stopped: seen.Stopped}, err
}

// Ping asks the worker for an answer: see outpace.Pinger.
func (s *Session) Ping(within time.Duration) bool {
	answered := make(chan struct{})
	s.mu.Lock()
	s.pings = append(s.pings, answered)
	s.mu.Unlock()
	ping, _ := wire.AppendFrame(nil, wire.KindPing, []byte("tasks"))
	s.writer.later(ping)
	limit := time.NewTimer(within)
	defer limit.Stop()
	select {
	case <-answered:
		return true
	case <-limit.C:
	case <-s.process.Dead():
	}
	return false
}

// pong tells all who wait for an answer.
func (s *Session) pong() {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, answered := range s.pings {
		close(answered)
	}
	s.pings = nil
}

// Dump has the worker write its stack: see outpace.Dumper. It reports false
// for one whose hello named no signal for that.
func (s *Session) Dump() bool {
	if s.hello.Dump > 0 {
		s.process.Signal(syscall.Signal(s.hello.Dump))
	}
	return s.hello.Dump > 0
}

// Dumped reports whether the stack that Dump asked for is written: see
// outpace.Dumper.
func (s *Session) Dumped() bool { return s.process.Handled(syscall.Signal(s.hello.Dump)) }

// Packs reports whether the worker's hello said so: see outpace.Packer.
func (s *Session) Packs() bool { return s.hello.Packed }
