package report_test

import (
	"bytes"
	"math"
	"os"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/outpace-run/outpace/cmd/outpace/internal/bench"
	"github.com/outpace-run/outpace/cmd/outpace/internal/report"
)

// fixture reads a report of testdata. They were made by hand, with figures as
// real ones are.
func fixture(t testing.TB, name string) bench.Report {
	t.Helper()
	file, err := os.Open("testdata/" + name + ".json")
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	r, err := report.ReadReport(file)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

func html(t testing.TB, r bench.Report) string {
	t.Helper()
	var b bytes.Buffer
	if err := report.WriteHTML(&b, r); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

// TestHTMLSize: a page of one table is under 60 kB.
func TestHTMLSize(t *testing.T) {
	for _, name := range []string{"cpu", "wait", "once", "incomplete", "hostile"} {
		if n := len(html(t, fixture(t, name))); n >= 60_000 {
			t.Errorf("%s: %d bytes", name, n)
		}
	}
}

// TestHTMLSizeFull: so is one of 20 cells with 7 runs, whose figures have all the
// digits that a float has.
func TestHTMLSizeFull(t *testing.T) {
	r := fixture(t, "cpu")
	table := &r.Tables[0]
	full := table.Cells[1]
	for i := range full.Runs {
		full.Runs[i].Seconds = 3.123456789 + float64(i)/1e9
	}
	e := bench.Estimate{Median: math.Pi, Lo: math.E, Hi: 10 / 3.0, N: 7, Known: true}
	full.Figures = bench.Figures{Seconds: e, SpeedUp: e, CPU: math.Pi, CPUShare: 1 / 3.0, Memory: 123_456_789, PerSecond: 100 / 3.0, Start: 1 / 30.0, Efficiency: 2 / 3.0}
	table.Cells = slices.Repeat([]bench.Cell{full}, 20)
	for i := range table.Cells {
		table.Cells[i].Model = []string{"threads", "processes", "async", "hybrid"}[i/5]
		table.Cells[i].Workers = 1 << (i % 5)
	}
	if n := len(html(t, r)); n >= 60_000 {
		t.Errorf("%d bytes", n)
	}
}

// TestHTMLReadBack: a page holds its report, and nothing is lost.
func TestHTMLReadBack(t *testing.T) {
	for _, name := range []string{"cpu", "wait", "once", "incomplete", "hostile", "suite"} {
		r := fixture(t, name)
		back, err := report.ReadReport(strings.NewReader(html(t, r)))
		if err != nil {
			t.Fatal(err)
		}
		if !reflect.DeepEqual(back, r) {
			t.Errorf("%s: another report is read back", name)
		}
	}
}

// TestHTMLHostile: what names and inputs contain is text, wherever it is shown.
func TestHTMLHostile(t *testing.T) {
	page, data, _ := strings.Cut(html(t, fixture(t, "hostile")), "<script")
	if n := strings.Count(data, "<"); n != 3 { // </script></body></html>
		t.Errorf("%d elements begin or end in the data", n)
	}
	for what, want := range map[string]int{"</script>": 0, "<title>": 1, "</style>": 1, "<b>bold": 0, "<i>some": 0, "<script": 0, "\u202e": 0, "\x07": 0, "http:": 0, "https:": 0} {
		if n := strings.Count(page, what); n != want {
			t.Errorf("%q stands %d times in the page, not %d", what, n, want)
		}
	}
	for _, want := range []string{`\u202e`, `&lt;/script&gt;&lt;b&gt;bold`} {
		if !strings.Contains(page, want) {
			t.Errorf("the page has no %q", want)
		}
	}
}

// TestHTMLSays checks what stands in a page, and what must not.
func TestHTMLSays(t *testing.T) {
	for name, want := range map[string][]string{
		"cpu":        {"★", "8 (4x2)", "7 of 7 rounds", "4 may be used, of 8", "GIL", "!Incomplete", "!Guide"},
		"wait":       {"gives other results than serial: input 3", "fetch.py:download_async", "it waits"},
		"once":       {"One run of each: no intervals.", "!95 % interval<th", "!★</"},
		"incomplete": {"<strong>Incomplete:</strong> interrupted after 3 of 7 rounds", "too few for intervals", "unknown"},
		"suite":      {`<nav aria-label="Contents">`, `href="#t5"`, "sweep-io: 100 pages", "36.1 s", "their machine with 12 cores"},
	} {
		page := html(t, fixture(t, name))
		for _, w := range want {
			without, not := strings.CutPrefix(w, "!")
			if strings.Contains(page, without) == not {
				t.Errorf("%s: whether the page contains %q: %v", name, without, not)
			}
		}
		for _, bad := range []string{"NaN", "Inf", "ZgotmplZ", "<nil>"} {
			if strings.Contains(page, bad) {
				t.Errorf("%s: the page contains %s", name, bad)
			}
		}
	}
}

// TestHTMLNothing: a report without any figure is a page too.
func TestHTMLNothing(t *testing.T) {
	for _, r := range []bench.Report{{Format: bench.Format}, {Format: bench.Format, Tables: []bench.Table{{}}}, {Format: bench.Format, Tables: []bench.Table{{Cells: []bench.Cell{{}, {Problem: "x"}}}}}} {
		if page := html(t, r); !strings.HasSuffix(page, "</html>\n") {
			t.Errorf("no page for %+v", r)
		}
	}
}

// TestHTMLCommand: the command can be pasted into a shell.
func TestHTMLCommand(t *testing.T) {
	r := bench.Report{Command: []string{"outpace", "bench", "f.py:f", "", "a b", "it's", "$(x)", "é", "tab\there"}}
	if page, want := html(t, r), `outpace bench f.py:f &#39;&#39; &#39;a b&#39; &#39;it&#39;\&#39;&#39;s&#39; &#39;$(x)&#39; &#39;é&#39; $&#39;tab\there&#39;`; !strings.Contains(page, want) {
		t.Errorf("the page has no %s", want)
	}
}
