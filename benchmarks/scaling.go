package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"math/rand/v2"
	"time"

	"github.com/outpace-run/outpace/internal/cores"
)

// errUsage is a usage error that was already told.
var errUsage = errors.New("usage")

// The same loop twice: CPython's threads take turns at it, Go's do not.
const (
	pythonFunction = "examples/primes.py:count_primes"
	goFunction     = "go:count_primes"
)

// settings are the flags of scaling.
type settings struct {
	rounds, inputs, cores int
	seconds               float64
	results               string
}

func parseSettings(args []string, stderr io.Writer) (settings, error) {
	var s settings
	flags := flag.NewFlagSet("scaling", flag.ContinueOnError)
	flags.SetOutput(stderr)
	flags.IntVar(&s.rounds, "rounds", 3, "how often everything is measured")
	flags.IntVar(&s.inputs, "inputs", 20, "inputs of a run, rounded up to a multiple of the cores")
	flags.IntVar(&s.cores, "cores", cores.Available(), "workers of a parallel run")
	flags.Float64Var(&s.seconds, "seconds", 1, "how long one input should take")
	flags.StringVar(&s.results, "results", "benchmarks/results", "folder for the results")
	if err := flags.Parse(args); err != nil {
		return s, errors.Join(errUsage, err)
	}
	if s.rounds < 1 || s.inputs < 1 || s.cores < 1 || s.seconds <= 0 || flags.NArg() > 0 {
		fmt.Fprintln(stderr, "benchmarks: rounds, inputs, cores and seconds are above 0, and there are no arguments")
		return s, errUsage
	}
	// With a rest, some workers would have nothing to do at the end: that
	// measures the rest.
	s.inputs = (s.inputs + s.cores - 1) / s.cores * s.cores
	return s, nil
}

// contest is one way to run against one worker.
type contest struct {
	name     string
	function string
	model    string
	least    float64 // the ratio must be at least this many times the cores; 0: any
	most     float64 // the ratio must be at most this; 0: any
}

// contests lists what is compared: the ratio is the time of one worker of the
// same function by the time at all cores.
func contests() []contest {
	return []contest{
		{name: "Python, processes", function: pythonFunction, model: "processes", least: 0.93},
		{name: "Python, threads", function: pythonFunction, model: "threads", most: 1.1},
		{name: "Go, threads", function: goFunction, model: "threads", least: 0.93},
	}
}

// sample is one run.
type sample struct {
	round, order int
	name         string // "Python, one worker", or a contest's
	job          job
	timing       timing
}

// scaling measures, writes the folder of results and prints the summary. The
// error is a missedError when a ratio is out of its bounds.
func scaling(ctx context.Context, args []string, stdout, stderr io.Writer) error {
	s, err := parseSettings(args, stderr)
	if err != nil {
		return err
	}
	c, _, done, err := workshop(ctx)
	if err != nil {
		return err
	}
	defer done()
	machine := describeMachine(ctx)
	jobs, names, err := prepare(ctx, c, s, stderr)
	if err != nil {
		return err
	}
	samples, err := measure(ctx, c, s.rounds, jobs, names, stderr)
	if err != nil {
		return err
	}
	return report(s, machine, samples, time.Now(), stdout)
}

// prepare decides the runs: the inputs by calibration, so that they take about
// as long for both languages.
func prepare(ctx context.Context, c command, s settings, stderr io.Writer) ([]job, []string, error) {
	want := time.Duration(s.seconds * float64(time.Second))
	inputs := map[string]int{}
	for _, function := range []string{pythonFunction, goFunction} {
		input, err := calibrate(ctx, c, function, want)
		if err != nil {
			return nil, nil, err
		}
		fmt.Fprintf(stderr, "%s: input %d takes about %v\n", function, input, want)
		inputs[function] = input
	}
	if err := sameResult(ctx, c, inputs[pythonFunction]); err != nil {
		return nil, nil, err
	}
	jobs := []job{
		{pythonFunction, inputs[pythonFunction], s.inputs, "", 1},
		{goFunction, inputs[goFunction], s.inputs, "serial", 1},
	}
	names := []string{"Python, one worker", "Go, one worker"}
	for _, contest := range contests() {
		jobs = append(jobs, job{contest.function, inputs[contest.function], s.inputs, contest.model, s.cores})
		names = append(names, contest.name)
	}
	return jobs, names, nil
}

// sameResult checks that both functions compute the same.
func sameResult(ctx context.Context, c command, input int) error {
	_, python, err := c.run(ctx, job{pythonFunction, input, 1, "", 1})
	if err != nil {
		return err
	}
	_, golang, err := c.run(ctx, job{goFunction, input, 1, "", 1})
	if err == nil && python != golang {
		err = fmt.Errorf("input %d: Python says %s, Go says %s", input, python, golang)
	}
	return err
}

// measure runs all jobs in each round, in an order drawn anew, and checks that
// the results of a function are the same however it ran.
func measure(ctx context.Context, c command, rounds int, jobs []job, names []string, stderr io.Writer) ([]sample, error) {
	var samples []sample
	printed := map[string]string{} // by function
	for round := 1; round <= rounds; round++ {
		for order, i := range rand.Perm(len(jobs)) {
			took, output, err := c.run(ctx, jobs[i])
			if err != nil {
				return nil, err
			}
			function := jobs[i].function
			if before, ok := printed[function]; ok && before != output {
				return nil, fmt.Errorf("%v: other results than before", jobs[i])
			}
			printed[function] = output
			samples = append(samples, sample{round, order + 1, names[i], jobs[i], took})
			fmt.Fprintf(stderr, "round %d of %d: %s: %.2f s\n", round, rounds, names[i], took.wall.Seconds())
		}
	}
	return samples, nil
}
