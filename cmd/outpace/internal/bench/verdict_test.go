package bench

import (
	"strings"
	"testing"
)

// row is a cell of a test's table: its times are the median, scattered by 1 %.
type row struct {
	model     string
	p, t      int
	seconds   float64
	cpu       float64 // cores busy
	disturbed bool    // one run took ten times as long
}

func table(gil bool, inputs int, rows ...row) Table {
	t := Table{Functions: []string{"f"}, GIL: gil, Inputs: inputs, Runs: 7, Rounds: 7}
	for _, r := range rows {
		c := Cell{Function: "f", Model: r.model, Workers: r.p * r.t, Processes: r.p, Tasks: r.t}
		for i := range 7 {
			s := r.seconds * (1 + 0.003*float64((i*3+r.p+2*r.t)%7-3))
			if r.disturbed && i == 3 {
				s *= 10
			}
			c.Runs = append(c.Runs, Run{Round: i + 1, Seconds: s, CPU: s * r.cpu})
		}
		t.Cells = append(t.Cells, c)
	}
	return t
}

func serialOf(seconds, cpu float64) row { return row{"serial", 1, 1, seconds, cpu, false} }

// TestVerdict: what a table comes to, in a sentence.
func TestVerdict(t *testing.T) {
	for name, c := range map[string]struct {
		table Table
		want  []string // pieces, in this order
	}{
		"holds the GIL": {
			table(true, 40, serialOf(4, 1), row{"threads", 1, 4, 4.4, 1, false}, row{"threads", 1, 16, 4.5, 1, false},
				row{"processes", 2, 1, 2.02, 2, false}, row{"processes", 4, 1, 1.08, 3.9, false}, row{"processes", 8, 1, 1.08, 3.9, false}),
			[]string{"Use 4 processes: 3.6", "x faster than one after the other (3.", "Threads only lose (at best 0.91x at 4): the function holds the GIL.",
				"Nothing is gained past 4: the 4 cores are busy."},
		},
		"waits": {
			table(true, 16, serialOf(4, 0.01), row{"threads", 1, 8, 0.5, 0.05, false}, row{"threads", 1, 16, 0.25, 0.1, false}, row{"processes", 16, 1, 0.25, 0.2, false}),
			[]string{"Use 16 threads: 15.9x faster", "Processes are no faster (16.0x at 16).", "There are 16 inputs, so more cannot help."},
		},
		"nothing gains": {
			table(true, 100, serialOf(1, 1), row{"threads", 1, 4, 1.002, 1, false}, row{"processes", 4, 1, 1.5, 1, false}),
			[]string{"Run it one after the other: nothing is faster.", "Threads gain nothing that is proved", "Processes only lose (at best 0.6"},
		},
		"not worth a process": {
			table(false, 100, serialOf(1, 1), row{"threads", 1, 2, 0.99, 1, false}),
			[]string{"Run it one after the other: nothing is proved to be faster by 2% or more (at best 2 threads, 1.0"},
		},
		"a disturbed run moves no tie": {
			table(false, 100, serialOf(4, 0.1), row{"async", 1, 4, 1, 0.1, false}, row{"async", 1, 8, 0.3, 0.1, true}),
			[]string{"Use async, 8 at once: "},
		},
		"what is not proved is not claimed": {
			table(false, 100, serialOf(4, 0.1), row{"threads", 1, 4, 1, 0.1, false}, row{"threads", 1, 8, 0.9, 0.1, true}),
			[]string{"Use 4 threads: 4.0", "More is not proved to gain (4.4"},
		},
		"threads before processes": {
			table(false, 100, serialOf(4, 0.1), row{"processes", 4, 1, 1, 0.1, false}, row{"hybrid", 2, 2, 1, 0.1, false}, row{"threads", 1, 4, 1, 0.1, false}),
			[]string{"Use 4 threads: ", "Processes are no faster", "Hybrids are no faster (3.9", "4 is the most that was tried: more may gain more."},
		},
		"all cores are busy at the widest": {
			table(true, 100, serialOf(4, 1), row{"processes", 2, 1, 2.1, 2, false}, row{"processes", 8, 1, 1.05, 3.9, false}),
			[]string{"Use 8 processes: 3.8", "). The 4 cores are busy, so more can hardly help."},
		},
		"a hybrid": {
			table(true, 100, serialOf(4, 0.5), row{"threads", 1, 4, 2, 1, false}, row{"hybrid", 4, 4, 0.5, 4, false}),
			[]string{"Use hybrid 4x4 (4 processes with 4 at once in each): ", "Threads come to 2.0", "4x4 is the most that was tried"},
		},
	} {
		t.Run(name, func(t *testing.T) {
			c.table.conclude(4)
			rest := c.table.Verdict.Text
			for _, piece := range c.want {
				_, after, found := strings.Cut(rest, piece)
				if !found {
					t.Fatalf("no %q in %q", piece, c.table.Verdict.Text)
				}
				rest = after
			}
		})
	}
}

// TestVerdictOfSeveral: the function is named where there are several.
func TestVerdictOfSeveral(t *testing.T) {
	tab := table(true, 16, serialOf(4, 0.01), row{"threads", 1, 4, 1, 0.05, false}, row{"async", 1, 4, 0.5, 0.05, false})
	tab.Functions = []string{"f", "g"}
	tab.Cells[2].Function = "g"
	tab.conclude(4)
	if v := tab.Verdict; !strings.HasPrefix(v.Text, "Use g with async, 4 at once: 8.0") || v.Function != "g" || !strings.Contains(v.Text, "Threads of f come to 4.0") {
		t.Errorf("%+v", v)
	}
}

// TestVerdictHoldsTheGIL: that the lock is the reason is said where processes
// gain, and not of a function that computes without it, or on a busy machine.
func TestVerdictHoldsTheGIL(t *testing.T) {
	const reason = "the function holds the GIL"
	for name, c := range map[string]struct {
		busy      float64 // cores, by threads
		processes float64 // seconds
		want      bool
	}{
		"holds it": {1, 0.5, true}, "nothing gains": {1, 1, false}, "both cores are busy": {1.9, 0.5, false},
	} {
		tab := table(true, 8, serialOf(1, 1), row{"threads", 1, 2, 1.1, c.busy, false}, row{"processes", 2, 1, c.processes, 1, false})
		if tab.conclude(2); strings.Contains(tab.Verdict.Text, reason) != c.want {
			t.Errorf("%s: %s", name, tab.Verdict.Text)
		}
	}
}

// TestVerdictWiderFailed: of widths that could not run it is not known what they
// gain, and they were tried.
func TestVerdictWiderFailed(t *testing.T) {
	tab := table(false, 100, serialOf(4, 0.1), row{"processes", 4, 1, 1, 0.1, false}, row{"processes", 8, 1, 0.5, 0.1, false})
	tab.Cells[2].Problem = "it cannot run: no room"
	tab.conclude(4)
	if v := tab.Verdict.Text; !strings.HasSuffix(v, "). 1 cell could not run: see there.") || !strings.HasPrefix(v, "Use 4 processes: ") {
		t.Error(v)
	}
}

// TestVerdictOtherWork: a second function that does something else is told from
// a model that spoils the results.
func TestVerdictOtherWork(t *testing.T) {
	tab := table(true, 16, serialOf(4, 0.01), row{"threads", 1, 4, 1, 0.05, false}, serialOf(4, 0.01), row{"threads", 1, 4, 0.5, 0.05, false})
	tab.Functions = []string{"f", "g"}
	for i := range tab.Cells[2:] {
		c := &tab.Cells[2+i]
		c.Function, c.Problem, c.Wrong = "g", "other results", true
	}
	tab.conclude(4)
	if v := tab.Verdict.Text; !strings.Contains(v, ". g gives other results than f. ") || strings.Contains(v, "do not use them") {
		t.Error(v)
	}
}

// TestEstimated: six numbers make an interval, fewer do not, and what is no number
// does not count.
func TestEstimated(t *testing.T) {
	nan := 0.0
	nan /= nan
	if e := Estimated([]float64{3, 1, 2, nan, 5, 4, 6}); !e.Known || e.Median != 3.5 || e.Lo != 1 || e.Hi != 6 || e.N != 6 {
		t.Errorf("%+v", e)
	}
	if e := Estimated([]float64{3, 1, 2, 5, 4}); e.Known || e.Median != 3 || e.N != 5 {
		t.Errorf("%+v", e)
	}
	if e := Estimated(nil); e != (Estimate{}) {
		t.Errorf("%+v", e)
	}
}
