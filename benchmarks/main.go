// Command benchmarks measures Outpace as its users run it, and keeps what was
// measured: each experiment writes a folder below benchmarks/results with the
// machine, every single run, and a summary.
//
//	go run ./benchmarks scaling
//	go run ./benchmarks faults
//	go run ./benchmarks pools
//	go run ./benchmarks python
//	go run ./benchmarks share
//	go run ./benchmarks linear
//	go run ./benchmarks suites
//
// It is run from the root of the repository. The exit code is 1 when a result
// misses what it must reach, 2 for a usage error, 3 when it cannot run.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"syscall"

	"github.com/outpace-run/outpace/benchmarks/linear"
	workers "github.com/outpace-run/outpace/process"
)

func main() {
	workers.Main(lockLoop(), linear.Work("")) // in a worker process this does not return
	os.Exit(run(os.Args[1:], os.Stdout, os.Stderr))
}

const usage = `usage: go run ./benchmarks EXPERIMENT [flags]

  scaling   a CPU-bound function: processes and threads against one worker
  faults    one culprit among 1,000 items: outpace and its peers
  pools     executors of Go functions: what a task, a result and an item of a Map cost
  python    how fast: outpace and the executors of CPython
  share     locks, counters and queues: beside what CPython and Go have
  linear    random operations on what tasks share, under kill -9: is there an order that explains them?
  suites    the guides' experiments (outpace bench --suite all), kept
  compare   the speed of two commits, side by side (scripts/perf-check)
  probe     one sample of pools, in this process, for who wants a profile of it;
            python-probe is that of python, share-probe that of share

flags (go run ./benchmarks EXPERIMENT -h)
`

// run runs the experiment that args name and returns the exit code.
func run(args []string, stdout, stderr io.Writer) int {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	experiments := map[string]func(context.Context, []string, io.Writer, io.Writer) error{
		"scaling":      scaling,
		"faults":       faults,
		"pools":        pools,
		"suites":       suites,
		"compare":      compareCommits,
		"probe":        measureOne,
		"python":       pythonExperiment,
		"python-probe": probePython,
		"share":        shareExperiment,
		"share-probe":  probeShare,
		"linear":       checkLinear,
	}
	if len(args) == 0 || experiments[args[0]] == nil {
		fmt.Fprint(stderr, usage)
		return 2
	}
	err := experiments[args[0]](ctx, args[1:], stdout, stderr)
	var missed missedError
	switch {
	case err == nil, errors.Is(err, flag.ErrHelp):
		return 0
	case errors.Is(err, errUsage):
		return 2
	case errors.As(err, &missed):
		fmt.Fprintln(stderr, "benchmarks:", err)
		return 1
	}
	fmt.Fprintln(stderr, "benchmarks:", err)
	return 3
}
