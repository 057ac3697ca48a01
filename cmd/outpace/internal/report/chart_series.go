package report

import (
	"cmp"
	"slices"
	"strings"

	"github.com/outpace-run/outpace/cmd/outpace/internal/bench"
)

// series is what one line of a chart shows: a function under one model, by us or
// by the guide.
type series struct {
	function, model string
	several         bool // functions in the table
	second          bool // not the first of them
	guide           bool
	points          []point // by workers; never none
}

// point is a speed-up and its interval; without one, both ends are the median.
type point struct {
	workers        int
	median, lo, hi float64
	use            bool
}

type place struct{ x, y float64 }

// seriesOf gathers the cells that have a speed-up, in the order of the table:
// ours, then those of the guide.
func seriesOf(t bench.Table) []series {
	var all []series
	add := func(c bench.Cell, guide bool, p point) {
		i := slices.IndexFunc(all, func(s series) bool { return s.function == c.Function && s.model == c.Model && s.guide == guide })
		if i < 0 {
			i = len(all)
			second := len(t.Functions) > 0 && c.Function != t.Functions[0]
			all = append(all, series{function: c.Function, model: c.Model, several: len(t.Functions) > 1, second: second, guide: guide})
		}
		all[i].points = append(all[i].points, p)
	}
	for _, c := range t.Cells {
		if e := c.Figures.SpeedUp; c.Problem == "" && e.N > 0 && drawable(e.Median) {
			p := point{max(c.Workers, 1), e.Median, e.Median, e.Median, c.Mark == bench.Use}
			if e.Known && drawable(e.Lo) && drawable(e.Hi) {
				p.lo, p.hi = min(e.Lo, e.Median), max(e.Hi, e.Median)
			}
			add(c, false, p)
		}
	}
	for _, c := range t.Cells {
		if g := c.Guide; g != nil && drawable(g.SpeedUp) && c.Model != "serial" {
			add(c, true, point{max(c.Workers, 1), g.SpeedUp, g.SpeedUp, g.SpeedUp, false})
		}
	}
	for _, s := range all {
		slices.SortStableFunc(s.points, func(a, b point) int { return cmp.Compare(a.workers, b.workers) })
	}
	return all
}

// drawable reports whether a logarithmic axis has a place for a factor.
func drawable(v float64) bool { return v > 1e-9 && v < 1e9 }

// draw makes the paths of a series. Where several shapes have as many workers,
// the line goes through the best of them.
func (s series) draw(x, y scale, aside []float64) (drawn line, end place) {
	drawn = line{Class: s.class(), Second: s.second, Guide: s.guide}
	var marks, spans strings.Builder
	best := map[int]float64{}
	for _, p := range s.points {
		best[p.workers] = max(best[p.workers], p.median)
	}
	step := "M"
	for i, p := range s.points {
		at := place{x.at(float64(p.workers)) + aside[i], y.at(p.median)}
		marks.WriteString(s.mark(at))
		if p.hi > p.lo {
			spans.WriteString(span(at.x, y.at(p.lo), y.at(p.hi)))
		}
		if p.median == best[p.workers] {
			drawn.Path += path(step, at.x, at.y)
			step, end = "L", at
		}
	}
	drawn.Marks, drawn.Spans = marks.String(), spans.String()
	return drawn, end
}

// asides moves marks that would cover one another, or the intervals of one
// another, to stand side by side: how far, of each point of each series. Ties
// are what a reader looks for, and there all marks lie together.
func asides(all []series, y scale) [][]float64 {
	const step = 6
	moved := make([][]float64, len(all))
	var marks []extent
	for i, s := range all {
		moved[i] = make([]float64, len(s.points))
		for j, p := range s.points {
			marks = append(marks, extent{i, j, p.workers, y.at(p.hi) - 5, y.at(p.lo) + 5})
		}
	}
	slices.SortStableFunc(marks, func(a, b extent) int { return cmp.Or(cmp.Compare(a.workers, b.workers), cmp.Compare(a.top, b.top)) })
	for len(marks) > 0 {
		n := together(marks)
		near := marks[:n]
		slices.SortStableFunc(near, func(a, b extent) int { return cmp.Compare(a.series, b.series) })
		for k, m := range near {
			moved[m.series][m.point] = step * (float64(k) - float64(n-1)/2)
		}
		marks = marks[n:]
	}
	return moved
}

// extent is the room that a mark takes with its interval.
type extent struct {
	series, point, workers int
	top, bottom            float64
}

// together is how many of the first marks hang together at one width.
func together(marks []extent) int {
	n, bottom := 1, marks[0].bottom
	for n < len(marks) && marks[n].workers == marks[0].workers && marks[n].top < bottom {
		bottom = max(bottom, marks[n].bottom)
		n++
	}
	return n
}

// span is an interval: a bar with a cap at each end.
func span(x, lo, hi float64) string {
	return path("M", x-4, lo) + "h8" + path("M", x, lo) + path("V", hi) + path("M", x-4, hi) + "h8"
}

// mark is the shape of a model: it is told apart without its colour too.
func (s series) mark(at place) string {
	x, y := at.x, at.y
	switch s.class() {
	case "threads": // square
		return path("M", x-4, y-4) + "h8v8h-8z"
	case "processes": // circle
		return path("M", x-4.5, y) + "a4.5 4.5 0 1 0 9 0a4.5 4.5 0 1 0-9 0z"
	case "async": // diamond
		return path("M", x, y-6) + "l6 6l-6 6l-6-6z"
	case "hybrid": // triangle
		return path("M", x, y-5.5) + "l5.5 9.5h-11z"
	}
	return path("M", x-4, y-4) + "l8 8m0-8l-8 8" // cross
}

// class names the colour of a model, and its shape.
func (s series) class() string { return modelClass(s.model) }

func modelClass(model string) string {
	switch model {
	case "threads", "processes", "async", "hybrid":
		return model
	}
	return "serial"
}

func (s series) name() string {
	name := clean(s.model)
	if s.several && s.model != "serial" {
		name += " " + clean(s.function)
	}
	if s.guide {
		return "the guide's " + name
	}
	return name
}

// label is the name as far as there is room.
func (s series) label(letters int) string {
	text := clean(s.model)
	switch {
	case s.guide:
		text = "guide: " + text
	case s.second:
		text += " " + clean(behindColon(s.function))
	}
	return shortened(text, letters)
}

// callout marks the cell to use; nil where this series has none.
func (s series) callout(x, y scale, aside []float64) *callout {
	for i, p := range s.points {
		if p.use {
			at := callout{X: round(x.at(float64(p.workers)) + aside[i]), Y: round(y.at(p.median)), Text: speedUp(p.median)}
			at.TextY = round(min(at.Y, y.at(p.hi)) - 13)
			return &at
		}
	}
	return nil
}
