package report

import (
	"cmp"
	"io"
	"slices"

	"github.com/outpace-run/outpace/cmd/outpace/internal/bench"
)

// WriteText writes a report for a terminal: the machine, and for each table
// its cells with bars of their speed-up, what to use, and how it was measured.
// In less than 80 columns each model is a block of its own. The error is the
// writer's.
//
//	  model      workers  time s     ±  speed-up   interval  0x        4x
//	  serial           1   1.234  1.2%     1.00x             ██▌┊
//	★ processes        4   0.331  2.1%     3.72x  3.51–3.80  █████████▎┊
func WriteText(w io.Writer, r bench.Report, o Options) error {
	p := newPen(w, o)
	p.lines(machineLine(r), p.dim)
	if len(r.Tables) == 0 {
		p.line("Nothing was measured.")
	}
	for _, t := range r.Tables {
		p.line("")
		writeTable(p, r, t)
	}
	return p.err
}

// writeTable writes a table, and around it what it is about.
func writeTable(p *pen, r bench.Report, t bench.Table) {
	p.lines(title(t), p.bold)
	p.lines(about(t), p.dim)
	p.line("")
	g := textGrid(p, t, grouped(t), r.Machine.Cores)
	g.write(p)
	p.line("")
	if t.Incomplete != "" {
		p.lines(incomplete(t), p.bold)
	}
	p.lines(t.Verdict.Text, p.bold)
	for _, note := range t.Notes {
		p.lines("Note: "+note, p.plain)
	}
	p.line("")
	widths := g.fit(p.Width)
	for _, line := range legend(t, r.Machine.Cores, func(at int) bool { return widths[at] > 0 }) {
		p.lines(line, p.dim)
	}
}

// Where some columns stand in the table that text writes.
const (
	deviationAt = 4
	intervalAt  = 6
	barAt       = 7
	shareAt     = 8
)

// textGrid is the table of cells, which are grouped.
func textGrid(p *pen, t bench.Table, cells []bench.Cell, cores int) gridTable {
	u := unitOf(medians(t))
	cols := slices.Concat([]column{{left: true}, {head: "model", left: true}}, figureColumns(u))
	cols = slices.Insert(cols, barAt, column{bars: true, drop: 1})
	for i := range cols {
		cols[i].head = p.text(cols[i].head)
	}
	g := gridTable{cols: cols}
	for i := range cells {
		g.rows = append(g.rows, textRow(p, t, cells, i, u))
	}
	most := rightEnd(t, cores)
	g.bar = func(row, n int) string {
		return ruler{most, n, p.ASCII}.bar(cells[row].Figures.SpeedUp.Median, bound(t, cores, cells[row].Workers))
	}
	g.axis = func(n int) string {
		end := trimmed(most) + "x"
		return pad("0", n-columns(end), true) + end
	}
	return g
}

// textRow is the row of a cell: with the name of its function or model above
// it or in it where it is the first one of that.
func textRow(p *pen, t bench.Table, cells []bench.Cell, at int, u unit) gridRow {
	c, r := cells[at], gridRow{}
	newFunction := at == 0 || cells[at-1].Function != c.Function
	newModel := newFunction || cells[at-1].Model != c.Model
	model := ""
	if newFunction && several(cells) {
		if at > 0 {
			r.above = append(r.above, "")
		}
		r.above = append(r.above, p.text(function(t, c.Function)))
	}
	switch folded := p.Width < usual; {
	case newModel && folded:
		r.above = append(r.above, p.text(c.Model))
	case newModel:
		model = p.text(c.Model)
	}
	r.cells, r.bold = []string{mark(c), model, c.Width()}, c.Mark == bench.Use
	switch {
	case c.Problem != "":
		r.instead = p.text(c.Problem)
	case !positive(c.Figures.Seconds.Median):
		r.instead = "not measured"
	default:
		r.cells = slices.Insert(slices.Concat(r.cells[:2], figures(c, u)), barAt, "")
	}
	for i, text := range r.cells {
		r.cells[i] = p.text(text)
	}
	return r
}

// mark is what stands before a cell.
func mark(c bench.Cell) string {
	switch {
	case c.Problem != "":
		return "!"
	case c.Mark == bench.Use:
		return star
	case c.Mark == bench.Tie:
		return tie
	}
	return ""
}

// grouped are the cells of a table with those of a function together, and
// those of a model in it.
func grouped(t bench.Table) []bench.Cell {
	type group struct{ function, model string }
	place := map[any]int{}
	for i, c := range t.Cells {
		for _, key := range []any{c.Function, group{c.Function, c.Model}} {
			if _, ok := place[key]; !ok {
				place[key] = i
			}
		}
	}
	cells := slices.Clone(t.Cells)
	slices.SortStableFunc(cells, func(a, b bench.Cell) int {
		return cmp.Or(place[a.Function]-place[b.Function], place[group{a.Function, a.Model}]-place[group{b.Function, b.Model}])
	})
	return cells
}

// several reports whether cells are of more than one function.
func several(cells []bench.Cell) bool {
	return slices.ContainsFunc(cells, func(c bench.Cell) bool { return c.Function != cells[0].Function })
}
