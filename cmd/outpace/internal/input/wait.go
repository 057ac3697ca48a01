package input

import (
	"context"
	"io"
)

// Interruptible returns a reader of r whose Read returns the cause of ctx as
// soon as that is done, also while r's own Read waits for a pipe or a terminal
// that says nothing. That Read, and one goroutine with it, then stays behind
// until r answers; the part of a buffer that it was given is lost to it.
func Interruptible(ctx context.Context, r io.Reader) io.Reader {
	w := &waiting{ctx: ctx, ask: make(chan []byte), answer: make(chan answer)}
	go w.serve(r)
	return w
}

type answer struct {
	n   int
	err error
}

type waiting struct {
	ctx    context.Context
	ask    chan []byte
	answer chan answer
}

func (w *waiting) serve(r io.Reader) {
	for {
		select {
		case p := <-w.ask:
			n, err := r.Read(p)
			select {
			case w.answer <- answer{n, err}:
			case <-w.ctx.Done():
				return
			}
		case <-w.ctx.Done():
			return
		}
	}
}

func (w *waiting) Read(p []byte) (int, error) {
	select {
	case w.ask <- p:
	case <-w.ctx.Done():
		return 0, context.Cause(w.ctx)
	}
	select {
	case a := <-w.answer:
		return a.n, a.err
	case <-w.ctx.Done():
		return 0, context.Cause(w.ctx)
	}
}
