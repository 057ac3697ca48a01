package ui

import (
	"fmt"
	"math"
	"strconv"
	"strings"
	"time"
)

// String returns the counts as a status line: "40/1000 done, 12.5/s, 1 failed,
// 2 at once, 75-81 s left".
func (c Counts) String() string {
	var b strings.Builder
	b.WriteString(strconv.FormatInt(c.Done, 10))
	if c.Total >= 0 {
		fmt.Fprintf(&b, "/%d", c.Total)
	}
	b.WriteString(" done")
	if c.Done > 0 && c.Elapsed > 0 {
		b.WriteString(", " + rate(float64(c.Done)/c.Elapsed.Seconds()))
	}
	if c.Failed > 0 {
		fmt.Fprintf(&b, ", %d failed", c.Failed)
	}
	if c.Lost > 0 {
		b.WriteString(", " + plural(c.Lost, "worker") + " lost")
	}
	fmt.Fprintf(&b, ", %d at once", c.Shape.Workers())
	if c.High > 0 {
		b.WriteString(", " + interval(c.Low, c.High) + " left")
	}
	return b.String()
}

// rate returns tasks a second with three digits: "0.25/s", "12.5/s", "1340000/s".
func rate(r float64) string {
	if r >= 100 {
		return fmt.Sprintf("%.0f/s", r)
	}
	return fmt.Sprintf("%.3g/s", r)
}

// interval returns "12-15 s", in the unit that suits the upper end.
func interval(low, high time.Duration) string {
	unit, name := time.Second, "s"
	switch {
	case high >= 3*time.Hour:
		unit, name = time.Hour, "h"
	case high >= 3*time.Minute:
		unit, name = time.Minute, "min"
	}
	l, h := math.Floor(float64(low)/float64(unit)), math.Ceil(float64(high)/float64(unit))
	if l == h {
		return fmt.Sprintf("%.0f %s", h, name)
	}
	return fmt.Sprintf("%.0f-%.0f %s", l, h, name)
}

// Took returns a duration as a person writes it: "0.02 s", "3.2 s", "4 min 5 s",
// "2 h 3 min".
func Took(d time.Duration) string {
	switch s := d.Seconds(); {
	case s < 0.995:
		return fmt.Sprintf("%.2f s", s)
	case s < 59.95:
		return fmt.Sprintf("%.1f s", s)
	}
	whole := int64(d.Round(time.Second) / time.Second)
	if whole < 3600 {
		return fmt.Sprintf("%d min %d s", whole/60, whole%60)
	}
	return fmt.Sprintf("%d h %d min", whole/3600, whole%3600/60)
}

func plural(n int64, what string) string {
	if n == 1 {
		return "1 " + what
	}
	return fmt.Sprintf("%d %ss", n, what)
}
