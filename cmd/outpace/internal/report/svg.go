package report

import (
	"bytes"
	"embed"
	"fmt"
	"html/template"
	"io"
	"path/filepath"
	"strings"

	"github.com/outpace-run/outpace/cmd/outpace/internal/bench"
	"github.com/outpace-run/outpace/cmd/outpace/internal/machine"
)

//go:embed page
var pageFiles embed.FS

// drawing is what the template "svg" shows: a chart below two lines of text.
type drawing struct {
	Chart                  chart
	Name, Heading, Caption string
	Shift, Height          float64
	Style                  template.CSS
}

// WriteSVG writes the speed-up chart of a table as one SVG file for a page that
// is light or dark, 720 pixels wide, without a background. It is legible at
// that width and holds nothing that has to be loaded. The machine is that of
// the report. An error is one of w.
func WriteSVG(w io.Writer, t bench.Table, m machine.Machine, dark bool) error {
	css, err := pageFiles.ReadFile("page/chart.css")
	if err != nil {
		return err
	}
	name := tableName(t)
	d := drawing{Chart: chartOf(t, m.Cores, wide()), Name: name, Heading: shortened(name, 62), Caption: caption(t, m), Shift: 58, Style: literal(string(css), dark)}
	d.Height = d.Chart.Height + d.Shift
	if len(d.Chart.Lines) == 0 {
		d.Height = 100
	}
	return execute(w, "svg", d)
}

// SVGNames names the two files of a chart: for "speed.svg" these are
// "speed-light.svg" and "speed-dark.svg".
func SVGNames(file string) (light, dark string) {
	ext := filepath.Ext(file)
	stem := strings.TrimSuffix(file, ext)
	if filepath.Base(stem) == "." || stem == "" || strings.HasSuffix(stem, string(filepath.Separator)) {
		stem, ext = file, "" // a name that begins with a dot has no ending
	}
	if ext == "" {
		ext = ".svg"
	}
	return stem + "-light" + ext, stem + "-dark" + ext
}

// caption says below a chart's heading what its figures are.
func caption(t bench.Table, m machine.Machine) string {
	parts := []string{count(t.Inputs, "input")}
	if m.Cores > 0 {
		parts = append(parts, count(m.Cores, "core"))
	}
	if len(t.Runtimes) > 0 {
		parts = append(parts, clean(t.Runtimes[0]))
	}
	return shortened(strings.Join(append(parts, figuresAre(t)), ", "), 92)
}

// figuresAre tells how many runs the figures are made of.
func figuresAre(t bench.Table) string {
	switch {
	case t.Rounds == 1:
		return "one run of each: no intervals"
	case t.Rounds < 6:
		return fmt.Sprintf("medians of %d runs: too few for intervals", t.Rounds)
	}
	return fmt.Sprintf("medians of %d runs, bars: 95 %% intervals", t.Rounds)
}

// tableName is the title of a table, or the work that it is about.
func tableName(t bench.Table) string {
	if t.Title != "" {
		return clean(t.Title)
	}
	names := make([]string, len(t.Functions))
	for i, f := range t.Functions {
		names[i] = clean(f)
	}
	return strings.Join(names, " and ")
}

// execute fills a template and writes it as a whole: what fails half-way leaves
// no half of a file.
func execute(w io.Writer, name string, data any) error {
	all, err := template.ParseFS(pageFiles, "page/*.tmpl")
	if err != nil {
		return err
	}
	var b bytes.Buffer
	if err := all.ExecuteTemplate(&b, name, data); err != nil {
		return err
	}
	_, err = w.Write(b.Bytes())
	return err
}
