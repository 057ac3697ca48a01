package bench

import (
	"math"
	"slices"

	"golang.org/x/perf/benchmath"
)

// Confidence is that of every interval.
const Confidence = 0.95

// Estimated returns the median of some numbers and its interval. Nothing is
// assumed of how they are distributed, so an interval takes six of them. What
// is no number, or infinite, does not count.
func Estimated(values []float64) Estimate {
	known := slices.DeleteFunc(slices.Clone(values), func(v float64) bool { return math.IsNaN(v) || math.IsInf(v, 0) })
	if len(known) == 0 {
		return Estimate{}
	}
	s := benchmath.AssumeNothing.Summary(benchmath.NewSample(known, &benchmath.DefaultThresholds), Confidence)
	e := Estimate{Median: s.Center, N: len(known)}
	if !math.IsInf(s.Lo, 0) && !math.IsInf(s.Hi, 0) {
		e.Lo, e.Hi, e.Known = s.Lo, s.Hi, true
	}
	return e
}

// Differ reports whether the times of two cells are proved to differ, by the U
// test of Mann and Whitney at a level of 5 %. Unlike the ends of an interval, it
// is not moved by a single run that was disturbed.
func Differ(one, two Cell) bool {
	seconds := func(r Run) float64 { return r.Seconds }
	a, b := numbers(one.Runs, seconds), numbers(two.Runs, seconds)
	if len(a) == 0 || len(b) == 0 {
		return false
	}
	c := benchmath.AssumeNothing.Compare(benchmath.NewSample(a, &benchmath.DefaultThresholds), benchmath.NewSample(b, &benchmath.DefaultThresholds))
	return c.P < c.Alpha
}

// Above reports whether the estimate is proved to be above x.
func (e Estimate) Above(x float64) bool { return e.Known && e.Lo > x }

// Below reports whether the estimate is proved to be below x.
func (e Estimate) Below(x float64) bool { return e.Known && e.Hi < x }

// Ratio estimates the time of one cell by that of another, paired by round:
// what slows the machine for a while slows both. A time of 0, as a coarse clock
// has it, or below, as somebody writes it into a file, makes no ratio.
func Ratio(one, two Cell) Estimate {
	return Estimated(paired(one.Runs, two.Runs, func(a, b Run) float64 {
		r := a.Seconds / b.Seconds
		if a.Seconds <= 0 || b.Seconds <= 0 || math.IsInf(1/r, 0) {
			return math.NaN()
		}
		return r
	}))
}

// paired makes a number of each round in which both were run.
func paired(one, two []Run, number func(a, b Run) float64) []float64 {
	byRound := make(map[int]Run, len(two))
	for _, r := range two {
		byRound[r.Round] = r
	}
	var numbers []float64
	for _, a := range one {
		if b, ok := byRound[a.Round]; ok {
			numbers = append(numbers, number(a, b))
		}
	}
	return numbers
}
