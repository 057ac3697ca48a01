package main

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/outpace-run/outpace"
)

// call is one Map, or some submitted tasks, on an executor.
type call struct {
	r        *round
	executor int // 1, 2: which of the round's
	number   int
	verb     string
	inputs   []input
	endless  bool // after the inputs come others, all of them cheap
	slow     bool // the source takes its time

	ending ending
	after  time.Duration // when it ends
	count  int           // … or after how many results, inputs or failures

	l       *life
	home    home
	ended   atomic.Int64 // when its ending began, or the executor's; 0: not yet
	pulled  atomic.Int64 // inputs that the source has given
	yielded atomic.Int64 // results that have come

	mu      sync.Mutex
	futures []*outpace.Future[output]
	ran     map[int]bool // tasks of Go
	seen    map[int]bool // outcomes that came, by index
	next    int          // the index that must come next
	failed  int
	late    int   // tasks out of time that should not have been
	last    error // of the run as a whole
	left    bool
}

// errUpset is the cause of a context that the soak cancels.
var errUpset = errors.New("the soak cancels this")

// maps reports whether the call is a loop over results.
func (c *call) maps() bool { return strings.HasPrefix(c.verb, "Map") }

// ordered reports whether outcomes come in the order of the inputs.
func (c *call) ordered() bool { return c.verb == "Map" || c.verb == "MapItems" }

func (c *call) name() string { return fmt.Sprintf("%d.%d.%d", c.r.number, c.executor, c.number) }

// at is the input at a position.
func (c *call) at(i int) input {
	if i < len(c.inputs) {
		return c.inputs[i]
	}
	return input{ID: i, Do: "value"}
}

// String says what was drawn.
func (c *call) String() string {
	counts := map[string]int{}
	for _, in := range c.inputs {
		counts[in.Do]++
	}
	var b strings.Builder
	fmt.Fprintf(&b, "%d: %s of %d:", c.number, c.verb, len(c.inputs))
	for _, d := range deeds() {
		if n := counts[d.name]; n > 0 {
			fmt.Fprintf(&b, " %d %s", n, d.name)
		}
	}
	if c.endless {
		b.WriteString(", and so on without an end")
	}
	if c.slow {
		b.WriteString(", slow source")
	}
	if c.ending != natural {
		fmt.Fprintf(&b, ", ended by %s (%v or %d)", c.ending, c.after, c.count)
	}
	return b.String()
}

// run makes the call and judges what comes of it.
func (c *call) run() {
	ctx, cancel := context.WithCancelCause(context.Background())
	defer cancel(nil)
	opts := c.r.given(false)
	switch c.ending {
	case cancelling:
		defer c.end(func() { cancel(errUpset) })()
	case givingUp:
		defer c.end(c.giveUp)()
	case stoppingOn:
		gentle, stop := context.WithCancelCause(context.Background())
		defer stop(nil)
		defer c.end(func() { stop(errUpset) })()
		opts = append(opts, outpace.StopOn(gentle))
	case failingFast:
		opts = append(opts, outpace.FailFast())
	case stoppingIf:
		opts = append(opts, outpace.StopIf(func(failed, _ int) bool { return failed >= c.count }))
	}
	switch c.verb {
	case "Map":
		c.mapped(ctx, opts)
	case "MapItems":
		c.items(outpace.MapItems(ctx, c.l.ex, c.function(), c.source(), opts...))
	case "MapUnordered":
		c.items(outpace.MapUnordered(ctx, c.l.ex, c.function(), c.source(), opts...))
	case "Go":
		c.goes(context.Background(), opts) // which goes on after this
	default:
		c.submits(ctx, opts)
	}
	c.idle()
}

// function is what the call runs.
func (c *call) function() outpace.Function[input, output] {
	if c.r.place == inGoroutine {
		return c.home.local()
	}
	return c.l.function
}

// end has the call ended when its time comes. What it returns calls that off.
func (c *call) end(how func()) (stop func()) {
	timer := time.AfterFunc(c.after, func() {
		c.endsNow()
		how()
	})
	return func() { timer.Stop() }
}

// endsNow notes that from here on not every outcome is the input's own.
func (c *call) endsNow() { c.ended.CompareAndSwap(0, time.Now().UnixNano()) }

// giveUp cancels every third of the futures that there are.
func (c *call) giveUp() {
	c.mu.Lock()
	defer c.mu.Unlock()
	for i, f := range c.futures {
		if i%3 == 0 {
			f.Cancel()
		}
	}
}

// source gives the inputs, and checks that it is not pulled too far ahead.
func (c *call) source() iter.Seq[input] {
	window := int64(65_536)
	if c.r.window > 0 {
		window = int64(c.r.window)
	}
	return func(yield func(input) bool) {
		for i := 0; c.endless || i < len(c.inputs); i++ {
			if c.ending == sourcePanics && i == c.count {
				c.endsNow()
				panic("the soak's source panics")
			}
			if c.slow && i%16 == 0 {
				time.Sleep(time.Millisecond)
			}
			if ahead := c.pulled.Add(1) - c.yielded.Load(); ahead > window {
				c.wrong("the source was pulled %d inputs ahead of the loop, with a window of %d", ahead, window)
			}
			if !yield(c.at(i)) {
				return
			}
		}
	}
}

func (c *call) mapped(ctx context.Context, opts []outpace.Option) {
	i := 0
	for v, err := range outpace.Map(ctx, c.l.ex, c.function(), c.source(), opts...) {
		if !c.take(i, v, err, 0) {
			break
		}
		i++
	}
}

func (c *call) items(all iter.Seq2[outpace.Item[input, output], error]) {
	for item, err := range all {
		if err == nil && item.Input.ID != item.Index {
			c.wrong("item %d came with input %d", item.Index, item.Input.ID)
		}
		if err == nil {
			err = item.Err
		}
		if !c.take(item.Index, item.Value, err, item.Attempts) {
			break
		}
	}
}

// take takes in what a Map yields. It reports whether the loop is to go on.
func (c *call) take(index int, v output, err error, attempts int) bool {
	c.yielded.Add(1)
	c.l.s.moved()
	if c.last != nil {
		c.wrong("after the error %q, the last, came %v, %v", c.last, v, err)
		return false
	}
	if _, task := err.(*outpace.TaskError); err != nil && !task {
		c.last = err
		return true
	}
	c.outcome(index, index, v, err, attempts)
	if c.ending == leaving && len(c.seen) == c.count {
		c.endsNow()
		c.left = true
	}
	return !c.left
}

// idle checks that nothing of a finished loop goes on.
func (c *call) idle() {
	for _, in := range c.inputs {
		switch in.Do {
		case "nest", "nestmap", "ignore", "stubborn":
			return
		}
	}
	grace := time.Second
	if c.r.grace >= 0 {
		grace = c.r.grace
	}
	since := time.Since(time.Unix(0, c.ended.Load()))
	if n := c.home.running.Load(); n > 0 && c.maps() && (c.ended.Load() == 0 || since < grace) {
		c.wrong("%d tasks run after the end of the loop", n)
	}
}
