package report

import (
	"math"
	"strconv"

	"github.com/outpace-run/outpace/cmd/outpace/internal/bench"
)

// figureColumns is what a table shows of a cell, in the order of figures.
func figureColumns(u unit) []column {
	return []column{
		{head: "workers"},
		{head: "time " + u.name},
		{head: "±", dim: true, drop: 5},
		{head: "speed-up"},
		{head: "interval", dim: true, drop: 3},
		{head: "CPU", dim: true, drop: 6},
		{head: "memory", dim: true, drop: 7},
		{head: "tasks/s", dim: true, drop: 8},
		{head: "start-up", dim: true, drop: 9},
		{head: "guide s", drop: 4},
		{head: "guide x", drop: 2},
	}
}

// figures returns the texts of a cell for figureColumns; "" for what is not
// known.
func figures(c bench.Cell, u unit) []string {
	f := c.Figures
	texts := []string{
		c.Width(), u.text(f.Seconds.Median), deviation(f.Seconds), speedUp(f.SpeedUp.Median), "",
		shareText(f.CPUShare), "", "", "", "", "",
	}
	if e := f.SpeedUp; e.Known && sound(e.Lo) && sound(e.Hi) && texts[3] != "" && e.Lo < e.Hi { // that of serial is 1 to 1
		texts[4] = factor(e.Lo) + "–" + factor(e.Hi)
	}
	if f.Memory > 0 {
		texts[6] = Bytes(f.Memory)
	}
	if positive(f.PerSecond) {
		texts[7] = digits(f.PerSecond)
	}
	if positive(f.Start) {
		texts[8] = Seconds(f.Start)
	}
	if c.Guide != nil {
		if positive(c.Guide.Seconds) {
			texts[9] = strconv.FormatFloat(c.Guide.Seconds, 'f', 2, 64)
		}
		texts[10] = speedUp(c.Guide.SpeedUp)
	}
	return texts
}

func positive(x float64) bool { return sound(x) && x > 0 }

// factor writes a number of times with two digits behind the point, so that
// those of a column stand below one another; with three digits that count
// where two would say too little or too much.
func factor(x float64) string {
	if x < 0.095 || x >= 999.5 {
		return digits(x)
	}
	return strconv.FormatFloat(x, 'f', 2, 64)
}

func speedUp(x float64) string {
	if !positive(x) {
		return ""
	}
	return factor(x) + "x"
}

// deviation is how far an interval reaches from its median, on the side where
// it reaches further.
func deviation(e bench.Estimate) string {
	far := max(e.Hi-e.Median, e.Median-e.Lo) / e.Median * 100
	if !e.Known || !sound(far) {
		return ""
	}
	if far < 9.95 {
		return "±" + strconv.FormatFloat(far, 'f', 1, 64) + "%"
	}
	return "±" + strconv.FormatFloat(far, 'f', 0, 64) + "%"
}

func shareText(x float64) string {
	switch {
	case !positive(x):
		return ""
	case x < 0.005:
		return "<1%"
	}
	return strconv.FormatFloat(x*100, 'f', 0, 64) + "%"
}

// unit is the one in which all times of a table are written.
type unit struct {
	name     string
	seconds  float64
	decimals int
}

// unitOf returns the unit that suits the longest time, with as many decimals
// as the shortest needs for three digits.
func unitOf(times []float64) unit {
	longest, shortest := 0.0, math.Inf(1)
	for _, s := range times {
		if positive(s) {
			longest, shortest = max(longest, s), min(shortest, s)
		}
	}
	u := unit{name: "s", seconds: 1}
	switch {
	case longest == 0:
		return u
	case longest < 0.9995e-3:
		u = unit{name: "µs", seconds: 1e-6}
	case longest < 0.9995:
		u = unit{name: "ms", seconds: 1e-3}
	}
	u.decimals = max(0, 2-int(math.Floor(math.Log10(shortest/u.seconds))))
	return u
}

// text writes a time without the unit's name; "" for one that is not known.
func (u unit) text(seconds float64) string {
	if !positive(seconds) {
		return ""
	}
	return strconv.FormatFloat(seconds/u.seconds, 'f', u.decimals, 64)
}

// medians is the time of each cell that has one to show.
func medians(t bench.Table) []float64 {
	var times []float64
	for _, c := range t.Cells {
		if c.Problem == "" {
			times = append(times, c.Figures.Seconds.Median)
		}
	}
	return times
}
