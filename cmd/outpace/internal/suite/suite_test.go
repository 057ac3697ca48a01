package suite_test

import (
	"strings"
	"testing"

	"github.com/outpace-run/outpace/cmd/outpace/internal/builtin"
	"github.com/outpace-run/outpace/cmd/outpace/internal/suite"
	"github.com/outpace-run/outpace/examples/suites"
)

// TestExperiments: every experiment is of a function that exists, has inputs, and
// asks for widths at which the guide has figures.
func TestExperiments(t *testing.T) {
	inGo := map[string]bool{}
	for _, e := range builtin.All() {
		inGo["go:"+e.Name] = true
	}
	for _, quick := range []bool{false, true} {
		found, unknown := suite.Find([]string{"all"}, suite.Options{Quick: quick, Cores: 2})
		if unknown != "" || len(found) != 18 {
			t.Fatalf("%d experiments, %q", len(found), unknown)
		}
		for _, e := range found {
			if (len(e.Inputs) == 0) == (e.Pages == 0) || e.Models[0] != "serial" || len(e.Workers) == 0 {
				t.Errorf("%s: %+v", e.Suite, e)
			}
			for _, f := range []string{e.Func, e.Also} {
				if f != "" && !inGo[f] && !inPython(t, f) {
					t.Errorf("%s: no such function: %s", e.Suite, f)
				}
			}
		}
	}
}

// inPython reports whether FILE.py:NAME is defined among the files that the
// command carries.
func inPython(t *testing.T, function string) bool {
	t.Helper()
	file, name, _ := strings.Cut(function, ":")
	text, err := suites.Files.ReadFile(file)
	if err != nil {
		t.Error(err)
	}
	return strings.Contains(string(text), "def "+name+"(")
}

// TestGuides: the guides' own figures, and the table rather than the text where
// they differ.
func TestGuides(t *testing.T) {
	found, _ := suite.Find([]string{"cpu", "sweep-io"}, suite.Options{Scale: 1, Cores: 2})
	cpu, sweep := found[0], found[2]
	if f := cpu.Figures; len(f) != 3 || f[0].Seconds/f[2].Seconds < 2.92 || f[0].Seconds/f[2].Seconds > 2.93 {
		t.Errorf("%+v", f)
	}
	if cpu.Inputs[0] != "100000000" || len(cpu.Inputs) != 20 {
		t.Errorf("all of the guide's work is %d x %s", len(cpu.Inputs), cpu.Inputs[0])
	}
	if f := sweep.Figures; len(f) != 10 || f[9] != (suite.Figure{Model: "processes", Workers: 16, Seconds: 1.49}) || sweep.Pages != 100 {
		t.Errorf("%d pages, %+v", sweep.Pages, f)
	}
	if _, unknown := suite.Find([]string{"cpu", "cup"}, suite.Options{}); unknown != "cup" {
		t.Errorf("unknown: %q", unknown)
	}
}
