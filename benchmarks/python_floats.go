package main

import (
	"context"
	"encoding/binary"
	"math"
	"os"
	"slices"

	"github.com/outpace-run/outpace"
	"github.com/outpace-run/outpace/benchmarks/probe"
	"github.com/outpace-run/outpace/python"
)

// floats is lists of floats, back only: what JSON is worst at.
func (p pythonProbe) floats(ctx context.Context) (measurement, error) {
	return p.with(ctx, func(ex *outpace.Executor) (measurement, error) {
		floats := python.Func[int, []float64](speedFunction("floats"))
		counts := slices.Repeat([]int{p.extra}, p.n)
		var want []float64
		if err := eachResult(outpace.Map(ctx, ex, floats, slices.Values(counts[:1])), 1, func(_ int, v []float64) bool {
			want = v
			return len(v) == p.extra
		}); err != nil {
			return nil, err
		}
		right := func(_ int, v []float64) bool { return slices.Equal(v, want) }
		if err := eachResult(outpace.Map(ctx, ex, floats, slices.Values(slices.Repeat(counts[:1], 4))), 4, right); err != nil {
			return nil, err // every worker has made its list by now
		}
		return timeResults(outpace.Map(ctx, ex, floats, slices.Values(counts)), p.n, right)
	})
}

// savedFloats is the way out for large results: the function writes a file and
// returns its name. Reading the files, and removing them, is in the time.
func (p pythonProbe) savedFloats(ctx context.Context) (measurement, error) {
	folder, err := os.MkdirTemp("", "outpace-floats")
	if err != nil {
		return nil, err
	}
	defer os.RemoveAll(folder)
	return p.with(ctx, func(ex *outpace.Executor) (measurement, error) {
		want, err := outpace.Submit(ctx, ex, python.Func[int, []float64](speedFunction("floats")), p.extra).Result(ctx)
		if err != nil {
			return nil, err
		}
		save := python.Func[int, string](speedFunction("save_floats"), python.Arg("count", p.extra), python.Arg("folder", folder))
		right := func(_ int, name string) bool {
			floats, err := takeFloats(name)
			return err == nil && slices.Equal(floats, want)
		}
		if err := eachResult(outpace.Map(ctx, ex, save, probe.Count(4)), 4, right); err != nil {
			return nil, err
		}
		return timeResults(outpace.Map(ctx, ex, save, probe.Count(p.n)), p.n, right)
	})
}

// takeFloats reads what array.tofile wrote, and removes the file. The bytes are
// in the order of the machine that wrote them.
func takeFloats(name string) ([]float64, error) {
	raw, err := os.ReadFile(name)
	if err != nil {
		return nil, err
	}
	floats := make([]float64, len(raw)/8)
	for i := range floats {
		floats[i] = math.Float64frombits(binary.NativeEndian.Uint64(raw[8*i:]))
	}
	return floats, os.Remove(name)
}
