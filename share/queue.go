package share

import (
	"context"
	"errors"
	"iter"
	"time"
)

// SharedQueue carries items from tasks to tasks, or to the caller, first in,
// first out. Its methods act for the task whose context Queue was called with. Items
// cross as JSON.
type SharedQueue[T any] struct {
	agent    Agent
	name     string
	capacity int
}

// Queue returns the queue of a name, for the task of ctx, which holds up to
// capacity items. It never blocks. The capacity, at least 1, must be the same
// wherever the name is used. Where ctx belongs to no task, the methods return
// ErrOutside.
func Queue[T any](ctx context.Context, name string, capacity int) *SharedQueue[T] {
	return &SharedQueue[T]{from(ctx), name, capacity}
}

// Put puts x at the end of the queue, and waits while that is full. The error is
// ErrQueueClosed; ctx's cause when that is done first; wraps ErrClosed; or is a
// *DeadlockError. x is not in the queue then.
func (q *SharedQueue[T]) Put(ctx context.Context, x T) error {
	_, err := q.put(ctx, []T{x}, Forever)
	return err
}

// PutMany puts several items, in order, and waits as often as it must. n is how
// many are in the queue; with an error that of Put.
func (q *SharedQueue[T]) PutMany(ctx context.Context, xs []T) (n int, err error) {
	if len(xs) == 0 {
		return 0, nil
	}
	return q.put(ctx, xs, Forever)
}

// TryPut is Put that does not wait: ok is whether x is in the queue.
func (q *SharedQueue[T]) TryPut(x T) (ok bool, err error) {
	n, err := q.put(context.Background(), []T{x}, 0)
	return n == 1, err
}

// Get takes the first item of the queue, and waits while there is none. The error
// is ErrQueueClosed where the queue is closed and empty, and else that of Put.
func (q *SharedQueue[T]) Get(ctx context.Context) (T, error) {
	var x T
	xs, err := q.GetMany(ctx, 1)
	if err == nil {
		x = xs[0]
	}
	return x, err
}

// GetMany takes up to n items that are there, and waits for the first: one
// journey for many items where the queue is in another process. Of large ones it
// takes some 16 MB at once.
func (q *SharedQueue[T]) GetMany(ctx context.Context, n int) ([]T, error) {
	return q.take(ctx, n, Forever)
}

// TryGet is Get that does not wait: ok is whether there was an item.
func (q *SharedQueue[T]) TryGet() (x T, ok bool, err error) {
	xs, err := q.take(context.Background(), 1, 0)
	if err != nil || len(xs) == 0 {
		return x, false, err
	}
	return xs[0], true, nil
}

// All yields items as they come until the queue is closed and empty. An error
// other than that is the last that it yields.
func (q *SharedQueue[T]) All(ctx context.Context) iter.Seq2[T, error] {
	return func(yield func(T, error) bool) {
		for {
			x, err := q.Get(ctx)
			if errors.Is(err, ErrQueueClosed) || !yield(x, err) || err != nil {
				return
			}
		}
	}
}

// Close says that nothing more is put into the queue: puts fail with
// ErrQueueClosed, those that wait too, and gets do when it is empty. A second
// Close does nothing.
func (q *SharedQueue[T]) Close(ctx context.Context) error {
	_, err := call(ctx, q.agent, q.request(OpClose))
	return err
}

// Len returns how many items are in the queue.
func (q *SharedQueue[T]) Len(ctx context.Context) (int, error) {
	resp, err := call(ctx, q.agent, q.request(OpLen))
	return int(resp.Number), err
}

func (q *SharedQueue[T]) request(op Op) Request {
	return Request{Op: op, Name: q.name, Limit: q.capacity}
}

// put puts items and returns how many are in.
func (q *SharedQueue[T]) put(ctx context.Context, xs []T, wait time.Duration) (int, error) {
	r := q.request(OpPut)
	r.Wait = wait
	for _, x := range xs {
		text, err := encode(x, "an item of queue", q.name)
		if err != nil {
			return 0, err
		}
		r.Items = append(r.Items, text)
	}
	resp, err := call(ctx, q.agent, r)
	if err == nil && resp.Status == OK {
		return len(xs), nil
	}
	return int(resp.Number), err
}

func (q *SharedQueue[T]) take(ctx context.Context, n int, wait time.Duration) ([]T, error) {
	r := q.request(OpTake)
	r.Count, r.Wait = n, wait
	resp, err := call(ctx, q.agent, r)
	if err != nil {
		return nil, err
	}
	xs := make([]T, len(resp.Items))
	for i, text := range resp.Items {
		if err := decode(text, &xs[i], "an item of queue", q.name); err != nil {
			return nil, err
		}
	}
	return xs, nil
}
