package ui

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strings"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"github.com/outpace-run/outpace"
)

func finished(n int, wall time.Duration) outpace.Event {
	return outpace.Event{Kind: outpace.TaskFinished, Count: n, Wall: wall, CPU: -1}
}

// observed is a counter of 100 inputs that has seen a second of a run.
func observed() *Counter {
	c := NewCounter(100, outpace.Shape{Processes: 2, Tasks: 1})
	c.Observe(outpace.Event{Kind: outpace.TaskStarted, Count: 1})
	<-time.After(time.Second)
	c.Observe(finished(3, 1500*time.Millisecond))
	c.Observe(finished(1, 500*time.Millisecond))
	return c
}

func TestCounter(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := observed()
		failed := finished(1, time.Second)
		failed.Err = errors.New("x")
		c.Observe(failed)
		c.Observe(outpace.Event{Kind: outpace.TaskRetried})
		c.Observe(outpace.Event{Kind: outpace.TaskRequeued, Count: 3}) // handed back: nobody's loss
		c.Observe(outpace.Event{Kind: outpace.TaskRequeued, Count: 2, Err: &outpace.LostError{}})
		got := c.Counts()
		if got.Done != 5 || got.Failed != 1 || got.Retried != 1 || got.Rerun != 2 || got.Elapsed != time.Second {
			t.Errorf("got %+v", got)
		}
		mid := 19 * time.Second // 95 are left of 5 a second
		if got.Low >= mid || got.High <= mid || got.Low <= 0 {
			t.Errorf("left: %v to %v", got.Low, got.High)
		}
	})
}

func TestTimeLeftNeedsAWave(t *testing.T) {
	c := NewCounter(100, outpace.Shape{Processes: 10, Tasks: 1})
	c.Observe(outpace.Event{Kind: outpace.TaskStarted})
	c.Observe(finished(9, time.Second))
	if got := c.Counts(); got.High != 0 {
		t.Errorf("left: %v after 9 of the first 10", got.High)
	}
	c = NewCounter(-1, outpace.Shape{Processes: 1, Tasks: 1})
	c.Observe(finished(9, time.Second))
	if got := c.Counts(); got.High != 0 {
		t.Errorf("left: %v of nobody knows how many", got.High)
	}
}

func TestStatus(t *testing.T) {
	tests := []struct {
		counts Counts
		want   string
	}{
		{Counts{Total: -1, Shape: outpace.Shape{Processes: 1, Tasks: 2}}, "0 done, 2 at once"},
		{Counts{Total: 9, Done: 4, Failed: 1, Lost: 2, Shape: outpace.Shape{Processes: 2, Tasks: 1}, Elapsed: 2 * time.Second, Low: 1500 * time.Millisecond, High: 4 * time.Second},
			"4/9 done, 2/s, 1 failed, 2 workers lost, 2 at once, 1-4 s left"},
	}
	for _, test := range tests {
		if got := test.counts.String(); got != test.want {
			t.Errorf("got %q, want %q", got, test.want)
		}
	}
	for d, want := range map[time.Duration]string{
		20 * time.Millisecond: "0.02 s", 3210 * time.Millisecond: "3.2 s", 245 * time.Second: "4 min 5 s", 2*time.Hour + 3*time.Minute: "2 h 3 min",
	} {
		if got := Took(d); got != want {
			t.Errorf("%v: got %q, want %q", d, got, want)
		}
	}
	if got := interval(100*time.Second, 200*time.Second); got != "1-4 min" {
		t.Errorf("got %q", got)
	}
}

func TestPlain(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var out bytes.Buffer
		p := NewPlain(&out)
		p.Start(outpace.Plan{}, observed())
		time.Sleep(10*time.Second + time.Millisecond)
		synctest.Wait()
		p.Event(outpace.Event{Kind: outpace.WorkerLog, Worker: 3, Line: "hello"})
		p.Finish(summaryForTest())
		got := out.String()
		if !strings.HasPrefix(got, "outpace: 4/100 done, 0.364/s, 2 at once, ") || !strings.HasSuffix(got, "\n[w3] hello\n"+summaryLine) {
			t.Errorf("got %q", got)
		}
	})
}

const summaryLine = "outpace: 9 done, 1 failed, 2 cancelled, 3 retried, 4 invalid inputs skipped, 5 workers lost, 6 runs repeated in 3.2 s on processes 2x1 (why)\n"

func summaryForTest() Summary {
	return Summary{Done: 9, Failed: 1, Cancelled: 2, Retried: 3, Skipped: 4, Lost: 5, Rerun: 6, Took: 3200 * time.Millisecond,
		Plan: outpace.Plan{Model: "processes", Shape: outpace.Shape{Processes: 2, Tasks: 1}, Why: "why"}, Exit: 1}
}

func TestTTYKeepsTheStatusBelow(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var out bytes.Buffer
		p := NewTTY(&out, func() int { return 20 })
		p.Start(outpace.Plan{}, observed())
		time.Sleep(ttyEvery + time.Millisecond)
		synctest.Wait()
		p.Message("careful", "")
		if _, err := io.WriteString(p.Beside(&out), "42\n"); err != nil {
			t.Error(err)
		}
		p.Finish(summaryForTest())
		const clear, status = "\r\x1b[K", "4/100 done, 3.33/s,"
		want := clear + status + clear + "outpace: careful\n" + status + clear + "42\n" + status + clear + summaryLine
		if got := out.String(); got != want {
			t.Errorf("got  %q\nwant %q", got, want)
		}
	})
}

func TestShorten(t *testing.T) {
	for text, want := range map[string]string{"abc": "abc", "äöüäöü": "äöü…", "abcd": "abcd", "abcde": "abc…", "a\nb": "a b"} {
		if got := Shorten([]byte(text), 4); got != want {
			t.Errorf("%q: got %q, want %q", text, got, want)
		}
	}
}

func TestFaults(t *testing.T) {
	tests := []struct {
		err  error
		want string
	}{
		{&outpace.RemoteError{Type: "T", Message: "<m>", Traceback: "tb", Cause: "exit", Hint: "h"},
			`{"type":"T","message":"<m>","traceback":"tb","cause":"exit","hint":"h"}`},
		{&outpace.TimeoutError{After: time.Second}, `{"type":"TimeoutError","message":"timed out after 1s","traceback":"","cause":"timeout"}`},
		{&outpace.LostError{ExitCode: 3}, `{"type":"LostError","message":"worker exited with code 3","traceback":"","cause":"exit","hint":"the function, or a library that it uses, ended the process"}`},
		{&outpace.LostError{Signal: syscall.SIGSEGV, ExitCode: -1}, `{"type":"LostError","message":"worker killed by SIGSEGV (segmentation fault)","traceback":"","cause":"signal"}`},
		{&outpace.LostError{Signal: syscall.SIGKILL, ExitCode: -1},
			`{"type":"LostError","message":"worker killed by SIGKILL (killed)","traceback":"","cause":"signal","hint":"does the function, or a limit of the system, kill it?"}`},
		{&outpace.LostError{Signal: syscall.SIGKILL, ExitCode: -1, OutOfMemory: true, Peak: 3e9},
			`{"type":"LostError","message":"worker killed by the kernel for want of memory: it had 3 GB","traceback":"","cause":"memory","hint":"-j with fewer processes takes less, and --memory-limit fails it earlier"}`},
		{&outpace.LostError{ExitCode: -1, Err: errors.New("a broken frame")}, `{"type":"LostError","message":"worker lost: a broken frame","traceback":"","cause":"lost"}`},
		{&outpace.MemoryError{Limit: 512e6, Peak: 600e6},
			`{"type":"MemoryError","message":"out of memory: the worker had 600 MB, the limit is 512 MB","traceback":"","cause":"memory","hint":"a higher --memory-limit lets it have more"}`},
		{&outpace.LoadError{Err: &outpace.RemoteError{Type: "T", Message: "m", Cause: "import"}}, `{"type":"T","message":"m","traceback":"","cause":"exception"}`},
		{&outpace.PanicError{Value: "v", Stack: []byte("s")}, `{"type":"panic","message":"v","traceback":"s","cause":"exception"}`},
		{outpace.ErrCancelled, `{"type":"CancelledError","message":"task cancelled","traceback":"","cause":"cancelled"}`},
		{errors.New("x"), `{"type":"error","message":"x","traceback":"","cause":"exception"}`},
	}
	for _, test := range tests {
		err := &outpace.TaskError{Function: "f", Index: 3, Err: fmt.Errorf("%w", test.err)}
		if got := string(Marshal(FaultOf(err))); got != test.want {
			t.Errorf("got %s, want %s", got, test.want)
		}
	}
}

func TestJSON(t *testing.T) {
	synctest.Test(t, func(t *testing.T) { // the time is that of the bubble
		var out bytes.Buffer
		p := NewJSON(&out)
		p.Start(outpace.Plan{Model: "serial", Shape: outpace.Shape{Processes: 1, Tasks: 1}}, NewCounter(-1, outpace.Shape{Processes: 1, Tasks: 1}))
		p.Event(outpace.Event{Kind: outpace.TaskStarted, Index: 0, Count: 2, Worker: 1})
		p.Event(outpace.Event{Kind: outpace.TaskFinished, Index: 0, Count: 2, Worker: 1, Wall: time.Second, CPU: time.Millisecond})
		p.Event(outpace.Event{Kind: outpace.TaskRetried, Index: 4, Count: 1, Attempt: 1, Delay: time.Second, Err: errors.New("x")})
		p.Event(outpace.Event{Kind: outpace.TaskRequeued, Index: 4, Count: 2, Err: &outpace.LostError{ExitCode: 3}})
		p.Event(outpace.Event{Kind: outpace.WorkerRefused, Worker: 2, Err: errors.New("no")})
		p.Event(outpace.Event{Kind: outpace.WorkerLog, Worker: 1, Line: ""})
		p.Message("m", "d")
		s := summaryForTest()
		s.Failures = []Group{{Count: 7, First: 8, Type: "T", Message: "m", Cause: "exit"},
			{Count: 2, First: 9, Type: "T", Message: "m", Cause: "exit", Mixed: true}, {Count: 1, First: 10, Mixed: true}}
		p.Finish(s)
		const at = `"time":"2000-01-01T00:00:00.000000Z"`
		want := `{"event":"started",` + at + `,"plan":{"model":"serial","shape":"1x1","why":"","notes":[]}}
{"event":"task_started",` + at + `,"index":0,"count":2,"worker":1}
{"event":"task_finished",` + at + `,"index":0,"count":2,"worker":1,"wall_s":1,"cpu_s":0.001}
{"event":"task_retried",` + at + `,"index":4,"count":1,"attempt":1,"delay_s":1,"error":{"type":"error","message":"x","traceback":"","cause":"exception"}}
{"event":"task_requeued",` + at + `,"index":4,"count":2,"error":{"type":"LostError","message":"worker exited with code 3","traceback":"","cause":"exit","hint":"the function, or a library that it uses, ended the process"}}
{"event":"worker_refused",` + at + `,"worker":2,"error":{"type":"error","message":"no","traceback":"","cause":"exception"}}
{"event":"worker_log",` + at + `,"worker":1,"line":""}
{"event":"message",` + at + `,"message":"m","detail":"d"}
{"event":"finished",` + at + `,"summary":{"done":9,"failed":1,"cancelled":2,"retried":3,"skipped":4,"workers_lost":5,"rerun":6,"took_s":3.2,"exit":1,"failures":[{"count":7,"type":"T","message":"m","cause":"exit","first":8},{"count":2,"type":"T","message":null,"cause":"exit","first":9},{"count":1,"type":null,"message":null,"cause":null,"first":10}]}}
`
		if got := out.String(); got != want {
			t.Errorf("got  %s\nwant %s", got, want)
		}
		for line := range strings.Lines(out.String()) {
			if !json.Valid([]byte(line)) {
				t.Errorf("not JSON: %s", line)
			}
		}
	})
}
