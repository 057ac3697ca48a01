package process

import (
	"fmt"
	"strings"

	"github.com/outpace-run/outpace/internal/child"
)

// crash finds, in what a worker prints, what Go's runtime writes about a fatal
// error: first what happened and the goroutine that did it, which is what a user
// wants, and then every other goroutine.
//
//	unexpected fault address 0x7f2a8c5d1000        kept
//	fatal error: fault                             kept
//	[signal SIGSEGV: segmentation violation …]     kept
//
//	runtime stack:                                 left out
//	…
//	goroutine 23 gp=0xc000102380 m=5 [running]:    kept, without addresses
//	runtime.throw({0x5f3c2e?, 0x0?})               left out
//		/usr/local/go/src/runtime/panic.go:1094 +0x48 …
//	main.work(0x1f4)                               kept
//		/home/me/main.go:17 +0x1d …
//	github.com/outpace-run/outpace.Function[…].Call(…)
//	                                               from here on we called it
//	goroutine 1 gp=0xc000002380 m=nil [chan receive]:
//	                                               the next: the end
type crash struct {
	lines      []string
	bytes      int
	goroutines int // headers that were seen; negative: there is no crash so far
}

const (
	maxCrash = 64 << 10 // bytes of a crash that are looked at …
	maxWords = 4 << 10  // … and kept
	maxHead  = 20       // lines before the first goroutine
	fatal    = 2        // the exit code of a fatal error, and of a panic
)

func newCrash() *crash { return &crash{goroutines: -1} }

// add takes a line that the worker printed.
func (c *crash) add(line string) {
	if beginsCrash(line) && (c.goroutines != 0 || len(c.lines) > maxHead) {
		*c = crash{}
	}
	if isGoroutine(line) && c.goroutines >= 0 {
		c.goroutines++
	}
	if c.goroutines < 0 || c.goroutines > 1 || c.bytes > maxCrash {
		return
	}
	c.lines = append(c.lines, line)
	c.bytes += len(line)
}

// beginsCrash reports whether a line may be the first of a crash.
func beginsCrash(line string) bool {
	for _, start := range []string{"panic: ", "fatal error: ", "unexpected fault address ", "runtime: goroutine stack exceeds ", "SIG"} {
		if strings.HasPrefix(line, start) {
			return true
		}
	}
	return false
}

func isGoroutine(line string) bool {
	return strings.HasPrefix(line, "goroutine ") && strings.HasSuffix(line, "]:")
}

// lastWords is what to keep of the output of a worker that ended.
func (c *crash) lastWords(end child.State) string {
	if end.Code != fatal || c.goroutines < 1 {
		return end.Tail
	}
	var text words
	for i := 0; i < len(c.lines) && text.bytes < maxWords; i++ {
		line := c.lines[i]
		switch {
		case line == "runtime stack:": // what it says about itself
			for i+1 < len(c.lines) && !isGoroutine(c.lines[i+1]) {
				i++
			}
		case isGoroutine(line):
			words := strings.Fields(line)
			text.add("goroutine " + words[1] + " " + line[max(0, strings.IndexByte(line, '[')):])
		case strings.HasPrefix(line, "runtime: sp="), strings.HasPrefix(line, "PC="):
		case i+1 < len(c.lines) && strings.HasPrefix(c.lines[i+1], "\t"):
			name := line[:max(0, strings.LastIndexByte(line, '('))]
			if isCall(name) {
				return text.String()
			}
			i++
			if !strings.HasPrefix(name, "runtime.") && !strings.HasPrefix(name, "internal/runtime/") {
				place, _, _ := strings.Cut(c.lines[i], " +0x")
				text.add(callOf(line, name) + "\n" + place)
			}
		default:
			text.add(line)
		}
	}
	return text.String()
}

// callOf is the line of a frame without the addresses in it.
func callOf(line, name string) string {
	if name == "" { // created by …
		return line
	}
	return name + "(…)"
}

// words is a text, in which lines that repeat are told once.
type words struct {
	text  []string
	same  int // times that the last one was repeated
	bytes int
}

func (w *words) add(text string) {
	if n := len(w.text); n > 0 && text != "" && w.text[n-1] == text {
		w.same++
		return
	}
	w.endSame()
	w.text = append(w.text, text)
	w.bytes += len(text)
}

func (w *words) endSame() {
	if w.same > 0 {
		w.text = append(w.text, fmt.Sprintf("(the same %d times more)", w.same))
		w.same = 0
	}
}

// String returns the text.
func (w *words) String() string {
	w.endSame()
	return strings.TrimSpace(strings.Join(w.text, "\n"))
}
