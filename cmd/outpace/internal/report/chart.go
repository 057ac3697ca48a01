package report

import (
	"cmp"
	"fmt"
	"math"
	"slices"
	"strings"

	"github.com/outpace-run/outpace/cmd/outpace/internal/bench"
)

// chart is the speed-up chart of a table, laid out: places in pixels and texts,
// nothing that has to be reckoned when it is drawn (chart.svg.tmpl).
//
//	table ──► series ──► scales ──► lines, marks, intervals ──► chart ──► template
//	cells     by model   log2 of    ticks, ideal, cores                   page or
//	          and fn     both       labels, pushed apart                  SVG file
type chart struct {
	ID, Title, Desc          string
	Width, Height            float64
	Left, Right, Top, Bottom float64 // of the plot
	X, Y                     []tick
	Base                     float64 // where the speed-up is 1
	Cores                    *tick   // nil where it lies outside
	Ideal                    string  // path
	Lines                    []line
	Labels                   []label
	Best                     *callout // nil where the verdict names nothing
	Aside                    bool     // marks were moved aside
}

// tick is a place on an axis, and its text.
type tick struct {
	At   float64
	Text string
}

// line is one series. All its marks are one path, and all its intervals.
type line struct {
	Class              string // names its colour
	Second, Guide      bool   // another function; somebody else's figures
	Path, Marks, Spans string
}

// label names a line at its end. Leader joins the two.
type label struct {
	Class  string
	Guide  bool
	X, Y   float64
	Text   string
	Leader string
}

// callout shows the cell to use.
type callout struct {
	X, Y, TextY float64
	Text        string
}

// layout is the room that a chart has, in pixels.
type layout struct {
	width, height float64
	left, top     float64 // margins
	bottom        float64
	letter        float64 // width of one
	letters       int     // that a label may have
	gap           float64 // between the middles of two labels
}

func wide() layout {
	return layout{width: 720, height: 400, left: 46, top: 40, bottom: 44, letter: 8.5, letters: 26, gap: 18}
}

func narrow() layout {
	return layout{width: 343, height: 330, left: 40, top: 40, bottom: 44, letter: 8.9, letters: 12, gap: 17}
}

// chartOf lays a chart out. One of a table without any figure has no lines.
func chartOf(t bench.Table, cores int, l layout) chart {
	all := seriesOf(t)
	c := chart{Width: l.width, Title: "Speed-up by number of workers", Desc: describe(all), Left: l.left, Top: l.top}
	if len(all) == 0 {
		return c
	}
	texts := []string{"ideal"}
	for _, s := range all {
		texts = append(texts, s.label(l.letters))
	}
	c.Right = l.width - 12 - l.letter*float64(longest(texts))
	c.Bottom = max(l.height-l.bottom, l.top+l.gap*float64(len(texts)))
	c.Height = c.Bottom + l.bottom
	x, y := c.axes(t, cores, all)
	c.Ideal, c.Labels = idealLine(t, cores, x, y)
	aside := asides(all, y)
	for i, s := range all {
		drawn, end := s.draw(x, y, aside[i])
		c.Lines = append(c.Lines, drawn)
		c.Labels = append(c.Labels, label{Class: s.class(), Guide: s.guide, Y: end.y, Text: texts[i+1], Leader: path("M", end.x, end.y)})
		c.Aside = c.Aside || slices.ContainsFunc(aside[i], func(by float64) bool { return by != 0 })
		c.Best = cmp.Or(c.Best, s.callout(x, y, aside[i]))
	}
	apart(c.Labels, c.Right, c.Top, c.Bottom, l.gap)
	return c
}

// YText is where the texts of the upright axis end.
func (c chart) YText() float64 { return c.Left - 8 }

// XText is the line on which the texts of the lower axis stand.
func (c chart) XText() float64 { return c.Bottom + 19 }

// CoresText is that of the text above the line at the number of cores.
func (c chart) CoresText() float64 { return c.Top - 8 }

// axes sets scales, ticks and the line at the number of cores.
func (c *chart) axes(t bench.Table, cores int, all []series) (x, y scale) {
	most, low, high := 2, 1.0, 2.1
	var widths []int
	for _, s := range all {
		for _, p := range s.points {
			most = max(most, p.workers)
			low, high = min(low, p.lo), max(high, p.hi)
			widths = append(widths, p.workers)
		}
	}
	high = max(high, bound(t, cores, most))
	x = newScale(1, float64(most), c.Left+16, c.Right-10)
	y = newScale(low, high, c.Bottom-14, c.Top+26)
	c.X, c.Y, c.Base = widthTicks(widths, x), factorTicks(y), round(y.at(1))
	if cores >= 1 && cores <= most {
		c.Cores = &tick{round(x.at(float64(cores))), count(cores, "core")}
	}
	return x, y
}

// idealLine is what nobody can do better than, with its label.
func idealLine(t bench.Table, cores int, x, y scale) (string, []label) {
	most := x.hi
	top := bound(t, cores, int(math.Round(most)))
	d := path("M", x.at(1), y.at(1)) + path("L", x.at(min(top, most)), y.at(top)) + path("L", x.at(most), y.at(top))
	return d, []label{{Class: "limit", Y: y.at(top), Text: "ideal", Leader: path("M", x.at(most), y.at(top))}}
}

// describe says in words what the lines show, for who cannot see them.
func describe(all []series) string {
	if len(all) == 0 {
		return "There is nothing to draw."
	}
	var b strings.Builder
	b.WriteString("Both axes are logarithmic. Best of each line:")
	for i, s := range all {
		best := slices.MaxFunc(s.points, func(a, b point) int { return cmp.Compare(a.median, b.median) })
		fmt.Fprintf(&b, "%s %s %s at %s", []string{"", ","}[min(i, 1)], s.name(), speedUp(best.median), count(best.workers, "worker"))
	}
	return b.String() + "."
}

func longest(texts []string) (most int) {
	for _, s := range texts {
		most = max(most, len([]rune(s)))
	}
	return most
}
