package main

import (
	"bytes"
	"context"
	"encoding/json"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"github.com/outpace-run/outpace/benchmarks/probe"
)

// TestPoolPeers has every peer do a little of every case it is in.
func TestPoolPeers(t *testing.T) {
	for _, c := range poolExperiment("self").topics {
		for _, e := range c.entrants {
			t.Run(c.name+"/"+e.name, func(t *testing.T) {
				var stdout, stderr bytes.Buffer
				err := measureOne(t.Context(), []string{"--pace", "10", c.name, e.name, "3", "200"}, &stdout, &stderr)
				if err != nil {
					t.Fatalf("%v\n%s", err, &stderr)
				}
				m, err := parseMeasurement(stdout.String(), 0)
				if err != nil || m["ops"] != 200 {
					t.Errorf("%v: %s", err, &stdout)
				}
				for _, x := range append([]metric{c.metric}, allocations(), heapBytes()) {
					if !(x.of(m) >= 0 || x.key == "live_B") { // of so few, the heap may have lost more than it got
						t.Errorf("no %s in %s", x.key, &stdout)
					}
				}
			})
		}
	}
}

// TestPoolTopics checks that bounds name entrants, and that children are asked
// for what probe knows.
func TestPoolTopics(t *testing.T) {
	x := poolExperiment("self")
	if machine, err := x.prepare(t.Context(), &bytes.Buffer{}); err != nil || !strings.HasPrefix(machine, "pace ") {
		t.Errorf("prepare: %q, %v", machine, err)
	}
	for _, c := range x.topics {
		for _, b := range c.bounds {
			if b.other != "" && !c.has(b.other) {
				t.Errorf("%s: a bound names %q, which is not an entrant", c.name, b.other)
			}
		}
		full := c.command(c.entrants[0], 3, false)
		if pace, err := strconv.ParseFloat(full[3], 64); err != nil || pace <= 0 {
			t.Errorf("pace %s", full[3])
		}
		if full[3] = "P"; strings.Join(full, " ") != "self probe --pace P "+c.name+" Outpace 3" {
			t.Errorf("got %v", full)
		}
		quick := c.command(c.entrants[0], 3, true)
		if n, err := strconv.Atoi(quick[len(quick)-1]); err != nil || n < 1000 || len(quick) != len(full)+1 {
			t.Errorf("a try: %v", quick)
		}
	}
}

// TestProbe checks the child form as one types it.
func TestProbe(t *testing.T) {
	profile := filepath.Join(t.TempDir(), "profile")
	var stdout, stderr bytes.Buffer
	if code := run([]string{"probe", "--cpuprofile", profile, "map-300ns", "Outpace", "2", "1000"}, &stdout, &stderr); code != 0 {
		t.Fatalf("exit code %d: %s", code, &stderr)
	}
	var reading probe.Reading
	if err := json.Unmarshal(stdout.Bytes(), &reading); err != nil || reading["seconds"] < 100e-6 {
		t.Errorf("1,000 items of 300 ns: %v, %s", err, &stdout)
	}
	if info, err := os.Stat(profile); err != nil || info.Size() == 0 {
		t.Errorf("the profile: %v", err)
	}
	for _, args := range [][]string{
		{}, {"task-1"}, {"task-0", "Outpace", "2"}, {"task-1", "nobody", "2"}, {"task-1", "Outpace", "0"}, {"task-1", "Outpace", "2", "x"},
	} {
		stderr.Reset()
		if code := run(append([]string{"probe"}, args...), &stdout, &stderr); code != 2 || !strings.Contains(stderr.String(), "cases: task-1, ") {
			t.Errorf("%v: exit code %d, %s", args, code, &stderr)
		}
	}
	if code := run([]string{"probe", "-h"}, &stdout, &stderr); code != 0 {
		t.Errorf("-h: exit code %d", code)
	}
}

// TestProbeWrong: a peer whose results are wrong, or out of order, has failed.
func TestProbeWrong(t *testing.T) {
	wrong := serialLoop()
	wrong.Map = func(context.Context, probe.Width) (func(probe.Work, int, *probe.Results) error, func() error, error) {
		return func(work probe.Work, n int, results *probe.Results) error {
			for x := range n {
				results.Take(work.Do(x ^ 1))
			}
			return nil
		}, ignore, nil
	}
	err := probe.Main(t.Context(), probe.Cases(), []probe.Peer{wrong}, []string{"--pace", "1", "map-tiny", wrong.Name, "1", "100"}, &bytes.Buffer{}, &bytes.Buffer{})
	if err == nil || !strings.Contains(err.Error(), "wrong or in another order") {
		t.Errorf("got %v", err)
	}
	err = probe.Main(t.Context(), probe.Cases(), []probe.Peer{wrong}, []string{"--pace", "1", "task-1", wrong.Name, "1", "100"}, &bytes.Buffer{}, &bytes.Buffer{})
	if err == nil || !strings.Contains(err.Error(), "does not do this case") {
		t.Errorf("got %v", err)
	}
}
