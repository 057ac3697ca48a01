package engine

import (
	"sync/atomic"
	"time"
)

// Grain finds how many items make a chunk: about Target of work, so that what
// a chunk costs to hand over is small beside it, and no more, so that work
// stays spread. It starts with single items, grows fourfold at most, and falls
// at once when items turn out slow. It is safe for concurrent use.
type Grain struct {
	Target time.Duration // work in a chunk
	Most   int           // items in a chunk at most

	cost atomic.Int64 // nanoseconds an item, times 16 to keep fractions; 0: not measured
	size atomic.Int64 // current size; 0 means 1
}

const fraction = 16

// Observe takes in that n items took d together.
func (g *Grain) Observe(n int, d time.Duration) {
	if n <= 0 {
		return
	}
	now := max(int64(d)*fraction/int64(n), 1)
	old := g.cost.Load()
	switch {
	case old == 0 || now > 4*old: // the first measure, or items turned slow: believe it at once
	default:
		now = old + (now-old)/4
	}
	g.cost.Store(max(now, 1))
	want := min(int64(g.Target)*fraction/max(now, 1), int64(g.Most))
	g.size.Store(max(1, min(want, 4*int64(g.Size()))))
}

// Size is how many items to put into a chunk now, at least 1.
func (g *Grain) Size() int { return int(max(g.size.Load(), 1)) }

// Fit is how many items make about d of work, from 1 to limit; 1 when nothing
// was measured yet.
func (g *Grain) Fit(d time.Duration, limit int) int {
	cost := g.cost.Load()
	if cost == 0 {
		return 1
	}
	return int(max(1, min(int64(d)*fraction/cost, int64(limit))))
}

// Cost is the measured cost of an item; 0 when nothing was measured yet.
func (g *Grain) Cost() time.Duration { return time.Duration(g.cost.Load() / fraction) }

// Known reports whether anything was measured.
func (g *Grain) Known() bool { return g.cost.Load() != 0 }
