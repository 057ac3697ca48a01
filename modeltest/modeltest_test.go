package modeltest_test

import (
	"testing"

	"github.com/outpace-run/outpace"
	"github.com/outpace-run/outpace/modeltest"
)

func TestSerial(t *testing.T) {
	modeltest.Run(t, outpace.Serial, modeltest.GoFunctions())
}

func TestThreads(t *testing.T) {
	for _, n := range []int{1, 2, 8} {
		t.Run(outpace.Shape{Processes: 1, Tasks: n}.String(), func(t *testing.T) {
			modeltest.Run(t, func() outpace.Model { return outpace.Threads(n) }, modeltest.GoFunctions())
		})
	}
}

func TestAsync(t *testing.T) {
	modeltest.Run(t, func() outpace.Model { return outpace.Async(1000) }, modeltest.GoFunctions())
}
