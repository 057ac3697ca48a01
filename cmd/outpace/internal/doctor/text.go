package doctor

import (
	"encoding/json"
	"fmt"
	"io"
	"strings"
	"unicode/utf8"
)

// Text writes the report for people: a line for each finding, aligned, and what
// to do about it below. The error is that of w.
func (r Report) Text(w io.Writer) error {
	wide := 0
	for _, s := range r.Sections {
		for _, f := range s.Findings {
			wide = max(wide, utf8.RuneCountInString(f.Name))
		}
	}
	var b strings.Builder
	for _, s := range r.Sections {
		fmt.Fprintf(&b, "%s\n", s.Name)
		for _, f := range s.Findings {
			fmt.Fprintf(&b, "  %-7s  %-*s  %s\n", f.Level, wide, f.Name, f.Value)
			if f.Hint != "" {
				fmt.Fprintf(&b, "  %-7s  %-*s  → %s\n", "", wide, "", f.Hint)
			}
		}
		b.WriteByte('\n')
	}
	fmt.Fprintf(&b, "%s\n", r.summary())
	_, err := io.WriteString(w, b.String())
	return err
}

// summary is the last line.
func (r Report) summary() string {
	notes := plural(r.Count(Note), "note")
	if n := r.Count(Problem); n > 0 {
		return plural(n, "problem") + " that would prevent a run, " + notes
	}
	return "nothing prevents a run, " + notes
}

// JSON writes the report as an indented JSON object. The error is that of w.
func (r Report) JSON(w io.Writer) error {
	encoder := json.NewEncoder(w)
	encoder.SetEscapeHTML(false)
	encoder.SetIndent("", "  ")
	return encoder.Encode(r)
}

func plural(n int, what string) string {
	switch {
	case n == 1:
		return "1 " + what
	case strings.HasSuffix(what, "s"):
		what += "e"
	}
	return fmt.Sprintf("%d %ss", n, what)
}

// amount is a number of bytes for people, in powers of ten as --memory-limit
// reads them.
func amount(n int64) string {
	switch {
	case n >= 1e12:
		return fmt.Sprintf("%.1f TB", float64(n)/1e12)
	case n >= 1e9:
		return fmt.Sprintf("%.1f GB", float64(n)/1e9)
	}
	return fmt.Sprintf("%d MB", n/1e6)
}
