// Package child starts child processes that leave nothing behind: each has a
// process group of its own that is killed as a whole, ends with its parent,
// and is waited for in bounded time. What left the group dies as well, on
// Linux: all that a child starts inherits a variable OUTPACE_WORKER with a
// value of that child's own.
//
//	Start ──► running ──► Dead: reaped, its group killed ──► Exited: swept ──► Done: output read, all released
//	             │ Kill        ▲                              │
//	             └─────────────┘                              └ no process has its marker any more
//
//	what a child starts                    ended by
//	  in its group                         Kill, its own end, our end (SIGKILL too)
//	  outside of it, below the child       Kill
//	  anywhere, with its variable          Kill and its own end
//	  anywhere, even without               Adopt, when no child of ours runs any more
//
// Standard input is empty; what a child writes to standard output and error is
// handed on line by line. A channel of its own on descriptors 3 and 4 keeps the
// conversation with its parent apart from that.
package child

import (
	"errors"
	"os"
	"sync"
	"syscall"
	"time"
)

// ErrUnsupported is in the error of what this system cannot do: Start needs
// process groups and inherited descriptors; Adopt, Vitals and ExactMemory need
// Linux.
var ErrUnsupported = errors.New("this system cannot do that")

// linger is how long after a child's end its pipes may stay open, held by a
// process that left its group, before they are closed on our side.
const linger = 250 * time.Millisecond

// Config is what to start.
type Config struct {
	Path    string            // the program; not searched for
	Args    []string          // its arguments, without its own name
	Env     []string          // as for exec.Cmd; nil: ours. OUTPACE_WORKER is set in any case
	Dir     string            // working directory; "": ours
	Channel bool              // give it descriptors 3 (to read) and 4 (to write)
	Log     func(line string) // takes each line of its output, from one goroutine; nil: none
}

// Child is a process that was started. Its methods may be called from any
// goroutine.
type Child struct {
	// To and From are our ends of the channel, or nil: what is written to To
	// the child reads from 3, what it writes to 4 comes out of From. They
	// belong to the caller. When the child ends, writes to To fail at once and
	// reads from From within a moment, even where another process holds the
	// other end.
	To, From *os.File

	pid     int
	marker  string
	started time.Time // just before the process was
	ooms    oomCounter
	life    lifeline
	output  *lines
	dead    chan struct{}
	exited  chan struct{}
	done    chan struct{}
	state   State

	mu       sync.Mutex
	reaped   bool // the process id may be another's now
	killed   bool // by Kill
	released bool // reads end by themselves
}

// Interrupt makes a read from From that waits fail with os.ErrDeadlineExceeded,
// and those that follow, until Resume. It does nothing once the child has ended.
func (c *Child) Interrupt() { c.readUntil(time.Unix(1, 0)) }

// Resume ends an Interrupt.
func (c *Child) Resume() { c.readUntil(time.Time{}) }

func (c *Child) readUntil(deadline time.Time) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if !c.released {
		_ = c.From.SetReadDeadline(deadline)
	}
}

// State is how a child ended.
type State struct {
	Signal    syscall.Signal // that ended it, or 0
	Code      int            // exit code; -1 where a signal ended it
	User, Sys time.Duration  // CPU time of it and of the children that it waited for
	MaxRSS    int64          // largest resident size, in bytes
	Tail      string         // the last output, at most 16 KiB

	// OutOfMemory says that the kernel ended it for want of memory: SIGKILL
	// ended it, which Kill did not send, and while it ran such kills were
	// counted in its control group, on Linux. Where several children share a
	// group, that may have been another's.
	OutOfMemory bool

	// MemoryLimit is the smallest limit, in bytes, of its control group and
	// those above; 0: none, or not on Linux.
	MemoryLimit int64
}

// Pid returns the process id, which is the id of its group as well.
func (c *Child) Pid() int { return c.pid }

// Dead is closed when the process was waited for.
func (c *Child) Dead() <-chan struct{} { return c.dead }

// Exited is closed after Dead, when its group and what has its marker were
// killed as well.
func (c *Child) Exited() <-chan struct{} { return c.exited }

// Done is closed after Exited, within a moment, when all output was handed to
// Log and every goroutine of the child has ended.
func (c *Child) Done() <-chan struct{} { return c.done }

// Wait waits for Done and returns how the child ended.
func (c *Child) Wait() State {
	<-c.done
	return c.state
}

// Kill kills the child's whole process group with SIGKILL, and on Linux also
// what its members started outside of it. It does not wait, and does nothing
// after the child was waited for.
func (c *Child) Kill() {
	c.mu.Lock()
	defer c.mu.Unlock()
	if !c.reaped {
		c.killed = c.killed || alive(c.pid)
		killTree(c.pid)
	}
}
