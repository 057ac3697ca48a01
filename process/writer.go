package process

import (
	"errors"
	"fmt"
	"os"
	"sync"
	"syscall"
)

// exitBroken is the exit code of a worker whose conversation is broken.
const exitBroken = 70

// writer is the write end of the channel.
type writer struct {
	mu  sync.Mutex
	to  *os.File
	log *os.File // standard error, kept for the last words
}

// write writes the parts of a frame, or several frames. It blocks while the
// pipe is full, and returns only if the supervisor is there to read it.
func (w *writer) write(parts ...[]byte) {
	w.mu.Lock()
	defer w.mu.Unlock()
	for _, part := range parts {
		_, err := w.to.Write(part)
		switch {
		case errors.Is(err, syscall.EPIPE):
			endGroup() // the supervisor is gone
		case err != nil:
			w.die("cannot write to the supervisor: %v", err)
		}
	}
}

// die ends the process because of a broken conversation.
func (w *writer) die(format string, args ...any) {
	_, _ = fmt.Fprintf(w.log, "outpace worker: "+format+"\n", args...)
	os.Exit(exitBroken)
}
