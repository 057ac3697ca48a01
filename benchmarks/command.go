package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"time"
)

// command is a built outpace.
type command struct{ path string }

// build builds outpace into a folder, from the root of the repository.
func build(ctx context.Context, folder string) (command, error) {
	if _, err := os.Stat("cmd/outpace/go.mod"); err != nil {
		return command{}, errors.New("cmd/outpace is not here; run this from the root of the repository")
	}
	path := filepath.Join(folder, "outpace")
	output, err := exec.CommandContext(ctx, "go", "build", "-trimpath", "-o", path, "./cmd/outpace").CombinedOutput()
	if err != nil {
		return command{}, fmt.Errorf("building outpace: %w\n%s", err, output)
	}
	return command{path}, nil
}

// workshop makes a folder with outpace built in it, which done removes. It is
// called from the root of the repository.
func workshop(ctx context.Context) (c command, folder string, done func(), err error) {
	if folder, err = os.MkdirTemp("", "outpace-benchmarks"); err != nil {
		return command{}, "", nil, err
	}
	done = func() { _ = os.RemoveAll(folder) }
	if c, err = build(ctx, folder); err != nil {
		done()
		return command{}, "", nil, err
	}
	return c, folder, done, nil
}

// timing is how long one run of outpace took, from its start to its end, and
// the CPU time of it and of its workers.
type timing struct {
	wall, user, system time.Duration
}

// job is a run of "outpace map": n times the same input.
type job struct {
	function string
	input, n int
	model    string // "" for the default
	workers  int
}

func (j job) args() []string {
	args := []string{"map", j.function, strconv.Itoa(j.input), "--repeat", strconv.Itoa(j.n),
		"-j", strconv.Itoa(j.workers), "--progress", "none"}
	if j.model != "" {
		args = append(args, "--model", j.model)
	}
	return args
}

// String is the command line as one types it.
func (j job) String() string { return "outpace " + strings.Join(j.args(), " ") }

// run runs j to its end and returns how long it took and what it printed.
func (c command) run(ctx context.Context, j job) (timing, string, error) {
	var stdout, stderr bytes.Buffer
	cmd := exec.CommandContext(ctx, c.path, j.args()...)
	cmd.Stdout, cmd.Stderr = &stdout, &stderr
	cmd.Cancel = func() error { return cmd.Process.Signal(os.Interrupt) }
	cmd.WaitDelay = 10 * time.Second
	start := time.Now()
	err := cmd.Run()
	wall := time.Since(start)
	if cause := context.Cause(ctx); cause != nil {
		return timing{}, "", cause
	}
	if err != nil {
		return timing{}, "", fmt.Errorf("%v: %w\n%s", j, err, &stderr)
	}
	if n := strings.Count(stdout.String(), "\n"); n != j.n {
		return timing{}, "", fmt.Errorf("%v: printed %d results", j, n)
	}
	return timing{wall, cmd.ProcessState.UserTime(), cmd.ProcessState.SystemTime()}, stdout.String(), nil
}
