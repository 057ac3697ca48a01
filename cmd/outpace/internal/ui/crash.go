package ui

import (
	"strings"
	"time"
)

// fatalMark begins what Python's faulthandler writes where a worker crashes:
//
//	Fatal Python error: Segmentation fault
//
//	Stack (most recent call first):                or: Current thread 0x00007f7924ad96c0 (most …
//	  File "/home/ann/rows.py", line 3 in parse
//
// The adapter has cut the frames of the worker itself away.
const fatalMark = "Fatal Python error: "

// stackMark ends the line above a stack.
const stackMark = "(most recent call first):"

// lastLines is how much a failure shows of what a worker wrote last, where that
// has no stack.
const lastLines = 10

// lastWords returns what a worker that ended wrote about it: the Python stack
// of a crash, else the last lines of its output.
func lastWords(output string) string {
	output = strings.TrimSpace(output)
	if output == "" {
		return ""
	}
	if i := strings.LastIndex(output, fatalMark); i >= 0 {
		return crash(strings.Split(output[i:], "\n"))
	}
	lines := strings.Split(output, "\n")
	lines = lines[max(0, len(lines)-lastLines):]
	return "the last lines that it wrote:\n  " + strings.Join(lines, "\n  ") + "\n"
}

// crash returns what is to be told of a crash: the reason, where a signal does
// not say it all, and the frames of the thread that crashed.
func crash(lines []string) string {
	var b strings.Builder
	switch strings.TrimPrefix(lines[0], fatalMark) {
	case "Segmentation fault", "Aborted", "Bus error", "Floating point exception", "Floating-point exception", "Illegal instruction":
	default:
		b.WriteString(lines[0] + "\n")
	}
	ours, first := false, true
	for _, line := range lines[1:] {
		switch {
		case strings.HasSuffix(line, stackMark):
			ours = strings.HasPrefix(line, "Current thread 0x") || strings.HasPrefix(line, "Stack ")
		case !strings.HasPrefix(line, "  "):
			ours = false
		case ours && first:
			b.WriteString("Python stack " + stackMark + "\n")
			first = false
			fallthrough
		case ours:
			b.WriteString(line + "\n")
		}
	}
	return b.String()
}

// whereabouts returns where a worker was when its time was over: the stacks that
// end what it wrote, of each thread that runs anything of the user's.
func whereabouts(output string) string {
	var b strings.Builder
	header := false
	for _, line := range strings.Split(strings.TrimSpace(output), "\n") {
		switch {
		case strings.HasSuffix(line, stackMark):
			header = true
		case strings.HasPrefix(line, "  "):
			if header {
				b.WriteString("Python stack " + stackMark + "\n")
				header = false
			}
			b.WriteString(line + "\n")
		case line != "": // what stood before it was no end
			b.Reset()
			header = false
		}
	}
	if !strings.HasPrefix(b.String(), "Python stack ") {
		return ""
	}
	return b.String()
}

const (
	maxHeld  = 500             // lines of a crash that are held back
	heldLong = 2 * time.Second // after this a worker that goes on has not crashed
)

// dumps holds the stacks back that workers print when they crash or their time
// is over: the failure tells them better, without frames of ours, and once.
//
//	line of a stack                        held
//	any other line                         printed
//	the worker was lost or timed out       what is held is dropped
//	the worker goes on, or there are many  it was the stack of another process: printed
type dumps struct {
	held map[int]*dump // by worker
}

type dump struct {
	since time.Time
	lines []string
}

// line takes a line that a worker printed and returns those to print.
func (d *dumps) line(worker int, line string) []string {
	held := d.held[worker]
	switch {
	case strings.HasPrefix(line, fatalMark), held == nil && strings.HasSuffix(line, stackMark):
		before := d.goesOn(worker, 0)
		if d.held == nil {
			d.held = map[int]*dump{}
		}
		d.held[worker] = &dump{time.Now(), []string{line}}
		return before
	case held == nil || !isDump(line):
		return []string{line}
	case len(held.lines) == maxHeld:
		return append(d.goesOn(worker, 0), line)
	}
	held.lines = append(held.lines, line)
	return nil
}

// lost drops what is held of a worker that has ended, or is about to.
func (d *dumps) lost(worker int) { delete(d.held, worker) }

// goesOn returns what is held of a worker that has not ended, if it has been
// for so long.
func (d *dumps) goesOn(worker int, long time.Duration) []string {
	held := d.held[worker]
	if held == nil || time.Since(held.since) < long {
		return nil
	}
	delete(d.held, worker)
	return held.lines
}

// isDump reports whether a line may be one of a stack that faulthandler prints.
func isDump(line string) bool {
	if line == "" {
		return true
	}
	for _, begin := range []string{`  File "`, "  <", "  ...", "Thread 0x", "Current thread", "Stack (most", "Python runtime state:", "Extension modules:", "  Binary file"} {
		if strings.HasPrefix(line, begin) {
			return true
		}
	}
	return false
}
