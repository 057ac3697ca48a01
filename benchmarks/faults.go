package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"path/filepath"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"
)

// faultSettings are the flags of faults.
type faultSettings struct {
	only    []string // names of culprits; all when empty
	atOnce  int
	limit   time.Duration
	python  string
	results string
}

func parseFaultSettings(args []string, stderr io.Writer) (faultSettings, error) {
	var s faultSettings
	flags := flag.NewFlagSet("faults", flag.ContinueOnError)
	flags.SetOutput(stderr)
	only := flags.String("only", "", "culprits to try, separated by commas; then no results are written")
	flags.IntVar(&s.atOnce, "at-once", 3, "runs at the same time; most of them only wait")
	flags.DurationVar(&s.limit, "limit", 20*time.Second, "a run that takes longer hangs")
	flags.StringVar(&s.python, "python", "python3", "the interpreter of all peers")
	flags.StringVar(&s.results, "results", "benchmarks/results", "folder for the results")
	if err := flags.Parse(args); err != nil {
		return s, errors.Join(errUsage, err)
	}
	if s.atOnce < 1 || s.limit <= 0 || flags.NArg() > 0 {
		fmt.Fprintln(stderr, "benchmarks: at-once and limit are above 0, and there are no arguments")
		return s, errUsage
	}
	if *only != "" {
		s.only = strings.Split(*only, ",")
	}
	for _, name := range s.only {
		if !slices.ContainsFunc(culprits(), func(c culprit) bool { return c.name == name }) {
			fmt.Fprintf(stderr, "benchmarks: there is no culprit %q; benchmarks/faults/culprits.py has them\n", name)
			return s, errUsage
		}
	}
	return s, nil
}

// culprits lists what is measured; a --only takes some of them.
func (s faultSettings) culprits() []culprit {
	return slices.DeleteFunc(culprits(), func(c culprit) bool {
		return len(s.only) > 0 && !slices.Contains(s.only, c.name)
	})
}

// faults runs every culprit on every peer, writes the folder of results and
// prints the summary. The error is a missedError when Outpace loses an
// innocent item, does not name the culprit, hangs, or leaves a process.
func faults(ctx context.Context, args []string, stdout, stderr io.Writer) error {
	s, err := parseFaultSettings(args, stderr)
	if err != nil {
		return err
	}
	if runtime.GOOS != "linux" {
		return fmt.Errorf("faults finds processes under /proc, which %s has not; run it on Linux", runtime.GOOS)
	}
	c, folder, done, err := workshop(ctx)
	if err != nil {
		return err
	}
	defer done()
	python, err := findPython(ctx, s.python, stderr)
	if err != nil {
		return err
	}
	p, err := peers(ctx, c, python)
	if err != nil {
		return err
	}
	if err := killStale(); err != nil {
		return err
	}
	machine := describeMachine(ctx) + python.describe()
	outcomes, err := runFaults(ctx, faultTrials(s, p, folder), s.atOnce, stderr)
	if err != nil {
		return err
	}
	return reportFaults(s, python, machine, outcomes, time.Now(), stdout)
}

// faultTrials lists every run, in the order of the tables.
func faultTrials(s faultSettings, peers []peer, folder string) []faultTrial {
	var all []faultTrial
	for _, c := range s.culprits() {
		for _, p := range peers {
			n := len(all)
			all = append(all, faultTrial{
				culprit: c, peer: p, limit: s.limit,
				folder: filepath.Join(folder, strconv.Itoa(n)), marker: marker(n),
			})
		}
	}
	return all
}

// runFaults runs the trials, some at the same time, and returns what became of
// them in their order. The first that cannot be made ends the others.
func runFaults(ctx context.Context, trials []faultTrial, atOnce int, stderr io.Writer) ([]outcome, error) {
	ctx, stop := context.WithCancelCause(ctx)
	defer stop(nil)
	outcomes := make([]outcome, len(trials))
	next := make(chan int)
	var runners sync.WaitGroup
	var told sync.Mutex
	for range atOnce {
		runners.Go(func() {
			for i := range next {
				o, err := trials[i].run(ctx)
				if err != nil {
					stop(fmt.Errorf("%s on %s: %w", trials[i].culprit.name, trials[i].peer.name, err))
					return
				}
				outcomes[i] = o
				told.Lock()
				fmt.Fprintf(stderr, "%d of %d: %s: %s: %s\n", i+1, len(trials), o.Culprit, o.Peer, o.Result)
				told.Unlock()
			}
		})
	}
	for i := 0; i < len(trials) && ctx.Err() == nil; i++ {
		select {
		case next <- i:
		case <-ctx.Done():
		}
	}
	close(next)
	runners.Wait()
	return outcomes, context.Cause(ctx)
}
