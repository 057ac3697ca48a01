package report

import (
	"io"
	"math"
	"slices"
	"strings"

	"github.com/outpace-run/outpace/cmd/outpace/internal/bench"
)

// WriteMarkdown writes a report as GitHub shows it: for each table what to use
// and its cells, and at the end how it was measured. The error is the writer's.
func WriteMarkdown(w io.Writer, r bench.Report) error {
	p := newPen(w, Options{Width: math.MaxInt})
	for _, t := range r.Tables {
		writeMarkdownTable(p, t, r.Machine.Cores)
	}
	for _, text := range []string{machineLine(r), provenance(r)} {
		if text != "" {
			p.paragraph(markdown(text))
		}
	}
	if len(r.Command) > 0 {
		p.line("```sh\n" + shellLine(r.Command) + "\n```")
	}
	return p.err
}

// writeMarkdownTable writes a table, and around it what it is about.
func writeMarkdownTable(p *pen, t bench.Table, cores int) {
	p.line("### " + markdown(title(t)))
	p.line("")
	p.paragraph(markdown(about(t)))
	if t.Incomplete != "" {
		p.paragraph("**" + markdown(incomplete(t)) + "**")
	}
	if t.Verdict.Text != "" {
		p.paragraph("**" + markdown(t.Verdict.Text) + "**")
	}
	heads, rows := markdownCells(t)
	p.markdownTable(heads, rows)
	for _, note := range t.Notes {
		p.paragraph("Note: " + markdown(note))
	}
	for _, line := range legend(t, cores, func(at int) bool { return at != barAt }) {
		if line != "" {
			p.paragraph(markdown(line))
		}
	}
}

func (p *pen) paragraph(text string) {
	p.line(text)
	p.line("")
}

// markdownCells is the head and the rows of a table. The functions have a
// column where there are several.
func markdownCells(t bench.Table) (heads []column, rows [][]string) {
	cells, u := grouped(t), unitOf(medians(t))
	heads = slices.Concat([]column{{left: true}, {head: "function", left: true}, {head: "model", left: true}}, figureColumns(u))
	for _, c := range cells {
		first := []string{mark(c), "", markdown(c.Model)}
		if several(cells) {
			first[1] = markdown(c.Function)
		}
		switch {
		case c.Problem != "":
			rows = append(rows, append(first, c.Width(), markdown(c.Problem)))
		case !positive(c.Figures.Seconds.Median):
			rows = append(rows, append(first, c.Width(), "not measured"))
		default:
			rows = append(rows, append(first, figures(c, u)...))
		}
	}
	return heads, rows
}

// markdownTable writes a table, without the columns that are empty.
func (p *pen) markdownTable(heads []column, rows [][]string) {
	used := func(i int) bool {
		return slices.ContainsFunc(rows, func(r []string) bool { return i < len(r) && r[i] != "" })
	}
	line := func(text func(i int) string) {
		var parts []string
		for i := range heads {
			if used(i) {
				parts = append(parts, text(i))
			}
		}
		p.line("| " + strings.Join(parts, " | ") + " |")
	}
	line(func(i int) string { return heads[i].head })
	line(func(i int) string {
		if heads[i].left {
			return "---"
		}
		return "---:"
	})
	for _, r := range rows {
		line(func(i int) string {
			if i < len(r) {
				return r[i]
			}
			return ""
		})
	}
	p.line("")
}

// markdown escapes what would be more than text in Markdown, after clean.
func markdown(s string) string {
	var b strings.Builder
	for _, r := range clean(s) {
		if strings.ContainsRune("\\`*_{}[]<>|~#&@$", r) {
			b.WriteByte('\\')
		}
		b.WriteRune(r)
	}
	return b.String()
}
