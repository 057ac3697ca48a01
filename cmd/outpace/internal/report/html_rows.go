package report

import (
	"fmt"
	"math"
	"strings"

	"github.com/outpace-run/outpace/cmd/outpace/internal/bench"
)

// row is a cell in words and figures.
type row struct {
	Class, Key                 string // colour and shape of its model
	First                      bool   // of its model: it shows the key, and a line above
	Model, Function, Width     string
	Mark, Problem              string
	Time, TimeSpan             string
	Speed, SpeedSpan           string
	Rate, Start                string
	GuideTime, GuideSpeed      string
	CPU, Memory, Efficiency    bar
	Dots, Middle, Band, Spoken string // of its strip
}

// bar is a part of the largest, in per cent, and its figure.
type bar struct {
	Part float64
	Text string
}

// rowsOf writes the cells of a table, their times in one unit.
func rowsOf(t bench.Table) (rows []row, u unit) {
	var memory, efficiency float64
	for _, c := range t.Cells {
		memory = max(memory, float64(c.Figures.Memory))
		efficiency = max(efficiency, c.Figures.Efficiency)
	}
	u = unitOf(medians(t))
	for i, c := range t.Cells {
		r := row{Class: modelClass(c.Model), Key: series{model: c.Model}.mark(place{}), Model: clean(c.Model), Width: widthOf(c), Problem: clean(c.Problem)}
		r.First = i == 0 || t.Cells[i-1].Model != c.Model || t.Cells[i-1].Function != c.Function
		if len(t.Functions) > 1 {
			r.Function = clean(shortName(t, c.Function))
		}
		if g := c.Guide; g != nil {
			r.GuideTime, r.GuideSpeed = Seconds(g.Seconds), speedUp(g.SpeedUp)
		}
		if c.Problem == "" && c.Figures.Seconds.N > 0 {
			r.figures(c, u)
			r.Memory = bar{share(float64(c.Figures.Memory), memory), Bytes(c.Figures.Memory)}
			r.Efficiency = bar{share(c.Figures.Efficiency, max(1, efficiency)), shareText(c.Figures.Efficiency)}
		} else if c.Problem == "" {
			r.Problem = "not run"
		}
		rows = append(rows, r)
	}
	return rows, u
}

// figures fills in what depends on no other cell.
func (r *row) figures(c bench.Cell, u unit) {
	f := c.Figures
	r.Mark = string(c.Mark)
	r.Time, r.TimeSpan = u.text(f.Seconds.Median), interval(f.Seconds, u.text)
	if f.SpeedUp.N > 0 {
		r.Speed = speedUp(f.SpeedUp.Median)
	}
	if f.SpeedUp.Lo != f.SpeedUp.Hi { // as of the first serial cell, which is 1 by definition
		r.SpeedSpan = interval(f.SpeedUp, factor)
	}
	r.Rate = digits(f.PerSecond)
	if f.Start > 0 {
		r.Start = Seconds(f.Start)
	}
	r.CPU = bar{share(f.CPUShare, 1), shareText(f.CPUShare)}
}

// interval writes an interval: "3.51–3.80"; "" where it is not known.
func interval(e bench.Estimate, text func(float64) string) string {
	if !e.Known {
		return ""
	}
	return text(e.Lo) + "–" + text(e.Hi)
}

// widthOf writes the number of workers, and of a hybrid what it is made of.
func widthOf(c bench.Cell) string {
	if c.Processes > 1 && c.Tasks > 1 {
		return fmt.Sprintf("%d (%v)", c.Workers, c.Shape())
	}
	return fmt.Sprint(c.Workers)
}

// shortName is the function without its module, where that tells the functions
// of the table apart.
func shortName(t bench.Table, function string) string {
	names := make(map[string]bool)
	for _, f := range t.Functions {
		names[behindColon(f)] = true
	}
	if len(names) < len(t.Functions) {
		return function
	}
	return behindColon(function)
}

func behindColon(function string) string {
	return function[strings.LastIndexByte(function, ':')+1:]
}

// share is a part of a whole in per cent, from 0 to 100.
func share(part, whole float64) float64 {
	if whole <= 0 || math.IsNaN(part/whole) {
		return 0
	}
	return round(100 * min(max(part/whole, 0), 1))
}
