package outpace

import (
	"encoding/json"
	"time"
)

// This file is what of a chunk serves workers in other processes.

func (c *chunk[In, Out]) appendInput(dst []byte, i int) ([]byte, error) {
	return c.r.fn.def.appendInput(dst, c.in[i])
}

func (c *chunk[In, Out]) settle(a int, outs outputs, o outcome) { c.settleTry(a, outs, o, 1) }

func (c *chunk[In, Out]) settleTry(a int, outs outputs, o outcome, try int) {
	o.try = try
	n := len(outs.values)
	b, from, bytes := a+n, a, 0
	for i := a; i < b; i++ {
		size, err := c.r.fn.def.readAny(outs, i-a, &c.out[i])
		if err != nil {
			c.hold(bytes)
			bytes = 0
			c.span(from, i, o)
			c.failItem(i, try, err, o)
			from = i + 1
			continue
		}
		bytes += size
		if c.recs != nil {
			c.recs[i] = o.record(i-a, n, try)
		}
	}
	c.hold(bytes)
	c.span(from, b, o)
}

// hold counts bytes of results that will wait for the loop; call it before they
// are reported.
func (c *chunk[In, Out]) hold(bytes int) {
	c.weight.Add(int64(bytes))
	c.r.held.Add(int64(bytes))
}

func (o outcome) record(i, n, try int) record {
	wall := o.wall / time.Duration(n)
	if o.walls != nil {
		wall = o.walls[i]
	}
	cpu := o.cpu
	if cpu > 0 {
		cpu /= time.Duration(n)
	}
	return record{int32(try), int32(o.worker), wall, cpu}
}

func (c *chunk[In, Out]) fail(i int, err error, o outcome) { c.failItem(i, 1, err, o) }

func (c *chunk[In, Out]) requeue(a, b int, why error, suspect bool) {
	c.requeueTry(a, b, why, suspect, history{})
}

func (c *chunk[In, Out]) requeueTry(a, b int, why error, suspect bool, h history) {
	r := c.r
	if r.stopped.Load() {
		c.pass(a, b, h)
		r.idle(b - a)
		return
	}
	r.ex.requeued(c.first()+a, b-a, why)
	r.idle(b - a)
	step := b - a
	if suspect {
		h.doubted++
	}
	if h.doubted > 0 {
		step = 1
	}
	for i := a; i < b; i += step {
		r.ex.again(newRerun(c, i, i+step, h))
	}
}

// reject fails the run as a whole: the function cannot be loaded.
func (c *chunk[In, Out]) reject(a, b int, err error) {
	c.r.ex.finished(c.first()+a, b-a, 1, err, outcome{cpu: -1})
	c.r.halt(err)
	c.r.idle(b - a)
}

// hasSize reports whether it is known how many bytes inputs of a type take.
func hasSize[In any]() bool {
	var x In
	switch any(x).(type) {
	case json.RawMessage, string, []byte:
		return true
	}
	return false
}

// encodedSize is how many bytes an input is known to take; 0 where it is not.
func encodedSize[In any](x In) int {
	switch v := any(x).(type) {
	case json.RawMessage:
		return len(v)
	case string:
		return len(v)
	case []byte:
		return len(v)
	}
	return 0
}
