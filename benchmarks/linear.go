package main

import (
	"context"
	"errors"
	"flag"
	"io"
	"math/rand/v2"
	"time"

	"github.com/outpace-run/outpace/benchmarks/linear"
)

// checkLinear checks what tasks share for linearizability, for a while. It writes
// no results. A history that cannot be explained is a missedError.
func checkLinear(ctx context.Context, args []string, stdout, stderr io.Writer) error {
	c := linear.Config{Log: stdout}
	flags := flag.NewFlagSet("linear", flag.ContinueOnError)
	flags.SetOutput(stderr)
	flags.DurationVar(&c.Time, "time", time.Minute, "how long, for all ways to run tasks together")
	flags.IntVar(&c.Each, "each", 30, "operations of each client in a round")
	flags.Uint64Var(&c.Seed, "seed", rand.Uint64()>>32, "of what is drawn")
	flags.StringVar(&c.Python, "python", "", "the interpreter")
	if err := flags.Parse(args); err != nil {
		return errors.Join(errUsage, err)
	}
	if c.Time <= 0 || c.Each < 1 || flags.NArg() > 0 {
		return usageError(stderr, "linear takes no arguments; the time and the operations are more than 0")
	}
	err := linear.Check(ctx, c)
	var wrong *linear.WrongError
	if errors.As(err, &wrong) {
		return missedError{err.Error()}
	}
	return err
}
