package report

import (
	"encoding/csv"
	"io"
	"strconv"

	"github.com/outpace-run/outpace/cmd/outpace/internal/bench"
)

// WriteCSV writes every single run as a line, with nothing computed: times are
// in seconds, memory is in bytes. A cell without runs has one line, so that
// what was wrong with it is there. The error is the writer's.
func WriteCSV(w io.Writer, r bench.Report) error {
	out := csv.NewWriter(w)
	_ = out.Write([]string{ // its error is that of out.Error
		"table", "function", "model", "workers", "processes", "tasks",
		"round", "seconds", "cpu_seconds", "start_seconds", "memory_bytes", "problem",
	})
	for _, t := range r.Tables {
		for _, c := range t.Cells {
			first := []string{
				clean(title(t)), clean(c.Function), clean(c.Model), strconv.Itoa(c.Workers), strconv.Itoa(c.Processes), strconv.Itoa(c.Tasks),
			}
			if len(c.Runs) == 0 {
				_ = out.Write(append(first, "", "", "", "", "", clean(c.Problem)))
			}
			for _, run := range c.Runs {
				_ = out.Write(append(first, strconv.Itoa(run.Round), exact(run.Seconds), exact(run.CPU), exact(run.Start),
					strconv.FormatInt(run.Memory, 10), clean(c.Problem)))
			}
		}
	}
	out.Flush()
	return out.Error()
}

// exact writes a number with all its digits; "" for what is none.
func exact(x float64) string {
	if !sound(x) {
		return ""
	}
	return strconv.FormatFloat(x, 'f', -1, 64)
}
