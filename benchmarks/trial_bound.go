package main

import (
	"fmt"
	"math"
	"slices"
)

// bound is what Outpace must reach in a case: a number made of the samples of
// one round, of which the median over all rounds is judged.
type bound struct {
	who     string   // the subject; "" for the first of the case
	metric  metric   // zero: that of the case
	how     relation // what is made of the metric of who and of other
	other   string   // the entrant compared with; "" for none
	limit   float64
	factor  float64 // of timesPlus
	workers []int   // only with these; nil: with all
}

// relation is how a bound compares.
type relation int

const (
	absolute   relation = iota // who ≤ limit
	times                      // who / other ≤ limit
	plus                       // who - other ≤ limit
	timesPlus                  // who - factor x other ≤ limit
	faster                     // other / who ≥ limit
	efficiency                 // other / min(cores, workers) / who ≥ limit
)

// atMost bounds a metric itself.
func atMost(m metric, limit float64) bound { return bound{metric: m, limit: limit} }

// timesAtMost bounds the ratio to another entrant.
func timesAtMost(other string, limit float64) bound {
	return bound{how: times, other: other, limit: limit}
}

// plusAtMost bounds the difference from another entrant, in the metric's unit.
func plusAtMost(other string, limit float64) bound {
	return bound{how: plus, other: other, limit: limit}
}

// timesPlusAtMost bounds what is left of a metric beside a multiple of another
// entrant's, in the metric's unit.
func timesPlusAtMost(other string, factor, limit float64) bound {
	return bound{how: timesPlus, other: other, factor: factor, limit: limit}
}

// fasterThan asks for at least limit times the speed of another entrant.
func fasterThan(other string, limit float64) bound {
	return bound{how: faster, other: other, limit: limit}
}

// efficient asks for a share of what the cores could do at the pace of a
// serial entrant.
func efficient(serial string, limit float64) bound {
	return bound{how: efficiency, other: serial, limit: limit}
}

// String is the bound as one writes it, without who.
func (b bound) String() string {
	switch b.how {
	case times:
		return fmt.Sprintf("≤ %.4g x %s", b.limit, b.other)
	case plus:
		return fmt.Sprintf("≤ %s + %.4g %s", b.other, b.limit, b.metric.unit)
	case timesPlus:
		return fmt.Sprintf("≤ %.4g x %s + %.4g %s", b.factor, b.other, b.limit, b.metric.unit)
	case faster:
		return fmt.Sprintf("≥ %.4g x the speed of %s", b.limit, b.other)
	case efficiency:
		return fmt.Sprintf("≥ %.4g %% of %s / cores used", 100*b.limit, b.other)
	}
	if b.metric.key == "" {
		return fmt.Sprintf("≤ %.4g %s", b.limit, b.metric.unit)
	}
	return fmt.Sprintf("%s ≤ %.4g", b.metric.title(), b.limit)
}

// value is the number judged, of one round.
func (b bound) value(who, other measurement, cores, workers int) float64 {
	switch x := b.metric.of(who); b.how {
	case times:
		return x / b.metric.of(other)
	case plus:
		return x - b.metric.of(other)
	case timesPlus:
		return x - b.factor*b.metric.of(other)
	case faster:
		return b.metric.of(other) / x
	case efficiency:
		return b.metric.of(other) / float64(min(cores, workers)) / x
	default:
		return x
	}
}

// verdict is a bound judged at one number of workers.
type verdict struct {
	bound
	workers int
	values  interval
	ok      bool
}

// judge judges the bounds of a case. One whose entrants were not asked for is
// left out; one that could not be measured is missed.
func (r results) judge(t topic, cores int) []verdict {
	var verdicts []verdict
	for _, b := range t.bounds {
		if b.who == "" {
			b.who = t.subject()
		}
		if b.metric == (metric{}) {
			b.metric = t.metric
		}
		if !t.has(b.who) || b.other != "" && !t.has(b.other) {
			continue
		}
		for _, w := range t.widths {
			if b.workers != nil && !slices.Contains(b.workers, w) {
				continue
			}
			v := verdict{bound: b, workers: w}
			v.values = summarize(r.paired(t, b.who, b.other, w, func(who, other measurement) float64 {
				return b.value(who, other, cores, w)
			}))
			v.ok = b.holds(v.values.median)
			verdicts = append(verdicts, v)
		}
	}
	return verdicts
}

// holds reports whether a number is within the bound; one that was not
// measured is not.
func (b bound) holds(value float64) bool {
	switch {
	case math.IsNaN(value):
		return false
	case b.how == faster || b.how == efficiency:
		return value >= b.limit
	}
	return value <= b.limit
}

// String is the verdict as a line of the summary.
func (v verdict) String() string {
	if v.ok {
		return "PASS: " + v.words()
	}
	return "**MISS**: " + v.words()
}

// words says who, what must be, and what is.
func (v verdict) words() string {
	number := v.values.String()
	if v.how == efficiency {
		number = v.values.scaled(100).String() + " %"
	}
	return fmt.Sprintf("%s, %d workers: %s: %s", v.who, v.workers, v.bound, number)
}
