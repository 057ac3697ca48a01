package report

import (
	"slices"
	"strings"
)

// gridTable lays out a borderless table in the columns that a terminal has.
// Libraries for tables cut what does not fit, or break it: this one leaves
// whole columns out, the least important first, and gives the bars what is
// left over.
//
//	columns ──► fit: leave out until it fits ──► widths ──► lines
//	                                               └──► cells of the bars
type gridTable struct {
	cols []column
	rows []gridRow
	bar  func(row, cells int) string // draws the bar of a row; nil: no bars
	axis func(cells int) string      // what stands above the bars
}

// column is a column of a gridTable. One that is empty in all rows is left out.
type column struct {
	head string
	left bool // begins at the left, as names do; numbers end at the right
	dim  bool
	drop int  // the highest is left out first; 0: never
	bars bool // the place of the bars
}

// gridRow is a row of a gridTable, with a text for each column.
type gridRow struct {
	above   []string // lines of their own above it
	cells   []string
	instead string // stands in place of the cells that follow
	bold    bool
}

const (
	between = 2  // columns of the terminal between two columns of the grid
	fewBars = 8  // columns are left out until bars have as many cells
	minBars = 4  // shorter ones say nothing
	maxBars = 40 // longer ones say no more
)

// write writes the table; nothing where it has no rows.
func (g gridTable) write(p *pen) {
	if len(g.rows) == 0 {
		return
	}
	widths := g.fit(p.Width)
	p.line(p.dim(p.cut(g.heads(widths))))
	for i, r := range g.rows {
		for _, line := range r.above {
			p.line(p.bold(p.cut(line)))
		}
		switch line, styled := g.row(p, i, widths); {
		case r.instead != "":
			writeInstead(p, line, r.instead)
		case columns(line) > p.Width:
			p.line(p.cut(line)) // the plain one: a cut could fall into a style
		default:
			p.line(styled)
		}
	}
}

func (g gridTable) heads(widths []int) string {
	var heads []string
	for i, c := range g.cols {
		switch {
		case c.bars && widths[i] > 0:
			heads = append(heads, g.axis(widths[i]))
		case widths[i] > 0:
			heads = append(heads, pad(c.head, widths[i], c.left))
		}
	}
	return joined(heads)
}

// row returns the line of a row, plain and with its styles; only what it begins
// with where something stands instead of its cells.
func (g gridTable) row(p *pen, at int, widths []int) (line, styled string) {
	r := g.rows[at]
	var plain, parts []string
	for i, c := range g.cols {
		if widths[i] == 0 || r.instead != "" && i >= len(r.cells) {
			continue
		}
		text := ""
		if c.bars {
			text = pad(g.bar(at, widths[i]), widths[i], true)
		} else {
			text = pad(r.cells[i], widths[i], c.left)
		}
		plain = append(plain, text)
		switch {
		case c.dim:
			text = p.dim(text)
		case r.bold:
			text = p.bold(text)
		}
		parts = append(parts, text)
	}
	return joined(plain), joined(parts)
}

func joined(parts []string) string { return strings.TrimRight(strings.Join(parts, "  "), " ") }

// writeInstead writes a text behind the first cells of a row, in as many lines
// as it takes.
func writeInstead(p *pen, first, text string) {
	first = pad(first, columns(first)+between, true)
	room := p.Width - columns(first)
	if room < minBars {
		p.line(p.cut(strings.TrimRight(first, " ")))
		first, room = "  ", p.Width-2
	}
	for _, line := range wrap(text, room) {
		p.line(first + line)
		first = strings.Repeat(" ", columns(first))
	}
}

// fit returns how wide each column is in width columns of the terminal; 0: it
// is left out.
func (g gridTable) fit(width int) []int {
	widths := make([]int, len(g.cols))
	for i := range g.cols {
		widths[i] = g.natural(i)
	}
	bars := slices.IndexFunc(g.cols, func(c column) bool { return c.bars })
	for total(widths) > width {
		out := g.least(widths)
		if out < 0 {
			return widths
		}
		left := width - total(widths) + widths[out]
		if widths[out] = 0; out == bars && left >= minBars {
			widths[out] = left
			return widths
		}
	}
	if bars >= 0 && widths[bars] > 0 {
		widths[bars] = min(maxBars, widths[bars]+width-total(widths))
	}
	return widths
}

// natural is how wide a column wants to be; 0 for one that is empty.
func (g gridTable) natural(at int) int {
	if g.cols[at].bars {
		return fewBars
	}
	width := 0
	for _, r := range g.rows {
		if at < len(r.cells) && r.cells[at] != "" {
			width = max(width, columns(g.cols[at].head), columns(r.cells[at]))
		}
	}
	return width
}

// least is the column to leave out first of those that are there; -1: none may
// be.
func (g gridTable) least(widths []int) int {
	out := -1
	for i, c := range g.cols {
		if widths[i] > 0 && c.drop > 0 && (out < 0 || c.drop > g.cols[out].drop) {
			out = i
		}
	}
	return out
}

// total is how wide a row is.
func total(widths []int) int {
	sum := 0
	for _, w := range widths {
		if w > 0 {
			sum += w + between
		}
	}
	return max(0, sum-between)
}
