package report

import (
	"fmt"
	"slices"
	"strings"

	"github.com/outpace-run/outpace/cmd/outpace/internal/bench"
)

// Comparison is two reports, cell by cell.
type Comparison struct {
	A, B     string   // what the reports are called, such as their files
	Differs  []string // what else is not the same, so that the times are less comparable
	Tables   []ComparedTable
	Faster   int // cells that are proved to be faster in B
	Slower   int
	Unproved int // of which neither is proved
	Lone     int // in one of the reports only
	Unusable int // something is wrong with one of the two
}

// ComparedTable is a table of both reports, or of one of them.
type ComparedTable struct {
	Title string
	Cells []ComparedCell
}

// ComparedCell is a model at a width. A or B is nil where it was not measured.
type ComparedCell struct {
	Function string
	A, B     *bench.Cell
	Ratio    bench.Estimate // of the time of B by that of A, paired by round; the zero value where there is none
}

// Verdict is what the ratio of a compared cell proves.
type Verdict int

// The verdicts. Unproved is also what too few rounds come to.
const (
	Unproved Verdict = iota
	Faster           // B takes less time
	Slower           // B takes more time
	Lone             // measured in one of the reports
	Unusable         // a problem, or no figures, in one of them
)

// Verdict returns what is proved: that all of the interval is on one side of 1.
func (c ComparedCell) Verdict() Verdict {
	switch {
	case c.A == nil || c.B == nil:
		return Lone
	case !usable(*c.A) || !usable(*c.B):
		return Unusable
	case c.Ratio.Above(1):
		return Slower
	case c.Ratio.Below(1):
		return Faster
	}
	return Unproved
}

// usable reports whether a cell has a time to compare.
func usable(c bench.Cell) bool { return c.Problem == "" && positive(c.Figures.Seconds.Median) }

// Compare compares two reports. Tables are the same that have the same title
// and functions, cells that have the same function, model and shape. Where
// each report has one table, those two are compared in any case: of a function
// and of another way to write it.
func Compare(a, b bench.Report) Comparison {
	c := Comparison{Differs: differences(a, b)}
	if len(a.Tables) == 1 && len(b.Tables) == 1 && len(a.Tables[0].Functions) == len(b.Tables[0].Functions) {
		c.addTables(&a.Tables[0], &b.Tables[0])
		return c
	}
	rest := slices.Clone(b.Tables)
	for i := range a.Tables {
		at := slices.IndexFunc(rest, func(t bench.Table) bool { return name(t) == name(a.Tables[i]) })
		if at < 0 {
			c.addTables(&a.Tables[i], nil)
			continue
		}
		same := rest[at]
		rest = slices.Delete(rest, at, at+1)
		c.addTables(&a.Tables[i], &same)
	}
	for i := range rest {
		c.addTables(nil, &rest[i])
	}
	return c
}

// name is what tables of two reports have in common when they are the same.
func name(t bench.Table) string { return fmt.Sprintf("%q %q", t.Title, t.Functions) }

// addTables compares two tables, or adds one that is alone.
func (c *Comparison) addTables(a, b *bench.Table) {
	var t ComparedTable
	switch {
	case b == nil:
		t = ComparedTable{title(*a), compareCells(*a, bench.Table{})}
	case a == nil:
		t = ComparedTable{title(*b), compareCells(bench.Table{}, *b)}
	default:
		t = ComparedTable{title(*a), compareCells(*a, *b)}
		c.Differs = append(c.Differs, differentWork(*a, *b)...)
	}
	for _, cell := range t.Cells {
		switch cell.Verdict() {
		case Faster:
			c.Faster++
		case Slower:
			c.Slower++
		case Unproved:
			c.Unproved++
		case Lone:
			c.Lone++
		case Unusable:
			c.Unusable++
		}
	}
	c.Tables = append(c.Tables, t)
}

// compareCells puts the cells of two tables side by side, in the order of the
// first one.
func compareCells(a, b bench.Table) []ComparedCell {
	rest := grouped(b)
	var all []ComparedCell
	for _, one := range grouped(a) {
		cell := ComparedCell{Function: one.Function, A: &one}
		at := slices.IndexFunc(rest, func(two bench.Cell) bool {
			return one.Model == two.Model && one.Shape() == two.Shape() &&
				(one.Function == two.Function || slices.Index(a.Functions, one.Function) == slices.Index(b.Functions, two.Function))
		})
		if at >= 0 {
			two := rest[at]
			rest = slices.Delete(rest, at, at+1)
			if cell.B = &two; usable(one) && usable(two) {
				cell.Ratio = bench.Ratio(two, one)
			}
		}
		all = append(all, cell)
	}
	for i := range rest {
		all = append(all, ComparedCell{Function: rest[i].Function, B: &rest[i]})
	}
	return all
}

// differences says in what the reports differ as a whole.
func differences(a, b bench.Report) []string {
	var lines []string
	add := func(what string, one, two any) {
		if one != two {
			lines = append(lines, fmt.Sprintf("%s: %v in A, %v in B", what, one, two))
		}
	}
	m, n := a.Machine, b.Machine
	add("processor", orUnknown(m.CPU), orUnknown(n.CPU))
	add("cores", m.Cores, n.Cores)
	add("cores of the machine", m.Online, n.Online)
	add("memory", Bytes(m.Memory), Bytes(n.Memory))
	add("system", strings.TrimSpace(m.System+" "+m.Kernel), strings.TrimSpace(n.System+" "+n.Kernel))
	add("outpace", orUnknown(a.Version), orUnknown(b.Version))
	add("Go", orUnknown(m.Go), orUnknown(n.Go))
	return lines
}

func ending(t bench.Table) string {
	if t.Incomplete == "" {
		return "complete"
	}
	return t.Incomplete
}

// differentWork says in what the work of two tables differs.
func differentWork(a, b bench.Table) []string {
	var lines []string
	add := func(what, one, two string) {
		if one != two {
			lines = append(lines, fmt.Sprintf("the %s of %s: %s in A, %s in B", what, title(a), one, two))
		}
	}
	add("functions", strings.Join(a.Functions, ", "), strings.Join(b.Functions, ", "))
	add("interpreter", strings.Join(a.Runtimes, ", "), strings.Join(b.Runtimes, ", "))
	add("inputs", inputs(a), inputs(b))
	add("start of workers", counted(a.Cold), counted(b.Cold))
	add("end", ending(a), ending(b))
	return lines
}

func counted(cold bool) string {
	if cold {
		return "counted"
	}
	return "not counted"
}

func orUnknown(s string) string {
	if s == "" {
		return "unknown"
	}
	return s
}
