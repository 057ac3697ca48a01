package report

import (
	"fmt"
	"io"
	"math"
	"slices"
	"strconv"
	"strings"

	"github.com/outpace-run/outpace/cmd/outpace/internal/bench"
)

// WriteComparison writes a comparison for a terminal or a file, with a row for
// each cell. Ratios stay in narrow terminals, times are left out there. The
// error is the writer's.
//
//	model      workers  A s    B s    B against A
//	serial           1  1.234  1.871  1.52x slower  1.48–1.57
//	processes        4  0.331  0.332  ~             0.98–1.03
func WriteComparison(w io.Writer, c Comparison, o Options) error {
	p := newPen(w, o)
	p.lines("A: "+c.A, p.dim)
	p.lines("B: "+c.B, p.dim)
	for _, line := range c.Differs {
		p.lines("Warning: A and B differ in "+line, p.bold)
	}
	for _, t := range c.Tables {
		p.line("")
		p.lines(t.Title, p.bold)
		comparedGrid(p, t).write(p)
	}
	p.line("")
	p.lines(c.sum(), p.bold)
	p.lines(comparedLegend, p.dim)
	return p.err
}

const comparedLegend = "~ no difference is proved: the interval (95 %, of the median of the ratio B/A, paired by round) has 1 in it, or rounds are fewer than 6"

// WriteComparisonMarkdown writes a comparison as GitHub shows it. The error is
// the writer's.
func WriteComparisonMarkdown(w io.Writer, c Comparison) error {
	p := newPen(w, Options{Width: math.MaxInt})
	p.paragraph("A: " + markdown(c.A) + ", B: " + markdown(c.B))
	for _, line := range c.Differs {
		p.paragraph("Warning: A and B differ in " + markdown(line))
	}
	for _, t := range c.Tables {
		p.line("### " + markdown(t.Title))
		p.line("")
		g := comparedGrid(p, t)
		var rows [][]string
		for _, r := range g.rows {
			if r.instead != "" {
				r.cells = append(r.cells, r.instead)
			}
			for i, text := range r.cells {
				r.cells[i] = markdown(text)
			}
			rows = append(rows, r.cells)
		}
		p.markdownTable(g.cols, rows)
	}
	p.paragraph("**" + c.sum() + "**")
	p.line(markdown(comparedLegend))
	return p.err
}

// sum says how many cells are what, without those that no cell is.
func (c Comparison) sum() string {
	var parts []string
	for _, kind := range []struct {
		n    int
		what string
	}{
		{c.Slower, "slower"}, {c.Faster, "faster"}, {c.Unproved, "without a proved difference"},
		{c.Lone, "in one of them only"}, {c.Unusable, "without figures to compare"},
	} {
		switch {
		case kind.n > 0 && len(parts) == 0:
			parts = append(parts, count(kind.n, "cell")+" "+kind.what)
		case kind.n > 0:
			parts = append(parts, fmt.Sprintf("%d %s", kind.n, kind.what))
		}
	}
	if len(parts) == 0 {
		return "There is nothing to compare."
	}
	return "B against A: " + strings.Join(parts, ", ") + "."
}

// comparedGrid is a table with a row for each cell of either report.
func comparedGrid(p *pen, t ComparedTable) gridTable {
	var times []float64
	several := false
	for _, c := range t.Cells {
		several = several || c.Function != t.Cells[0].Function
		for _, cell := range []*bench.Cell{c.A, c.B} {
			if cell != nil && usable(*cell) {
				times = append(times, cell.Figures.Seconds.Median)
			}
		}
	}
	u := unitOf(times)
	g := gridTable{cols: []column{
		{head: "function", left: true, drop: 4}, {head: "model", left: true}, {head: "workers"},
		{head: p.text("A " + u.name), drop: 2}, {head: p.text("B " + u.name), drop: 2},
		{head: "B against A", left: true}, {head: "interval", left: true, dim: true, drop: 1},
	}}
	for _, c := range t.Cells {
		r := comparedRow(c, u)
		if several {
			r.cells[0] = c.Function
		}
		for i, text := range r.cells {
			r.cells[i] = p.text(text)
		}
		r.instead = p.text(r.instead)
		g.rows = append(g.rows, r)
	}
	return g
}

// comparedRow is the row of a cell.
func comparedRow(c ComparedCell, u unit) gridRow {
	known := c.A
	if known == nil {
		known = c.B
	}
	first := []string{"", known.Model, known.Width()}
	switch v := c.Verdict(); {
	case v == Lone && c.A == nil:
		return gridRow{cells: first, instead: "in B only"}
	case v == Lone:
		return gridRow{cells: first, instead: "in A only"}
	case v == Unusable:
		return gridRow{cells: first, instead: strings.Join(slices.Concat(problem("A", *c.A), problem("B", *c.B)), "; ")}
	}
	says, interval := c.Says()
	return gridRow{
		cells: slices.Concat(first, []string{u.text(c.A.Figures.Seconds.Median), u.text(c.B.Figures.Seconds.Median), says, interval}),
		bold:  c.Verdict() != Unproved,
	}
}

// problem says what is wrong with a cell of a report; nil: nothing.
func problem(of string, c bench.Cell) []string {
	switch {
	case c.Problem != "":
		return []string{of + ": " + c.Problem}
	case !usable(c):
		return []string{of + ": not measured"}
	}
	return nil
}

// Says returns what the ratio proves, "1.52x slower", "2.10x faster" or "~",
// and the interval of that number, or of the ratio for "~"; "" where it is not
// known.
func (c ComparedCell) Says() (text, interval string) {
	e, how := c.Ratio, "slower"
	switch c.Verdict() {
	case Faster:
		e = bench.Estimate{Median: 1 / e.Median, Lo: 1 / e.Hi, Hi: 1 / e.Lo, Known: true}
		how = "faster"
	case Slower:
	default:
		if !e.Known || !sound(e.Lo) || !sound(e.Hi) {
			return "~", ""
		}
		return "~", factor(e.Lo) + "–" + factor(e.Hi)
	}
	decimals := decimalsAbove1(e.Lo)
	write := func(x float64) string {
		if x >= 99.5 {
			return digits(x)
		}
		return strconv.FormatFloat(x, 'f', decimals, 64)
	}
	return write(e.Median) + "x " + how, write(e.Lo) + "–" + write(e.Hi)
}

// decimalsAbove1 is how many digits behind the point show that a factor is
// above 1: two, and up to four where it is so by little.
func decimalsAbove1(x float64) int {
	decimals := 2
	for decimals < 4 && x < 1+0.5*math.Pow10(-decimals) {
		decimals++
	}
	return decimals
}
