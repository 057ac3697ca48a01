package worker

import (
	"fmt"
	"strings"
)

// What CPython's fault handler writes when a worker crashes looks like this,
// the innermost frame first (3.9 to 3.14):
//
//	Fatal Python error: Segmentation fault
//
//	Stack (most recent call first):
//	  File "/home/me/fn.py", line 4 in helper
//	  File "/home/me/fn.py", line 15 in f
//	  File "<outpace_worker.py>", line 901 in loop
//	  …
//	  File "<string>", line 1 in <module>
//
//	Extension modules: numpy.core._multiarray_umath, … (total: 13)
//
// All from our first frame on is how the function was called. Only where it
// waits for something shared, the innermost frames are ours too: those of the
// worker, below those of the package that it imported.
const (
	ownFrame   = `  File "<outpace_worker.py>", line `
	shareFrame = `  File "<outpace/`
	extensions = "Extension modules: "
	innermost  = 20 // frames that are kept of a deep stack …
	outermost  = 10 // … at either end
)

// CrashText makes the last output of a worker readable where it holds the stack
// of a crash: without the frames of the worker itself, with the middle of a
// deep stack cut out and frames that repeat told once, and without the list of
// extension modules. All else is as it was.
func CrashText(output string) string {
	var text, stack []string
	flush := func() {
		text = append(text, shortStack(stack)...)
		stack = nil
	}
	for line := range strings.Lines(output) {
		switch line = strings.TrimSuffix(line, "\n"); {
		case isFrame(line):
			stack = append(stack, line)
		case strings.HasPrefix(line, extensions):
			flush()
		default:
			flush()
			text = append(text, line)
		}
	}
	flush()
	return strings.TrimSpace(strings.Join(text, "\n"))
}

// isFrame reports whether a line is a frame of the fault handler. Those of a
// traceback have a comma behind the number.
func isFrame(line string) bool {
	rest, ok := strings.CutPrefix(line, `  File "`)
	if !ok {
		return line == "  ..." // a hundred frames were written, and there are more
	}
	_, rest, ok = strings.Cut(rest, `", line `)
	number, _, found := strings.Cut(rest, " in ")
	return ok && found && !strings.ContainsAny(number, ", ")
}

// waits reports whether a stack is that of a thread in which the worker itself
// waits in the threading module.
func waits(stack []string) bool {
	for _, line := range stack {
		if strings.HasPrefix(line, ownFrame) {
			return strings.HasSuffix(line, " in start_thread") || strings.HasSuffix(line, " in quit")
		}
	}
	return false
}

// fromPackage returns a stack without the frames in which the worker reads the
// channel, for a function that waits for something shared.
func fromPackage(stack []string) []string {
	for i, line := range stack {
		if strings.HasPrefix(line, shareFrame) {
			return stack[i:]
		}
		if !strings.HasPrefix(line, ownFrame) {
			break
		}
	}
	return stack
}

// shortStack returns the lines of a stack that tell something.
func shortStack(stack []string) (short []string) {
	if waits(stack) {
		return nil
	}
	stack = fromPackage(stack)
	for i := 0; i < len(stack) && !strings.HasPrefix(stack[i], ownFrame); {
		n := 1
		for i+n < len(stack) && stack[i+n] == stack[i] {
			n++
		}
		short = append(short, stack[i])
		if n > 1 {
			short = append(short, fmt.Sprintf("  (the same %d times more)", n-1))
		}
		i += n
	}
	if cut := len(short) - innermost - outermost; cut > 1 {
		tail := short[innermost+cut:]
		short = append(short[:innermost:innermost], fmt.Sprintf("  (%d more)", cut))
		short = append(short, tail...)
	}
	return short
}
