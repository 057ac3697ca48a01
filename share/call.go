package share

import (
	"context"
	"fmt"
	"strings"
)

// call has an agent carry a request out and turns what is no result into an
// error. No is left to the caller.
func call(ctx context.Context, a Agent, r Request) (Response, error) {
	if a == nil {
		return Response{}, ErrOutside
	}
	resp, err := a.Call(ctx, r)
	if err == nil {
		err = resp.err()
	}
	return resp, err
}

// post has an agent carry out a request that nobody waits for. In the executor's
// process there is an answer all the same.
func post(a Agent, r Request) error {
	switch a := a.(type) {
	case nil:
		return ErrOutside
	case *Owner:
		resp, w := a.begin(&r, func(Response) {})
		if w != nil {
			return nil
		}
		return resp.err()
	}
	if text := r.check(); text != "" {
		return fmt.Errorf("%w: %s", ErrMisuse, text)
	}
	a.Post(r)
	return nil
}

// err is the error that a response stands for.
func (r Response) err() error {
	switch r.Status {
	case OK, No, Withdrawn:
		return nil
	case Closed:
		return ErrQueueClosed
	case Deadlock:
		return &DeadlockError{Text: r.Text}
	case Ended:
		if r.Number == taskOver {
			return fmt.Errorf("%w: %s", ErrOver, strings.TrimPrefix(r.Text, isOver))
		}
		return fmt.Errorf("%w: %s", ErrClosed, r.Text)
	case Held:
		return fmt.Errorf("%w: %s", ErrHeld, r.Text)
	}
	return fmt.Errorf("%w: %s", ErrMisuse, r.Text)
}
