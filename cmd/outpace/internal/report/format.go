// Package report shows what package bench measured.
//
//	               ┌─► text      a table with bars for a terminal, plain lines for a file
//	bench.Report ──┼─► markdown, csv
//	     ▲         ├─► html      one page, with its chart, and the report itself as data
//	     │         └─► svg       the chart alone, for light and dark pages
//	     └── read ◄── JSON, HTML
//
//	two reports ──► compare ──► text, markdown
package report

import (
	"fmt"
	"math"
	"strconv"
)

// digits writes a number with three digits that count, or all before the point.
func digits(x float64) string {
	switch a := math.Abs(x); {
	case a == 0:
		return "0"
	case a >= 99.95:
		return strconv.FormatFloat(x, 'f', 0, 64)
	case a >= 9.995:
		return strconv.FormatFloat(x, 'f', 1, 64)
	case a >= 0.9995:
		return strconv.FormatFloat(x, 'f', 2, 64)
	}
	return fmt.Sprintf("%#.3g", x)
}

// Seconds writes a time with its unit: "1.23 s", "45.6 ms", "789 µs".
func Seconds(s float64) string {
	switch {
	case s == 0:
		return "0 s"
	case s < 0.9995e-6:
		return digits(s*1e9) + " ns"
	case s < 0.9995e-3:
		return digits(s*1e6) + " µs"
	case s < 0.9995:
		return digits(s*1e3) + " ms"
	}
	return digits(s) + " s"
}

// Bytes writes a size with its unit: "12.3 MB".
func Bytes(n int64) string {
	switch x := float64(n); {
	case n < 1000:
		return strconv.FormatInt(n, 10) + " B"
	case x < 999.5e3:
		return digits(x/1e3) + " kB"
	case x < 999.5e6:
		return digits(x/1e6) + " MB"
	default:
		return digits(x/1e9) + " GB"
	}
}
