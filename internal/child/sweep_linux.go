package child

import (
	"bytes"
	"os"
	"slices"
	"strconv"
	"syscall"
	"time"
)

const (
	sweepLimit = 250 * time.Millisecond // how long a sweep may take, where processes die slowly or keep coming
	sweepPause = 250 * time.Microsecond // between two rounds
	execRounds = 20                     // at most, where all that is left is in the midst of an exec
	lateRounds = 3                      // at most, where all that is left ended too early: there are always some on a busy machine
	clockSlack = 100 * time.Millisecond // by how much the times of /proc may be off: ticks of the clock
)

// sweep kills every process that carries the marker of a child which has
// ended, wherever it went, and returns when they have died. It goes on as long
// as it finds any, because one may fork while we look at another.
func sweep(marker string, started time.Time) {
	s := sweeper{marker: marker, started: started, dead: map[int]bool{}}
	for end := time.Now().Add(sweepLimit); s.round() && time.Now().Before(end); {
		time.Sleep(sweepPause)
	}
}

// sweeper looks for what one child left behind.
type sweeper struct {
	marker  string
	started time.Time        // no later than the child
	rounds  [lastVerdict]int // that found such
	dead    map[int]bool     // those that we came too late for
	buf     []byte
}

// verdict is what a look at a process says about it.
type verdict int

const (
	other   verdict = iota // not marked
	marked                 // alive, and what we look for
	execing                // in the midst of an exec, when it has no environment
	ended                  // too early for us to see: it may have left another
	lastVerdict
)

// round looks at all processes once, kills those with the marker, and reports
// whether another round is needed. The newest come first, because one that only
// starts another and ends must not get away with it while we look at the rest.
func (s *sweeper) round() (again bool) {
	var seen [lastVerdict]bool
	oldest := s.oldest()
	for _, pid := range slices.Backward(numbers("/proc")) {
		v := s.judge(pid, oldest)
		switch {
		case v == marked:
			killIf(pid, func(*os.Process) bool { return s.look(pid) == marked })
		case v == ended && s.dead[pid]:
			continue // it was seen
		case v == ended:
			s.dead[pid] = true
		}
		seen[v] = true
	}
	for v, found := range seen {
		if found {
			s.rounds[v]++
		}
	}
	return seen[marked] || seen[execing] && s.rounds[execing] <= execRounds || seen[ended] && s.rounds[ended] < lateRounds
}

// oldest is the earliest time at which /proc can have seen what the child left
// for the first time. It is zero, which is no limit, when the clock was set
// since the child was started.
func (s *sweeper) oldest() time.Time {
	now := time.Now()
	if set := now.Round(0).Sub(s.started.Round(0)) - now.Sub(s.started); set.Abs() > clockSlack/2 {
		return time.Time{}
	}
	return s.started.Add(-clockSlack)
}

// judge skips what cannot carry the marker, in a tenth of the time that reading
// an environment takes: the processes of others, whose environment only root
// could read, and those that /proc knew before the child was there. The time of
// /proc/PID is that of the first look at it.
func (s *sweeper) judge(pid int, oldest time.Time) verdict {
	var info syscall.Stat_t
	if syscall.Stat("/proc/"+strconv.Itoa(pid), &info) != nil {
		return ended
	}
	us := os.Geteuid()
	if us != 0 && int(info.Uid) != us || time.Unix(info.Mtim.Unix()).Before(oldest) {
		return other
	}
	return s.look(pid)
}

// look reads the environment of a process.
func (s *sweeper) look(pid int) verdict {
	var err error
	s.buf, err = readFile(s.buf, procFile(pid, "environ"))
	switch {
	case carries(s.buf, s.marker):
		return marked
	case len(s.buf) > 0:
		return other
	}
	status, ok := statusOf(pid)
	switch {
	case ok && status.kernel():
		return other
	case ok && status.threads > 1 && s.threads(pid):
		return marked
	case !ok || status.ending():
		return ended
	case err == syscall.EACCES || status.noEnvironment:
		return other
	}
	return execing
}

// threads looks at a process whose first thread has ended and others go on:
// only they still have an environment.
func (s *sweeper) threads(pid int) bool {
	for _, thread := range numbers(procFile(pid, "task")) {
		s.buf, _ = readFile(s.buf, procFile(pid, "task/"+strconv.Itoa(thread)+"/environ"))
		if carries(s.buf, s.marker) {
			return true
		}
	}
	return false
}

// carries reports whether an environment, as in /proc/PID/environ, is that of
// the marked child, of what it started, or of their children.
func carries(environ []byte, marker string) bool {
	for entry := range bytes.SplitSeq(environ, []byte{0}) {
		rest, ok := bytes.CutPrefix(entry, []byte(markerName+"="+marker))
		if ok && (len(rest) == 0 || rest[0] == '/') {
			return true
		}
	}
	return false
}

// killTree kills a child's process group, and what its members started outside
// of it, with or without a marker. All are stopped before they are looked at:
// what is stopped starts nothing more, and its list of children is whole.
func killTree(leader int) {
	_ = syscall.Kill(-leader, syscall.SIGSTOP)
	for range 5 { // a thread that was about to fork may have done so
		if !killBelow(leader, leader) {
			break
		}
	}
	killGroup(leader)
}

// killBelow kills the processes below one that are not in the group, the
// lowest first, and reports whether there were any.
func killBelow(parent, group int) (found bool) {
	for _, pid := range children(parent) {
		status, ok := statusOf(pid)
		switch {
		case !ok || status.parent != parent:
		case status.group == group || status.ending() && status.threads <= 1:
			found = killBelow(pid, group) || found
		default:
			found = true
			killIf(pid, func(p *os.Process) bool {
				status, ok := statusOf(pid)
				if !ok || status.parent != parent {
					return false
				}
				_ = p.Signal(syscall.SIGSTOP)
				killBelow(pid, group)
				return true
			})
		}
	}
	return found
}

// alive reports whether a process has not ended, and is not about to: a kill
// would be what ends it.
func alive(pid int) bool {
	status, ok := statusOf(pid)
	return ok && !status.ending()
}
