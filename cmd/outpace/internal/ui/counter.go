// Package ui tells a person, or a program, how a run goes: one counter fed by
// the executor's events, and printers that write to standard error what it
// says, as a line on a terminal, as plain lines, or as JSON Lines.
package ui

import (
	"math"
	"sync"
	"time"

	"github.com/outpace-run/outpace"
)

// Counter counts what events tell. Its methods may be called from any goroutine.
type Counter struct {
	mu      sync.Mutex
	counts  Counts
	began   time.Time // of the first task
	squares float64   // sum over done tasks of their wall seconds squared
	busy    float64   // sum of their wall seconds
}

// Counts is how far a run is.
type Counts struct {
	Total   int64         // inputs of the run; -1 while unknown
	Done    int64         // tasks that ended, failed ones included
	Failed  int64         // tasks that failed for good
	Retried int64         // attempts beyond the first
	Lost    int64         // workers that ended unexpectedly
	Rerun   int64         // runs that were repeated because their worker was lost or killed
	Refused int           // processes that could not be started
	Shape   outpace.Shape // without those that could not be started
	Elapsed time.Duration // since the first task was started
	Low     time.Duration // of the time that is left; 0 while it cannot be told
	High    time.Duration
}

// NewCounter returns a counter for a run of total inputs (-1: unknown) of a
// shape.
func NewCounter(total int64, shape outpace.Shape) *Counter {
	return &Counter{counts: Counts{Total: total, Shape: shape}}
}

// Observe takes one event.
func (c *Counter) Observe(ev outpace.Event) {
	c.mu.Lock()
	defer c.mu.Unlock()
	switch ev.Kind {
	case outpace.TaskStarted:
		if c.began.IsZero() {
			c.began = time.Now()
		}
	case outpace.TaskFinished:
		c.counts.Done += int64(ev.Count)
		if ev.Err != nil {
			c.counts.Failed += int64(ev.Count)
		}
		wall := ev.Wall.Seconds()
		c.busy += wall
		c.squares += wall * wall / float64(max(ev.Count, 1))
	case outpace.TaskRetried:
		c.counts.Retried++
	case outpace.TaskRequeued:
		if ev.Err != nil {
			c.counts.Rerun += int64(ev.Count)
		}
	case outpace.WorkerLost:
		c.counts.Lost++
	case outpace.WorkerRefused:
		c.counts.Refused++
		c.counts.Shape.Processes--
	}
}

// Counts returns how far the run is now.
func (c *Counter) Counts() Counts {
	c.mu.Lock()
	defer c.mu.Unlock()
	now := c.counts
	if !c.began.IsZero() {
		now.Elapsed = time.Since(c.began)
	}
	now.Low, now.High = c.left(now)
	return now
}

// left estimates the time that is left, as an interval of two standard errors
// around what the rate so far says. The spread of the wall times tells how far
// both the mean so far and the sum to come may be off. It needs a first full
// wave: as many tasks done as run at once.
func (c *Counter) left(now Counts) (low, high time.Duration) {
	n, rest := float64(now.Done), float64(now.Total-now.Done)
	if now.Total < 0 || rest <= 0 || now.Done < int64(now.Shape.Workers()) || n < 2 {
		return 0, 0
	}
	mid := now.Elapsed.Seconds() * rest / n
	off := 0.0
	if mean := c.busy / n; mean > 0 {
		variance := max(0, c.squares/n-mean*mean) / (mean * mean)
		off = min(1, 2*math.Sqrt(variance*(1/rest+1/n)))
	}
	return seconds(mid * (1 - off)), seconds(mid * (1 + off))
}

func seconds(s float64) time.Duration {
	return time.Duration(min(s, 1e9) * float64(time.Second))
}
