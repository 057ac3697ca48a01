package session

import (
	"errors"
	"os"
	"sync"

	"github.com/outpace-run/outpace"
	"github.com/outpace-run/outpace/internal/child"
)

// source is the read end of the channel, whose reads can be broken off between
// two frames.
type source struct {
	process *child.Child
	inFrame bool // the reader is in a frame, which is read to its end

	mu          sync.Mutex
	interrupted bool
}

// Read reads from the channel. It fails with outpace.ErrInterrupted where it was
// interrupted between two frames.
func (r *source) Read(p []byte) (int, error) {
	for {
		n, err := r.process.From.Read(p)
		if n > 0 || !errors.Is(err, os.ErrDeadlineExceeded) || !r.pending() {
			return n, err
		}
		if !r.inFrame {
			r.clear()
			return 0, outpace.ErrInterrupted
		}
		r.process.Resume()
	}
}

func (r *source) interrupt() {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.interrupted = true
	r.process.Interrupt()
}

func (r *source) pending() bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.interrupted
}

// clear ends an interrupt, and reports whether there was one.
func (r *source) clear() bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	if !r.interrupted {
		return false
	}
	r.interrupted = false
	r.process.Resume()
	return true
}
