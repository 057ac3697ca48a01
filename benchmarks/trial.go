package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"os"
	"os/exec"
	"slices"
	"strings"
	"time"
)

// trial is one way to do one case, in a child process of its own: so no peer's
// heap, goroutines or workers touch the next one, and its peak of memory is
// its own.
//
//	parent ── Command ──► child: does the case, checks the results
//	       ◄── one line of JSON on standard output, exit code 0
//	       ◄── or why not, as the last line on standard error, another exit code
type trial struct {
	Case    string
	Peer    string
	Workers int // 1 for what has no width
	Command []string
	Env     []string      // beside that of the parent
	Limit   time.Duration // a child that takes longer is killed with its process group, and has failed
}

// measurement is what a child has measured: "seconds" for "ops" operations,
// and whatever else, each a number by its name. The framework knows
//
//	allocs, bytes   heap allocations and their bytes, of one operation
//	peak_mb         the most resident memory, in MB (10^6 bytes); when the child does not say it is taken from its exit
//	startup         seconds before the first operation
//	others          cores that other programs used meanwhile; the parent adds it
type measurement map[string]float64

// errTrialLimit ends a child that takes too long.
var errTrialLimit = errors.New("took too long")

// run does the trial once. It blocks until the child has ended; when ctx is
// done, or the limit is over, that is at once.
func (t trial) run(ctx context.Context) (measurement, error) {
	ctx, cancel := context.WithTimeoutCause(ctx, t.Limit, errTrialLimit)
	defer cancel()
	stdout, stderr := &tail{limit: 1 << 20}, &tail{limit: 1 << 14}
	cmd := exec.CommandContext(ctx, t.Command[0], t.Command[1:]...)
	cmd.Env = append(os.Environ(), t.Env...)
	cmd.Stdout, cmd.Stderr = stdout, stderr
	cmd.SysProcAttr = trialGroup()
	cmd.Cancel = func() error { return killTrial(cmd.Process) }
	cmd.WaitDelay = 5 * time.Second
	before := loadNow()
	err := cmd.Run()
	now := loadNow()
	if err != nil && cmd.Process != nil {
		killTrial(cmd.Process) // what it had started; the error is its own
	}
	switch {
	case err == nil:
		m, err := parseMeasurement(lastLine(stdout.String()), peakMB(cmd.ProcessState))
		if err == nil && before.ok && now.ok {
			m["others"] = before.others(now, cmd.ProcessState.UserTime()+cmd.ProcessState.SystemTime())
		}
		return m, err
	case context.Cause(ctx) != nil:
		return nil, context.Cause(ctx)
	case lastLine(stderr.String()) != "":
		return nil, fmt.Errorf("%w: %s", err, lastLine(stderr.String()))
	}
	return nil, err
}

// parseMeasurement reads a child's line. peak is the most memory it had, as
// its exit tells.
func parseMeasurement(line string, peak float64) (measurement, error) {
	var m measurement
	if err := json.Unmarshal([]byte(line), &m); err != nil {
		return nil, fmt.Errorf("its last line is not a JSON object of numbers: %w", err)
	}
	if m["ops"] <= 0 || m["seconds"] <= 0 {
		return nil, errors.New("it gives no ops or no seconds")
	}
	if _, ok := m["peak_mb"]; !ok && peak > 0 {
		m["peak_mb"] = peak
	}
	return m, nil
}

// metric is a number of a measurement, or one made of it.
type metric struct {
	key   string // "" for the time of one operation
	unit  string
	scale float64 // unit for each of the measurement's
}

// The metrics that most cases use.
func nanoseconds() metric  { return metric{"", "ns", 1e9} }
func microseconds() metric { return metric{"", "µs", 1e6} }
func milliseconds() metric { return metric{"", "ms", 1e3} }
func allocations() metric  { return metric{"allocs", "allocs", 1} }
func heapBytes() metric    { return metric{"bytes", "B", 1} }
func peakMemory() metric   { return metric{"peak_mb", "MB", 1} }

// of returns the metric of a measurement; NaN where it was not measured.
func (m metric) of(x measurement) float64 {
	if m.key == "" {
		return x["seconds"] / x["ops"] * m.scale
	}
	value, ok := x[m.key]
	if !ok {
		return math.NaN()
	}
	return value * m.scale
}

// title heads the metric's column: "ns/op", "allocs", "p50 µs" of p50_us.
func (m metric) title() string {
	switch m.key {
	case "":
		return m.unit + "/op"
	case "allocs", "bytes":
		return m.unit
	}
	name, _, _ := strings.Cut(m.key, "_")
	return name + " " + m.unit
}

// tail is a writer that keeps the end of what is written to it.
type tail struct {
	text  []byte
	limit int
}

// Write keeps the last bytes, limit of them.
func (t *tail) Write(p []byte) (int, error) {
	t.text = append(t.text, p...)
	if over := len(t.text) - t.limit; over > 0 {
		t.text = slices.Delete(t.text, 0, over)
	}
	return len(p), nil
}

// String returns what was kept.
func (t *tail) String() string { return string(t.text) }

// lastLine returns the last line of a text that is not empty.
func lastLine(text string) string {
	text = strings.TrimSpace(text)
	return text[strings.LastIndexByte(text, '\n')+1:]
}
