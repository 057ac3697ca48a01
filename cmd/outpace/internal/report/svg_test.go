package report_test

import (
	"bytes"
	"encoding/xml"
	"errors"
	"io"
	"path/filepath"
	"strings"
	"testing"

	"github.com/outpace-run/outpace/cmd/outpace/internal/bench"
	"github.com/outpace-run/outpace/cmd/outpace/internal/machine"
	"github.com/outpace-run/outpace/cmd/outpace/internal/report"
)

// TestSVG: a file is well-formed XML with a title, needs no variable, loads
// nothing, and differs between light and dark.
func TestSVG(t *testing.T) {
	for _, name := range []string{"cpu", "wait", "once", "incomplete", "hostile", "suite"} {
		r := fixture(t, name)
		var both [2]bytes.Buffer
		for i, dark := range []bool{false, true} {
			if err := report.WriteSVG(&both[i], r.Tables[0], r.Machine, dark); err != nil {
				t.Fatal(err)
			}
			text := both[i].String()
			wellFormed(t, text)
			if !strings.Contains(text, `role="img" aria-labelledby="t d"`) || !strings.Contains(text, `width="720"`) {
				t.Errorf("%s: no image with a title, 720 wide:\n%.300s", name, text)
			}
			for _, bad := range []string{"var(", "href", "url(", "<script", "@import", "NaN", "Inf", "ZgotmplZ"} {
				if strings.Contains(text, bad) {
					t.Errorf("%s: %q in the file", name, bad)
				}
			}
		}
		if bytes.Equal(both[0].Bytes(), both[1].Bytes()) {
			t.Errorf("%s: light and dark are the same", name)
		}
	}
	var empty bytes.Buffer
	if err := report.WriteSVG(&empty, bench.Table{}, machine.Machine{}, false); err != nil {
		t.Fatal(err)
	}
	wellFormed(t, empty.String())
}

func wellFormed(t *testing.T, text string) {
	t.Helper()
	for d := xml.NewDecoder(strings.NewReader(text)); ; {
		if _, err := d.Token(); errors.Is(err, io.EOF) {
			return
		} else if err != nil {
			t.Fatalf("%v in\n%s", err, text)
		}
	}
}

func TestSVGNames(t *testing.T) {
	for file, want := range map[string]string{
		"speed.svg":                  "speed-light.svg speed-dark.svg",
		"speed":                      "speed-light.svg speed-dark.svg",
		".svg":                       ".svg-light.svg .svg-dark.svg",
		"a.b.SVG":                    "a.b-light.SVG a.b-dark.SVG",
		filepath.Join("docs.d", "x"): filepath.Join("docs.d", "x-light.svg") + " " + filepath.Join("docs.d", "x-dark.svg"),
	} {
		if light, dark := report.SVGNames(file); light+" "+dark != want {
			t.Errorf("%s: %s %s, want %s", file, light, dark, want)
		}
	}
}
