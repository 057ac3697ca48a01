package report

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"

	"github.com/outpace-run/outpace/cmd/outpace/internal/bench"
)

// maxReport bounds what ReadReport reads.
const maxReport = 64 << 20

// ErrNoReport is what ReadReport returns for something that is no report.
var ErrNoReport = errors.New("no report of outpace bench")

// ReadReport reads a report that --json wrote. It returns ErrNoReport for what
// is none, and another error for one in a form that it does not know.
func ReadReport(r io.Reader) (bench.Report, error) {
	text, err := io.ReadAll(io.LimitReader(r, maxReport+1))
	if err != nil {
		return bench.Report{}, err
	}
	if len(text) > maxReport {
		return bench.Report{}, fmt.Errorf("a report has at most %s", Bytes(maxReport))
	}
	var form struct {
		Format int `json:"outpace_bench"`
	}
	if err := json.Unmarshal(text, &form); err != nil || form.Format == 0 {
		return bench.Report{}, ErrNoReport
	}
	if form.Format != bench.Format {
		return bench.Report{}, fmt.Errorf("a report in form %d, and this outpace reads form %d", form.Format, bench.Format)
	}
	var report bench.Report
	if err := json.Unmarshal(text, &report); err != nil {
		return bench.Report{}, fmt.Errorf("%w: %w", ErrNoReport, err)
	}
	return report, nil
}
