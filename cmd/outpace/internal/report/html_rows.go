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
func rowsOf(t bench.Table) (rows []row, unit string) {
	var slowest, memory, efficiency float64
	for _, c := range t.Cells {
		slowest = max(slowest, c.Figures.Seconds.Median)
		memory = max(memory, float64(c.Figures.Memory))
		efficiency = max(efficiency, c.Figures.Efficiency)
	}
	unit, factor := timeUnit(slowest)
	for i, c := range t.Cells {
		r := row{Class: modelClass(c.Model), Key: series{model: c.Model}.mark(place{}), Model: visible(c.Model), Width: widthOf(c), Problem: visible(c.Problem)}
		r.First = i == 0 || t.Cells[i-1].Model != c.Model || t.Cells[i-1].Function != c.Function
		if len(t.Functions) > 1 {
			r.Function = visible(shortName(t, c.Function))
		}
		if g := c.Guide; g != nil {
			r.GuideTime, r.GuideSpeed = Seconds(g.Seconds), digits(g.SpeedUp)+"x"
		}
		if c.Problem == "" && c.Figures.Seconds.N > 0 {
			r.figures(c, factor)
			r.Memory = bar{share(float64(c.Figures.Memory), memory), Bytes(c.Figures.Memory)}
			r.Efficiency = bar{share(c.Figures.Efficiency, max(1, efficiency)), percent(c.Figures.Efficiency)}
		} else if c.Problem == "" {
			r.Problem = "not run"
		}
		rows = append(rows, r)
	}
	return rows, unit
}

// figures fills in what depends on no other cell.
func (r *row) figures(c bench.Cell, factor float64) {
	f := c.Figures
	r.Mark = string(c.Mark)
	r.Time, r.TimeSpan = digits(f.Seconds.Median*factor), Between(scaled(f.Seconds, factor))
	if f.SpeedUp.N > 0 {
		r.Speed = Times(f.SpeedUp)
	}
	if f.SpeedUp.Lo != f.SpeedUp.Hi { // as of the first serial cell, which is 1 by definition
		r.SpeedSpan = Between(f.SpeedUp)
	}
	r.Rate = digits(f.PerSecond)
	if f.Start > 0 {
		r.Start = Seconds(f.Start)
	}
	r.CPU = bar{share(f.CPUShare, 1), percent(f.CPUShare)}
}

// timeUnit is the unit for all times of a table, by the slowest.
func timeUnit(slowest float64) (unit string, factor float64) {
	switch {
	case slowest >= 0.9995 || slowest <= 0:
		return "s", 1
	case slowest >= 0.9995e-3:
		return "ms", 1e3
	}
	return "µs", 1e6
}

func scaled(e bench.Estimate, factor float64) bench.Estimate {
	e.Median, e.Lo, e.Hi = e.Median*factor, e.Lo*factor, e.Hi*factor
	return e
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

func percent(v float64) string { return fmt.Sprintf("%.0f %%", 100*v) }
