package bench

import "fmt"

// This file is what a verdict says of the cells of the model to be used that are
// wider or narrower than the one to be used.

// allBusy is from which share of CPU time on no core has anything left to give.
const allBusy = 0.9

// siblings is what became of the other widths of a cell's model and function.
type siblings struct {
	wider        int  // the best of the wider cells that have figures; -1: none
	failed       bool // a wider one has none
	narrowerTies bool
}

func (t *Table) siblings(use int) siblings {
	c, s := t.Cells[use], siblings{wider: -1}
	for i, o := range t.Cells {
		switch {
		case o.Model != c.Model || o.Function != c.Function:
		case o.Workers < c.Workers:
			s.narrowerTies = s.narrowerTies || o.Mark == Tie
		case o.Workers > c.Workers && !t.usable(i):
			s.failed = true
		case o.Workers > c.Workers && (s.wider < 0 || o.Figures.SpeedUp.Median > t.Cells[s.wider].Figures.SpeedUp.Median):
			s.wider = i
		}
	}
	return s
}

// width says whether more workers of the same model gain anything.
func (t *Table) width(use, cores int) string {
	c, s := t.Cells[use], t.siblings(use)
	switch {
	case s.wider >= 0 && t.seemsFaster(s.wider, use):
		o := t.Cells[s.wider]
		return fmt.Sprintf("More is not proved to gain (%s at %s)", times(o.Figures.SpeedUp.Median), o.Width())
	case s.wider >= 0:
		return fmt.Sprintf("Nothing is gained past %s%s", c.Width(), t.enough(c, cores))
	case c.Workers >= t.Inputs:
		return fmt.Sprintf("There are %s, so more cannot help", plural(t.Inputs, "input"))
	case s.failed || s.narrowerTies: // the first is said elsewhere
		return ""
	case t.Computes >= computing && c.Figures.CPUShare >= allBusy:
		return fmt.Sprintf("The %s are busy, so more can hardly help", plural(cores, "core"))
	}
	return fmt.Sprintf("%s is the most that was tried: more may gain more", c.Width())
}

// seemsFaster reports whether a cell that ties with another may well be faster,
// though that is not proved.
func (t *Table) seemsFaster(i, than int) bool {
	return t.Cells[i].Figures.SpeedUp.Median > worth*t.Cells[than].Figures.SpeedUp.Median
}

// enough is the reason why more workers gain nothing, where the figures tell it.
func (t *Table) enough(c Cell, cores int) string {
	switch {
	case c.Workers >= t.Inputs:
		return ", one for each input"
	case t.Computes >= computing && c.Workers >= cores && c.Figures.CPUShare >= computing:
		return fmt.Sprintf(": the %s are busy", plural(cores, "core"))
	}
	return ""
}
