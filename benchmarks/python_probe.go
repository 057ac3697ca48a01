package main

import (
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"slices"
	"strconv"

	"github.com/outpace-run/outpace/benchmarks/probe"
)

// pythonProbes are the cases as Outpace and the floors do them, by the names
// that a child is given.
func pythonProbes(p pythonProbe) map[string]func(context.Context) (measurement, error) {
	start := func(want string, args ...string) func(context.Context) (measurement, error) {
		return func(ctx context.Context) (measurement, error) { return starts(ctx, p.n, want, args...) }
	}
	return map[string]func(context.Context) (measurement, error){
		"noop":           p.noop,
		"noop-piped":     p.piped,
		"call":           p.call,
		"call-echo":      p.echo,
		"text":           p.text,
		"text-raw":       p.rawText,
		"floats":         p.floats,
		"floats-file":    p.savedFloats,
		"cpu":            p.cpu,
		"start":          start("1\n", p.outpace, "map", "benchmarks/speed/trivial.py:same", "1", "--progress", "none", "--python", p.python),
		"start-pass":     start("", p.python, "-c", "pass"),
		"start-executor": start("1\n", p.python, "benchmarks/speed/start.py", "executor"),
		"start-pool":     start("1\n", p.python, "benchmarks/speed/start.py", "pool"),
	}
}

// probePython is the child: it does one case once, and prints its measurement.
//
//	benchmarks python-probe [flags] CASE WORKERS N [EXTRA]
func probePython(ctx context.Context, args []string, stdout, stderr io.Writer) error {
	var p pythonProbe
	flags := flag.NewFlagSet("python-probe", flag.ContinueOnError)
	flags.SetOutput(stderr)
	flags.StringVar(&p.python, "python", "python3", "the interpreter")
	flags.StringVar(&p.outpace, "outpace", "outpace", "the built command")
	profile := flags.String("cpuprofile", "", "file for a profile of this process")
	if err := flags.Parse(args); err != nil {
		return errors.Join(errUsage, err)
	}
	if err := wholeNumbers(flags, stderr, &p.workers, &p.n, &p.extra); err != nil {
		return err
	}
	measure := pythonProbes(p)[flags.Arg(0)]
	if measure == nil || p.workers < 1 || p.n < 1 || !slices.Contains([]int{3, 4}, flags.NArg()) {
		return usageError(stderr, "usage: benchmarks python-probe [flags] CASE WORKERS N [EXTRA]")
	}
	return measureOnce(ctx, stdout, *profile, measure)
}

// wholeNumbers reads the arguments behind the first, as many as there are.
func wholeNumbers(flags *flag.FlagSet, stderr io.Writer, into ...*int) (err error) {
	for i, value := range into {
		if flags.NArg() > i+1 {
			if *value, err = strconv.Atoi(flags.Arg(i + 1)); err != nil {
				return usageError(stderr, fmt.Sprintf("%q is no whole number", flags.Arg(i+1)))
			}
		}
	}
	return nil
}

// measureOnce measures, with a profile of this process in a file unless that has
// no name, and prints the measurement.
func measureOnce(ctx context.Context, stdout io.Writer, profile string, measure func(context.Context) (measurement, error)) (err error) {
	stop, err := probe.StartProfile(profile)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, stop()) }()
	m, err := measure(ctx)
	if err != nil {
		return err
	}
	return json.NewEncoder(stdout).Encode(m)
}
