//go:build linux || darwin

package python

import (
	"testing"

	"github.com/outpace-run/outpace"
	"github.com/outpace-run/outpace/modeltest"
)

// TestConformance runs the suite that every model passes, on real workers.
func TestConformance(t *testing.T) {
	file := module(t, "functions.py", modeltest.PythonSource)
	for _, m := range []struct {
		name, prefix string
		model        func() outpace.Model
	}{
		{"processes 2x1", "", func() outpace.Model { return Workers(2) }},
		{"threads 1x4", "", func() outpace.Model { return Workers(1, Threads(4)) }},
		{"hybrid 2x2", "", func() outpace.Model { return Workers(2, Threads(2)) }},
		{"async 2x4", "async_", func() outpace.Model { return Workers(2, Async(4)) }},
	} {
		t.Run(m.name, func(t *testing.T) { modeltest.Run(t, m.model, conforming(file+":"+m.prefix)) })
	}
}

// conforming are the functions of modeltest in a Python file.
func conforming(target string) modeltest.Functions {
	return modeltest.Functions{
		Square:   Func[int, int](target + "square"),
		SleepMS:  Func[int, int](target + "sleep_ms"),
		Fail:     Func[int, int](target + "fail"),
		Big:      Func[int, string](target + "big"),
		Stubborn: Func[int, int](target + "stubborn"),
		Exit:     Func[int, int](target + "exit_if"),
		Crash:    Func[int, int](target + "crash_if"),
		Share:    Func[[]modeltest.Step, []string](target + "share"),
	}
}
