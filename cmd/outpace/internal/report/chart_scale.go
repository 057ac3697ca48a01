package report

import (
	"cmp"
	"math"
	"slices"
	"strconv"
	"strings"
)

// scale is a logarithmic axis: where a number lies between two places.
type scale struct {
	lo, hi   float64 // numbers
	from, to float64 // their places
}

func newScale(lo, hi, from, to float64) scale { return scale{lo, max(hi, lo*1.0001), from, to} }

// at is the place of a number; of one outside, the end.
func (s scale) at(v float64) float64 {
	part := math.Log(v/s.lo) / math.Log(s.hi/s.lo)
	return s.from + min(max(part, 0), 1)*(s.to-s.from)
}

func (s scale) holds(v float64) bool { return v >= s.lo && v <= s.hi }

// widthTicks names the widths that were measured, as far as they find room. The
// first and the last always do.
func widthTicks(widths []int, x scale) []tick {
	widths = slices.Clone(widths)
	slices.Sort(widths)
	widths = slices.Compact(widths)
	last := widths[len(widths)-1]
	end := x.at(float64(last))
	var all []tick
	free := math.Inf(-1)
	for _, w := range widths {
		at, text := x.at(float64(w)), strconv.Itoa(w)
		half := 4 + 4*float64(len(text))
		if w == last || at-half >= free && at+2*half <= end {
			all = append(all, tick{round(at), text})
			free = at + half
		}
	}
	return all
}

// factorTicks are the powers of two, fewer of them where there are many, and the
// middle between two where there are few.
func factorTicks(y scale) []tick {
	octaves := math.Log2(y.hi / y.lo)
	step := int(math.Ceil(octaves / 9))
	first := int(math.Floor(math.Log2(y.lo)/float64(step))) * step
	var all []tick
	add := func(v float64) {
		if y.holds(v) {
			all = append(all, tick{round(y.at(v)), strconv.FormatFloat(v, 'g', 4, 64) + "x"})
		}
	}
	for k := first; k <= first+10*step; k += step {
		v := math.Pow(2, float64(k))
		add(v)
		if octaves < 2.5 {
			add(v * 1.5)
		}
	}
	return all
}

// timeTicks are round times, three to six. Close to one another they are evenly
// apart, else 1, 2 and 5 of each power of ten, or more or fewer.
func timeTicks(x scale) []tick {
	var all []tick
	add := func(v float64) bool {
		if x.holds(v) {
			all = append(all, tick{round(x.at(v)), short(Seconds(v))})
		}
		return v <= x.hi
	}
	if x.hi/x.lo < 4 {
		step := niceStep((x.hi - x.lo) / 4)
		for k := math.Ceil(x.lo / step); add(k * step); k++ {
		}
		return all
	}
	decades := math.Log10(x.hi / x.lo)
	factors := []float64{1}
	switch {
	case decades < 1:
		factors = []float64{1, 1.5, 2, 3, 5, 7}
	case decades < 1.8:
		factors = []float64{1, 2, 5}
	}
	every := math.Ceil(decades / 5)
	for e := math.Floor(math.Log10(x.lo)/every) * every; e <= math.Log10(x.hi); e += every {
		for _, f := range factors {
			add(f * math.Pow(10, e))
		}
	}
	return all
}

// short leaves out the zeros at the end of a number that has a unit: "1.50 s"
// becomes "1.5 s".
func short(s string) string {
	number, unit, _ := strings.Cut(s, " ")
	if strings.Contains(number, ".") {
		number = strings.TrimRight(strings.TrimRight(number, "0"), ".")
	}
	return number + " " + unit
}

// niceStep is the next of 1, 2, 5 times a power of ten.
func niceStep(least float64) float64 {
	ten := math.Pow(10, math.Floor(math.Log10(least)))
	for _, f := range []float64{1, 2, 5} {
		if f*ten >= least*0.999 {
			return f * ten
		}
	}
	return 10 * ten
}

// apart gives each label a place of its own behind the plot, as near to the end
// of its line as the others allow: from the top down, then back up from the
// bottom where the last ones would fall out.
func apart(all []label, right, top, bottom, gap float64) {
	slices.SortStableFunc(all, func(a, b label) int { return cmp.Compare(a.Y, b.Y) })
	wanted := make([]float64, len(all))
	next := top
	for i := range all {
		wanted[i] = all[i].Y
		all[i].Y = max(all[i].Y, next)
		next = all[i].Y + gap
	}
	next = bottom
	for i := len(all) - 1; i >= 0; i-- {
		all[i].Y = min(all[i].Y, next)
		next = all[i].Y - gap
	}
	for i := range all {
		l := &all[i]
		l.Leader += path("L", right, wanted[i]) + path("L", right+9, l.Y)
		l.X, l.Y = round(right+12), round(l.Y)
	}
}

// round keeps one digit: a tenth of a pixel cannot be seen.
func round(v float64) float64 { return math.Round(v*10) / 10 }

// path is one step of an SVG path.
func path(step string, numbers ...float64) string {
	var b strings.Builder
	b.WriteString(step)
	for i, n := range numbers {
		if i > 0 {
			b.WriteByte(' ')
		}
		b.WriteString(strconv.FormatFloat(round(n), 'f', -1, 64))
	}
	return b.String()
}
