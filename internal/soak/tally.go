package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/outpace-run/outpace"
)

// tally counts what happened.
type tally struct {
	rounds, calls, inputs    atomic.Int64
	results, failures, late  atomic.Int64
	started, lost, harmed    atomic.Int64 // worker processes
	retries, reruns, endings atomic.Int64

	mu    sync.Mutex
	kinds map[string]int // of failures

	slowest time.Duration // a round
	slow    *round        // … which
}

// round counts a round.
func (t *tally) round(r *round, took time.Duration) {
	t.rounds.Add(1)
	t.mu.Lock()
	defer t.mu.Unlock()
	if took > t.slowest {
		t.slowest, t.slow = took, r
	}
}

// outcome counts what came of an input.
func (t *tally) outcome(err error) {
	if err == nil {
		t.results.Add(1)
		return
	}
	t.failures.Add(1)
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.kinds == nil {
		t.kinds = map[string]int{}
	}
	t.kinds[kind(err)]++
}

// kind names a failure, without what differs from one to the next.
func kind(err error) string {
	var memory *outpace.MemoryError
	var panicked *outpace.PanicError
	switch remote, ok := remoteError(err); {
	case ok:
		return remote.Type
	case errors.As(err, &memory):
		return "MemoryError"
	case errors.As(err, &panicked):
		return "panic"
	}
	if lost, ok := lostError(err); ok {
		return fate(lost)
	}
	for _, known := range []error{context.Canceled, outpace.ErrTimeout, outpace.ErrClosed, outpace.ErrCancelled, outpace.ErrGoexit, errUpset} {
		if errors.Is(err, known) {
			return known.Error()
		}
	}
	return fmt.Sprintf("%T", errors.Unwrap(err))
}

func fate(lost *outpace.LostError) string {
	switch {
	case lost.Signal != 0:
		return fmt.Sprintf("worker ended by signal %d", int(lost.Signal))
	case lost.ExitCode >= 0:
		return fmt.Sprintf("worker exited with code %d", lost.ExitCode)
	}
	return "worker lost"
}

// print writes the counts.
func (t *tally) print(w io.Writer) {
	fmt.Fprintf(w, "  %d rounds, %d calls, %d of them or of their executors ended early\n", t.rounds.Load(), t.calls.Load(), t.endings.Load())
	fmt.Fprintf(w, "  %d inputs, %d results, %d failures", t.inputs.Load(), t.results.Load(), t.failures.Load())
	fmt.Fprintf(w, ", %d retries, %d run again uncharged, %d out of time on a busy machine\n", t.retries.Load(), t.reruns.Load(), t.late.Load())
	t.mu.Lock()
	defer t.mu.Unlock()
	for _, k := range slices.SortedFunc(maps.Keys(t.kinds), func(a, b string) int { return t.kinds[b] - t.kinds[a] }) {
		fmt.Fprintf(w, "    %6d x %s\n", t.kinds[k], k)
	}
	fmt.Fprintf(w, "  %d workers started, %d lost, %d killed or stopped from outside\n", t.started.Load(), t.lost.Load(), t.harmed.Load())
	if t.slow != nil {
		fmt.Fprintf(w, "  the slowest round took %.1f s: %s\n", t.slowest.Seconds(), strings.ReplaceAll(t.slow.String(), "\n", "\n  "))
	}
}
