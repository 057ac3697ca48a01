package main

import (
	"fmt"
	"math"

	"golang.org/x/perf/benchmath"
)

// confidence is that of every interval.
const confidence = 0.95

// interval is the median of some numbers with its interval. The median of no
// numbers is NaN; lo and hi are infinite where there are too few.
type interval struct {
	median, lo, hi float64
	n              int
}

// summarize takes the numbers that are any: no assumption is made of how they
// are distributed.
func summarize(values []float64) interval {
	var known []float64
	for _, v := range values {
		if !math.IsNaN(v) {
			known = append(known, v)
		}
	}
	if len(known) == 0 {
		return interval{math.NaN(), math.NaN(), math.NaN(), 0}
	}
	sample := benchmath.NewSample(known, &benchmath.DefaultThresholds)
	s := benchmath.AssumeNothing.Summary(sample, confidence)
	return interval{s.Center, s.Lo, s.Hi, len(known)}
}

func (i interval) scaled(by float64) interval {
	return interval{i.median * by, i.lo * by, i.hi * by, i.n}
}

// String is "1.23 [1.20–1.31]", without what is not known.
func (i interval) String() string {
	switch {
	case math.IsNaN(i.median):
		return "not measured"
	case math.IsInf(i.lo, 0) || math.IsInf(i.hi, 0):
		return digits(i.median)
	}
	return fmt.Sprintf("%s [%s–%s]", digits(i.median), digits(i.lo), digits(i.hi))
}

// digits writes a number with three digits that count, or all before the point.
func digits(x float64) string {
	switch a := math.Abs(x); {
	case a >= 100:
		return fmt.Sprintf("%.0f", x)
	case a >= 10:
		return fmt.Sprintf("%.1f", x)
	case a >= 1:
		return fmt.Sprintf("%.2f", x)
	}
	return fmt.Sprintf("%#.3g", x)
}

// place is where a sample belongs.
type place struct {
	topic, peer    string
	workers, round int
}

// results finds samples by their place.
type results struct {
	samples map[place]trialSample
	rounds  int
}

func collect(samples []trialSample) results {
	r := results{samples: map[place]trialSample{}}
	for _, s := range samples {
		r.samples[place{s.Case, s.Peer, s.Workers, s.Round}] = s
		r.rounds = max(r.rounds, s.Round)
	}
	return r
}

// of returns the samples of an entrant, one for each round. One without a
// width has the same for every number of workers.
func (r results) of(t topic, name string, workers int) []trialSample {
	if t.entrant(name).lone {
		workers = 1
	}
	var all []trialSample
	for round := 1; round <= r.rounds; round++ {
		if s, ok := r.samples[place{t.name, name, workers, round}]; ok {
			all = append(all, s)
		}
	}
	return all
}

// paired makes a number of each round in which both entrants were measured:
// what slows the machine for a while slows both. Without another, of each
// round of the one.
func (r results) paired(t topic, name, other string, workers int, number func(one, two measurement) float64) []float64 {
	var numbers []float64
	for _, one := range r.of(t, name, workers) {
		var two measurement
		if other != "" {
			w := workers
			if t.entrant(other).lone {
				w = 1
			}
			two = r.samples[place{t.name, other, w, one.Round}].Measured
			if two == nil {
				continue
			}
		}
		if one.Measured != nil {
			numbers = append(numbers, number(one.Measured, two))
		}
	}
	return numbers
}

// cell is a metric of an entrant.
func (r results) cell(t topic, name string, workers int, m metric) interval {
	return summarize(r.paired(t, name, "", workers, func(one, _ measurement) float64 { return m.of(one) }))
}

// ratio is the case's metric of one entrant by that of another.
func (r results) ratio(t topic, name, other string, workers int) interval {
	return summarize(r.paired(t, name, other, workers, func(one, two measurement) float64 {
		return t.metric.of(one) / t.metric.of(two)
	}))
}

func (t topic) entrant(name string) entrant {
	for _, e := range t.entrants {
		if e.name == name {
			return e
		}
	}
	return entrant{}
}

func (t topic) has(name string) bool { return t.entrant(name).name != "" }

// subject is the first of the case that is Outpace; "" when it was not asked for.
func (t topic) subject() string {
	for _, e := range t.entrants {
		if e.role == subject {
			return e.name
		}
	}
	return ""
}
