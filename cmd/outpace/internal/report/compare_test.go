package report_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"slices"
	"strings"
	"testing"

	"github.com/outpace-run/outpace/cmd/outpace/internal/bench"
	"github.com/outpace-run/outpace/cmd/outpace/internal/report"
)

func compared(t *testing.T, c report.Comparison, o report.Options) string {
	t.Helper()
	c.A, c.B = "before.json", "after.json"
	var b bytes.Buffer
	if err := report.WriteComparison(&b, c, o); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

// slowed is a report with the time of a cell changed, and its figures.
func slowed(r bench.Report, cell int, by float64) bench.Report {
	t := r.Tables[0]
	t.Cells = slices.Clone(t.Cells)
	c := &t.Cells[cell]
	c.Runs = slices.Clone(c.Runs)
	for i := range c.Runs {
		c.Runs[i].Seconds *= by
	}
	c.Figures = figuresOf(t, *c)
	r.Tables = []bench.Table{t}
	return r
}

func TestCompareWithItself(t *testing.T) {
	for name, r := range fixtures() {
		c := report.Compare(r, r)
		if c.Faster+c.Slower+c.Lone > 0 || len(c.Differs) > 0 {
			t.Errorf("%s: differs from itself: %+v", name, c)
		}
		for _, table := range c.Tables {
			for _, cell := range table.Cells {
				if v := cell.Verdict(); v != report.Unproved && v != report.Unusable {
					t.Errorf("%s: %s: %v", name, cell.A.Model, v)
				}
			}
		}
	}
	golden(t, "compare-self-80.txt", compared(t, report.Compare(reportOf(computing(7)), reportOf(computing(7))), report.Options{}))
}

func TestCompareGolden(t *testing.T) {
	a := reportOf(computing(7))
	b := slowed(slowed(slowed(a, 5, 1.52), 6, 0.4), 7, 1.002)
	b.Tables[0].Cells = slices.Delete(b.Tables[0].Cells, 2, 3)
	b.Tables[0].Cells[2].Problem = "input 3 gave other results than serial"
	extra := b.Tables[0].Cells[3]
	extra.Workers, extra.Processes = 16, 16
	b.Tables[0].Cells = append(b.Tables[0].Cells, extra)
	b.Machine.Cores, b.Tables[0].Cold, b.Tables[0].Inputs = 2, true, 9
	c := report.Compare(a, b)
	if c.Slower != 2 || c.Faster != 1 || c.Unproved != 3 || c.Lone != 2 || c.Unusable != 1 {
		t.Errorf("counts: %+v", c)
	}
	for name, o := range map[string]report.Options{"120": {Width: 120}, "80": {}, "40": {Width: 40}, "ascii": {ASCII: true}} {
		golden(t, "compare-"+name+".txt", compared(t, c, o))
	}
	var md bytes.Buffer
	c.A, c.B = "before.json", "after.json"
	if err := report.WriteComparisonMarkdown(&md, c); err != nil {
		t.Fatal(err)
	}
	golden(t, "compare.md", md.String())
}

// Tables are found by title and functions wherever they stand; cells of one
// that is missing are listed.
func TestCompareTables(t *testing.T) {
	a, b := reportOf(computing(7), sleeping(), guided()), reportOf(guided(), computing(7), computing(7))
	c := report.Compare(a, b)
	if c.Unproved != 8+3 || c.Lone != 6+8 || len(c.Tables) != 4 {
		t.Errorf("%d cells without a difference, %d in one only, %d tables", c.Unproved, c.Lone, len(c.Tables))
	}
	if got := compared(t, c, report.Options{}); !strings.Contains(got, "in A only") || !strings.Contains(got, "in B only") {
		t.Error(got)
	}
	one, two := reportOf(computing(7)), reportOf(computing(7))
	two.Tables[0].Functions = []string{"fib.py:fib2"}
	for i := range two.Tables[0].Cells {
		two.Tables[0].Cells[i].Function = "fib.py:fib2"
	}
	c = report.Compare(one, two)
	if c.Unproved != 8 || len(c.Differs) != 1 || !strings.Contains(c.Differs[0], "fib.py:fib2") {
		t.Errorf("of another function: %+v", c)
	}
}

func TestComparisonFitsEveryWidth(t *testing.T) {
	c := report.Compare(reportOf(sleeping(), troubled()), reportOf(troubled(), computing(7)))
	for width := 30; width <= 200; width++ {
		for line := range strings.Lines(compared(t, c, report.Options{Width: width})) {
			if n := terminalColumns(strings.TrimSuffix(line, "\n")); n > width {
				t.Fatalf("%d columns of %d: %q", n, width, line)
			}
		}
	}
}

// TestCompareNoTimes: times that cannot be prove nothing.
func TestCompareNoTimes(t *testing.T) {
	for _, seconds := range []float64{0, -1, 5e-324, 1e308} {
		a, b := reportOf(guided()), reportOf(guided())
		for _, c := range b.Tables[0].Cells {
			runs := c.Runs
			for i := range runs {
				runs[i].Seconds = seconds
			}
		}
		for _, c := range []report.Comparison{report.Compare(a, b), report.Compare(b, a)} {
			if text := compared(t, c, report.Options{}); strings.Contains(text, "Inf") || strings.Contains(text, "x faster") {
				t.Errorf("%v s:\n%s", seconds, text)
			}
		}
	}
}

func TestReadReport(t *testing.T) {
	want := reportOf(guided())
	text, err := json.Marshal(want)
	if err != nil {
		t.Fatal(err)
	}
	got, err := report.ReadReport(bytes.NewReader(text))
	if again, _ := json.Marshal(got); err != nil || !bytes.Equal(again, text) {
		t.Errorf("read %s, %v", again, err)
	}
	for _, bad := range []string{"", "{}", "[1]", `{"outpace_bench": "x"}`, string(text[:100]), `{"outpace_bench": 1, "tables": 3}`} {
		if _, err := report.ReadReport(strings.NewReader(bad)); !errors.Is(err, report.ErrNoReport) || strings.Contains(err.Error(), "Go ") {
			t.Errorf("%q: %v", bad, err)
		}
	}
	if _, err := report.ReadReport(strings.NewReader(`{"outpace_bench": 99}`)); err == nil || !strings.Contains(err.Error(), "99") {
		t.Errorf("of another form: %v", err)
	}
}
