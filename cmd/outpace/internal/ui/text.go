package ui

import (
	"fmt"
	"io"
	"strings"
	"sync"
	"time"

	"github.com/outpace-run/outpace"
)

// shownFailures is how many failures a text printer shows before it only
// counts them.
const shownFailures = 10

// How often the status is told.
const (
	ttyEvery   = 200 * time.Millisecond
	plainEvery = 10 * time.Second
)

// Text is the printer for people. It writes log lines, failures and the
// summary, and the status: rewritten in place on a terminal, else a line of
// its own every ten seconds.
type Text struct {
	out   io.Writer
	every time.Duration // between two statuses; 0: none
	width func() int    // of the terminal; nil where the status is a line of its own
	quiet bool

	mu      sync.Mutex
	counter *Counter
	status  string // what stands on the last line of the terminal
	failed  int64
	stop    chan struct{}
	stopped sync.WaitGroup
}

// NewTTY returns a printer for a terminal that is width() columns wide.
func NewTTY(out io.Writer, width func() int) *Text {
	return &Text{out: out, every: ttyEvery, width: width, stop: make(chan struct{})}
}

// NewPlain returns a printer for anything that keeps what is written.
func NewPlain(out io.Writer) *Text {
	return &Text{out: out, every: plainEvery, stop: make(chan struct{})}
}

// NewNone returns a printer that tells no progress; quiet leaves the summary
// out too.
func NewNone(out io.Writer, quiet bool) *Text {
	return &Text{out: out, quiet: quiet, stop: make(chan struct{})}
}

// Start begins to tell the status.
func (t *Text) Start(_ outpace.Plan, counter *Counter) {
	t.counter = counter
	if t.every == 0 {
		return
	}
	t.stopped.Go(func() {
		tick := time.NewTicker(t.every)
		defer tick.Stop()
		for {
			select {
			case <-tick.C:
				t.tell()
			case <-t.stop:
				return
			}
		}
	})
}

func (t *Text) tell() {
	line := t.counter.Counts().String()
	if t.width == nil {
		t.print("outpace: " + line + "\n")
		return
	}
	if most := t.width() - 1; most > 0 && len(line) > most { // the status is ASCII
		line = line[:most]
	}
	t.mu.Lock()
	t.status = line
	t.mu.Unlock()
	t.print("")
}

// print writes whole lines above the status.
func (t *Text) print(lines string) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.width != nil {
		lines = "\r\x1b[K" + lines + t.status
	}
	_, _ = io.WriteString(t.out, lines) // see Printer
}

// Beside returns a writer to the same terminal that keeps the status below what
// it writes. It is w itself where the status is not rewritten in place.
func (t *Text) Beside(w io.Writer) io.Writer {
	if t.width == nil {
		return w
	}
	return &beside{t, w}
}

type beside struct {
	text *Text
	out  io.Writer
}

func (b *beside) Write(p []byte) (int, error) {
	b.text.mu.Lock()
	defer b.text.mu.Unlock()
	_, _ = io.WriteString(b.text.out, "\r\x1b[K") // see Printer
	n, err := b.out.Write(p)
	_, _ = io.WriteString(b.text.out, b.text.status)
	return n, err
}

// Hush has nothing but failures printed from now on.
func (t *Text) Hush() { t.quiet = true }

// Event prints the lines of workers. Workers that were lost are counted in the
// status and the summary; the failure of the task tells the cause.
func (t *Text) Event(ev outpace.Event) {
	switch ev.Kind {
	case outpace.WorkerLog:
		t.print(fmt.Sprintf("[w%d] %s\n", ev.Worker, ev.Line))
	case outpace.ObserverPanic:
		t.print(fmt.Sprintf("outpace: a bug in outpace: %v\n", ev.Err))
	}
}

// Failed prints a failure, if not too many were printed before.
func (t *Text) Failed(f Failure) {
	t.mu.Lock()
	t.failed++
	failed := t.failed
	t.mu.Unlock()
	switch {
	case failed <= shownFailures:
		t.print(f.String())
	case failed == shownFailures+1:
		t.print("outpace: further failures are only counted (hint: --records tells all of them)\n")
	}
}

// Message prints a line.
func (t *Text) Message(text string) { t.print("outpace: " + text + "\n") }

// Finish takes the status away and prints the summary.
func (t *Text) Finish(s Summary) {
	close(t.stop)
	t.stopped.Wait()
	t.mu.Lock()
	t.status = ""
	t.mu.Unlock()
	var b strings.Builder
	if !t.quiet {
		fmt.Fprintf(&b, "outpace: %s\n", s)
	}
	t.print(b.String())
}
