package bench

import (
	"fmt"
	"path"
	"slices"
	"strings"
)

// worth is how much faster a cell must be, at least, to be preferred to one with
// fewer workers: less is not worth a process.
const worth = 1.02

// computing is from which share of CPU time on a function computes rather than
// waits.
const computing = 0.7

// oneCore is below how many busy cores threads are taken to take turns: those of
// ours that feed them add a little.
const oneCore = 1.3

// judge marks the cells and says which to use: of those that are not proved to be
// slower than the fastest the simplest. All that it claims is proved by
// intervals; where there are none it says that nothing is proved.
func (t *Table) judge(cores int) Verdict {
	if t.Cells[0].Problem != "" {
		return Verdict{Text: sentences("There is nothing to compare with: serial did not come through all rounds", t.doubts())}
	}
	fastest := t.fastest(t.usable)
	if fastest < 0 {
		return Verdict{Text: sentences("Nothing was measured", t.doubts())}
	}
	proved := t.Cells[fastest].Figures.SpeedUp.Known
	use := fastest
	if proved {
		use = t.choose()
	}
	t.Cells[use].Mark = Use
	c := t.Cells[use]
	v := Verdict{Function: c.Function, Model: c.Model, Workers: c.Workers}
	switch {
	case !proved:
		v.Text = sentences(t.unproved(use), t.others(use), t.doubts())
	case use == 0:
		v.Text = sentences(t.stay(fastest), t.others(use), t.doubts())
	default:
		v.Text = sentences(t.head(use), t.others(use), t.width(use, cores), t.doubts())
	}
	return v
}

// choose marks what ties with the fastest cell and returns the simplest of them.
// What is not proved to be faster than serial is no choice.
func (t *Table) choose() int {
	faster := func(i int) bool {
		return t.usable(i) && (i == 0 || t.Cells[i].Figures.SpeedUp.Above(1))
	}
	fastest := t.fastest(faster)
	use := fastest
	for i := range t.Cells {
		if !t.usable(i) || !t.ties(i, fastest) {
			continue
		}
		t.Cells[i].Mark = Tie
		if faster(i) && t.simpler(i, use) {
			use = i
		}
	}
	return use
}

// usable reports whether a cell has figures that count.
func (t *Table) usable(i int) bool { return t.Cells[i].Problem == "" && len(t.Cells[i].Runs) > 0 }

// fastest is the cell with the smallest median among some; -1 where there is none.
func (t *Table) fastest(among func(i int) bool) int {
	best := -1
	for i, c := range t.Cells {
		if among(i) && (best < 0 || c.Figures.Seconds.Median < t.Cells[best].Figures.Seconds.Median) {
			best = i
		}
	}
	return best
}

// ties reports whether a cell is not proved to be slower than the fastest, or by
// so little that it does not matter. Where so few runs prove nothing, only the
// fastest ties with itself.
func (t *Table) ties(i, fastest int) bool {
	a, b := t.Cells[i], t.Cells[fastest]
	if i == fastest || !Ratio(a, b).Known {
		return i == fastest
	}
	return !Differ(a, b) || a.Figures.Seconds.Median < worth*b.Figures.Seconds.Median
}

// simpler reports whether a cell takes fewer workers than another, or fewer
// processes for as many.
func (t *Table) simpler(i, than int) bool {
	a, b := t.Cells[i], t.Cells[than]
	if a.Workers != b.Workers {
		return a.Workers < b.Workers
	}
	if a.Processes != b.Processes {
		return a.Processes < b.Processes
	}
	return i < than
}

func (t *Table) unproved(use int) string {
	c := t.Cells[use]
	text := "Nothing is proved: no round was completed, and an interval takes 6."
	if n := min(t.Rounds, c.Figures.SpeedUp.N); n > 0 { // the pairs that each cell has, also where the end came amid a round
		text = fmt.Sprintf("Nothing is proved by %s of each cell (an interval takes 6).", plural(n, "run"))
	}
	if use != 0 && c.Figures.SpeedUp.N > 0 {
		text += fmt.Sprintf(" Fastest was %s, %s.", t.with(c), times(c.Figures.SpeedUp.Median))
	}
	return text
}

// stay is the verdict where serial is as good as anything.
func (t *Table) stay(fastest int) string {
	if fastest == 0 || len(t.Cells) == 1 {
		return "Run it one after the other: nothing is faster"
	}
	c := t.Cells[fastest]
	return fmt.Sprintf("Run it one after the other: nothing is proved to be faster by 2%% or more (at best %s, %s)", t.with(c), gain(c.Figures.SpeedUp))
}

func (t *Table) head(use int) string {
	c := t.Cells[use]
	base := "one after the other"
	if len(t.Functions) > 1 {
		base = path.Base(t.Functions[0]) + " " + base
	}
	faster := fmt.Sprintf("%s faster than %s (%s)", times(c.Figures.SpeedUp.Median), base, between(c.Figures.SpeedUp))
	if t.Cold {
		faster += ", with the start of the workers"
	}
	return fmt.Sprintf("Use %s: %s", t.with(c), faster)
}

// others says what became of the other models, each in a sentence. Of a function
// that does other work than the first one nothing else is to be said.
func (t *Table) others(use int) string {
	var said []string
	other := map[string]bool{}
	for i, c := range t.Cells {
		same := func(o Cell) bool { return o.Model == c.Model && o.Function == c.Function }
		switch {
		case c.Model == "serial" && c.Wrong:
			other[c.Function] = true
			said = append(said, fmt.Sprintf("%s gives other results than %s", path.Base(c.Function), path.Base(t.Cells[0].Function)))
			continue
		case c.Model == "serial" || other[c.Function] || same(t.Cells[use]) || i != slices.IndexFunc(t.Cells, same):
			continue
		}
		if text := t.other(same, use); text != "" {
			said = append(said, t.subject(c)+text)
		}
	}
	return sentences(said...)
}

// other says how far the cells of a model and function come.
func (t *Table) other(same func(Cell) bool, use int) string {
	best, ties, slower, faster := -1, -1, true, false
	for i, c := range t.Cells {
		if same(c) && c.Wrong {
			return " give other results than runs one after the other: do not use them"
		}
		if !same(c) || !t.usable(i) {
			continue
		}
		if best < 0 || c.Figures.SpeedUp.Median > t.Cells[best].Figures.SpeedUp.Median {
			best = i
		}
		if c.Mark == Tie && (ties < 0 || c.Workers < t.Cells[ties].Workers) {
			ties = i
		}
		slower = slower && c.Figures.SpeedUp.Below(1)
		faster = faster || c.Figures.SpeedUp.Above(1)
	}
	if best < 0 || !t.Cells[use].Figures.SpeedUp.Known {
		return ""
	}
	c := t.Cells[best]
	at := fmt.Sprintf("%s at %s", times(c.Figures.SpeedUp.Median), c.Width())
	switch {
	case ties >= 0 && use != 0 && t.seemsFaster(best, use):
		return " are not proved to be faster (" + at + ")"
	case ties >= 0 && use != 0:
		return fmt.Sprintf(" are no faster (%s at %s)", times(t.Cells[ties].Figures.SpeedUp.Median), t.Cells[ties].Width())
	case slower:
		return " only lose (at best " + at + ")" + t.why(c, use)
	case !faster:
		return " gain nothing that is proved (at best " + at + ")" + t.why(c, use)
	}
	return " come to " + at
}

// why is the reason why a model does not gain, where the figures tell it: what is
// to be used keeps several cores busy, and threads one.
func (t *Table) why(c Cell, use int) string {
	busy := median(c.Runs, func(r Run) float64 { return r.CPU / r.Seconds })
	if c.Model == "threads" && t.GIL && t.Computes >= computing && t.Cells[use].Processes > 1 && busy < oneCore {
		return ": the function holds the GIL"
	}
	return ""
}

// doubts is what the reader must know about cells that could not run, and about
// a measurement that did not come to its end.
func (t *Table) doubts() string {
	n := 0
	for _, c := range t.Cells {
		if c.Problem != "" && !c.Wrong {
			n++
		}
	}
	var said []string
	if n > 0 {
		said = append(said, plural(n, "cell")+" could not run: see there")
	}
	if t.Failed > 0 {
		said = append(said, fmt.Sprintf("%d of %s fail, and that is part of every time", t.Failed, plural(t.Inputs, "input")))
	}
	if t.Incomplete != "" {
		said = append(said, "This is incomplete: "+t.Incomplete)
	}
	return sentences(said...)
}

// sentences puts sentences together. What is empty is none.
func sentences(parts ...string) string {
	parts = slices.DeleteFunc(parts, func(s string) bool { return s == "" })
	for i, s := range parts {
		if !strings.HasSuffix(s, ".") {
			parts[i] = s + "."
		}
	}
	return strings.Join(parts, " ")
}
