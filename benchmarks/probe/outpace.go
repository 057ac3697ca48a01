package probe

import (
	"context"

	"github.com/outpace-run/outpace"
)

// Outpace is this project, used as its documentation says.
func Outpace() Peer {
	return Peer{
		Name: "Outpace",
		Tasks: func(ctx context.Context, w Width) (func(Task) error, func() error, error) {
			ex, err := open(ctx, w)
			return func(t Task) error { return outpace.Go(ctx, ex, t.Context) }, ended(ex), err
		},
		Futures: func(ctx context.Context, w Width) (func(int, int) (int, error), func() error, error) {
			ex, err := open(ctx, w)
			return func(n, producers int) (int, error) {
				return Share(n, producers, func(from, to int) (int, error) { return gathered(ctx, ex, from, to) })
			}, ended(ex), err
		},
		Completed: func(ctx context.Context, w Width) (func(int) (int, error), func() error, error) {
			ex, err := open(ctx, w)
			return func(n int) (int, error) { return asCompleted(ctx, ex, n) }, ended(ex), err
		},
		RoundTrip: func(ctx context.Context, w Width) (func(int) (int, error), func() error, error) {
			ex, err := open(ctx, w)
			f := square()
			return func(n int) (int, error) { return outpace.Submit(ctx, ex, f, n).Result(ctx) }, ended(ex), err
		},
		Map: func(ctx context.Context, w Width) (func(Work, int, *Results) error, func() error, error) {
			ex, err := open(ctx, w)
			return func(w Work, n int, results *Results) error { return mapAll(ctx, ex, w, n, results) }, ended(ex), err
		},
		Hold: func(ctx context.Context, w Width) (func(int, <-chan struct{}) error, func() error, error) {
			ex, err := open(ctx, w)
			return func(n int, gate <-chan struct{}) error { return hold(ctx, ex, n, gate) }, ended(ex), err
		},
	}
}

func open(ctx context.Context, w Width) (*outpace.Executor, error) {
	model, opts := outpace.Threads(w.Workers), []outpace.Option(nil)
	if w.Waits {
		model = outpace.Async(w.Workers)
	}
	if w.Pending > 0 {
		opts = append(opts, outpace.Queue(1<<20))
	}
	return outpace.New(ctx, model, opts...)
}

// ended closes the executor, which is nil where New has failed.
func ended(ex *outpace.Executor) func() error {
	return func() error { return ex.Close() }
}

func square() outpace.Function[int, int] {
	return outpace.Func("square", func(_ context.Context, x int) (int, error) { return x * x, nil })
}

// submitted submits a part of the squares.
func submitted(ctx context.Context, ex *outpace.Executor, from, to int) []*outpace.Future[int] {
	f := square()
	fs := make([]*outpace.Future[int], to-from)
	for i := range fs {
		fs[i] = outpace.Submit(ctx, ex, f, from+i)
	}
	return fs
}

func gathered(ctx context.Context, ex *outpace.Executor, from, to int) (int, error) {
	squares, err := outpace.Gather(ctx, submitted(ctx, ex, from, to)...)
	sum := 0
	for _, s := range squares {
		sum += s
	}
	return sum, err
}

func asCompleted(ctx context.Context, ex *outpace.Executor, n int) (int, error) {
	sum := 0
	for f := range outpace.AsCompleted(ctx, submitted(ctx, ex, 0, n)...) {
		square, err := f.Result(ctx)
		if err != nil {
			return 0, err
		}
		sum += square
	}
	return sum, nil
}

func mapAll(ctx context.Context, ex *outpace.Executor, w Work, n int, results *Results) error {
	f := outpace.Func("work", func(_ context.Context, x int) (int, error) { return w.Do(x), nil })
	for y, err := range outpace.Map(ctx, ex, f, Count(n)) {
		if err != nil {
			return err
		}
		results.Take(y)
	}
	return nil
}

// hold submits n that wait for the gate; its futures are kept by the executor.
func hold(ctx context.Context, ex *outpace.Executor, n int, gate <-chan struct{}) error {
	f := outpace.Func("wait", func(ctx context.Context, x int) (int, error) {
		select {
		case <-gate:
		case <-ctx.Done():
		}
		return x * x, nil
	})
	for i := range n {
		if f := outpace.Submit(ctx, ex, f, i); f.State() > outpace.Running {
			return f.Err()
		}
	}
	return nil
}
