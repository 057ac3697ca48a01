package bench

import (
	"fmt"
	"path"
)

// This file is how a verdict names things.

// with names a cell as what to use: "4 processes", "8 threads", "async, 100 at
// once". Where there are several functions the cell's stands before it, without its
// folder: "get.py:get with 8 threads".
func (t *Table) with(c Cell) string {
	text := ""
	switch c.Model {
	case "serial":
		text = "one at a time"
	case "threads":
		text = plural(c.Tasks, "thread")
	case "processes":
		text = plural(c.Processes, "process")
	case "async":
		text = fmt.Sprintf("async, %d at once", c.Workers)
	default:
		text = fmt.Sprintf("%s %dx%d (%s with %d at once in each)", c.Model, c.Processes, c.Tasks, plural(c.Processes, "process"), c.Tasks)
	}
	if len(t.Functions) > 1 {
		text = path.Base(c.Function) + " with " + text
	}
	return text
}

// subject names a model at the beginning of a sentence about its cells.
func (t *Table) subject(c Cell) string {
	names := map[string]string{"serial": "Runs one after the other", "threads": "Threads", "processes": "Processes", "async": "Async runs", "hybrid": "Hybrids"}
	if len(t.Functions) > 1 {
		return names[c.Model] + " of " + path.Base(c.Function)
	}
	return names[c.Model]
}

// times writes a factor: "3.72x".
func times(x float64) string {
	return digits(x) + "x"
}

func between(e Estimate) string {
	return digits(e.Lo) + "–" + digits(e.Hi)
}

// digits writes a factor with two digits behind the point, or three in all.
func digits(x float64) string {
	switch {
	case x >= 99.95:
		return fmt.Sprintf("%.0f", x)
	case x >= 9.995:
		return fmt.Sprintf("%.1f", x)
	}
	return fmt.Sprintf("%.2f", x)
}

// gain is a factor with its interval.
func gain(e Estimate) string { return times(e.Median) + ", " + between(e) }

func plural(n int, what string) string {
	switch {
	case n == 1:
		return "1 " + what
	case what == "process":
		return fmt.Sprintf("%d processes", n)
	}
	return fmt.Sprintf("%d %ss", n, what)
}
