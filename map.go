package outpace

import (
	"context"
	"iter"
	"time"
)

// Item is one input of a MapItems or MapUnordered with all that became of it.
type Item[In, Out any] struct {
	Index    int // position of the input, from 0
	Input    In
	Value    Out           // the zero value when Err is set
	Err      error         // nil, or the *TaskError
	Attempts int           // attempts made
	Wall     time.Duration // of the last attempt; the mean of its neighbours where items are tiny
	CPU      time.Duration // likewise, of the worker's thread; negative where it was not measured
	Worker   int           // number of the worker process, from 1; 1 in this process
}

// Map applies f to every input and yields the results in the order of the
// inputs, while it runs. Inputs are pulled as they are needed, at most Window of
// them before their results are yielded.
//
// An input that failed yields the zero value and a *TaskError at its place, and
// the loop goes on. Any other error is about the run as a whole (ctx is done, the
// executor closed, the function cannot be loaded, the source panicked) and is
// the last.
//
// Leaving the loop cancels what runs and returns when that has ended, at the
// latest after Grace. The source is ranged over on a goroutine of its own. One
// that blocks for ever cannot be ended by anyone: Close reports it. Called from
// a task of the same executor with that task's ctx, Map does some of its work in
// the caller's slot, so it does not deadlock.
func Map[In, Out any](ctx context.Context, e *Executor, f Function[In, Out], in iter.Seq[In], opts ...Option) iter.Seq2[Out, error] {
	return func(yield func(Out, error) bool) {
		var zero Out
		err := each(ctx, e, f, in, mode{ordered: true}, opts, func(s span[In, Out], err error) bool {
			if err != nil {
				return yield(zero, err)
			}
			for _, v := range s.c.out[s.a:s.b] {
				if !yield(v, nil) {
					return false
				}
			}
			return true
		})
		if err != nil {
			yield(zero, err)
		}
	}
}

// MapItems is Map with whole records: what Map yields as a *TaskError is in the
// Item. The error beside it is about the run as a whole, and comes last.
func MapItems[In, Out any](ctx context.Context, e *Executor, f Function[In, Out], in iter.Seq[In], opts ...Option) iter.Seq2[Item[In, Out], error] {
	return items(ctx, e, f, in, mode{ordered: true, records: true}, opts)
}

// Span is neighbouring inputs of a MapSpans with what became of them: several
// that have a value each, or one that failed. The slices are good until the loop
// goes on.
type Span[In, Out any] struct {
	Index  int   // position of the first of the inputs, from 0
	Inputs []In  // 1 or more
	Values []Out // as many as inputs; nil when Err is set
	Err    error // nil, or the *TaskError of the only input
}

// MapSpans is Map with neighbours together, for a loop that would cost as much as
// the items do: a span is what is finished and may be yielded, 64 items at most,
// so no result waits for others. The error beside it is about the run as a
// whole, and comes last.
func MapSpans[In, Out any](ctx context.Context, e *Executor, f Function[In, Out], in iter.Seq[In], opts ...Option) iter.Seq2[Span[In, Out], error] {
	return func(yield func(Span[In, Out], error) bool) {
		err := each(ctx, e, f, in, mode{ordered: true}, opts, func(s span[In, Out], err error) bool {
			part := Span[In, Out]{Index: s.c.first() + s.a, Inputs: s.c.in[s.a:s.b:s.b], Err: err}
			if err == nil {
				part.Values = s.c.out[s.a:s.b:s.b]
			}
			return yield(part, nil)
		})
		if err != nil {
			yield(Span[In, Out]{}, err)
		}
	}
}

// MapUnordered is MapItems in the order in which the tasks finish.
func MapUnordered[In, Out any](ctx context.Context, e *Executor, f Function[In, Out], in iter.Seq[In], opts ...Option) iter.Seq2[Item[In, Out], error] {
	return items(ctx, e, f, in, mode{records: true}, opts)
}

func items[In, Out any](ctx context.Context, e *Executor, f Function[In, Out], in iter.Seq[In], m mode, opts []Option) iter.Seq2[Item[In, Out], error] {
	return func(yield func(Item[In, Out], error) bool) {
		err := each(ctx, e, f, in, m, opts, func(s span[In, Out], err error) bool {
			for i := s.a; i < s.b; i++ {
				rec := &s.c.recs[i]
				item := Item[In, Out]{
					Index: s.c.first() + i, Input: s.c.in[i], Err: err, Attempts: int(rec.attempts),
					Wall: rec.wall, CPU: rec.cpu, Worker: int(rec.worker),
				}
				if err == nil {
					item.Value = s.c.out[i]
				}
				if !yield(item, nil) {
					return false
				}
			}
			return true
		})
		if err != nil {
			yield(Item[In, Out]{}, err)
		}
	}
}

// mode is what distinguishes the Maps.
type mode struct{ ordered, records bool }

// each runs a Map and hands what is finished to take, until that returns false:
// items that have a value, several at a time, or one that failed with err. The
// error is about the run as a whole.
func each[In, Out any](ctx context.Context, e *Executor, f Function[In, Out], in iter.Seq[In], m mode, opts []Option, take func(s span[In, Out], err error) bool) error {
	r, err := newMapping(ctx, e, f, m, opts)
	if err != nil {
		return err
	}
	if err := r.start(in); err != nil {
		return err
	}
	defer r.finish()
	for {
		s, ok := r.nextSpan()
		if !ok {
			return r.verdict()
		}
		errs, step := s.c.failures(s.a, s.b), r.step
		if errs != nil {
			step = 1
		}
		for a := s.a; a < s.b; a += step {
			part, err := span[In, Out]{s.c, a, min(a+step, s.b)}, error(nil)
			if errs != nil {
				err = errs[a-s.a]
			}
			switch {
			case err == errSkipped && r.ordered: // what follows would be at the wrong place
				return r.verdict()
			case err == errSkipped:
				continue
			case !take(part, err):
				return nil
			}
			r.passOn(part.b - part.a)
		}
		r.consumed(s)
	}
}
