// Package child starts child processes that leave nothing behind: each has a
// process group of its own that is killed as a whole, ends with its parent,
// and is waited for in bounded time.
//
//	Start ──► running ──► Exited: reaped, its group killed ──► Done: output read, all released
//	             │ Kill       ▲
//	             └────────────┘
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

// ErrUnsupported is returned by Start on systems without process groups and
// inherited descriptors.
var ErrUnsupported = errors.New("worker processes need Linux or macOS")

// linger is how long after a child's end its pipes may stay open, held by a
// process that left its group, before they are closed on our side.
const linger = 250 * time.Millisecond

// Config is what to start.
type Config struct {
	Path    string            // the program; not searched for
	Args    []string          // its arguments, without its own name
	Env     []string          // as for exec.Cmd; nil: ours
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

	pid    int
	life   lifeline
	output *lines
	exited chan struct{}
	done   chan struct{}
	state  State

	mu     sync.Mutex
	reaped bool // the process id may be another's now
}

// State is how a child ended.
type State struct {
	Signal    syscall.Signal // that ended it, or 0
	Code      int            // exit code; -1 where a signal ended it
	User, Sys time.Duration  // CPU time of it and of the children that it waited for
	MaxRSS    int64          // largest resident size, in bytes
	Tail      string         // the last output, at most 4 KiB
}

// Pid returns the process id, which is the id of its group as well.
func (c *Child) Pid() int { return c.pid }

// Exited is closed when the process was waited for and its group killed.
func (c *Child) Exited() <-chan struct{} { return c.exited }

// Done is closed after Exited, within a moment, when all output was handed to
// Log and every goroutine of the child has ended.
func (c *Child) Done() <-chan struct{} { return c.done }

// Wait waits for Done and returns how the child ended.
func (c *Child) Wait() State {
	<-c.done
	return c.state
}

// Kill kills the child's whole process group with SIGKILL. It does not wait,
// and does nothing after the child was waited for.
func (c *Child) Kill() {
	c.mu.Lock()
	defer c.mu.Unlock()
	if !c.reaped {
		killGroup(c.pid)
	}
}
