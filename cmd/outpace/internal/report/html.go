package report

import (
	"encoding/json"
	"fmt"
	"html/template"
	"io"
	"strings"

	"github.com/outpace-run/outpace/cmd/outpace/internal/bench"
)

// page is what the template "page" shows.
//
//	Report ─┬─► sections ─┬─► chart, twice: wide and narrow   chart.go
//	        │   a table   ├─► rows: a cell in figures         html_rows.go
//	        │             ├─► strips: its runs, one by one    html_strip.go
//	        │             └─► method                          html_method.go
//	        ├─► machine, command
//	        └─► itself, as JSON, which ReadReport reads back
type page struct {
	Title, Heading, Above string
	Light, Dark, Style    template.CSS
	Sections              []section
	Many                  bool
	Incomplete            []string
	Command               string
	Machine, Reading      []fact
	Version               string
	Data                  template.JS
}

// section is one table of a report.
type section struct {
	ID, Name, Under string
	Lead, Reason    string // of the verdict
	Wide, Narrow    chart
	Caption         string
	Rows            []row
	Several         bool // functions
	Cold            bool
	Unit            string // of the column of times
	Intervals       bool
	Marked          bool   // there is a cell to use, or a tie
	Guide           string // "": no figures of one
	Ticks           []tick
	Grid            template.CSS // the ticks behind the strips
	Notes           []string
	Method          []fact
}

// fact is a name and what it is.
type fact struct{ Name, Text string }

// WriteHTML writes a report as one page that holds all it shows: it loads
// nothing, needs no script, follows the reader's choice of light or dark, and
// contains the report as JSON, which [ReadReport] reads back. A page of one
// table is under 60 kB for up to 20 cells of 7 runs. What comes from functions
// and inputs is shown as text, whatever it contains. An error is one of w, or
// tells that a figure is infinite or no number.
func WriteHTML(w io.Writer, r bench.Report) error {
	data, err := json.Marshal(r) // writes <, > and & as escapes, so nothing in it ends the element
	if err != nil {
		return err
	}
	style, err := styles()
	if err != nil {
		return err
	}
	p := page{
		Heading: "outpace bench: " + count(len(r.Tables), "experiment"), Above: r.Began.UTC().Format("2 January 2006, 15:04 UTC"),
		Light: variables(false), Dark: variables(true), Style: style, Many: len(r.Tables) != 1,
		Command: shellLine(r.Command), Machine: machineFacts(r), Reading: readingFacts(), Version: clean(r.Version), Data: template.JS(data),
	}
	for i, t := range r.Tables {
		s := sectionOf(t, r.Machine.Cores, fmt.Sprintf("t%d", i+1))
		if t.Incomplete != "" {
			p.Incomplete = append(p.Incomplete, incompleteLine(t, p.Many))
		}
		p.Sections = append(p.Sections, s)
	}
	if !p.Many {
		p.Heading = p.Sections[0].Name
	}
	p.Title = "outpace bench: " + shortened(strings.TrimPrefix(p.Heading, "outpace bench: "), 80)
	return execute(w, "page", p)
}

func styles() (template.CSS, error) {
	var b strings.Builder
	for _, name := range []string{"page/page.css", "page/chart.css"} {
		css, err := pageFiles.ReadFile(name)
		if err != nil {
			return "", err
		}
		b.Write(css)
	}
	return template.CSS(b.String()), nil
}

// sectionOf prepares all that is shown of a table.
func sectionOf(t bench.Table, cores int, id string) section {
	s := section{
		ID: id, Name: tableName(t), Under: under(t), Several: len(t.Functions) > 1, Cold: t.Cold, Guide: clean(t.Guide),
		Wide: chartOf(t, cores, wide()), Narrow: chartOf(t, cores, narrow()),
		Caption: upper(figuresAre(t)) + ".", Method: methodFacts(t),
	}
	s.Wide.ID, s.Narrow.ID = id+"w", id+"n"
	s.Lead, s.Reason = sentences(clean(t.Verdict.Text))
	rows, u := rowsOf(t)
	s.Rows, s.Unit = rows, u.name
	for i := range s.Rows {
		s.Intervals = s.Intervals || s.Rows[i].TimeSpan != ""
		s.Marked = s.Marked || s.Rows[i].Mark != ""
		if s.Guide == "" && s.Rows[i].GuideTime != "" {
			s.Guide = "the guide's own"
		}
	}
	s.Ticks = stripsOf(t, s.Rows)
	s.Grid = grid(s.Ticks)
	for _, n := range t.Notes {
		s.Notes = append(s.Notes, clean(n))
	}
	return s
}

// under tells below the name of a table what was run.
func under(t bench.Table) string {
	text := count(t.Inputs, "input")
	if t.Title != "" && len(t.Functions) > 0 {
		text = clean(strings.Join(t.Functions, " and ")) + ", " + text
	}
	return text
}

func incompleteLine(t bench.Table, many bool) string {
	text := clean(t.Incomplete)
	if many {
		text = tableName(t) + ": " + text
	}
	return text
}

// sentences parts the first sentence from the others.
func sentences(text string) (first, rest string) {
	if at := strings.Index(text, ". "); at >= 0 {
		return text[:at+1], text[at+2:]
	}
	return text, ""
}

// upper begins a sentence.
func upper(s string) string {
	if s == "" {
		return s
	}
	return strings.ToUpper(s[:1]) + s[1:]
}
