//go:build unix

package main

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"
)

// limit is how long a test waits for anything before it gives up.
const limit = time.Minute

// build returns the path of the command as it is built for a user.
func build(t *testing.T) string {
	t.Helper()
	return filepath.Join(buildCommand(t), "outpace")
}

// start starts the command with JSON events and returns it, the lines of its
// standard error, and its standard output.
func start(t *testing.T, binary string, args ...string) (*exec.Cmd, *bufio.Scanner, io.Reader) {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), limit)
	t.Cleanup(cancel)
	cmd := exec.CommandContext(ctx, binary, append(args, "--progress", "json")...)
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	stderr, err := cmd.StderrPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	return cmd, bufio.NewScanner(stderr), out
}

// await reads lines up to one that has text, and returns it.
func await(t *testing.T, lines *bufio.Scanner, text string) string {
	t.Helper()
	for lines.Scan() {
		if strings.Contains(lines.Text(), text) {
			return lines.Text()
		}
	}
	t.Fatalf("no line with %q came", text)
	return ""
}

// ended waits for the command and returns its exit code.
func ended(t *testing.T, cmd *exec.Cmd, lines *bufio.Scanner) int {
	t.Helper()
	for lines.Scan() { // Wait needs the pipe to be read
	}
	err := cmd.Wait()
	var exit *exec.ExitError
	if err != nil && !errors.As(err, &exit) {
		t.Fatal(err)
	}
	if !cmd.ProcessState.Exited() {
		t.Fatalf("ended by a signal: %v", cmd.ProcessState)
	}
	return cmd.ProcessState.ExitCode()
}

const sleeper = `
import os, sys, time
def nap(s):
    print("pid", os.getpid(), flush=True)
    time.sleep(s)
    return s
def spin(s):
    print("pid", os.getpid(), flush=True)
    while True: pass
`

// TestExitCodes has every exit code from a binary that was really built.
func TestExitCodes(t *testing.T) {
	binary := build(t)
	broken := filepath.Join(t.TempDir(), "broken.py")
	if err := os.WriteFile(broken, []byte("raise RuntimeError('no')\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	tests := []struct {
		want int
		args []string
	}{
		{0, []string{"map", "go:fib", "10"}},
		{0, []string{"--version"}},
		{1, []string{"map", "go:fib", "ten"}},
		{2, []string{"map", "go:fib"}},
		{2, []string{"map", "go:fib", "1", "--nosuch"}},
		{2, []string{"map", "go:fib", "1", "-o", "nosuch/dir"}},
		{3, []string{"map", broken + ":f", "1"}},
	}
	for _, test := range tests {
		err := exec.Command(binary, test.args...).Run()
		var exit *exec.ExitError
		got := 0
		if errors.As(err, &exit) {
			got = exit.ExitCode()
		} else if err != nil {
			t.Fatal(err)
		}
		if got != test.want {
			t.Errorf("%q: exit code %d, want %d", test.args, got, test.want)
		}
	}
}

func TestSignalsEndARun(t *testing.T) {
	binary := build(t)
	for sig, want := range map[syscall.Signal]int{syscall.SIGINT: 130, syscall.SIGTERM: 143, syscall.SIGHUP: 129} {
		cmd, lines, out := start(t, binary, "map", "go:sleep", "0", "1000", "1000", "-j", "2")
		first := make([]byte, 2)
		if _, err := io.ReadFull(out, first); err != nil || string(first) != "0\n" {
			t.Fatalf("%v: got %q, %v", sig, first, err)
		}
		if err := cmd.Process.Signal(sig); err != nil {
			t.Fatal(err)
		}
		summary := await(t, lines, `"finished"`)
		if !strings.Contains(summary, `"done":1,"failed":0,"cancelled":`) {
			t.Errorf("%v: %s", sig, summary)
		}
		if code := ended(t, cmd, lines); code != want {
			t.Errorf("%v: exit code %d, want %d", sig, code, want)
		}
	}
}

// TestSignalWhileWaiting: standard input that says nothing does not hold the
// command back.
func TestSignalWhileWaiting(t *testing.T) {
	cmd := exec.Command(build(t), "map", "go:noop", "--progress", "json")
	silent, err := cmd.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	stdout, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	if _, err := io.WriteString(silent, "1\n"); err != nil {
		t.Fatal(err)
	}
	first := make([]byte, 2) // one input is answered though no other comes
	if _, err := io.ReadFull(stdout, first); err != nil || string(first) != "1\n" {
		t.Fatalf("got %q, %v", first, err)
	}
	if err := cmd.Process.Signal(syscall.SIGINT); err != nil {
		t.Fatal(err)
	}
	_ = cmd.Wait() // the exit code says it
	if code := cmd.ProcessState.ExitCode(); code != 130 {
		t.Errorf("exit code %d", code)
	}
}

// TestSignalWhileNobodyReads: a standard error that is full does not keep the
// command from ending at the first signal.
func TestSignalWhileNobodyReads(t *testing.T) {
	cmd, _, out := start(t, build(t), "map", "go:noop", "--range", "1..10000000", "--grace", "0.1")
	first := make([]byte, 2)
	if _, err := io.ReadFull(out, first); err != nil || string(first) != "1\n" {
		t.Fatalf("got %q, %v", first, err)
	}
	go func() { _, _ = io.Copy(io.Discard, out) }() // until the command ends
	time.Sleep(time.Second)                         // sleeps: no event tells that a pipe which nobody reads is full
	if err := cmd.Process.Signal(syscall.SIGINT); err != nil {
		t.Fatal(err)
	}
	state, err := cmd.Process.Wait()
	if err != nil || state.ExitCode() != 130 {
		t.Errorf("%v, %v", state, err)
	}
}

func TestInterruptKillsWorkers(t *testing.T) {
	binary := build(t)
	file := filepath.Join(t.TempDir(), "sleeper.py")
	if err := os.WriteFile(file, []byte(sleeper), 0o600); err != nil {
		t.Fatal(err)
	}
	t.Run("once, within the grace", func(t *testing.T) {
		cmd, lines, _ := start(t, binary, "map", file+":spin", "1", "--grace", "0.2")
		pid := pidOf(t, await(t, lines, "pid "))
		signalAll(t, cmd, 1)
		if code := ended(t, cmd, lines); code != 130 {
			t.Errorf("exit code %d", code)
		}
		gone(t, pid)
	})
	t.Run("twice, at once", func(t *testing.T) {
		cmd, lines, _ := start(t, binary, "map", file+":nap", "1000", "--grace", "1h")
		pid := pidOf(t, await(t, lines, "pid "))
		signalAll(t, cmd, 2)
		if code := ended(t, cmd, lines); code != 130 {
			t.Errorf("exit code %d", code)
		}
		gone(t, pid)
	})
}

// signalAll sends n interrupts. Two that come too close together are one, so
// it goes on until the process has ended or n were taken.
func signalAll(t *testing.T, cmd *exec.Cmd, n int) {
	t.Helper()
	if err := cmd.Process.Signal(syscall.SIGINT); err != nil {
		t.Fatal(err)
	}
	if n < 2 {
		return
	}
	stop := make(chan struct{})
	t.Cleanup(func() { close(stop) })
	go func() {
		again := time.NewTicker(50 * time.Millisecond)
		defer again.Stop()
		for {
			select {
			case <-again.C:
				if cmd.Process.Signal(syscall.SIGINT) != nil {
					return
				}
			case <-stop:
				return
			}
		}
	}()
}

// pidOf reads the process id from the event of a log line "pid 123".
func pidOf(t *testing.T, line string) int {
	t.Helper()
	_, rest, _ := strings.Cut(line, `"line":"pid `)
	pid := 0
	for _, c := range rest {
		if c < '0' || c > '9' {
			break
		}
		pid = pid*10 + int(c-'0')
	}
	if pid == 0 {
		t.Fatalf("no process id in %s", line)
	}
	return pid
}

// gone makes sure that a process has ended.
func gone(t *testing.T, pid int) {
	t.Helper()
	if err := syscall.Kill(pid, 0); !errors.Is(err, syscall.ESRCH) {
		t.Errorf("process %d is left: %v", pid, err)
	}
}

// TestHead: a reader that has enough ends an endless run, quietly.
func TestHead(t *testing.T) {
	cmd := exec.Command("sh", "-c", `yes 1 | { "$0" map go:noop; echo "code $?" >&2; } | head -3`, build(t))
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	out, err := cmd.Output()
	if err != nil || string(out) != "1\n1\n1\n" || stderr.String() != "code 141\n" {
		t.Errorf("got %q, %v, and on standard error %q", out, err, stderr.String())
	}
}
