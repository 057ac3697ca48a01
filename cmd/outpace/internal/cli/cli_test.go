package cli

import (
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/outpace-run/outpace"
	"github.com/outpace-run/outpace/cmd/outpace/internal/bench"
	"github.com/spf13/pflag"
)

func TestNegativeNumbersAreInputs(t *testing.T) {
	code := 0
	root := newRoot(streams{os.Stdin, os.Stdout, os.Stderr}, &code)
	tests := []struct{ args, want string }{
		{"map go:f -5 -1.5 -1e3", "map go:f #-5 #-1.5 #-1e3"},
		{"map -j -5 -6", "map -j -5 #-6"},
		{"map --workers -5 -6", "map --workers -5 #-6"},
		{"map --workers=-5 -6", "map --workers=-5 #-6"},
		{"map -qj -5 -6", "map -qj -5 #-6"},
		{"map -q -5", "map -q #-5"},
		{"map --star -5 -- -6", "map --star #-5 -- -6"},
		{"map -5x -x -05", "map -5x -x -05"},
		{"map --nosuch -5", "map --nosuch #-5"},
		{"", ""},
	}
	for _, test := range tests {
		got := strings.ReplaceAll(strings.Join(protectNumbers(root, strings.Fields(test.args)), " "), shield, "#")
		if got != test.want {
			t.Errorf("%q: got %q, want %q", test.args, got, test.want)
		}
	}
}

func TestHelpNamesEveryFlag(t *testing.T) {
	flags := pflag.NewFlagSet("map", pflag.ContinueOnError)
	(&mapFlags{}).register(flags)
	help := helpTexts()["outpace map"]
	flags.VisitAll(func(f *pflag.Flag) {
		if !strings.Contains(help, "--"+f.Name+" ") {
			t.Errorf("--%s is not in the help text", f.Name)
		}
	})
	for line := range strings.Lines(help) {
		if len([]rune(line)) > 100 {
			t.Errorf("too wide: %s", line)
		}
	}
}

// TestReportsOfNothing: a suite that was ended before its first experiment has
// no chart, and all else says so.
func TestReportsOfNothing(t *testing.T) {
	dir := t.TempDir()
	out, err := os.Create(filepath.Join(dir, "out"))
	if err != nil {
		t.Fatal(err)
	}
	defer out.Close()
	b := &benchFlags{reports: reportFiles{svg: filepath.Join(dir, "s.svg"), html: filepath.Join(dir, "r.html"), json: filepath.Join(dir, "r.json")}}
	if err := b.reports.write(bench.Report{Format: bench.Format}, b, streams{out: out}); err != nil {
		t.Error(err)
	}
	charts, err := filepath.Glob(filepath.Join(dir, "*.svg"))
	if err != nil || len(charts) > 0 {
		t.Errorf("%q, %v", charts, err)
	}
	if text, err := os.ReadFile(out.Name()); err != nil || !strings.Contains(string(text), "Nothing was measured.") {
		t.Errorf("%q, %v", text, err)
	}
	if err := compare(b.reports.json, b.reports.html, out, false); err != nil {
		t.Error(err)
	}
}

func TestDuration(t *testing.T) {
	for text, want := range map[string]time.Duration{"1": time.Second, "0.25": 250 * time.Millisecond, "1m30s": 90 * time.Second, "0": 0, "1e-3": time.Millisecond} {
		var d duration
		if err := d.Set(text); err != nil || time.Duration(d) != want {
			t.Errorf("%q: got %v, %v", text, time.Duration(d), err)
		}
	}
	for _, text := range []string{"", "x", "-1", "-1s", "NaN", "Inf", "1e300", "1 s"} {
		var d duration
		if err := d.Set(text); err == nil {
			t.Errorf("%q was taken as %v", text, time.Duration(d))
		}
	}
}

func TestChoose(t *testing.T) {
	tests := []struct {
		kind              kind
		model, width      string
		wantModel, wanted string // the shape, or a part of the error
	}{
		{goFunction, "auto", "", "threads", "1x4"},
		{goFunction, "auto", "7", "threads", "1x7"},
		{goFunction, "auto", "1x7", "threads", "1x7"},
		{goFunction, "auto", "2x7", "", "try -j 14"},
		{goFunction, "serial", "", "serial", "1x1"},
		{goFunction, "serial", "1", "serial", "1x1"},
		{goFunction, "serial", "1x2", "", "1x1 and nothing else"},
		{goFunction, "async", "", "async", "1x100"},
		{goFunction, "async", "2x3", "", "try -j 6"},
		{goFunction, "hybrid", "", "", "try --model threads"},
		{pythonFunction, "auto", "", "processes", "4x1"},
		{pythonFunction, "auto", "3", "processes", "3x1"},
		{pythonFunction, "auto", "1x3", "threads", "1x3"},
		{pythonFunction, "auto", "2x3", "hybrid", "2x3"},
		{pythonFunction, "threads", "8", "threads", "1x8"},
		{pythonFunction, "threads", "2x1", "", "try --model hybrid"},
		{pythonFunction, "processes", "8", "processes", "8x1"},
		{pythonFunction, "processes", "1x8", "", "try --model hybrid"},
		{pythonFunction, "hybrid", "", "hybrid", "4x4"},
		{pythonFunction, "hybrid", "6", "hybrid", "3x2"},
		{pythonFunction, "hybrid", "7", "hybrid", "1x7"},
		{pythonFunction, "async", "", "", "async def"},
		{pythonCoroutine, "auto", "", "async", "1x100"},
		{pythonCoroutine, "auto", "2x50", "async", "2x50"},
		{pythonCoroutine, "async", "50", "async", "1x50"},
		{pythonCoroutine, "processes", "2", "processes", "2x1"},
		{pythonCoroutine, "threads", "", "", "try --model async"},
	}
	for _, test := range tests {
		w, err := parseWidth(test.width)
		if err != nil {
			t.Fatal(err)
		}
		got, err := choose(test.kind, test.model, w, 4)
		if test.wantModel == "" {
			if err == nil || !strings.Contains(err.Error(), test.wanted) {
				t.Errorf("%v: got %v, %v", test, got, err)
			}
			continue
		}
		if err != nil || got.model != test.wantModel || got.shape.String() != test.wanted || got.why == "" {
			t.Errorf("%v: got %+v, %v", test, got, err)
		}
	}
}

func TestWidth(t *testing.T) {
	for text, want := range map[string]width{"": {}, "4": {workers: 4}, "4x2": {shape: outpace.Shape{Processes: 4, Tasks: 2}}} {
		if got, err := parseWidth(text); err != nil || !reflect.DeepEqual(got, want) {
			t.Errorf("%q: got %v, %v", text, got, err)
		}
	}
	for _, text := range []string{"0", "-1", "x", "1x", "x1", "0x1", "1.5", "99999999999999999999", "9999999"} {
		if got, err := parseWidth(text); err == nil {
			t.Errorf("%q was taken as %v", text, got)
		}
	}
}

func TestNearest(t *testing.T) {
	words := []string{"--workers", "--timeout", "--range"}
	for word, want := range map[string]string{"--wrokers": "did you mean --workers?", "--time-out": "did you mean --timeout?", "--xyzzyxyzzy": "no"} {
		if got := nearest(word, words, "no"); got != want {
			t.Errorf("%s: got %q", word, got)
		}
	}
}
