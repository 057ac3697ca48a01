package ui

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"strings"
	"syscall"
	"testing"

	"github.com/outpace-run/outpace"
)

// told is what a printer writes about failures: fault says how input i failed.
func told(t *testing.T, quiet bool, kept string, n int, fault func(i int) error) string {
	t.Helper()
	var out bytes.Buffer
	var groups Groups
	p := NewNone(&out, quiet)
	for i := range n {
		f := FaultOf(&outpace.TaskError{Function: "f", Index: i, Err: fault(i)})
		p.Failed(Failure{Index: i, Input: []byte(`{"a":1}`), Attempts: 2, Fault: f, Again: !groups.Add(i, f)})
	}
	p.Finish(Summary{Failed: int64(n), Failures: groups.List(), Kept: kept})
	return out.String()
}

func remote(typ, message string) error {
	return &outpace.RemoteError{Type: typ, Message: message, Traceback: "Traceback:\n  here\n", Cause: "exception", Hint: "look"}
}

func TestFailuresOfOneKindAreToldOnce(t *testing.T) {
	got := told(t, true, "", 37, func(int) error { return remote("ValueError", "bad row\nsee above") })
	want := `outpace: input 0 ({"a":1}), 2 attempts: ValueError: bad row (hint: look)
    see above
    Traceback:
      here
outpace: 37 x ValueError: bad row see above (first: input 0)
`
	if got != want {
		t.Errorf("got\n%s\nwant\n%s", got, want)
	}
}

func TestKindsOfFailure(t *testing.T) {
	one := func(err error) func(int) error { return func(int) error { return err } }
	tests := []struct {
		name  string
		n     int
		fault func(int) error
		lines int
		want  string // the end
	}{
		{"one", 1, one(remote("T", "")), 3, "outpace: input 0 ({\"a\":1}), 2 attempts: T (hint: look)\n    Traceback:\n      here\n"},
		{"each its own, all shown", 10, func(i int) error { return remote("T", fmt.Sprint(i)) }, 30, ""},
		{"each its own", 1000, func(i int) error { return remote("T", fmt.Sprint(i)) }, 32,
			"outpace: further failures are told at the end, by kind\noutpace: 1000 x T, with different messages (first: input 0: 0)\n"},
		{"no type twice", 1000, func(i int) error { return remote(fmt.Sprint("T", i), "") }, 30 + 1 + 11,
			"outpace: 600 x failures of other types (first: input 400: T400)\noutpace: 1 x T10 (input 10)\n"},
		{"peaks differ", 3, func(i int) error { return &outpace.MemoryError{Limit: 1e9, Peak: 2e9 + int64(i)*1e9} }, 2,
			"outpace: 3 x out of memory: the worker had 2 GB, the limit is 1 GB (first: input 0)\n"},
		{"ours", 2, one(&outpace.LostError{Signal: syscall.SIGSEGV}), 2, "outpace: 2 x worker killed by SIGSEGV (segmentation fault) (first: input 0)\n"},
		{"of Go", 2, one(errors.New("x")), 2, "outpace: 2 x x (first: input 0)\n"},
		{"two kinds", 30, func(i int) error { return remote("T", []string{"a", "b", "b"}[i%3]) }, 8,
			"outpace: 20 x T: b (first: input 1)\noutpace: 10 x T: a (first: input 0)\n"},
		{"many kinds", 60, func(i int) error { return remote("T", fmt.Sprint(i%30)) }, 30 + 1 + 11,
			"outpace: 2 x T: 9 (first: input 9)\noutpace: ... and 20 other kinds of failure (hint: --failed FILE has all of them)\n"},
	}
	for _, test := range tests {
		got := told(t, true, "", test.n, test.fault)
		if strings.Count(got, "\n") != test.lines || !strings.Contains(got, test.want) {
			t.Errorf("%s: %d lines, want %d:\n%s", test.name, strings.Count(got, "\n"), test.lines, got)
		}
	}
}

// TestGroupsAreBounded: every message is new, and so is every type.
func TestGroupsAreBounded(t *testing.T) {
	var g Groups
	const n = 10_000
	for i := range n {
		g.Add(i, Fault{Type: fmt.Sprint("T", i/2), Message: strings.Repeat(fmt.Sprint(i), 1000)})
	}
	list, sum := g.List(), int64(0)
	for _, group := range list {
		sum += group.Count
		if len(group.Message) > 2*maxMessage {
			t.Fatalf("a message of %d bytes is kept", len(group.Message))
		}
	}
	if len(list) > 2*maxKinds+1 || sum != n || list[0].Type != "" {
		t.Errorf("%d groups of %d failures, the first of type %q", len(list), sum, list[0].Type)
	}
}

func TestWhereFailedInputsAre(t *testing.T) {
	for n, want := range map[int]string{
		0: "",
		1: "outpace: the failed input is in bad.jsonl, with reasons in bad.jsonl.reasons (hint: -i bad.jsonl runs it again)\n",
		2: "outpace: the 2 failed inputs are in bad.jsonl, with reasons in bad.jsonl.reasons (hint: -i bad.jsonl runs them again)\n",
	} {
		got := told(t, false, "bad.jsonl", n, func(int) error { return remote("T", "m") })
		if n == 0 && strings.Contains(got, "bad.jsonl") || !strings.Contains(got, want) {
			t.Errorf("%d failed: %s", n, got)
		}
	}
}

func TestRefused(t *testing.T) {
	var out bytes.Buffer
	p := NewNone(&out, false)
	c := NewCounter(9, outpace.Shape{Processes: 4, Tasks: 2})
	p.Start(outpace.Plan{}, c)
	ev := outpace.Event{Kind: outpace.WorkerRefused, Worker: 3, Err: fmt.Errorf("cannot start: %w", &fs.PathError{Op: "fork/exec", Path: "/p", Err: syscall.EAGAIN})}
	for range 2 { // told once
		c.Observe(ev)
		p.Event(ev)
	}
	s := summaryForTest()
	s.Plan.Shape.Processes, s.Refused = 4, c.Counts().Refused
	p.Finish(s)
	want := "outpace: worker 3 cannot be started (fork/exec: resource temporarily unavailable): goes on with 3 (hint: ulimit -u, or pids.max of the control group, is the limit)\n"
	if got := out.String(); !strings.HasPrefix(got, want) || !strings.HasSuffix(got, " on processes 2x1 (why; 2 of 4 could not be started)\n") || c.Counts().Shape.Workers() != 4 || strings.Count(got, "cannot be started") != 1 {
		t.Errorf("got %s", got)
	}
}
