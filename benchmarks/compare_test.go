package main

import (
	"bytes"
	"errors"
	"path/filepath"
	"strings"
	"testing"

	"github.com/outpace-run/outpace/benchmarks/probe"
)

func TestCompareSummary(t *testing.T) {
	x := compareExperiment("folder", 10)
	s := trialSettings{rounds: 7, workers: []int{2}, only: []string{"task-1", "map-tiny", "python-call", "round"}, operands: []string{"v1"}, cores: 2, seed: 3}
	x = x.chosen(s)
	var samples []trialSample
	for round := 1; round <= 7; round++ {
		for _, trial := range x.trials(false) {
			seconds := 1 + float64(round)/100 // a machine that gets slower
			switch {
			case trial.Peer == "head" && trial.Case == "task-1":
				seconds *= 1.1
			case trial.Peer == "head" && trial.Case == "map-tiny":
				seconds *= 0.5
			case trial.Peer == "head":
				seconds *= []float64{0.9, 1.1}[round%2]
			}
			m := measurement{"seconds": seconds, "ops": 1e9, "allocs": 2, "p50_us": seconds}
			sample := trialSample{trial: trial, Round: round, Measured: m}
			if trial.Case == "round-trip" && trial.Peer == "head" && round == 2 {
				sample.Measured, sample.Err = nil, errors.New("exit status 1: the sum is wrong")
			}
			samples = append(samples, sample)
		}
	}
	text, failed := compareSummary(x, s, samples)
	for _, want := range []string{
		"head (the working tree) against base (v1): 7 rounds on 2 cores, seed 3.",
		"| task-1 | 2 | ns/op | 1.04 | 1.14 | 1.10 [1.10–1.10] | slower | 2.00 → 2.00 |\n",
		"| map-tiny | 2 | ns/op | 1.04 | 0.520 | 0.500 [0.500–0.500] | faster | 2.00 → 2.00 |\n",
		"| python-call | 1 | p50 µs | 1.04 | 1.11 | 1.10 [0.900–1.10] | ~ | 2.00 → 2.00 |\n",
		"- round-trip: head, 2 workers: FAILED: exit status 1: the sum is wrong (in 1 rounds)\n",
	} {
		if !strings.Contains(text, want) {
			t.Errorf("no %q in\n%s", want, text)
		}
	}
	if len(failed) != 1 {
		t.Errorf("failed: %v", failed)
	}
}

func TestCompareChildren(t *testing.T) {
	var stdout, stderr bytes.Buffer
	if code := run([]string{"compare"}, &stdout, &stderr); code != 2 || !strings.Contains(stderr.String(), "which commit?") {
		t.Errorf("without a commit: exit code %d, %s", code, &stderr)
	}
	cases := map[string]bool{}
	for _, c := range append(probe.Cases(), probe.PythonCases()...) {
		cases[c.Name] = true
	}
	for _, topic := range compareExperiment("folder", 10).topics {
		got := topic.command(topic.entrants[0], 2, true)
		if got[0] != filepath.Join("folder", "base") || len(got) != 7 || !cases[topic.name] {
			t.Errorf("%s: %v", topic.name, got)
		}
	}
}

// TestPythonCases has Outpace do a little of what only compare measures.
func TestPythonCases(t *testing.T) {
	for _, c := range probe.PythonCases() {
		var stdout, stderr bytes.Buffer
		args := []string{"--pace", "1", c.Name, "Outpace", "2", "50"}
		if err := probe.Main(t.Context(), probe.PythonCases(), []probe.Peer{probe.Outpace()}, args, &stdout, &stderr); err != nil {
			t.Fatalf("%s: %v\n%s", c.Name, err, &stderr)
		}
		if m, err := parseMeasurement(stdout.String(), 0); err != nil || m["ops"] != 50 || c.Name == "python-call" && m["p50_us"] <= 0 {
			t.Errorf("%s: %v: %s", c.Name, err, &stdout)
		}
	}
}

func TestReplaceRoot(t *testing.T) {
	got := replaceRoot("module x\n\nreplace github.com/outpace-run/outpace => ..\n", "/a b/c")
	if want := "module x\n\nreplace github.com/outpace-run/outpace => \"/a b/c\"\n"; got != want {
		t.Errorf("got %s", got)
	}
}
