package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"iter"
	"os"
	"slices"
	"strings"
	"time"

	"github.com/outpace-run/outpace"
	"github.com/outpace-run/outpace/benchmarks/probe"
	"github.com/outpace-run/outpace/python"
)

// pythonProbe does a case of the python experiment with Outpace, once.
type pythonProbe struct {
	python  string // the interpreter
	outpace string // the built command
	workers int
	n       int
	extra   int // bytes of a text; floats in a list; how often the loop of spin goes round
}

// speedFunction names a function of speed/functions.py.
func speedFunction(name string) string { return "benchmarks/speed/functions.py:" + name }

// with gives measure an executor all of whose workers have started, as the
// peers' pools have; and adds the peak of this process's memory.
func (p pythonProbe) with(ctx context.Context, measure func(*outpace.Executor) (measurement, error)) (m measurement, err error) {
	ex, err := outpace.New(ctx, python.Workers(p.workers, python.Interpreter(p.python)))
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, ex.Close()) }()
	pause := python.Func[float64, any](speedFunction("pause"))
	idle := slices.Values(slices.Repeat([]float64{0.1}, p.workers))
	if err := eachResult(outpace.Map(ctx, ex, pause, idle), p.workers, func(int, any) bool { return true }); err != nil {
		return nil, err
	}
	m, err = measure(ex)
	if peak := residentPeak(os.Getpid()); err == nil && peak > 0 {
		m["peak_mb"] = peak
	}
	return m, err
}

// eachResult takes n results in their order, and checks them.
func eachResult[T any](results iter.Seq2[T, error], n int, right func(i int, v T) bool) error {
	i := 0
	for v, err := range results {
		if err != nil {
			return err
		}
		if !right(i, v) {
			return fmt.Errorf("result %d is wrong", i)
		}
		i++
	}
	if i != n {
		return fmt.Errorf("%d results of %d", i, n)
	}
	return nil
}

// timeResults measures how long n results take, as a loop takes them.
func timeResults[T any](results iter.Seq2[T, error], n int, right func(i int, v T) bool) (measurement, error) {
	start := time.Now()
	err := eachResult(results, n, right)
	return measurement{"seconds": time.Since(start).Seconds(), "ops": float64(n)}, err
}

// noop is a function that does nothing, over n integers.
func (p pythonProbe) noop(ctx context.Context) (measurement, error) {
	return p.with(ctx, func(ex *outpace.Executor) (measurement, error) {
		same := python.Func[int, int](speedFunction("same"))
		right := func(i, v int) bool { return v == i }
		if err := eachResult(outpace.Map(ctx, ex, same, probe.Count(p.n/20)), p.n/20, right); err != nil {
			return nil, err
		}
		return timeResults(outpace.Map(ctx, ex, same, probe.Count(p.n)), p.n, right)
	})
}

// text is texts there and back, as Go strings.
func (p pythonProbe) text(ctx context.Context) (measurement, error) {
	inputs := make([]string, p.n)
	for i := range inputs {
		inputs[i] = textOfLines(i, p.extra)
	}
	return thereAndBack(ctx, p, inputs, func(a, b string) bool { return a == b })
}

// rawText is text for a program that has JSON and wants JSON.
func (p pythonProbe) rawText(ctx context.Context) (measurement, error) {
	inputs := make([]json.RawMessage, p.n)
	for i := range inputs {
		encoded, err := json.Marshal(textOfLines(i, p.extra))
		if err != nil {
			return nil, err
		}
		inputs[i] = encoded
	}
	return thereAndBack(ctx, p, inputs, func(a, b json.RawMessage) bool { return string(a) == string(b) })
}

// thereAndBack has a function return its inputs.
func thereAndBack[T any](ctx context.Context, p pythonProbe, inputs []T, equal func(a, b T) bool) (measurement, error) {
	return p.with(ctx, func(ex *outpace.Executor) (measurement, error) {
		same := python.Func[T, T](speedFunction("same"))
		right := func(i int, v T) bool { return equal(v, inputs[i]) }
		if err := eachResult(outpace.Map(ctx, ex, same, slices.Values(inputs[:1])), 1, right); err != nil {
			return nil, err
		}
		return timeResults(outpace.Map(ctx, ex, same, slices.Values(inputs)), p.n, right)
	})
}

// textOfLines is lines of speed/measure.py: size bytes, no two alike.
func textOfLines(i, size int) string {
	line := fmt.Sprintf("%015d  They say that a text has lines, and sometimes \"words\".\n", i)
	return strings.Repeat(line, size/len(line)+1)[:size]
}

// cpu is work for the processor.
func (p pythonProbe) cpu(ctx context.Context) (measurement, error) {
	return p.with(ctx, func(ex *outpace.Executor) (measurement, error) {
		spin := python.Func[int, int](speedFunction("spin"))
		rounds := slices.Values(slices.Repeat([]int{p.extra}, p.n))
		want := spinInGo(p.extra)
		return timeResults(outpace.Map(ctx, ex, spin, rounds), p.n, func(_, v int) bool { return v == want })
	})
}

// spinInGo is spin of speed/functions.py.
func spinInGo(n int) int {
	x := 0
	for i := range n {
		x = (x*31 + i) % 1_000_003
	}
	return x
}
