package report

import (
	"math"
	"reflect"
	"testing"

	"github.com/outpace-run/outpace/cmd/outpace/internal/bench"
)

// cell is one with a speed-up, for the geometry of a chart.
func cell(model string, processes, tasks int, speedUp float64) bench.Cell {
	c := bench.Cell{Function: "f.py:f", Model: model, Workers: processes * tasks, Processes: processes, Tasks: tasks}
	c.Figures.SpeedUp = bench.Estimate{Median: speedUp, Lo: speedUp * 0.95, Hi: speedUp * 1.05, N: 7, Known: true}
	return c
}

func cpuBound() bench.Table {
	return bench.Table{Functions: []string{"f.py:f"}, Inputs: 32, Computes: 1, Cells: []bench.Cell{
		cell("serial", 1, 1, 1), cell("threads", 1, 2, 0.98), cell("threads", 1, 8, 0.9),
		cell("processes", 2, 1, 1.95), cell("processes", 4, 1, 3.7), cell("processes", 8, 1, 3.7), cell("hybrid", 2, 4, 1.9), cell("hybrid", 4, 2, 3.6),
	}}
}

// TestChartAxes: each octave is as long as any other, on both axes.
func TestChartAxes(t *testing.T) {
	c := chartOf(cpuBound(), 4, wide())
	for _, axis := range [][]tick{c.X, {c.Y[len(c.Y)-1], c.Y[len(c.Y)-3], c.Y[len(c.Y)-5]}} {
		for i := 2; i < len(axis); i++ {
			if one, two := axis[i].At-axis[i-1].At, axis[i-1].At-axis[i-2].At; math.Abs(one-two) > 0.3 {
				t.Errorf("%v: steps of %.1f and %.1f", axis, two, one)
			}
		}
	}
	if c.Cores == nil || c.Cores.At != c.X[2].At || c.Cores.Text != "4 cores" {
		t.Errorf("the line at the number of cores: %+v; the tick of 4: %+v", c.Cores, c.X[2])
	}
	if c := chartOf(cpuBound(), 64, wide()); c.Cores != nil {
		t.Errorf("a line at 64 cores in a chart up to 8: %+v", c.Cores)
	}
	if len(c.Lines) != 4 || len(c.Labels) != 5 {
		t.Errorf("%d lines, %d labels", len(c.Lines), len(c.Labels))
	}
}

// TestBound: ideal is bounded by workers, inputs, and cores for what computes.
func TestBound(t *testing.T) {
	for _, c := range []struct {
		inputs, cores, workers int
		computes, want         float64
	}{
		{100, 4, 2, 1, 2}, {100, 4, 8, 1, 4}, {100, 4, 8, 0.95, 4}, {100, 4, 8, 0, 8}, {100, 4, 64, 0.1, 40}, {3, 4, 8, 0, 3}, {0, 0, 8, 0, 8}, {100, 2, 8, 4, 1}, {100, 4, 0, 0, 1},
	} {
		if got := bound(bench.Table{Inputs: c.inputs, Computes: c.computes}, c.cores, c.workers); got != c.want {
			t.Errorf("%+v: %v", c, got)
		}
	}
}

// TestChartLabels: none covers another, all are inside, and the order of the
// lines is kept, however many there are.
func TestChartLabels(t *testing.T) {
	for _, many := range []int{1, 2, 5, 12, 40} {
		table := bench.Table{Functions: []string{"f.py:f"}, Inputs: 8, Computes: 1, Cells: []bench.Cell{cell("serial", 1, 1, 1)}}
		for i := range many {
			c := cell("threads", 1, 8, 3.7+float64(i)/1000)
			c.Function = string(rune('a' + i))
			table.Cells = append(table.Cells, c)
		}
		for _, l := range []layout{wide(), narrow()} {
			c := chartOf(table, 4, l)
			for i, one := range c.Labels {
				if one.Y < c.Top || one.Y > c.Bottom || one.X <= c.Right || one.X >= c.Width {
					t.Errorf("%d lines: %+v is outside", many, one)
				}
				if i > 0 && one.Y-c.Labels[i-1].Y < l.gap-0.2 {
					t.Errorf("%d lines: labels at %.1f and %.1f", many, c.Labels[i-1].Y, one.Y)
				}
			}
		}
	}
}

// TestChartAside: marks of ties do not cover one another; others stay in place.
func TestChartAside(t *testing.T) {
	all := seriesOf(bench.Table{Functions: []string{"f.py:f"}, Cells: []bench.Cell{
		cell("threads", 1, 2, 2), cell("threads", 1, 4, 4), cell("processes", 2, 1, 2.01), cell("processes", 4, 1, 2),
	}})
	moved := asides(all, newScale(1, 4, 300, 0))
	if want := [][]float64{{-3, 0}, {3, 0}}; !reflect.DeepEqual(moved, want) {
		t.Errorf("moved by %v, want %v", moved, want)
	}
	all[0].points[1].lo = 1.9 // its interval now reaches the other mark
	if moved = asides(all, newScale(1, 4, 300, 0)); moved[0][1] != -3 || moved[1][1] != 3 {
		t.Errorf("with a long interval moved by %v", moved)
	}
}

// TestChartBest: the cell to use is called out, within the chart.
func TestChartBest(t *testing.T) {
	table := cpuBound()
	table.Cells[4].Mark = bench.Use
	c := chartOf(table, 4, wide())
	if c.Best == nil || c.Best.Text != "3.70x" || c.Best.TextY < c.Top || c.Best.TextY >= c.Best.Y {
		t.Errorf("called out: %+v", c.Best)
	}
}

// TestChartStrange: no figure, however strange, leads to one that cannot be drawn.
func TestChartStrange(t *testing.T) {
	for _, v := range []float64{0, -1, 1e-300, 1e300, 1e-8, 1e8, math.NaN(), math.Inf(1)} {
		table := cpuBound()
		table.Cells[3] = cell("processes", 2, 1, v)
		table.Cells[2].Workers = -5
		table.Cells[1].Workers = 1_000_000
		table.Cells[5].Guide = &bench.Guide{SpeedUp: v}
		c := chartOf(table, 4, narrow())
		if len(c.X) == 0 || len(c.X) > 20 || len(c.Y) < 2 || len(c.Y) > 20 {
			t.Errorf("%v: %d and %d ticks", v, len(c.X), len(c.Y))
		}
		for _, p := range append(c.X, c.Y...) {
			if !(p.At >= 0 && p.At <= c.Width+c.Height) {
				t.Errorf("%v: a tick at %v", v, p.At)
			}
		}
	}
	if c := chartOf(bench.Table{}, 4, wide()); len(c.Lines) != 0 || c.Desc == "" {
		t.Errorf("of nothing: %+v", c)
	}
}

// TestTimeTicks: a few round times, wherever and however wide the axis is.
func TestTimeTicks(t *testing.T) {
	for _, lo := range []float64{1e-8, 3.3e-4, 0.97, 1, 86, 1e6} {
		for _, ratio := range []float64{1.001, 1.03, 1.5, 3, 8, 40, 1000, 1e9} {
			x := newScale(lo, lo*ratio, 0, 1000)
			if n := len(timeTicks(x)); n < 1 || n > 8 {
				t.Errorf("from %g to %g: %d ticks: %v", lo, lo*ratio, n, timeTicks(x))
			}
		}
	}
}

// TestPalette: text in any colour has a contrast of 4.5 to 1 at least, on all
// that can be behind it.
func TestPalette(t *testing.T) {
	for _, dark := range []bool{false, true} {
		value := map[string]float64{}
		for _, c := range palette() {
			value[c.name] = luminance(t, c.value(dark))
		}
		for _, text := range []string{"ink", "soft", "warn", "serial", "threads", "processes", "async", "hybrid"} {
			for _, behind := range []string{"bg", "faint", "best"} {
				light, deep := max(value[text], value[behind]), min(value[text], value[behind])
				if contrast := (light + 0.05) / (deep + 0.05); contrast < 4.5 {
					t.Errorf("%s on %s (dark %v): %.2f", text, behind, dark, contrast)
				}
			}
		}
	}
}

// luminance is the relative luminance of a colour, as WCAG 2 defines it.
func luminance(t *testing.T, hex string) float64 {
	t.Helper()
	sum := 0.0
	for i, weight := range []float64{0.2126, 0.7152, 0.0722} {
		var part int
		for _, digit := range hex[1+2*i : 3+2*i] {
			part = part*16 + int(digit-'0')
			if digit > '9' {
				part += int('0') - int('a') + 10
			}
		}
		v := float64(part) / 255
		if v <= 0.03928 {
			v /= 12.92
		} else {
			v = math.Pow((v+0.055)/1.055, 2.4)
		}
		sum += weight * v
	}
	return sum
}
