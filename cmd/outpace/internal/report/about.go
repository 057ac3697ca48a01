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
		add(true, "%d of %s", m.Cores, count(m.Online, "core"))
	} else {
		add(m.Cores > 0, "%s", count(m.Cores, "core"))
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
	return strings.Join(append(parts, inputs(t)), ", ")
}

// inputs says how many there are, and shows the first ones.
func inputs(t bench.Table) string {
	text := count(t.Inputs, "input")
	if len(t.Sample) > 0 {
		text += ": " + strings.Join(t.Sample, " ")
		if len(t.Sample) < t.Inputs {
			text += " …"
		}
	}
	return text
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
	return fmt.Sprintf("Incomplete, %d of %s: %s.", t.Rounds, count(t.Runs, "round"), strings.TrimRight(t.Incomplete, ". "))
}

// method says how a table was measured.
func method(t bench.Table) string {
	text := count(t.Rounds, "round")
	if t.Incomplete != "" {
		text = fmt.Sprintf("%d of %s", t.Rounds, count(t.Runs, "round"))
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
	switch {
	case has(bench.Use) && slices.ContainsFunc(t.Cells, func(c bench.Cell) bool { return c.Mark == bench.Use && !c.Figures.SpeedUp.Known }):
		marks = append(marks, star+" the fastest, which is not proved")
	case has(bench.Use):
		marks = append(marks, star+" use this one")
	}
	if has(bench.Tie) {
		marks = append(marks, tie+" as good as the fastest, as far as is proved")
	}
	lines = append(lines, strings.Join(marks, ", "))
	if shown(barAt) {
		lines = append(lines, idealMark+" ideal: "+idealText(t, cores))
	}
	switch {
	case !hasIntervals(t):
		terms = append(terms, "no intervals: they take 6 rounds")
	case shown(deviationAt) || shown(intervalAt):
		terms = append(terms, "± and interval: 95 %, of the median")
	}
	if shown(shareAt) && cores > 0 {
		terms = append(terms, "CPU: of "+count(cores, "core"))
	}
	lines = append(lines, strings.Join(terms, "; "))
	if t.Guide != "" {
		lines = append(lines, "guide: "+t.Guide)
	}
	return append(lines, method(t))
}

// hasIntervals reports whether a cell has an interval.
func hasIntervals(t bench.Table) bool {
	return slices.ContainsFunc(t.Cells, func(c bench.Cell) bool { return c.Problem == "" && deviation(c.Figures.Seconds) != "" })
}

// idealText says what ideal is made of: the least of its bounds, if it bounds
// some cell. Inputs that do not go evenly into the workers leave some of these
// idle at the end; how many times faster is then possible is said, but it is
// not in the ticks: it is only so where all inputs take the same.
func idealText(t bench.Table, cores int) string {
	text := "as many times as workers"
	most, least := 1, 1.0
	for _, c := range t.Cells {
		most, least = max(most, c.Workers), max(least, bound(t, cores, c.Workers))
	}
	if least < float64(most) {
		why := "inputs"
		if least < float64(t.Inputs) || t.Inputs == 0 {
			why = "cores"
			if computing(t) != 1 {
				why = fmt.Sprintf("%s, and a task computes for %.0f%% of its time", count(cores, "core"), computing(t)*100)
			}
		}
		text += fmt.Sprintf(", at most %s (%s)", trimmed(least), why)
	}
	turns := (t.Inputs + most - 1) / most
	if turns == 0 || float64(t.Inputs)/float64(turns) >= least {
		return text
	}
	return text + fmt.Sprintf("; %s that take the same, by %s, are %sx at most", count(t.Inputs, "input"), count(most, "worker"), trimmed(float64(t.Inputs)/float64(turns)))
}

// trimmed writes a factor without zeros at its end.
func trimmed(x float64) string {
	s := factor(x)
	if strings.Contains(s, ".") {
		s = strings.TrimSuffix(strings.TrimRight(s, "0"), ".")
	}
	return s
}
