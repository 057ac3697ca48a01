package main

import (
	"context"
	"errors"
	"fmt"

	"github.com/outpace-run/outpace"
)

// submits submits the inputs, and waits for the futures as the verb says.
func (c *call) submits(ctx context.Context, opts []outpace.Option) {
	for _, in := range c.inputs {
		f := outpace.Submit(ctx, c.l.ex, c.function(), in, opts...)
		c.mu.Lock()
		c.futures = append(c.futures, f)
		c.mu.Unlock()
	}
	switch c.verb {
	case "AsCompleted":
		c.asCompleted(ctx)
	case "Gather":
		c.gather(ctx)
	case "Wait":
		c.waits(ctx)
	}
}

func (c *call) asCompleted(ctx context.Context) {
	index := map[*outpace.Future[output]]int{}
	for i, f := range c.futures {
		index[f] = i
	}
	n := 0
	for f := range outpace.AsCompleted(ctx, c.futures...) {
		c.final(index[f], f)
		if n++; c.ending == leaving && n == c.count {
			c.endsNow()
			return
		}
	}
	if n < len(c.futures) && ctx.Err() == nil {
		c.wrong("AsCompleted gave %d of %d futures", n, len(c.futures))
	}
}

func (c *call) gather(ctx context.Context) {
	values, err := outpace.Gather(ctx, c.futures...)
	if len(values) != len(c.futures) {
		c.wrong("Gather gave %d values for %d futures", len(values), len(c.futures))
	}
	if ctx.Err() != nil {
		return
	}
	failed := 0
	for i, f := range c.futures {
		if f.Err() != nil {
			failed++
		} else if v, _ := f.Result(ctx); v != values[i] {
			c.wrong("Gather gave %v for future %d, which has %v", values[i], i, v)
		}
		c.final(i, f)
	}
	joined, _ := err.(interface{ Unwrap() []error })
	if (err == nil) != (failed == 0) || err != nil && len(joined.Unwrap()) != failed {
		c.wrong("Gather's error does not join those of the %d futures that failed: %v", failed, err)
	}
}

// waits waits for one future after another.
func (c *call) waits(ctx context.Context) {
	index := map[*outpace.Future[output]]int{}
	for i, f := range c.futures {
		index[f] = i
	}
	for left := c.futures; len(left) > 0; {
		done, pending := outpace.Wait(ctx, left, outpace.FirstCompleted)
		if ctx.Err() != nil {
			return
		}
		if len(done) == 0 || len(done)+len(pending) != len(left) {
			c.wrong("Wait gave %d done and %d pending of %d", len(done), len(pending), len(left))
			return
		}
		for _, f := range done {
			c.final(index[f], f)
		}
		left = pending
	}
}

// final takes in what a future ended with.
func (c *call) final(i int, f *outpace.Future[output]) {
	c.l.s.moved()
	switch f.State() {
	case outpace.Done, outpace.Failed, outpace.Cancelled:
	default:
		c.wrong("future %d is %s", i, f.State())
		return
	}
	v, err := f.Result(context.Background())
	if (err == nil) != (f.State() == outpace.Done) || f.State() == outpace.Cancelled && c.ended.Load() == 0 {
		c.wrong("future %d is %s, with %v, %v", i, f.State(), v, err)
	}
	c.outcome(i, -1, v, err, f.Attempts())
}

// rest judges the futures that nobody waited for, after the executor's end.
func (c *call) rest() {
	for i, f := range c.futures {
		if !c.seen[i] {
			c.final(i, f)
		}
	}
}

// goes runs the inputs as tasks of Go. What comes of them is in the error of
// Close.
func (c *call) goes(ctx context.Context, opts []outpace.Option) {
	run := func(ctx context.Context, in input) error {
		c.mu.Lock()
		c.ran[in.ID] = true
		c.mu.Unlock()
		return act(ctx, in)
	}
	for _, in := range c.inputs {
		if err := outpace.Go(ctx, c.l.ex, func(ctx context.Context) error { return run(ctx, in) }, opts...); err != nil {
			c.wrong("Go of input %d: %v", in.ID, err)
		}
		c.l.s.moved()
	}
}

// went checks what Close says about tasks of Go: how many failed, and that
// every one ran.
func (l *life) went(closeErr error) {
	failed, total := 0, 0
	for _, c := range l.calls {
		if c.verb != "Go" {
			continue
		}
		total += len(c.inputs)
		for _, in := range c.inputs {
			if l.r.table[in.Do].want != nil {
				failed++
			}
		}
		if len(c.ran) != len(c.inputs) {
			c.wrong("%d of %d tasks of Go ran", len(c.ran), len(c.inputs))
		}
	}
	says := fmt.Sprintf("%d tasks of Go failed", failed)
	if failed > 0 && !l.mentions(closeErr, says) {
		l.wrong("Close does not say that %s: %v", says, closeErr)
	}
	l.s.tally.results.Add(int64(total - failed))
	l.s.tally.failures.Add(int64(failed))
}

// mentions reports whether one of the errors that are joined in err says text.
func (l *life) mentions(err error, text string) bool {
	var joined interface{ Unwrap() []error }
	if errors.As(err, &joined) {
		for _, each := range joined.Unwrap() {
			if l.mentions(each, text) {
				return true
			}
		}
	}
	return err != nil && len(err.Error()) >= len(text) && err.Error()[:len(text)] == text
}
