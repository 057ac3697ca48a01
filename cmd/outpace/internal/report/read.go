package report

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"

	"github.com/outpace-run/outpace/cmd/outpace/internal/bench"
)

// dataID is the id of the element of a page that holds the report itself.
const dataID = "outpace-bench"

// MaxBytes is how large a report may be that is read. A run takes about 100
// bytes of it.
const MaxBytes = 64 << 20

// ErrNoReport is wrapped by the error of [ReadReport] where there is none that
// can be read.
var ErrNoReport = errors.New("no report of outpace bench")

// ReadReport reads a report from what `outpace bench` wrote with --json or
// --report: JSON, or a page with the JSON inside. It reads at most [MaxBytes]
// and blocks as long as r does. What is no report, or one of another format,
// is an error that wraps [ErrNoReport]; an error of r is returned as it is.
func ReadReport(r io.Reader) (bench.Report, error) {
	text, err := io.ReadAll(io.LimitReader(r, MaxBytes+1))
	if err != nil {
		return bench.Report{}, err
	}
	if len(text) > MaxBytes {
		return bench.Report{}, fmt.Errorf("%w: larger than %s", ErrNoReport, Bytes(MaxBytes))
	}
	text = bytes.TrimSpace(text)
	if bytes.HasPrefix(text, []byte("<")) {
		if text, err = embedded(text); err != nil {
			return bench.Report{}, err
		}
	}
	return decode(text)
}

// embedded cuts the data out of a page. The JSON in it has no "<" of its own,
// so the first one behind it ends it.
func embedded(page []byte) ([]byte, error) {
	_, data, found := bytes.Cut(page, []byte(` id="`+dataID+`">`))
	data, _, ended := bytes.Cut(data, []byte("</script>"))
	if !found || !ended {
		return nil, fmt.Errorf("%w: a page without its data", ErrNoReport)
	}
	return data, nil
}

// decode looks at the format first: the rest of another format means nothing.
func decode(text []byte) (bench.Report, error) {
	var head struct {
		Format *int `json:"outpace_bench"`
	}
	if err := json.Unmarshal(text, &head); err != nil {
		return bench.Report{}, unreadable(err)
	}
	if head.Format == nil {
		return bench.Report{}, fmt.Errorf("%w: JSON without \"outpace_bench\"", ErrNoReport)
	}
	if *head.Format != bench.Format {
		return bench.Report{}, fmt.Errorf("%w that can be read here: it has format %d, this outpace reads %d", ErrNoReport, *head.Format, bench.Format)
	}
	var report bench.Report
	if err := json.Unmarshal(text, &report); err != nil {
		return bench.Report{}, unreadable(err)
	}
	return report, nil
}

// unreadable is the error of JSON that is none, or of another form: without the
// types that we read it into, which say nothing to its owner.
func unreadable(err error) error {
	var other *json.UnmarshalTypeError
	switch {
	case !errors.As(err, &other):
		return fmt.Errorf("%w: %w", ErrNoReport, err)
	case other.Field == "":
		return fmt.Errorf("%w: JSON of another form: its value is %s", ErrNoReport, other.Value)
	}
	return fmt.Errorf("%w: JSON of another form: %s is %s", ErrNoReport, other.Field, other.Value)
}
