package ui

import (
	"bytes"
	"fmt"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/outpace-run/outpace"
)

const (
	users = `  File "/home/ann/rows.py", line 3 in parse
  File "/home/ann/rows.py", line 9 in rows
`
	others = `Thread 0x00007f25ac0ff6c0 (most recent call first):
  File "<outpace_worker.py>", line 966 in run
  File "/usr/lib/python3.11/threading.py", line 1002 in _bootstrap

`
	below = `  File "<outpace_worker.py>", line 803 in loop
  File "<outpace_worker.py>", line 1020 in run
  File "/usr/lib/python3.11/threading.py", line 1002 in _bootstrap
`
	told1 = "Python stack (most recent call first):\n" + users
)

func TestLastWords(t *testing.T) {
	tests := []struct{ name, output, want string }{
		{"nothing", " \n", ""},
		{"prints", "one\ntwo\n", "the last lines that it wrote:\n  one\n  two\n"},
		{"prints much", strings.Repeat("x\n", 50), "the last lines that it wrote:\n" + strings.Repeat("  x\n", lastLines)},
		{"one thread", "hello\nFatal Python error: Segmentation fault\n\nStack (most recent call first):\n" + users, told1},
		{"several threads", "Fatal Python error: Aborted\n\n" + others + "Current thread 0x00007f25ad (most recent call first):\n" + users + "\n" + others +
			"\nExtension modules: numpy (total: 1)", told1},
		{"the second crash", "Fatal Python error: Aborted\n\nStack (most recent call first):\n  File \"x\"\nFatal Python error: Bus error\n\nStack (most recent call first):\n" + users, told1},
		{"a reason", "Fatal Python error: none_dealloc: too often\nPython runtime state: initialized\n\nCurrent thread 0x1 [main] (most recent call first):\n" + users,
			"Fatal Python error: none_dealloc: too often\n" + told1},
		{"not in the user's code", "Fatal Python error: Aborted\n\nStack (most recent call first):\n", ""},
		{"no frames", "Fatal Python error: Segmentation fault\n\nStack (most recent call first):\n  <no Python frame>", "Python stack (most recent call first):\n  <no Python frame>\n"},
	}
	for _, test := range tests {
		if got := lastWords(test.output); got != test.want {
			t.Errorf("%s: got\n%swant\n%s", test.name, got, test.want)
		}
	}
}

// TestCrashIsToldOnce: the stack of a worker that is lost is not printed as its
// output too; that of another process is.
func TestCrashIsToldOnce(t *testing.T) {
	dump := "Fatal Python error: Segmentation fault\n\nStack (most recent call first):\n" + users + below
	lost := outpace.Event{Kind: outpace.WorkerLost, Worker: 2}
	worked := outpace.Event{Kind: outpace.TaskFinished, Worker: 2, Count: 1}
	all := strings.ReplaceAll("[w2] "+strings.TrimSuffix(dump, "\n"), "\n", "\n[w2] ") + "\n"
	tests := []struct {
		name string
		then func(p *Text)
		want string
	}{
		{"lost", func(p *Text) { p.Event(lost) }, ""},
		{"lost, and something beside", func(p *Text) { say(p, "bye"); p.Event(worked); p.Event(lost) }, "[w2] bye\n"},
		{"the end of the run", func(*Text) {}, all},
		{"goes on", func(p *Text) { <-time.After(heldLong); p.Event(worked); p.Event(lost) }, all},
		{"started again", func(p *Text) { p.Event(outpace.Event{Kind: outpace.WorkerStarted, Worker: 2}); p.Event(lost) }, all},
		{"told with an error", func(p *Text) { p.Message("m", "d") }, "outpace: m\n    d\n"},
		{"endless", func(p *Text) { say(p, strings.Repeat("  File \"\n", maxHeld)) }, all + strings.Repeat("[w2]   File \"\n", maxHeld)},
	}
	for _, test := range tests {
		synctest.Test(t, func(t *testing.T) {
			var out bytes.Buffer
			p := NewNone(&out, true)
			say(p, dump)
			test.then(p)
			p.Finish(Summary{})
			if got := out.String(); got != test.want {
				t.Errorf("%s: got\n%swant\n%s", test.name, got, test.want)
			}
		})
	}
	if got := fmt.Sprint((&dumps{}).line(1, "  File \"x")); got != `[  File "x]` {
		t.Errorf("a line like one of a stack: %s", got)
	}
}

func say(p *Text, lines string) {
	for line := range strings.Lines(lines) {
		p.Event(outpace.Event{Kind: outpace.WorkerLog, Worker: 2, Line: strings.TrimSuffix(line, "\n")})
	}
}

// TestWhereabouts: of all stacks those that end the output, and that have a frame.
func TestWhereabouts(t *testing.T) {
	dump := "Thread 0x00007fab40f746c0 (most recent call first):\n  File \"/a/x.py\", line 166 in match\n  File \"/a/x.py\", line 9 in rex\n\n" +
		"Thread 0x00007fab417796c0 (most recent call first):\n\nCurrent thread 0x00007fab43604b80 (most recent call first):\n"
	for _, test := range []struct{ output, want string }{
		{"", ""},
		{"hello\n  indented", ""},
		{"hello\n" + dump, "Python stack (most recent call first):\n  File \"/a/x.py\", line 166 in match\n  File \"/a/x.py\", line 9 in rex\n"},
		{dump + "goes on", ""},
	} {
		if got := whereabouts(test.output); got != test.want {
			t.Errorf("%q:\n%s", test.output, got)
		}
	}
}
