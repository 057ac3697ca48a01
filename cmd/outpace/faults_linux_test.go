package main

import (
	"fmt"
	"strings"
	"testing"
)

// fault is something that one input of a thousand does.
type fault struct {
	name     string
	function string
	flags    []string
	told     string   // how its failure begins; empty: it does not fail
	stack    []string // frames of the user's that are shown, in any order
}

const timedOut = "timed out after 1s"

func faults() []fault {
	second := []string{"--timeout", "1s"}
	return []fault{
		{"an exception", "raises", nil, "ValueError: bad row", []string{"in raises", `raise ValueError("bad row")`}},
		{"sys.exit", "leaves", nil, "SystemExit: giving up", []string{"in leaves"}},
		{"KeyboardInterrupt", "interrupts", nil, "KeyboardInterrupt", []string{"in interrupts"}},
		{"recursion without an end", "recurses", nil, "RecursionError: maximum recursion depth exceeded", []string{"in recurses"}},
		{"os._exit", "exits", nil, "worker exited with code 3", nil},
		{"a segmentation fault", "segfaults", nil, "worker killed by SIGSEGV", []string{"in segfaults"}},
		{"abort", "aborts", nil, "worker killed by SIGABRT", []string{"in aborts"}},
		{"kill -9 by itself", "kills", nil, "worker killed by SIGKILL", nil},
		{"memory beyond the limit", "grows", []string{"--memory-limit", "200MB"}, "out of memory", nil},
		{"an endless loop", "spins", second, timedOut, nil},
		{"an endless loop in C", "matches", second, timedOut, nil},
		{"a sleep that blocks signals", "masks", second, timedOut, nil},
		{"an endless loop, beside a process that ignores SIGTERM", "stubborn", second, timedOut, nil},
		{"an endless loop, beside a process that called setsid", "detached", second, timedOut, nil},
		{"an endless loop, beside a process that called setsid and forgot its environment", "nameless", second, timedOut, nil},
		{"fork", "forks", nil, "", nil},
		{"fork, and both go on", "doubles", nil, "", nil},
		{"a thread left running", "threads", nil, "", nil},
		{"a pool left open", "pools", nil, "", nil},
		{"a result that JSON does not have", "returns_set", nil, "TypeError: ", nil},
		{"a result that is not a number", "returns_nan", nil, "ValueError: ", nil},
		{"a result that contains itself", "returns_itself", nil, "ValueError: ", nil},
	}
}

// TestFaults: whatever one of 1,000 inputs does to its worker, at any shape, it
// fails alone, with its index, itself and the cause. The other 999 have their
// results, and no process is left. What the user reads stands in messages.md.
func TestFaults(t *testing.T) {
	b := newBench(t)
	groups := []struct {
		name string
		try  func(*testing.T)
	}{{"of one input", b.ofOne}, {"from outside", b.outside}, {"at the end", b.ends}, {"for want of something", b.scarce}}
	ran := 0
	for _, g := range groups {
		t.Run(g.name, func(t *testing.T) { ran++; g.try(t) })
	}
	b.golden.end(t, ran == len(groups))
}

func (b *bench) ofOne(t *testing.T) {
	for _, f := range faults() {
		b.golden.order(f.name)
		t.Run(f.name, func(t *testing.T) {
			t.Parallel()
			for _, shape := range []string{"2x1", "1x4", "2x2"} {
				t.Run(shape, func(t *testing.T) { t.Parallel(); b.one(t, f, shape) })
			}
		})
	}
}

// one tries one fault on one shape.
func (b *bench) one(t *testing.T, f fault, shape string) {
	a := b.attempt(t, f.function, append([]string{"--range", "1..1000", "-j", shape}, f.flags...)...)
	o := a.run(t)
	code, without := 1, 500
	if f.told == "" {
		code, without = 0, 0
	}
	if o.code != code {
		t.Errorf("exit code %d, want %d", o.code, code)
	}
	if o.out != doubles(1000, without) {
		t.Errorf("the results are not those of the others, in order: %d lines", strings.Count(o.out, "\n"))
	}
	if told := "outpace: input 499 (500): " + f.told; f.told != "" && !strings.Contains(o.told, told) {
		t.Errorf("standard error has no %q:\n%s", told, o.told)
	}
	if n := strings.Count(o.told, "outpace: input "); n != code {
		t.Errorf("%d failures were told:\n%s", n, o.told)
	}
	for _, frame := range f.stack {
		if !strings.Contains(o.told, frame) {
			t.Errorf("the stack has no %q:\n%s", frame, o.told)
		}
	}
	b.check(t, f.name, shape, a, o)
}

// doubles is what a run over 1 to n prints, without that of one input.
func doubles(n, without int) string {
	var b strings.Builder
	for x := 1; x <= n; x++ {
		if x != without {
			fmt.Fprintln(&b, 2*x)
		}
	}
	return b.String()
}
