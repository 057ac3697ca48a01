package report_test

import (
	"bytes"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"unicode"

	"github.com/outpace-run/outpace/cmd/outpace/internal/bench"
	"github.com/outpace-run/outpace/cmd/outpace/internal/report"
)

var update = flag.Bool("update", false, "write the golden files anew")

// golden compares a text with a file of testdata, which -update writes.
func golden(t *testing.T, name, got string) {
	t.Helper()
	file := filepath.Join("testdata", name)
	if *update {
		if err := os.WriteFile(file, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if got != string(want) {
		t.Errorf("%s differs (-update writes it anew):\n%s", file, got)
	}
}

func text(t *testing.T, r bench.Report, o report.Options) string {
	t.Helper()
	var b bytes.Buffer
	if err := report.WriteText(&b, r, o); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

func TestTextGolden(t *testing.T) {
	all := fixtures()
	for name, widths := range map[string][]int{"computing": {120, 80, 60, 40}, "sleeping": {80}, "suite": {120, 80}, "troubled": {80, 40}, "empty": {80}} {
		for _, width := range widths {
			golden(t, fmt.Sprintf("%s-%d.txt", name, width), text(t, all[name], report.Options{Width: width}))
		}
	}
	for _, name := range []string{"computing", "troubled"} {
		golden(t, name+"-ascii.txt", text(t, all[name], report.Options{Width: 80, ASCII: true}))
	}
	golden(t, "computing-colour.txt", text(t, all["computing"], report.Options{Width: 80, Colour: true}))
}

// terminalColumns counts what a line takes in a terminal, for the letters that
// stand in the fixtures.
func terminalColumns(line string) int {
	n := 0
	for _, r := range line {
		if n++; unicode.Is(unicode.Han, r) {
			n++
		}
	}
	return n
}

func TestTextFitsEveryWidth(t *testing.T) {
	escapes := regexp.MustCompile("\x1b\\[[012]m")
	for name, r := range fixtures() {
		for width := 30; width <= 200; width++ {
			for _, o := range []report.Options{{Width: width, Colour: true}, {Width: width, ASCII: true}} {
				if o.ASCII && width%4 != 0 { // the same lay-out
					continue
				}
				plain := text(t, r, o)
				if o.Colour {
					plain = escapes.ReplaceAllString(plain, "")
				}
				for line := range strings.Lines(plain) {
					line = strings.TrimSuffix(line, "\n")
					if n := terminalColumns(line); n > width {
						t.Fatalf("%s, %+v: %d columns: %q", name, o, n, line)
					}
					if strings.ContainsFunc(line, func(r rune) bool { return !unicode.IsPrint(r) || o.ASCII && r > 126 }) {
						t.Fatalf("%s, %+v: would do something to a terminal: %q", name, o, line)
					}
					if strings.HasSuffix(line, " ") {
						t.Fatalf("%s, %+v: space at the end: %q", name, o, line)
					}
				}
			}
		}
	}
}

// What is no number is not shown in any form.
func TestNoNaN(t *testing.T) {
	bad := regexp.MustCompile(`\bNaN\b|\bInf\b|∞| 0x| 0\.0*x`)
	for name, r := range fixtures() {
		var b bytes.Buffer
		for _, write := range []func(io.Writer, bench.Report) error{report.WritePlain, report.WriteMarkdown, report.WriteCSV} {
			if err := write(&b, r); err != nil {
				t.Fatal(err)
			}
		}
		b.WriteString(text(t, r, report.Options{Width: 200}))
		if found := bad.FindString(b.String()); found != "" {
			t.Errorf("%s: %s is shown", name, found)
		}
	}
}

func TestOtherFormsGolden(t *testing.T) {
	forms := map[string]func(io.Writer, bench.Report) error{"txt": report.WritePlain, "md": report.WriteMarkdown, "csv": report.WriteCSV}
	for name, r := range fixtures() {
		for ending, write := range forms {
			var b bytes.Buffer
			if err := write(&b, r); err != nil {
				t.Fatal(err)
			}
			golden(t, name+"."+ending, b.String())
		}
	}
}

// What ideal is made of is said under the table.
func TestIdeal(t *testing.T) {
	for _, c := range []struct {
		inputs, workers, cores int
		computes               float64
		want                   string
	}{
		{8, 4, 4, 1, "as many times as workers\n"},
		{8, 8, 4, 0.97, "as many times as workers, at most 4 (cores)\n"},
		{20, 8, 2, 0.5, "as many times as workers, at most 4 (2 cores, and a task computes for 50% of its time)\n"},
		{4000, 1000, 4, 0.001, "as many times as workers\n"},
		{1000, 2000, 4, 0.001, "as many times as workers, at most 1000 (inputs)\n"},
		{12, 8, 2, 0.01, "as many times as workers; 12 inputs that take the same, by 8 workers, are 6x at most\n"},
		{0, 4, 0, 0, "as many times as workers\n"},
	} {
		r := reportOf(computing(1))
		r.Machine.Cores, r.Tables[0].Computes, r.Tables[0].Inputs = c.cores, c.computes, c.inputs
		r.Tables[0].Cells = r.Tables[0].Cells[:2]
		r.Tables[0].Cells[1].Workers = c.workers
		if got := text(t, r, report.Options{Width: 200}); !strings.Contains(got, "┊ ideal: "+c.want) {
			t.Errorf("%+v: %s", c, got)
		}
	}
}

// full is a file on a disk without room.
type full struct{ left int }

var errFull = errors.New("no room")

func (f *full) Write(p []byte) (int, error) {
	if f.left -= len(p); f.left < 0 {
		return 0, errFull
	}
	return len(p), nil
}

func TestWritersTellErrors(t *testing.T) {
	r := reportOf(computing(7))
	for i, write := range []func(io.Writer) error{
		func(w io.Writer) error { return report.WriteText(w, r, report.Options{}) },
		func(w io.Writer) error { return report.WritePlain(w, r) },
		func(w io.Writer) error { return report.WriteMarkdown(w, r) },
		func(w io.Writer) error { return report.WriteCSV(w, r) },
		func(w io.Writer) error { return report.WriteComparison(w, report.Compare(r, r), report.Options{}) },
		func(w io.Writer) error { return report.WriteComparisonMarkdown(w, report.Compare(r, r)) },
	} {
		for _, room := range []int{0, 300} {
			if err := write(&full{room}); !errors.Is(err, errFull) {
				t.Errorf("writer %d, room for %d: %v", i, room, err)
			}
		}
	}
}
