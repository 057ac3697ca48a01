package main

import (
	"bytes"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	workers "github.com/outpace-run/outpace/process"
)

func TestMain(m *testing.M) {
	workers.Main(lockLoop())
	os.Exit(m.Run())
}

// TestSharePeers does every case once, as every entrant does it, with a few
// operations: each checks what came of them.
func TestSharePeers(t *testing.T) {
	inRoot(t)
	s := shareSetting{python: "python3", self: "benchmarks"}
	done := map[string]bool{} // drivers that do several cases
	for _, topic := range s.topics() {
		for _, e := range topic.entrants {
			command := topic.command(e, topic.widths[0], true)
			command[len(command)-2] = "8"
			if topic.name == "death" {
				command[len(command)-2] = "1"
			}
			name := command[len(command)-3]
			if done[name] {
				continue
			}
			done[name] = true
			t.Run(topic.name+"/"+e.name, func(t *testing.T) {
				m, err := measureSharing(t, command)
				if err != nil {
					t.Fatal(err)
				}
				if x := topic.metric.of(m); !(x > 0) {
					t.Errorf("%s is %v in %v", topic.metric.title(), x, m)
				}
			})
		}
	}
}

// measureSharing is a trial, but that ours runs in this process.
func measureSharing(t *testing.T, command []string) (measurement, error) {
	t.Helper()
	if command[0] != "benchmarks" {
		return trial{Command: command, Limit: time.Minute}.run(t.Context())
	}
	var stdout bytes.Buffer
	if err := probeShare(t.Context(), command[2:], &stdout, os.Stderr); err != nil {
		return nil, err
	}
	return parseMeasurement(stdout.String(), 0)
}

// TestShareNames: bounds speak of entrants that there are, and no two entrants of a
// case are one.
func TestShareNames(t *testing.T) {
	for _, topic := range new(shareSetting).topics() {
		for _, b := range topic.bounds {
			if b.who != "" && !topic.has(b.who) || !topic.has(b.other) && b.how != absolute {
				t.Errorf("%s: %q, %q", topic.name, b.who, b.other)
			}
		}
		for i, e := range topic.entrants {
			if slices.Contains(topic.entrants[:i], e) {
				t.Errorf("%s: %s twice", topic.name, e.name)
			}
		}
	}
}

func TestShareProbeUsage(t *testing.T) {
	for _, args := range []string{"", "lock", "lock 0", "lock x", "none 1", "lock 1 1 1", "--none"} {
		var stdout, stderr bytes.Buffer
		if code := run(append([]string{"share-probe"}, strings.Fields(args)...), &stdout, &stderr); code != 2 || stderr.Len() == 0 {
			t.Errorf("%q: code %d, %s", args, code, &stderr)
		}
	}
}
