package report

import (
	"fmt"
	"html/template"
	"math"
	"slices"
	"strings"

	"github.com/outpace-run/outpace/cmd/outpace/internal/bench"
)

// The strip of a cell is stripWidth by stripHeight units. A page stretches it to
// the width that it has: only places are stretched, neither dots nor lines.
const stripWidth, stripHeight = 1000, 24

// stripsOf shows every run of every cell as a dot: time to the right, rounds
// from top to bottom, so that what slows down all the time slopes. All rows have
// one logarithmic axis, whose ticks it returns in per cent of the width: on it
// the same spread in per cent looks the same, in a fast cell and a slow one.
func stripsOf(t bench.Table, rows []row) []tick {
	x, ok := timeScale(t)
	if !ok {
		return nil
	}
	for i, c := range t.Cells {
		if len(c.Runs) > 0 {
			rows[i].strip(c, x, max(t.Runs, t.Rounds, 1))
		}
	}
	ticks := timeTicks(x)
	for i := range ticks {
		ticks[i].At = round(ticks[i].At * 100 / stripWidth)
	}
	return ticks
}

// Shift is how far a text lies to the left of its place, in per cent of its own
// width: by half, but near an end so that it stays within.
func (t tick) Shift() float64 {
	switch {
	case t.At < 10:
		return 0
	case t.At > 90:
		return -100
	}
	return -50
}

// timeScale spans all runs; there is none without a run.
func timeScale(t bench.Table) (scale, bool) {
	low, high := math.Inf(1), 0.0
	for _, c := range t.Cells {
		for _, r := range c.Runs {
			if drawable(r.Seconds) {
				low, high = min(low, r.Seconds), max(high, r.Seconds)
			}
		}
	}
	margin := max(math.Pow(high/low, 0.04), 1.01)
	return newScale(low/margin, high*margin, 0, stripWidth), high > 0
}

// grid is a background with a thin line at each tick. It is drawn by the style
// of the table, so no row has to repeat it.
func grid(ticks []tick) template.CSS {
	var layers []string
	for _, t := range ticks {
		layers = append(layers, fmt.Sprintf("linear-gradient(var(--line) 0 0) %.1f%%/1px 100%% no-repeat", t.At))
	}
	return template.CSS(strings.Join(append(layers, "var(--faint)"), ","))
}

// strip draws the runs of one cell.
func (r *row) strip(c bench.Cell, x scale, rounds int) {
	var dots strings.Builder
	var times []float64
	for _, run := range c.Runs {
		if !drawable(run.Seconds) {
			continue
		}
		times = append(times, run.Seconds)
		down := 0.5
		if rounds > 1 {
			down = float64(min(max(run.Round, 1), rounds)-1) / float64(rounds-1)
		}
		dots.WriteString(path("M", math.Round(x.at(run.Seconds)), math.Round(5+down*(stripHeight-10))) + "h.1")
	}
	if len(times) == 0 {
		return
	}
	r.Dots = dots.String()
	r.Spoken = fmt.Sprintf("%s, %s to %s", count(len(times), "run"), Seconds(slices.Min(times)), Seconds(slices.Max(times)))
	if e := c.Figures.Seconds; e.N > 0 && drawable(e.Median) {
		r.Middle = path("M", math.Round(x.at(e.Median)), 2) + path("V", stripHeight-2)
		if e.Known && drawable(e.Lo) {
			r.Band = path("M", math.Round(x.at(e.Lo)), stripHeight/2) + path("H", math.Round(x.at(e.Hi)))
		}
	}
}
