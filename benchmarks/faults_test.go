package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
	"testing"
	"time"
)

// inRoot goes to the root of the repository, where faults is run from.
func inRoot(t *testing.T) {
	t.Helper()
	if runtime.GOOS != "linux" {
		t.Skip("faults needs /proc")
	}
	t.Chdir("..")
}

// trialOf makes a trial of a driver that needs no joblib.
func trialOf(t *testing.T, name, driver string, limit time.Duration) faultTrial {
	t.Helper()
	for _, c := range culprits() {
		if c.name == name {
			command := func(c culprit, file string) []string {
				return []string{"python3", "benchmarks/faults/" + driver, c.name, file}
			}
			folder := filepath.Join(t.TempDir(), "trial")
			return faultTrial{c, peer{name: driver, command: command}, limit, folder, markerName + "=" + t.Name()}
		}
	}
	t.Fatalf("no culprit %s", name)
	return faultTrial{}
}

func TestTrialEnds(t *testing.T) {
	inRoot(t)
	o, err := trialOf(t, "exception", "peer_executor.py", time.Minute).run(t.Context())
	if err != nil || o.Result != "999 + 1 named" || o.Error != "ValueError: no square of 500" {
		t.Errorf("got %+v, %v", o, err)
	}
}

func TestTrialHangs(t *testing.T) {
	inRoot(t)
	tr := trialOf(t, "os_exit", "peer_pool.py", 3*time.Second)
	o, err := tr.run(t.Context())
	if err != nil || o.State != hangs || o.Error != "" {
		t.Errorf("got %+v, %v", o, err)
	}
	if left, err := carriers(tr.marker); err != nil || len(left) > 0 {
		t.Errorf("left %v, %v", left, err)
	}
}

func TestTrialSignal(t *testing.T) {
	inRoot(t)
	o, err := trialOf(t, "killed", "peer_executor.py", time.Minute).run(t.Context())
	if err != nil || !strings.HasPrefix(o.Error, "BrokenProcessPool") {
		t.Errorf("got %+v, %v", o, err)
	}
}

// TestTrialCancelled: whoever interrupts the experiment finds nothing left.
func TestTrialCancelled(t *testing.T) {
	inRoot(t)
	ctx, cancel := context.WithCancelCause(t.Context())
	tr := trialOf(t, "grandchild", "peer_pool.py", time.Minute)
	go func() {
		eventually(t, "the child that called setsid", func() bool {
			all, err := carriers(tr.marker)
			return err != nil || len(all) == 4 // parent, two workers, the grandchild
		})
		cancel(errors.New("enough"))
	}()
	if _, err := tr.run(ctx); err == nil || err.Error() != "enough" {
		t.Errorf("got %v", err)
	}
	if left, err := carriers(tr.marker); err != nil || len(left) > 0 {
		t.Errorf("left %v, %v", left, err)
	}
}

// TestKillStale: a harness that was killed leaves processes to its successor,
// and those of one that lives are not touched.
func TestKillStale(t *testing.T) {
	inRoot(t)
	start := func(marker string) *exec.Cmd {
		cmd := exec.Command("sleep", "1000")
		cmd.Env = append(os.Environ(), marker)
		if err := cmd.Start(); err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { cmd.Process.Kill(); cmd.Wait() })
		return cmd
	}
	gone := exec.Command("true")
	if err := gone.Run(); err != nil {
		t.Fatal(err)
	}
	stale := start(markerName + "=" + strconv.Itoa(gone.ProcessState.Pid()) + ".1")
	ours := start(marker(1))
	if err := killStale(); err != nil {
		t.Fatal(err)
	}
	if left, err := carriers(marker(1)); err != nil || len(left) != 1 || left[0].pid != ours.Process.Pid {
		t.Errorf("of ours: %v, %v", left, err)
	}
	if err := stale.Wait(); err == nil {
		t.Error("the stale process has ended by itself")
	}
}

func TestReadRecords(t *testing.T) {
	inRoot(t)
	folder := t.TempDir()
	records, outcomes := filepath.Join(folder, "records"), filepath.Join(folder, "outcomes")
	text := `{"index":2,"ok":true,"value":4}
{"index":3,"ok":true,"value":8}
{"index":500,"ok":false,"error":{"type":"ValueError","message":"no","cause":"exception"}}
{"index":4,"ok":true,"val`
	if err := os.WriteFile(records, []byte(text), 0o666); err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command("python3", "-B", "benchmarks/faults/read_records.py", "exception", records, outcomes)
	if output, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, output)
	}
	var o outcome
	if err := o.read(outcomes); err != nil {
		t.Fatal(err)
	}
	if o.Right != 1 || o.Wrong != 1 || o.Error != "ValueError: no" {
		t.Errorf("got %+v", o)
	}
}

func TestWords(t *testing.T) {
	for _, c := range []struct {
		o     outcome
		c     culprit
		words string
		fault string
	}{
		{outcome{State: ended, Right: 1000}, culprit{}, "1000", ""},
		{outcome{State: ended, Right: 999, Error: "x"}, culprit{}, "999 + 1 named", ""},
		{outcome{State: ended, Right: 999, Error: "x"}, culprit{harmless: true}, "999 + 1 named", "999 + 1 named"},
		{outcome{State: ended, Right: 999}, culprit{}, "999", "999"},
		{outcome{State: ended, Right: 500, Error: "x", Failed: 499}, culprit{}, "500, 500 fail alike", "500, 500 fail alike"},
		{outcome{State: ended, Right: 999, Wrong: 1}, culprit{}, "999, 1 wrong", "999, 1 wrong"},
		{outcome{State: ended, Right: 400, RunError: "x"}, culprit{}, "400, run ends", "400, run ends"},
		{outcome{State: ended, Right: 1000, Left: 1}, culprit{}, "1000, 1 process left", "1 process left"},
		{outcome{State: hangs, Right: 999}, culprit{}, "999, hangs until Ctrl-C", hangs},
		{outcome{State: hangs, Right: 999, Left: 3, Deaf: true}, culprit{}, "999, hangs, also after Ctrl-C", hangs},
		{outcome{State: hangs, Right: 999, Left: 1}, culprit{}, "999, hangs until Ctrl-C, which leaves 1", hangs},
		{outcome{State: grows, Right: 999}, culprit{}, "999, grows until the machine is out of memory", grows},
		{outcome{State: ended, Right: 3}, culprit{signal: "kill parent"}, "nothing left", ""},
		{outcome{State: ended, Left: 2}, culprit{signal: "kill parent"}, "2 processes left", "2 processes left"},
	} {
		if words, fault := c.o.words(c.c), c.o.fault(c.c); words != c.words || fault != c.fault {
			t.Errorf("%+v: %q, fault %q", c.o, words, fault)
		}
	}
}

// TestReportFaults: the folder has everything, and what Outpace misses is said.
func TestReportFaults(t *testing.T) {
	s := faultSettings{limit: time.Second, results: t.TempDir()}
	outcomes := []outcome{
		{Culprit: "os_exit", Peer: "pool", State: hangs, Result: "999, hangs until Ctrl-C", Right: 999},
		{Culprit: "os_exit", Peer: "outpace", State: ended, Result: "998", Right: 998},
		{Culprit: "abort", Peer: "outpace", State: ended, Right: 999, Error: "a|b"},
	}
	var stdout bytes.Buffer
	now := time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)
	err := reportFaults(s, interpreter{version: "3.11.7", joblib: "1.6.0"}, "cpu x\n", outcomes, now, &stdout)
	var missed missedError
	if !errors.As(err, &missed) || len(missed) != 1 || missed[0] != "os_exit: 998" {
		t.Errorf("got %v", err)
	}
	for _, want := range []string{
		"| `os._exit(3)` |  | 999, hangs until Ctrl-C |  | 998 |\n", "| `a\\|b` |\n", "CPython 3.11.7, joblib 1.6.0",
	} {
		if !strings.Contains(stdout.String(), want) {
			t.Errorf("no %q in\n%s", want, &stdout)
		}
	}
	folder := filepath.Join(s.results, "2026-01-02-faults")
	var again []outcome
	text, err := os.ReadFile(filepath.Join(folder, "raw.json"))
	if err := errors.Join(err, json.Unmarshal(text, &again)); err != nil || len(again) != 3 {
		t.Errorf("raw.json: %v, %v", again, err)
	}
	if text, err := os.ReadFile(filepath.Join(folder, "machine.txt")); err != nil || string(text) != "cpu x\n" {
		t.Errorf("machine.txt: %q, %v", text, err)
	}
}

func TestFaultSettings(t *testing.T) {
	for _, args := range [][]string{{"--limit", "0s"}, {"--at-once", "0"}, {"more"}, {"--only", "nobody"}} {
		if code := run(append([]string{"faults"}, args...), &bytes.Buffer{}, &bytes.Buffer{}); code != 2 {
			t.Errorf("%v: exit code %d", args, code)
		}
	}
	s, err := parseFaultSettings([]string{"--only", "abort,fork"}, &bytes.Buffer{})
	if err != nil || len(s.culprits()) != 2 {
		t.Errorf("got %v, %v", s.culprits(), err)
	}
}

// eventually polls until a condition holds; who waits for it knows if it never does.
func eventually(t *testing.T, what string, condition func() bool) {
	t.Helper()
	for end := time.Now().Add(30 * time.Second); !condition(); time.Sleep(20 * time.Millisecond) {
		if time.Now().After(end) {
			t.Errorf("waited 30 s for %s", what)
			return
		}
	}
}
