//go:build linux || darwin

package process_test

import (
	"context"
	"testing"

	"github.com/outpace-run/outpace"
	"github.com/outpace-run/outpace/modeltest"
	"github.com/outpace-run/outpace/process"
)

// BenchmarkCall is a lone call there and back.
func BenchmarkCall(b *testing.B) {
	w, err := process.Workers(1).Start(b.Context(), outpace.WorkerEnv{Number: 1})
	if err != nil {
		b.Fatal(err)
	}
	defer w.Close(context.Background())
	call := outpace.Batch{ID: 1, Func: noop, N: 1, Inputs: []byte("[1]"), Measure: true}
	for b.Loop() {
		call.ID++
		if err := w.Send(call); err != nil {
			b.Fatal(err)
		}
		if _, err := w.Receive(); err != nil {
			b.Fatal(err)
		}
	}
}

// BenchmarkSubmit is a lone task, waited for.
func BenchmarkSubmit(b *testing.B) {
	ex := open(b, process.Workers(1))
	for b.Loop() {
		if _, err := outpace.Submit(b.Context(), ex, noop, 1).Result(b.Context()); err != nil {
			b.Fatal(err)
		}
	}
}

// BenchmarkMap is a stream of tiny items through two processes.
func BenchmarkMap(b *testing.B) {
	ex := open(b, process.Workers(2))
	items := func(yield func(int) bool) {
		for i := 0; b.Loop(); i++ {
			if !yield(i) {
				return
			}
		}
	}
	for _, err := range outpace.Map(b.Context(), ex, noop, items) {
		if err != nil {
			b.Fatal(err)
		}
	}
	b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "items/s")
}

// BenchmarkBig is a result of a hundred megabytes.
func BenchmarkBig(b *testing.B) {
	ex := open(b, process.Workers(1))
	big := modeltest.GoFunctions().Big
	for b.Loop() {
		if _, err := outpace.Submit(b.Context(), ex, big, 100<<20).Result(b.Context()); err != nil {
			b.Fatal(err)
		}
	}
}

// BenchmarkStart is a worker from nothing to its hello, and its end.
func BenchmarkStart(b *testing.B) {
	m := process.Workers(1)
	for b.Loop() {
		w, err := m.Start(b.Context(), outpace.WorkerEnv{Number: 1})
		if err != nil {
			b.Fatal(err)
		}
		if err := w.Close(context.Background()); err != nil {
			b.Fatal(err)
		}
	}
}
