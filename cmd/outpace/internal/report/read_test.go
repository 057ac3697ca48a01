package report_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"reflect"
	"strings"
	"testing"
	"testing/iotest"

	"github.com/outpace-run/outpace/cmd/outpace/internal/report"
)

// TestReadReportRefuses: what is no report is refused, and one line says why.
func TestReadReportRefuses(t *testing.T) {
	for text, why := range map[string]string{
		"":                                  "unexpected end",
		"fib.py":                            "invalid character",
		"[1]":                               "its value is array",
		"{}":                                `without "outpace_bench"`,
		`{"outpace_bench":2}`:               "format 2, this outpace reads 1",
		`{"outpace_bench":1} {}`:            "after top-level value",
		`{"outpace_bench":1,"tables":7}`:    "tables is number",
		"<!doctype html><p>hello</p>":       "a page without its data",
		`<script id="outpace-bench">{"a":1`: "a page without its data",
	} {
		_, err := report.ReadReport(strings.NewReader(text))
		if !errors.Is(err, report.ErrNoReport) || !strings.Contains(err.Error(), why) || strings.Contains(err.Error(), "\n") {
			t.Errorf("%q: %v", text, err)
		}
	}
	broken := errors.New("broken")
	if _, err := report.ReadReport(iotest.ErrReader(broken)); !errors.Is(err, broken) || errors.Is(err, report.ErrNoReport) {
		t.Errorf("a broken disk: %v", err)
	}
}

// TestReadReportBound: what never ends is not read for ever.
func TestReadReportBound(t *testing.T) {
	endless := &counted{Reader: spaces{}}
	if _, err := report.ReadReport(endless); !errors.Is(err, report.ErrNoReport) || !strings.Contains(err.Error(), "larger than 67.1 MB") {
		t.Error(err)
	}
	if endless.n > report.MaxBytes+1 {
		t.Errorf("%d bytes were read", endless.n)
	}
}

type spaces struct{}

func (spaces) Read(p []byte) (int, error) { return copy(p, bytes.Repeat([]byte{' '}, len(p))), nil }

type counted struct {
	io.Reader
	n int
}

func (c *counted) Read(p []byte) (int, error) {
	n, err := c.Reader.Read(p)
	c.n += n
	return n, err
}

// FuzzReadReport: whatever is read can be shown, and its page holds the same.
func FuzzReadReport(f *testing.F) {
	f.Add([]byte(`{"outpace_bench":1,"tables":[{"cells":[{"model":"threads","workers":-1,"runs":[{"seconds":1e-320}],"figures":{"speed_up":{"median":1e308,"n":1}}}]}]}`))
	f.Add([]byte(`{"outpace_bench":1,"command":["'\u0000"],"tables":[{"functions":["</b>"],"rounds":7,"computes":-1,"cells":[{"mark":"use","runs":[{"round":9,"seconds":1},{"seconds":-1}],"figures":{"seconds":{"median":1,"lo":-1,"hi":2,"n":7,"known":true},"speed_up":{"n":7,"median":1e-8},"memory_bytes":-1,"efficiency":1e300},"guide":{"seconds":1e300,"speed_up":1e-300}}]}]}`))
	f.Add([]byte(`<p id="outpace-bench">{"outpace_bench":1}</script>`))
	f.Fuzz(func(t *testing.T, text []byte) {
		r, err := report.ReadReport(bytes.NewReader(text))
		if err != nil {
			if !errors.Is(err, report.ErrNoReport) {
				t.Fatal(err)
			}
			return
		}
		back, err := report.ReadReport(strings.NewReader(html(t, r)))
		if err != nil {
			t.Fatal(err)
		}
		one, _ := json.Marshal(r)
		two, _ := json.Marshal(back)
		if !reflect.DeepEqual(one, two) {
			t.Errorf("read back:\n%s\nnot\n%s", two, one)
		}
		for _, table := range r.Tables {
			var b bytes.Buffer
			if err := report.WriteSVG(&b, table, r.Machine, false); err != nil {
				t.Fatal(err)
			}
			wellFormed(t, b.String())
		}
	})
}
