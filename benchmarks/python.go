package main

import (
	"context"
	"flag"
	"fmt"
	"io"
	"os"
	"os/exec"
	"strconv"
	"strings"
)

// pythonSetting is what the trials of the python experiment need, made when the
// flags are known.
type pythonSetting struct {
	folder  string // for files of the experiment and of its children, which may be killed
	base    string // the interpreter of --python
	python  string // that of the virtual environment
	self    string // this program
	outpace string
	spin    int // how often the loop of spin goes round in 0.1 s
}

// pythonExperiment runs CPython functions with Outpace and with what CPython
// has, writes the folder of results and prints the summary. The error is a
// missedError when a bound is missed.
func pythonExperiment(ctx context.Context, args []string, stdout, stderr io.Writer) error {
	folder, err := os.MkdirTemp("", "outpace-benchmarks")
	if err != nil {
		return err
	}
	defer os.RemoveAll(folder)
	s := pythonSetting{folder: folder}
	x := experiment{
		name:  "python",
		title: "CPython executors",
		intro: "Outpace in a Go program and as a command, beside what CPython has, all with the same interpreter. Pools are warm: a first run has\n" +
			"started every worker. `outpace map` alone counts from its start to its end. Every sample checks its results.",
		topics: s.topics(),
		flags: func(flags *flag.FlagSet) {
			flags.StringVar(&s.base, "python", "python3", "the interpreter of all peers")
		},
		prepare: s.prepare,
	}
	return runExperiment(ctx, x, args, stdout, stderr)
}

// prepare builds and finds what the trials run, and says what the peers are.
func (s *pythonSetting) prepare(ctx context.Context, stderr io.Writer) (machine string, err error) {
	if s.self, err = os.Executable(); err != nil {
		return "", err
	}
	c, err := build(ctx, s.folder)
	if err != nil {
		return "", err
	}
	s.outpace = c.path
	i, err := findPython(ctx, s.base, stderr)
	if err != nil {
		return "", err
	}
	s.python = i.path
	s.spin, err = calibrateSpin(ctx, i.path)
	return i.describe(), err
}

// calibrateSpin returns how often the loop of spin goes round in 0.1 s.
func calibrateSpin(ctx context.Context, python string) (int, error) {
	output, err := exec.CommandContext(ctx, python, "benchmarks/speed/calibrate.py", "0.1").Output()
	if err != nil {
		return 0, fmt.Errorf("benchmarks/speed/calibrate.py: %w", err)
	}
	return strconv.Atoi(strings.TrimSpace(string(output)))
}
