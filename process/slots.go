package process

import (
	"errors"
	"os"
	"slices"
	"time"

	"github.com/outpace-run/outpace/internal/wire"
)

// This file is which slot runs which job, and what becomes of those that wait.
// Where both are needed, a job's lock is taken before the server's.

// accept gives a job to a slot, or has it wait for one.
func (s *server) accept(j *job) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closing {
		return errors.New("a batch after quit")
	}
	s.jobs[j.id] = j
	s.unsaid++
	if j.lease > 0 {
		j.timer = time.AfterFunc(j.lease, func() { s.leaseOver(j) })
	}
	switch {
	case s.idle > 0:
		s.idle--
		j.started = true
		s.hand <- j // at once: an idle slot does nothing else
	case s.slots < s.width:
		s.slots++
		j.started = true
		go (&slot{server: s, job: j}).work()
	default:
		s.waiting = append(s.waiting, j)
	}
	return nil
}

// next returns the job that a slot works through after one that it has
// finished. It waits for one.
func (s *server) next() *job {
	s.mu.Lock()
	if len(s.waiting) == 0 {
		s.idle++
		s.mu.Unlock()
		return <-s.hand
	}
	defer s.mu.Unlock()
	j := s.waiting[0]
	s.waiting = slices.Delete(s.waiting, 0, 1)
	j.started = true
	if j.timer != nil {
		j.timer.Reset(j.lease)
	}
	return j
}

// leaseOver is called when a job has been running, or waiting, for as long as
// its lease.
func (s *server) leaseOver(j *job) {
	s.mu.Lock()
	started := j.started
	j.overdue = started
	stale := s.stale()
	s.mu.Unlock()
	if started {
		j.expire()
	}
	for _, j := range stale {
		j.expireWaiting()
	}
}

// stale returns the jobs that have waited for as long as their lease, if every
// slot is busy with a job past its own: no slot will get to them soon. The lock
// is held.
func (s *server) stale() []*job {
	running := 0
	for _, j := range s.jobs {
		if j.started && !j.overdue {
			return nil
		}
		if j.started {
			running++
		}
	}
	if running < s.width {
		return nil
	}
	var old []*job
	now := s.clock()
	for _, j := range s.waiting {
		if j.lease > 0 && now-j.arrived >= j.lease {
			old = append(old, j)
		}
	}
	return old
}

// cancel gives up items of a job.
func (s *server) cancel(c wire.Cancel) {
	s.mu.Lock()
	j := s.jobs[c.Batch]
	s.mu.Unlock()
	switch {
	case j == nil: // it is answered
	case c.Index == wire.All:
		j.cancelAll()
	default:
		j.cancelOne(int(c.Index))
	}
}

// forget takes a job off the books whose last answer is about to be written:
// its number may be another's as soon as that is read.
func (s *server) forget(j *job) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.jobs[j.id] == j {
		delete(s.jobs, j.id)
	}
	s.waiting = slices.DeleteFunc(s.waiting, func(other *job) bool { return other == j })
	if j.timer != nil {
		j.timer.Stop()
	}
}

// said counts a job whose last answer is written. The last one of all ends the
// process, if it was told to end.
func (s *server) said() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.unsaid--
	if s.closing && s.unsaid == 0 {
		os.Exit(0)
	}
}

func (s *server) quit() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.closing = true
	if s.unsaid == 0 {
		os.Exit(0)
	}
}
