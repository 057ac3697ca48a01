package report

import (
	"fmt"
	"slices"
	"strings"

	"github.com/outpace-run/outpace/cmd/outpace/internal/bench"
)

// machineLine says what the measurement was made on, as far as it is known.
func machineLine(r bench.Report) string {
	m := r.Machine
	var parts []string
	add := func(known bool, format string, args ...any) {
		if known {
			parts = append(parts, fmt.Sprintf(format, args...))
		}
	}
	add(m.CPU != "", "%s", m.CPU)
	if m.Cores > 0 && m.Cores < m.Online {
		add(true, "%d of %s", m.Cores, plural(m.Online, "core"))
	} else {
		add(m.Cores > 0, "%s", plural(m.Cores, "core"))
	}
	add(m.Memory > 0, "%s", Bytes(m.Memory))
	add(m.System != "", "%s", strings.TrimSpace(m.System+" "+m.Kernel))
	add(m.Cores > 0 && m.Load >= 0 && r.LoadAfter >= 0, "load %.2f before, %.2f after", m.Load, r.LoadAfter)
	return strings.Join(parts, ", ")
}

// title is what a table is called.
func title(t bench.Table) string {
	if t.Title != "" {
		return t.Title
	}
	return strings.Join(t.Functions, ", ")
}

// about says which work it was.
func about(t bench.Table) string {
	var parts []string
	switch {
	case len(t.Functions) != 1: // each is named where its cells are
	case t.Title != "":
		parts = append(parts, function(t, t.Functions[0]))
	case len(t.Runtimes) == 1:
		parts = append(parts, t.Runtimes[0])
	}
	inputs := plural(t.Inputs, "input")
	if len(t.Sample) > 0 {
		inputs += ": " + strings.Join(t.Sample, " ")
		if len(t.Sample) < t.Inputs {
			inputs += " …"
		}
	}
	return strings.Join(append(parts, inputs), ", ")
}

// function is a function of a table with what runs it.
func function(t bench.Table, name string) string {
	if i := slices.Index(t.Functions, name); i >= 0 && i < len(t.Runtimes) {
		return name + " (" + t.Runtimes[i] + ")"
	}
	return name
}

// incomplete says that not all was measured, and why.
func incomplete(t bench.Table) string {
	return fmt.Sprintf("Incomplete, %d of %s: %s.", t.Rounds, plural(t.Runs, "round"), strings.TrimRight(t.Incomplete, ". "))
}

// method says how a table was measured.
func method(t bench.Table) string {
	text := plural(t.Rounds, "round")
	if t.Incomplete != "" {
		text = fmt.Sprintf("%d of %s", t.Rounds, plural(t.Runs, "round"))
	}
	text += fmt.Sprintf(", the cells of each shuffled (seed %d); start-up of workers ", t.Seed)
	if !t.Cold {
		text += "not "
	}
	text += "counted; results "
	if !t.Compared {
		text += "not "
	}
	return text + "compared with those of serial"
}

// legend explains what stands in the table that text writes, with the columns
// that are shown.
func legend(t bench.Table, cores int, shown func(at int) bool) []string {
	var lines, marks, terms []string
	has := func(m bench.Mark) bool {
		return slices.ContainsFunc(t.Cells, func(c bench.Cell) bool { return c.Mark == m && c.Problem == "" })
	}
	if has(bench.Use) {
		marks = append(marks, star+" use this one")
	}
	if has(bench.Tie) {
		marks = append(marks, tie+" not proved to be slower than the fastest")
	}
	lines = append(lines, strings.Join(marks, ", "))
	if shown(barAt) {
		lines = append(lines, tick+" ideal: "+idealText(t, cores))
	}
	switch {
	case !known(t):
		terms = append(terms, "no intervals: they take 6 rounds")
	case shown(deviationAt) || shown(intervalAt):
		terms = append(terms, "± and interval: 95 %, of the median")
	}
	if shown(shareAt) && cores > 0 {
		terms = append(terms, "CPU: of "+plural(cores, "core"))
	}
	lines = append(lines, strings.Join(terms, "; "))
	if t.Guide != "" {
		lines = append(lines, "guide: "+t.Guide)
	}
	return append(lines, method(t))
}

// known reports whether a cell has an interval.
func known(t bench.Table) bool {
	return slices.ContainsFunc(t.Cells, func(c bench.Cell) bool { return c.Problem == "" && deviation(c.Figures.Seconds) != "" })
}

// idealText says what ideal is made of: the least of its bounds, if it bounds
// some cell.
func idealText(t bench.Table, cores int) string {
	text := "as many times as workers"
	most, bound := 1.0, 1.0
	for _, c := range t.Cells {
		most, bound = max(most, float64(c.Workers)), max(bound, ideal(t, cores, c))
	}
	if bound >= most {
		return text
	}
	why := "inputs"
	if bound < float64(t.Inputs) || t.Inputs == 0 {
		why = "cores"
		if computing(t) != 1 {
			why = fmt.Sprintf("%s, and a task computes for %.0f%% of its time", plural(cores, "core"), computing(t)*100)
		}
	}
	return fmt.Sprintf("%s, at most %s (%s)", text, short(bound), why)
}

// short writes a factor without zeros at its end.
func short(x float64) string {
	return strings.TrimSuffix(strings.TrimSuffix(factor(x), "0"), ".0")
}
