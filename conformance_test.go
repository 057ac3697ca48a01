package outpace_test

import (
	"context"
	"fmt"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/outpace-run/outpace"
	"github.com/outpace-run/outpace/modeltest"
)

// fakeFunctions are the functions of modeltest for fake workers.
func fakeFunctions() modeltest.Functions {
	return modeltest.Functions{
		Square:   remote("square", func(_ context.Context, n int) (int, error) { return n * n, nil }),
		SleepMS:  remote("sleep_ms", sleepMS),
		Fail:     remote("fail", func(_ context.Context, n int) (int, error) { return 0, fmt.Errorf("bad %d", n) }),
		Big:      remote("big", func(_ context.Context, n int) (string, error) { return strings.Repeat("x", n), nil }),
		Stubborn: remote("stubborn", func(ctx context.Context, n int) (int, error) { return sleepMS(procCtx(ctx), n) }),
		Exit: remote("exit", func(_ context.Context, n int) (int, error) {
			if n < 0 {
				return 0, death{code: -n}
			}
			return n, nil
		}),
		Crash: remote("crash", func(_ context.Context, n int) (int, error) {
			if n < 0 {
				return 0, death{signal: syscall.Signal(-n)}
			}
			return n, nil
		}),
	}
}

// sleepMS sleeps until n milliseconds are over or ctx is done.
func sleepMS(ctx context.Context, n int) (int, error) {
	timer := time.NewTimer(time.Duration(n) * time.Millisecond)
	defer timer.Stop()
	select {
	case <-timer.C:
		return n, nil
	case <-ctx.Done():
		return 0, context.Cause(ctx)
	}
}

// TestConformance runs the suite for models on worker processes that are not
// slowed down by being processes.
func TestConformance(t *testing.T) {
	for _, m := range []*fakeModel{
		{shape: outpace.Shape{Processes: 3, Tasks: 1}},
		{shape: outpace.Shape{Processes: 2, Tasks: 3}},
		{shape: outpace.Shape{Processes: 2, Tasks: 5}, loop: true},
	} {
		shape, loop := m.shape, m.loop
		t.Run(fmt.Sprintf("%v,loop=%v", shape, loop), func(t *testing.T) {
			modeltest.Run(t, func() outpace.Model { return &fakeModel{shape: shape, loop: loop} }, fakeFunctions())
		})
	}
}
