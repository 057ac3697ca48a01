package main

import (
	"bufio"
	"bytes"
	"errors"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"syscall"
	"testing"
)

// ran is how the command ended.
type ran struct {
	code      int
	out, told string
}

// shell runs a line of sh in a folder, where $0 is the command.
func shell(t *testing.T, binary, dir, line string) ran {
	t.Helper()
	var out, told bytes.Buffer
	cmd := exec.CommandContext(t.Context(), "sh", "-c", line, binary)
	cmd.Dir, cmd.Stdout, cmd.Stderr = dir, &out, &told
	err := cmd.Run()
	if err != nil && !errors.As(err, new(*exec.ExitError)) {
		t.Fatal(err)
	}
	return ran{cmd.ProcessState.ExitCode(), out.String(), told.String()}
}

// counted is how many results the summary counts as done.
func (r ran) counted(t *testing.T) int {
	t.Helper()
	found := regexp.MustCompile(`(?m)^outpace: (\d+) done, `).FindStringSubmatch(r.told)
	if found == nil {
		t.Fatalf("no summary: %s", r.told)
	}
	n, err := strconv.Atoi(found[1])
	if err != nil {
		t.Fatal(err)
	}
	return n
}

func read(t *testing.T, elem ...string) string {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(elem...))
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

// TestOutputGetsTooLarge: under ulimit -f the run ends with one line, and what
// it counts as done stands in the file, in whole lines.
func TestOutputGetsTooLarge(t *testing.T) {
	t.Parallel()
	binary, dir := build(t), t.TempDir()
	tests := []struct{ name, flags, file, result string }{
		{"results", "-o", "out", ""},
		{"records", "--records -o", "out.records", `"ok":true`},
		{"standard output", "-j 1 >", "stdout", ""},
	}
	for _, test := range tests {
		got := shell(t, binary, dir, `ulimit -f 4; exec "$0" map go:sleep 0 x --repeat 1000000 `+test.flags+" "+test.file)
		text := read(t, dir, test.file)
		whole := strings.Count(text, "\n")
		if test.result != "" {
			whole = strings.Count(text, test.result)
		}
		if n := got.counted(t); got.code != 3 || n != whole || n == 0 || strings.Contains(got.told, "goroutine") {
			t.Errorf("%s: exit code %d, %d results in the file, %d counted:\n%s", test.name, got.code, whole, n, got.told)
		}
		if torn := text[strings.LastIndexByte(text, '\n')+1:]; torn != "" && test.name != "standard output" {
			t.Errorf("%s: the file ends inside of a line: %q", test.name, torn)
		}
		if !strings.Contains(got.told, "file too large (hint: ulimit -f is how large a file may get)\n") {
			t.Errorf("%s: %s", test.name, got.told)
		}
	}
	got := shell(t, binary, dir, `ulimit -f 4; exec "$0" map go:sleep x --repeat 1000000 --failed bad`)
	if got.code != 3 || !strings.Contains(got.told, "\noutpace: cannot write failed inputs: bad.reasons: file too large (hint: ") || strings.Contains(got.told, "failed inputs are in") {
		t.Errorf("failed inputs: exit code %d:\n%s", got.code, got.told)
	}
	if text := read(t, dir, "bad.reasons"); !strings.HasSuffix(text, "}\n") {
		t.Errorf("the file of reasons ends inside of a line: %q", text)
	}
}

// TestOutputIsTakenAway: results in a file that has another name, or none, or is
// cut short by somebody, are not done. The run ends as soon as it writes to it.
func TestOutputIsTakenAway(t *testing.T) {
	t.Parallel()
	binary := build(t)
	tests := []struct {
		name string
		take func(file string) error
		at   string // "the end": when there is nothing more to write
	}{
		{"removed", os.Remove, ""},
		{"renamed", func(file string) error { return os.Rename(file, file+".old") }, ""},
		{"replaced", func(file string) error {
			if err := os.WriteFile(file+".new", []byte("theirs\n"), 0o666); err != nil {
				return err
			}
			return os.Rename(file+".new", file)
		}, ""},
		{"cut short", func(file string) error { return os.Truncate(file, 1) }, ""},
		{"removed at the end", os.Remove, "the end"},
	}
	for _, test := range tests {
		dir := t.TempDir()
		file := filepath.Join(dir, "out")
		cmd := exec.CommandContext(t.Context(), binary, "map", "go:noop", "-o", file)
		in, err := cmd.StdinPipe()
		if err != nil {
			t.Fatal(err)
		}
		var told bytes.Buffer
		cmd.Stderr = &told
		if err := cmd.Start(); err != nil {
			t.Fatal(err)
		}
		write(t, in, "1\n")
		if !eventually(func() bool { text, _ := os.ReadFile(file); return string(text) == "1\n" }) {
			t.Fatal("the first result was not written")
		}
		if err := test.take(file); err != nil {
			t.Fatal(err)
		}
		if test.at == "" {
			write(t, in, "2\n") // and the pipe stays open: the run ends by itself
		} else if err := in.Close(); err != nil {
			t.Fatal(err)
		}
		_ = cmd.Wait() // the exit code says it
		got := ran{code: cmd.ProcessState.ExitCode(), told: told.String()}
		want := "outpace: cannot write results: " + file + ": it was removed, replaced or cut short while the run wrote to it (hint: does another run, or a clean-up, use the same name?)\n"
		if got.code != 3 || got.counted(t) != 0 || !strings.HasPrefix(got.told, want) {
			t.Errorf("%s: exit code %d:\n%s", test.name, got.code, got.told)
		}
	}
}

func write(t *testing.T, to io.Writer, text string) {
	t.Helper()
	if _, err := io.WriteString(to, text); err != nil {
		t.Fatal(err)
	}
}

// TestFailedInputsOutliveAKill: what was told is in the file, whatever happens.
func TestFailedInputsOutliveAKill(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	file := filepath.Join(dir, "bad.jsonl")
	cmd := exec.CommandContext(t.Context(), build(t), "map", "go:sleep", "ten", "eleven", "1000", "--failed", file, "-j", "1")
	stderr, err := cmd.StderrPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	await(t, bufio.NewScanner(stderr), "input 1 ")
	if err := cmd.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	_ = cmd.Wait() // killed
	if got := read(t, file); got != "\"ten\"\n\"eleven\"\n" {
		t.Errorf("failed inputs: %q", got)
	}
	if got := read(t, file+".reasons"); strings.Count(got, "\n") != 2 || !strings.HasPrefix(got, `{"index":0,"input":"ten","ok":false,"error":{`) {
		t.Errorf("reasons: %q", got)
	}
}

// TestKilledByTheUserIsNotLost: a second Ctrl-C ends the workers, and none of
// them was lost for that, nor did an input fail.
func TestKilledByTheUserIsNotLost(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	file := filepath.Join(dir, "sleeper.py")
	if err := os.WriteFile(file, []byte(sleeper), 0o600); err != nil {
		t.Fatal(err)
	}
	cmd, lines, _ := start(t, build(t), "map", file+":nap", "1000", "2000", "-j", "2", "--grace", "1h")
	await(t, lines, "pid ")
	await(t, lines, "pid ")
	signalAll(t, cmd, 2)
	summary := await(t, lines, `"finished"`)
	if !strings.Contains(summary, `"done":0,"failed":0,"cancelled":2,"retried":0,"skipped":0,"workers_lost":0,`) {
		t.Errorf("%s", summary)
	}
	if code := ended(t, cmd, lines); code != 130 {
		t.Errorf("exit code %d", code)
	}
}

// TestUnreadResultsAreNotDone: what still waits for a reader when a signal ends
// the run was not delivered.
func TestUnreadResultsAreNotDone(t *testing.T) {
	t.Parallel()
	told, err := os.Create(filepath.Join(t.TempDir(), "told"))
	if err != nil {
		t.Fatal(err)
	}
	defer told.Close()
	cmd := exec.CommandContext(t.Context(), build(t), "map", "go:noop", "--range", "1..1000000000", "--grace", "0.1")
	cmd.Stderr = told
	unread, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	first := make([]byte, 2)
	if _, err := io.ReadFull(unread, first); err != nil {
		t.Fatal(err)
	}
	if err := cmd.Process.Signal(syscall.SIGTERM); err != nil {
		t.Fatal(err)
	}
	if _, err := cmd.Process.Wait(); err != nil { // cmd.Wait would close the pipe
		t.Fatal(err)
	}
	rest, err := io.ReadAll(unread)
	if err != nil {
		t.Fatal(err)
	}
	got := ran{told: read(t, told.Name())}
	if n, whole := got.counted(t), 1+strings.Count(string(rest), "\n"); n > whole || n == 0 {
		t.Errorf("%d counted as done, %d came", n, whole)
	}
}
