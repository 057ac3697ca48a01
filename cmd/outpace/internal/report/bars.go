package report

import (
	"math"
	"strings"

	"github.com/outpace-run/outpace/cmd/outpace/internal/bench"
)

// What stands beside bars. ascii has another character for each.
const (
	star      = "★" // the cell to use
	tie       = "="
	idealMark = "┊" // where ideal is
	beyond    = "→" // ideal is further than the bar's end
)

// bound is how many times faster than one any cell could be at most: a worker
// adds one, but there must be an input for it, and a core for the part of its
// time in which it computes. Where all of it is waiting, cores do not count.
func bound(t bench.Table, cores, workers int) float64 {
	most := float64(workers)
	if t.Inputs > 0 {
		most = min(most, float64(t.Inputs))
	}
	if cores > 0 && computing(t) > 0 {
		most = min(most, float64(cores)/computing(t))
	}
	return max(1, most)
}

// computing is the share of its time for which the function computes. What
// nearly always does is taken to do so always: the rest is noise.
func computing(t bench.Table) float64 {
	if !sound(t.Computes) || t.Computes > 0.9 && t.Computes < 1.1 {
		return 1
	}
	return t.Computes
}

// rightEnd is the speed-up at the right end of all bars of a table: the largest
// there is, and ideal too, if the bars are not made too short for it.
func rightEnd(t bench.Table, cores int) float64 {
	most, best := 1.0, 1.0
	for _, c := range t.Cells {
		if x := c.Figures.SpeedUp.Median; c.Problem == "" && sound(x) {
			most = max(most, x)
		}
		best = max(best, bound(t, cores, c.Workers))
	}
	return max(most, min(best, 2*most))
}

// ruler is how bars are drawn: 0 is at their left end, most at the right one,
// before the last of cells, which is left for a tick there.
type ruler struct {
	most  float64
	cells int
	ascii bool
}

// bar draws a speed-up, and a tick at ideal: one that is further than the
// right end is an arrow there.
//
//	██▌     ┊       2.5 of 8, where the bars end at 12
func (r ruler) bar(speedUp, ideal float64) string {
	cells := r.blocks(speedUp)
	mark, at := idealMark, int(math.Round(ideal/r.most*float64(r.cells-1)))
	if at > r.cells-1 {
		mark, at = beyond, r.cells-1
	}
	if cells[at] = mark; r.ascii {
		cells[at] = ascii(mark)
	}
	return strings.TrimRight(strings.Join(cells, ""), " ")
}

// blocks fills cells from the left, the last of them by the eighth. ASCII has
// a dot for about half a cell. A speed-up never is without any mark.
func (r ruler) blocks(speedUp float64) []string {
	cells := make([]string, r.cells)
	partial, steps := []string{" ", "▏", "▎", "▍", "▌", "▋", "▊", "▉"}, 8
	full := "█"
	if r.ascii {
		partial, steps, full = []string{" ", "."}, 2, "#"
	}
	filled := 0
	if sound(speedUp) && speedUp > 0 {
		filled = max(1, int(math.Round(speedUp/r.most*float64(r.cells-1)*float64(steps))))
	}
	for i := range cells {
		switch left := filled - i*steps; {
		case left >= steps:
			cells[i] = full
		case left > 0:
			cells[i] = partial[left]
		default:
			cells[i] = " "
		}
	}
	return cells
}
