package ui

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
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
	out      io.Writer
	every    time.Duration // between two statuses; 0: none
	width    func() int    // of the terminal; nil where the status is a line of its own
	quiet    bool          // no summary
	warnings atomic.Int64  // that there were
	hushed   bool          // nothing at the end

	mu      sync.Mutex
	counter *Counter
	status  string       // what stands on the last line of the terminal
	shown   map[int]bool // failures whose block was printed
	more    bool         // it was said that there are more
	dumps   dumps        // of workers that crash
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

// Hush has Finish print nothing.
func (t *Text) Hush() { t.hushed = true }

// Event prints the lines of workers. Workers that were lost are counted in the
// status and the summary; the failure of the task tells the cause.
func (t *Text) Event(ev outpace.Event) {
	switch ev.Kind {
	case outpace.WorkerLog:
		t.log(ev.Worker, t.dumped(func(d *dumps) []string { return d.line(ev.Worker, ev.Line) }))
	case outpace.WorkerLost:
		t.dumped(func(d *dumps) []string { d.lost(ev.Worker); return nil })
	case outpace.WorkerStarted:
		t.log(ev.Worker, t.dumped(func(d *dumps) []string { return d.goesOn(ev.Worker, 0) }))
	case outpace.TaskRequeued:
		if errors.Is(ev.Err, outpace.ErrTimeout) { // whoever was late, it runs again
			t.dumped(func(d *dumps) []string { d.held = nil; return nil })
		}
	case outpace.TaskFinished, outpace.TaskRetried:
		if errors.Is(ev.Err, outpace.ErrTimeout) {
			t.dumped(func(d *dumps) []string { d.lost(ev.Worker); return nil })
		}
		t.log(ev.Worker, t.dumped(func(d *dumps) []string { return d.goesOn(ev.Worker, heldLong) }))
	case outpace.WorkerRefused:
		if now := t.counter.Counts(); now.Refused == 1 { // the summary counts them
			t.Message(refusal(ev, now.Shape.Processes), "")
		}
	case outpace.TaskWarned:
		t.warn(ev.Line)
	case outpace.ObserverPanic:
		t.print(fmt.Sprintf("outpace: a bug in outpace: %v\n", ev.Err))
	}
}

// mostWarnings is how many warnings are shown: each input may give the same.
const mostWarnings = 5

func (t *Text) warn(line string) {
	n := t.warnings.Add(1)
	if n <= mostWarnings {
		t.Message("warning: "+line, "")
	}
	if n == mostWarnings {
		t.Message("further warnings are not shown (hint: --progress json has all)", "")
	}
}

func (t *Text) dumped(take func(*dumps) []string) []string {
	t.mu.Lock()
	defer t.mu.Unlock()
	return take(&t.dumps)
}

// log prints lines of a worker.
func (t *Text) log(worker int, lines []string) {
	var b strings.Builder
	for _, line := range lines {
		fmt.Fprintf(&b, "[w%d] %s\n", worker, line)
	}
	if b.Len() > 0 {
		t.print(b.String())
	}
}

// refusal is that a worker cannot be started, and why: without the program's
// path where it is the system that refuses.
func refusal(ev outpace.Event, left int) string {
	why := Shorten(ev.Err.Error(), 200)
	var system *fs.PathError
	if errors.As(ev.Err, &system) {
		why = system.Op + ": " + system.Err.Error()
	}
	text := fmt.Sprintf("worker %d cannot be started (%s): goes on with %d", ev.Worker, why, left)
	if hint := ScarceHint(ev.Err); hint != "" {
		text += " (hint: " + hint + ")"
	}
	return text
}

// ScarceHint says which limit an error of the system is about; "" for another
// error.
func ScarceHint(err error) string {
	switch {
	case errors.Is(err, syscall.EMFILE):
		return "ulimit -n is the limit: about 20 files, and 5 for each process"
	case errors.Is(err, syscall.EAGAIN):
		return "ulimit -u, or pids.max of the control group, is the limit"
	}
	return ""
}

// Failed prints a failure, unless one of its kind or too many were printed
// before: Finish counts those.
func (t *Text) Failed(f Failure) {
	if f.Again {
		return
	}
	t.mu.Lock()
	text := f.String()
	switch {
	case len(t.shown) < shownFailures:
		if t.shown == nil {
			t.shown = map[int]bool{}
		}
		t.shown[f.Index] = true
	case !t.more:
		t.more, text = true, "outpace: further failures are told at the end, by kind\n"
	default:
		text = ""
	}
	t.mu.Unlock()
	if text != "" {
		t.print(text)
	}
}

// Message prints a line, and the detail below it. The detail of a worker that
// crashed while it started is its stack.
func (t *Text) Message(text, detail string) {
	if detail != "" {
		t.dumped(func(d *dumps) []string { d.held = nil; return nil })
	}
	t.print("outpace: " + text + "\n" + Indent(detail))
}

// Finish takes the status away and prints how often what failed, and the
// summary.
func (t *Text) Finish(s Summary) {
	close(t.stop)
	t.stopped.Wait()
	t.mu.Lock()
	t.status = ""
	held := t.dumps.held
	t.dumps.held = nil
	text := groupLines(s.Failures, t.shown, s.Kept != "")
	t.mu.Unlock()
	for worker, dump := range held {
		t.log(worker, dump.lines)
	}
	if !t.quiet {
		text += s.whereKept() + "outpace: " + s.String() + "\n"
	}
	if t.hushed {
		text = ""
	}
	t.print(text)
}
