package main

import (
	"bytes"
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"math"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// says is a child that prints a measurement of seconds for ten operations.
func says(seconds float64) []string {
	return []string{"echo", fmt.Sprintf(`{"seconds": %v, "ops": 10, "allocs": 2}`, seconds)}
}

// someExperiment has one case: Outpace takes 1 s, the others longer or less.
func someExperiment(bounds ...bound) experiment {
	seconds := map[string]float64{"Outpace": 1, "slow": 4, "fast": 0.5, "serial": 1.5}
	return experiment{name: "some", title: "Some", topics: []topic{{
		name: "one", title: "the case", item: "item 1", metric: milliseconds(), columns: []metric{allocations(), heapBytes()},
		entrants: []entrant{
			{name: "Outpace", role: subject}, {name: "slow"},
			{name: "fast", role: floor}, {name: "serial", role: base, lone: true},
		},
		bounds: bounds,
		command: func(e entrant, _ int, _ bool) []string {
			return says(seconds[e.name])
		},
	}}}
}

func measureSome(t *testing.T, x experiment, args ...string) (string, string, error) {
	t.Helper()
	folder := t.TempDir()
	var stdout bytes.Buffer
	args = append([]string{"--results", folder, "--seed", "7"}, args...)
	err := runExperiment(t.Context(), x, args, &stdout, &bytes.Buffer{})
	return stdout.String(), folder, err
}

func TestExperiment(t *testing.T) {
	x := someExperiment(timesAtMost("slow", 0.3), efficient("serial", 0.7), fasterThan("slow", 3), plusAtMost("fast", 60), atMost(allocations(), 2))
	text, folder, err := measureSome(t, x, "--rounds", "2", "--workers", "2")
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{
		"| **Outpace** | 100 | 2.00 |", "| slow | 400 | 2.00 |", "| fast (floor) | 50.0 | 2.00 |",
		"| 0.250 |", "| 2.00 |", "\nOutpace vs best peer, slow: 0.250; vs floor, fast: 2.00\n",
		"- PASS: Outpace, 2 workers: ≤ 0.3 x slow: 0.250\n", "- PASS: Outpace, 2 workers: ≤ fast + 60 ms: 50.0\n",
		"- PASS: Outpace, 2 workers: allocs ≤ 2: 2.00\n", "≥ 3 x the speed of slow: 4.00\n",
	} {
		if !strings.Contains(text, want) {
			t.Errorf("no %q in\n%s", want, text)
		}
	}
	found, _ := filepath.Glob(filepath.Join(folder, "*-some", "*"))
	if len(found) != 3 {
		t.Errorf("files of results: %v", found)
	}
	written, err := os.ReadFile(filepath.Join(filepath.Dir(found[0]), "summary.md"))
	if err != nil || string(written) != text {
		t.Errorf("summary.md: %v, not what was printed:\n%s", err, written)
	}
}

func TestExperimentMissed(t *testing.T) {
	text, _, err := measureSome(t, someExperiment(timesAtMost("slow", 0.1)), "--rounds", "1", "--workers", "2")
	var missed missedError
	if !errors.As(err, &missed) || len(missed) != 1 || !strings.Contains(text, "- **MISS**: Outpace, 2 workers: ≤ 0.1 x slow: 0.250\n") {
		t.Errorf("got %v\n%s", err, text)
	}
}

// TestExperimentFailed: a trial that fails is shown as such, and is not left out
// of what must hold.
func TestExperimentFailed(t *testing.T) {
	x := someExperiment(timesAtMost("slow", 0.3))
	x.topics[0].command = func(e entrant, _ int, _ bool) []string {
		if e.name == "slow" {
			return []string{"sh", "-c", "echo the sum is wrong >&2; exit 1"}
		}
		return says(1)
	}
	text, folder, err := measureSome(t, x, "--rounds", "2", "--workers", "2")
	var missed missedError
	if !errors.As(err, &missed) || len(missed) != 2 {
		t.Errorf("got %v", err)
	}
	for _, want := range []string{
		"| slow | not measured, FAILED in 2 of 2 rounds |", "**MISS**: Outpace, 2 workers: ≤ 0.3 x slow: not measured",
		"- one: slow, 2 workers: FAILED: exit status 1: the sum is wrong (in 2 rounds)",
	} {
		if !strings.Contains(text, want) {
			t.Errorf("no %q in\n%s", want, text)
		}
	}
	raw, _ := filepath.Glob(filepath.Join(folder, "*", "raw.csv"))
	if len(raw) != 1 {
		t.Fatal("no raw.csv")
	}
	if lines, _ := os.ReadFile(raw[0]); !strings.Contains(string(lines), ",one,slow,2,exit status 1: the sum is wrong,") {
		t.Errorf("raw.csv:\n%s", lines)
	}
}

func TestTrialFails(t *testing.T) {
	for _, c := range []struct{ code, want string }{
		{`echo hello`, "not a JSON object of numbers"},
		{`echo '{"seconds": 1}'`, "no ops"},
		{`kill -9 $$`, "signal: killed"},
	} {
		_, err := trial{Command: []string{"sh", "-c", c.code}, Limit: time.Minute}.run(t.Context())
		if err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: got %v", c.code, err)
		}
	}
	if _, err := (trial{Command: []string{"/no/such"}, Limit: time.Minute}).run(t.Context()); err == nil {
		t.Error("no error")
	}
}

func TestTrialLimit(t *testing.T) {
	pause := trial{Command: []string{"sleep", "600"}, Limit: 100 * time.Millisecond}
	if _, err := pause.run(t.Context()); !errors.Is(err, errTrialLimit) {
		t.Errorf("got %v", err)
	}
}

// TestTrialEndsAll: what the child has started ends with it. That one writes to a
// pipe and holds it open; the end of the pipe is its own.
func TestTrialEndsAll(t *testing.T) {
	fifo := filepath.Join(t.TempDir(), "pipe")
	code := `import os, subprocess, sys
os.mkfifo(sys.argv[1])
subprocess.run([sys.executable, "-ISc", "import signal, sys; f = open(sys.argv[1], 'w'); f.write('x'); f.flush(); signal.pause()", sys.argv[1]])`
	ctx, cancel := context.WithCancelCause(t.Context())
	over, read := errors.New("over"), make(chan string, 1)
	go func() {
		defer close(read)
		eventually(t, "the pipe is made", func() bool { _, err := os.Stat(fifo); return err == nil })
		file, err := os.Open(fifo)
		if err != nil {
			t.Error(err)
			return
		}
		defer file.Close()
		first := make([]byte, 1)
		n, _ := file.Read(first)
		cancel(over)
		rest, err := io.ReadAll(file)
		read <- fmt.Sprintf("%s, %q, %v", first[:n], rest, err)
	}()
	_, err := trial{Command: []string{"python3", "-ISc", code, fifo}, Limit: time.Minute}.run(ctx)
	if !errors.Is(err, over) {
		t.Errorf("got %v", err)
	}
	if got := <-read; got != `x, "", <nil>` {
		t.Errorf("the pipe: %s", got)
	}
}

func TestExperimentInterrupted(t *testing.T) {
	ctx, cancel := context.WithCancelCause(t.Context())
	x := someExperiment()
	x.topics[0].command = func(entrant, int, bool) []string {
		cancel(context.Canceled)
		return says(1)
	}
	folder := t.TempDir()
	err := runExperiment(ctx, x, []string{"--results", folder}, &bytes.Buffer{}, &bytes.Buffer{})
	if found, _ := os.ReadDir(folder); !errors.Is(err, context.Canceled) || len(found) != 0 {
		t.Errorf("got %v, wrote %v", err, found)
	}
}

func TestExperimentFlags(t *testing.T) {
	for _, args := range [][]string{
		{"--rounds", "0"}, {"--workers", "0"}, {"--workers", "x"}, {"--only", "two"}, {"--peers", "nobody"}, {"more"}, {"--what"},
	} {
		if _, _, err := measureSome(t, someExperiment(), args...); !errors.Is(err, errUsage) {
			t.Errorf("%v: %v", args, err)
		}
	}
	text, folder, err := measureSome(t, someExperiment(), "--quick", "--only", "o", "--peers", "outpace,SERIAL")
	if err != nil || strings.Contains(text, "slow") || !strings.Contains(text, "| serial |") {
		t.Errorf("got %v\n%s", err, text)
	}
	if found, _ := os.ReadDir(folder); len(found) != 0 {
		t.Errorf("wrote %v", found)
	}
}

// TestPaired: a ratio is made within each round, and a round in which one of
// both is missing has none.
func TestPaired(t *testing.T) {
	x := someExperiment()
	x = x.chosen(trialSettings{workers: []int{2}})
	var samples []trialSample
	add := func(round int, peer string, workers int, seconds float64) {
		s := trialSample{trial: trial{Case: "one", Peer: peer, Workers: workers}, Round: round}
		if s.Err = errTrialLimit; seconds > 0 {
			s.Measured, s.Err = measurement{"seconds": seconds, "ops": 10}, nil
		}
		samples = append(samples, s)
	}
	for round, slow := range []float64{2, 4, 0, 8, 2, 4, 2, 4} {
		add(round+1, "Outpace", 2, float64(round+1))
		add(round+1, "slow", 2, slow*float64(round+1))
		add(round+1, "serial", 1, 3*float64(round+1))
	}
	r, topic := collect(samples), x.topics[0]
	got := r.ratio(topic, "slow", "Outpace", 2)
	if got.median != 4 || got.n != 7 || got.lo != 2 || got.hi != 8 {
		t.Errorf("got %v of %d", got, got.n)
	}
	if got := r.ratio(topic, "serial", "Outpace", 2); got.median != 3 || got.n != 8 {
		t.Errorf("without a width: got %v", got)
	}
	e := efficient("serial", 0).with(milliseconds()).value(measurement{"seconds": 1, "ops": 1}, measurement{"seconds": 3, "ops": 1}, 2, 4)
	if e != 1.5 {
		t.Errorf("efficiency: got %v", e)
	}
}

func TestInterval(t *testing.T) {
	for _, c := range []struct {
		values []float64
		want   string
	}{
		{nil, "not measured"},
		{[]float64{math.NaN(), 2}, "2.00"},
		{[]float64{3, 1, 2}, "2.00"},
		{[]float64{1, 2, 3, 4, 5, 6, 700}, "4.00 [1.00–700]"},
	} {
		if got := summarize(c.values).String(); got != c.want {
			t.Errorf("%v: got %s, want %s", c.values, got, c.want)
		}
	}
}

// TestExperimentPrepares: its own flags are known when an experiment prepares,
// and what it then says of the machine is kept. Where it cannot, nothing is
// measured.
func TestExperimentPrepares(t *testing.T) {
	x := someExperiment()
	var name string
	x.flags = func(flags *flag.FlagSet) { flags.StringVar(&name, "name", "", "") }
	x.prepare = func(context.Context, io.Writer) (string, error) { return "peers " + name + "\n", nil }
	_, folder, _ := measureSome(t, x, "--name", "Ada")
	files, _ := filepath.Glob(filepath.Join(folder, "*", "machine.txt"))
	if len(files) != 1 {
		t.Fatal("no machine.txt")
	}
	if text, _ := os.ReadFile(files[0]); !strings.HasSuffix(string(text), "\npeers Ada\n") {
		t.Errorf("machine.txt:\n%s", text)
	}
	x.prepare = func(context.Context, io.Writer) (string, error) { return "", os.ErrNotExist }
	if _, folder, err := measureSome(t, x); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("got %v, wrote to %s", err, folder)
	}
}

func TestTimesPlus(t *testing.T) {
	b := timesPlusAtMost("pass", 2, 10).with(milliseconds())
	got := b.value(measurement{"seconds": 0.045, "ops": 1}, measurement{"seconds": 0.020, "ops": 1}, 2, 1)
	if math.Abs(got-5) > 1e-9 || !b.holds(got) || b.holds(11) || b.String() != "≤ 2 x pass + 10 ms" {
		t.Errorf("%v, %v", got, b)
	}
}

func TestLoad(t *testing.T) {
	start := time.Now()
	before := parseLoad("cpu  100 0 50 900 7 1 2 3 0 0", start)
	now := parseLoad("cpu  200 5 100 2000 9 1 2 8 0 0", start.Add(2*time.Second))
	// 160 ticks are 1.6 s, of which the trial used 0.6 s, in 2 s.
	if got := before.others(now, 600*time.Millisecond); !before.ok || math.Abs(got-0.5) > 1e-9 {
		t.Errorf("got %v", got)
	}
	for _, line := range []string{"", "cpu 1 2 3", "cpu0 1 1 1 1 1 1 1 1", "cpu a 1 1 1 1 1 1 1"} {
		if parseLoad(line, start).ok {
			t.Errorf("%q is read", line)
		}
	}
	busy := []trialSample{{Measured: measurement{"others": 0.4}}, {Measured: measurement{"others": 0.2}}, {}}
	if got := disturbance(busy); !strings.Contains(got, "not idle") || !strings.Contains(got, "0.30 cores on average") {
		t.Errorf("got %s", got)
	}
	if got := disturbance([]trialSample{{Measured: measurement{"others": 0.01}}}); !strings.Contains(got, "was idle otherwise") {
		t.Errorf("got %s", got)
	}
	if got := disturbance([]trialSample{{}}); got != "" {
		t.Errorf("got %s", got)
	}
}
