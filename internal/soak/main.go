// Command soak runs the library for as long as it is told to: all models at
// once, functions that fail in every way there is, harm done from outside. It
// checks whatever can be known: each input has one outcome, the right one, in
// its place; what is cancelled ends; nothing is left behind; memory does not
// grow.
//
//	scripts/soak --seconds 300
//
//	              ┌─► life: New ─► calls: Map, Submit, Go … ─► Close ─► judge ─► problems
//	draw ─► round ┤              ▲                          ▲
//	seed          └─► life …     └── inputs: deeds          └── assault, endings
//
// What a round does is drawn from the seed and its number, so it can be done
// again: scripts/soak --seed 7 --round 12.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"os/signal"
	"runtime"
	"time"

	"github.com/outpace-run/outpace/process"
)

func main() {
	process.Main(remote())
	os.Exit(run(os.Args[1:], os.Stdout))
}

// run is the command: it returns the exit code.
func run(args []string, out io.Writer) int {
	flags := flag.NewFlagSet("soak", flag.ContinueOnError)
	flags.SetOutput(out)
	seconds := flags.Int("seconds", 300, "for how long")
	seed := flags.Uint64("seed", rand.Uint64N(1_000_000), "decides what happens; drawn and printed where it is not given")
	only := flags.Int("round", 0, "do this round alone, again and again")
	atOnce := flags.Int("at-once", 3, "rounds at the same time")
	switch err := flags.Parse(args); {
	case errors.Is(err, flag.ErrHelp):
		return 0
	case err != nil:
		return 2
	case flags.NArg() > 0 || *seconds < 1 || *only < 0 || *atOnce < 1:
		fmt.Fprintln(out, "soak: it takes --seconds N, --seed N, --round N and --at-once N, no other arguments")
		return 2
	case runtime.GOOS != "linux":
		fmt.Fprintln(out, "soak: it looks into /proc for what is left behind, so it needs Linux")
		return 2
	}
	begun := time.Now()
	place, err := newSite()
	if err == nil {
		defer place.clear()
		err = place.settle()
	}
	if err != nil {
		fmt.Fprintf(out, "soak: %v\n", err)
		return 1
	}
	fmt.Fprintf(out, "soak: %d seconds, --seed %d\n", *seconds, *seed)
	ctx, cancel := signal.NotifyContext(context.Background(), os.Interrupt)
	defer cancel()
	ctx, end := context.WithDeadline(ctx, begun.Add(time.Duration(*seconds)*time.Second))
	defer end()
	s := &soak{seed: *seed, only: *only, atOnce: *atOnce, out: out, site: place}
	return s.summary(s.run(ctx), time.Since(begun))
}

// summary prints what happened, and returns the exit code.
func (s *soak) summary(problems []string, took time.Duration) int {
	m, growth := s.site.growth()
	if growth != "" {
		problems = append(problems, growth)
	}
	for _, p := range problems {
		fmt.Fprintf(s.out, "\nsoak: FAILED: %s\n", p)
	}
	fmt.Fprintf(s.out, "\nsoak: %.0f s, --seed %d, last round %d\n", took.Seconds(), s.seed, s.number)
	s.tally.print(s.out)
	fmt.Fprintf(s.out, "  heap %s in the first third of the time, %s in the last, %s at most, %s at the end\n",
		mb(m.first.heap), mb(m.last.heap), mb(m.peak.heap), mb(m.final.heap))
	fmt.Fprintf(s.out, "  resident %s in the first third of the time, %s in the last, %s at most, %s at the end\n",
		mb(m.first.resident), mb(m.last.resident), mb(m.peak.resident), mb(m.final.resident))
	before, after := s.site.before, s.site.after
	fmt.Fprintf(s.out, "  goroutines: %d before, %d after; descriptors: %d before, %d after\n",
		before.goroutines, after.goroutines, before.descriptors, after.descriptors)
	if len(problems) > 0 {
		fmt.Fprintf(s.out, "soak: FAILED (again: scripts/soak --seed %d; one round of it alone: --round N)\n", s.seed)
		return 1
	}
	fmt.Fprintln(s.out, "soak: everything is as it must be")
	return 0
}
