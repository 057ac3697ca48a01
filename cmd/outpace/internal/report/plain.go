package report

import (
	"io"
	"math"
	"strconv"
	"strings"

	"github.com/outpace-run/outpace/cmd/outpace/internal/bench"
)

// WritePlain writes a report for a file or a pipe: a line a cell and a word a
// column, with the same columns in all tables, so that grep, sort and awk can
// be used on it; it is aligned, for whoever looks into the file. What is not
// known is "-". Figures are in the units that the head of a column names. Only
// the last column, what is wrong with a cell, may be several words. All else
// is on lines that begin with "#". Nothing depends on the width of a terminal,
// so there are no bars, and no line is broken. The error is the writer's.
func WritePlain(w io.Writer, r bench.Report) error {
	p := newPen(w, Options{Width: math.MaxInt})
	remark := func(text string) {
		if text != "" {
			p.line("# " + p.text(text))
		}
	}
	remark(machineLine(r))
	remark(provenance(r))
	if len(r.Tables) == 0 {
		remark("Nothing was measured.")
	}
	for _, t := range r.Tables {
		p.line("")
		remark(title(t))
		remark(about(t))
		plainGrid(t).write(p)
		if t.Incomplete != "" {
			remark(incomplete(t))
		}
		remark(t.Verdict.Text)
		for _, note := range t.Notes {
			remark("Note: " + note)
		}
		if t.Guide != "" {
			remark("guide: " + t.Guide)
		}
		remark(method(t))
	}
	return p.err
}

// plainGrid is a table with a row for each cell.
func plainGrid(t bench.Table) gridTable {
	var g gridTable
	for i, head := range []string{
		"function", "model", "workers", "seconds", "seconds_lo", "seconds_hi", "speed_up", "speed_up_lo", "speed_up_hi",
		"cpu_share", "memory_mb", "tasks_per_second", "start_seconds", "guide_seconds", "guide_speed_up", "mark", "problem",
	} {
		g.cols = append(g.cols, column{head: head, left: i < 2 || i > 14})
	}
	for _, c := range grouped(t) {
		r := gridRow{cells: []string{word(c.Function), word(c.Model), c.Width()}}
		for _, x := range plainNumbers(c) {
			r.cells = append(r.cells, number(x))
		}
		problem := clean(c.Problem)
		if problem == "" {
			problem = "-"
		}
		r.cells = append(r.cells, word(string(c.Mark)), problem)
		g.rows = append(g.rows, r)
	}
	return g
}

// plainNumbers are the figures of a cell; all 0 where they cannot be used.
func plainNumbers(c bench.Cell) []float64 {
	f, guide := c.Figures, bench.Guide{}
	if c.Problem != "" {
		f = bench.Figures{}
	}
	if c.Guide != nil {
		guide = *c.Guide
	}
	return []float64{
		f.Seconds.Median, f.Seconds.Lo, f.Seconds.Hi, f.SpeedUp.Median, f.SpeedUp.Lo, f.SpeedUp.Hi, f.CPUShare,
		float64(f.Memory) / 1e6, f.PerSecond, f.Start, guide.Seconds, guide.SpeedUp,
	}
}

// number writes a figure with four digits that count, without an exponent.
func number(x float64) string {
	if !positive(x) {
		return "-"
	}
	decimals := 3 - int(math.Floor(math.Log10(x)))
	return strconv.FormatFloat(x, 'f', max(0, decimals), 64)
}

// word writes a text as one word.
func word(s string) string {
	if s == "" {
		return "-"
	}
	return strings.ReplaceAll(clean(s), " ", `\x20`)
}

// provenance says when a report was made, by which version.
func provenance(r bench.Report) string {
	if r.Began.IsZero() {
		return ""
	}
	return strings.TrimSpace(r.Began.Format("2006-01-02 15:04 MST") + ", outpace " + r.Version)
}
