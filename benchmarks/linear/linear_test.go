package linear_test

import (
	"flag"
	"math/rand/v2"
	"os"
	"testing"

	"github.com/outpace-run/outpace/benchmarks/linear"
	"github.com/outpace-run/outpace/process"
)

func TestMain(m *testing.M) {
	process.Main(linear.Work(""))
	os.Exit(m.Run())
}

var seed = flag.Uint64("seed", 0, "of the rounds; 0: another each time")

// TestShared has real workers do random operations, and kills some.
func TestShared(t *testing.T) {
	if *seed == 0 {
		*seed = rand.Uint64() >> 32
	}
	t.Logf("seed %d", *seed)
	if err := linear.Check(t.Context(), linear.Config{Seed: *seed, Rounds: 2, Each: 20, Log: t.Output()}); err != nil {
		t.Fatal(err)
	}
}
