package main

import (
	"bytes"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// someSamples has two rounds on two cores: ratios of processes 1.9 and 2.0,
// of threads 1.0 and 1.2, of Go 2.0 and 2.0.
func someSamples() []sample {
	add := func(round int, name string, seconds float64) sample {
		return sample{
			round: round, order: 1, name: name, job: job{pythonFunction, 7, 20, "processes", 2},
			timing: timing{wall: time.Duration(seconds * float64(time.Second))},
		}
	}
	return []sample{
		add(1, "Python, one worker", 19), add(1, "Go, one worker", 10),
		add(1, "Python, processes", 10), add(1, "Python, threads", 19), add(1, "Go, threads", 5),
		add(2, "Python, threads", 20), add(2, "Go, threads", 5), add(2, "Python, processes", 12),
		add(2, "Python, one worker", 24), add(2, "Go, one worker", 10),
	}
}

func TestCompare(t *testing.T) {
	r := compare(someSamples(), "Python, one worker", "Python, processes")
	if len(r) != 2 || r[0] != 1.9 || r[1] != 2 || r.median() != 1.95 {
		t.Errorf("got %v, median %v", r, r.median())
	}
	if m := (ratios{1, 2, 4}).median(); m != 2 {
		t.Errorf("median of 1, 2, 4: %v", m)
	}
}

func TestReport(t *testing.T) {
	s := settings{rounds: 2, inputs: 20, cores: 2, seconds: 1, results: t.TempDir()}
	var stdout bytes.Buffer
	now := time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)
	if err := report(s, "cpu x\n", someSamples(), now, &stdout); err != nil {
		t.Fatal(err)
	}
	if want := "| Python, processes | 1.900 | 1.950 | 2.000 | ≥ 1.86 (0.93 x 2) | yes |\n"; !strings.Contains(stdout.String(), want) {
		t.Errorf("no line %q in\n%s", want, &stdout)
	}
	for name, want := range map[string]string{
		"machine.txt": "cpu x\n", "summary.md": stdout.String(),
		"raw.csv": "2,1,\"Python, processes\",examples/primes.py:count_primes,7,20,2,12.0000,0.0000,0.0000\n",
	} {
		text, err := os.ReadFile(filepath.Join(s.results, "2026-01-02-scaling", name))
		if err != nil || !strings.Contains(string(text), want) {
			t.Errorf("%s: %v, no %q in\n%s", name, err, want, text)
		}
	}
}

func TestReportMissed(t *testing.T) {
	s := settings{rounds: 2, inputs: 20, cores: 4, seconds: 1, results: t.TempDir()}
	err := report(s, "", someSamples(), time.Now(), &bytes.Buffer{})
	var missed missedError
	if !errors.As(err, &missed) || len(missed) != 2 {
		t.Errorf("got %v", err)
	}
}

func TestExtrapolate(t *testing.T) {
	for _, c := range []struct {
		input            int
		half, full, want time.Duration
		result           int
	}{
		{100, 1 * time.Second, 2 * time.Second, 2 * time.Second, 100},
		{100, 1 * time.Second, 2 * time.Second, 4 * time.Second, 200},
		{100, 1 * time.Second, 4 * time.Second, 1 * time.Second, 50},
		{100, 2 * time.Second, 1 * time.Second, 1 * time.Second, 100},
	} {
		if got := extrapolate(c.input, c.half, c.full, c.want); got != c.result {
			t.Errorf("%+v: got %d", c, got)
		}
	}
}

func TestSettings(t *testing.T) {
	s, err := parseSettings([]string{"--cores", "8"}, &bytes.Buffer{})
	if err != nil || s.inputs != 24 {
		t.Errorf("got %+v, %v", s, err)
	}
	for _, args := range [][]string{{"--rounds", "0"}, {"--seconds", "-1"}, {"more"}, {"--what"}} {
		if code := run(append([]string{"scaling"}, args...), &bytes.Buffer{}, &bytes.Buffer{}); code != 2 {
			t.Errorf("%v: exit code %d", args, code)
		}
	}
	if code := run([]string{"scaling", "-h"}, &bytes.Buffer{}, &bytes.Buffer{}); code != 0 {
		t.Errorf("-h: exit code %d", code)
	}
}
