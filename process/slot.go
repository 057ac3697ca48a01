package process

import (
	"context"
	"fmt"

	"github.com/outpace-run/outpace"
	"github.com/outpace-run/outpace/internal/wire"
)

// slot works through one job after another, on a goroutine of its own.
type slot struct {
	server *server
	job    *job
	buffer []byte // for a result; reused
}

// work runs the items of the slot's job, and then of the next, for ever.
func (w *slot) work() {
	for {
		for ctx, i, ok := w.job.begin(); ok; ctx, i, ok = w.job.begin() {
			w.run(ctx, i)
		}
		w.job = w.server.next()
	}
}

// run runs one item and has it answered.
func (w *slot) run(ctx context.Context, i int) {
	value, crash, err := w.call(ctx, i)
	switch {
	case crash != nil:
		w.job.failed(*crash, false)
		return
	case err == nil:
		value, err = sendable(value)
	}
	if err != nil {
		w.job.failed(errorOf(err), true)
		return
	}
	w.buffer = w.job.done(value)
}

// call calls the function. A panic is returned as crash. A function that ends
// its goroutine fails, and another goroutine takes the slot over.
func (w *slot) call(ctx context.Context, i int) (value []byte, crash *wire.Error, err error) {
	returned := false
	defer func() {
		if returned {
			return
		}
		if v := recover(); v != nil {
			crash = panicOf(v)
			return
		}
		w.job.failed(goexit(), false)
		go w.work()
	}()
	value, err = w.job.fn.Call(ctx, append(w.buffer[:0], '['), w.job.inputs[i])
	returned = true
	return value, nil, err
}

// sendable reports a result that would break the conversation: one that is too
// long for a frame, or nested deeper than the supervisor reads. It returns the
// array, perhaps with more room behind it.
func sendable(array []byte) ([]byte, error) {
	const (
		room   = 1 << 10  // for what is in a frame besides
		nested = 16 << 10 // shorter than that, nothing is nested too deeply
	)
	if len(array) <= nested {
		return array, nil
	}
	if len(array) > wire.MaxFrame-room {
		return nil, &outpace.RemoteError{Type: "error", Message: fmt.Sprintf("the result of %d bytes is larger than a frame", len(array)),
			Cause: "encoding", Hint: "write it to a file and return the file's name"}
	}
	array = append(array, ']')
	if _, err := wire.Split(nil, array, 1); err != nil {
		return nil, &outpace.RemoteError{Type: "error", Message: "the result is nested too deeply",
			Cause: "encoding", Hint: "flatten it, or choose another codec with outpace.UseCodec"}
	}
	return array[:len(array)-1], nil
}
