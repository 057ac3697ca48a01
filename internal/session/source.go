package session

import (
	"errors"
	"os"
	"sync"
	"time"

	"github.com/outpace-run/outpace"
	"github.com/outpace-run/outpace/internal/child"
)

// source is the read end of the channel, whose reads can be broken off between
// two frames.
//
// Who has just carried out an operation of package share looks for the next frame
// for a moment before it sleeps, and so does a worker for its answer, where the
// workers leave a core: on the other side somebody would have to be woken, which
// takes longer than all the rest of an operation.
type source struct {
	process *child.Child
	spins   bool // there is a core left; set before anybody reads
	eager   bool // an operation was carried out; the reader's, as the next
	inFrame bool // the reader is in a frame, which is read to its end

	mu          sync.Mutex
	interrupted bool
}

// spinFor is how long a reader looks before it sleeps.
const spinFor = 20 * time.Microsecond

// Read reads from the channel. It fails with outpace.ErrInterrupted where it was
// interrupted between two frames.
func (r *source) Read(p []byte) (int, error) {
	if r.eager && r.spins {
		if n := r.spin(p); n > 0 {
			return n, nil
		}
	}
	r.eager = false
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

// spin reads what comes within a moment.
func (r *source) spin(p []byte) int {
	for begin := time.Now(); time.Since(begin) < spinFor; {
		if n := r.attempt(p); n != 0 {
			return n
		}
	}
	return 0
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
