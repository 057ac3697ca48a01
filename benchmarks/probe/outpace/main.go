// Command outpace is package probe with Outpace as its only peer: the child
// that scripts/perf-check builds with each of two commits.
//
//	outpace [flags] CASE Outpace WORKERS [N]
package main

import (
	"context"
	"fmt"
	"os"
	"slices"

	"github.com/outpace-run/outpace/benchmarks/probe"
)

func main() {
	cases := slices.Concat(probe.Cases(), probe.PythonCases())
	err := probe.Main(context.Background(), cases, []probe.Peer{probe.Outpace()}, os.Args[1:], os.Stdout, os.Stderr)
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}
