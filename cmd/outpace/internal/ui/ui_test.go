package ui

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strings"
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
	c := NewCounter(100, 2)
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
		got := c.Counts()
		if got.Done != 5 || got.Failed != 1 || got.Retried != 1 || got.Elapsed != time.Second {
			t.Errorf("got %+v", got)
		}
		mid := 19 * time.Second // 95 are left of 5 a second
		if got.Low >= mid || got.High <= mid || got.Low <= 0 {
			t.Errorf("left: %v to %v", got.Low, got.High)
		}
	})
}

func TestTimeLeftNeedsAWave(t *testing.T) {
	c := NewCounter(100, 10)
	c.Observe(outpace.Event{Kind: outpace.TaskStarted})
	c.Observe(finished(9, time.Second))
	if got := c.Counts(); got.High != 0 {
		t.Errorf("left: %v after 9 of the first 10", got.High)
	}
	c = NewCounter(-1, 1)
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
		{Counts{Total: -1, Slots: 2}, "0 done, 2 at once"},
		{Counts{Total: 9, Done: 4, Failed: 1, Lost: 2, Slots: 2, Elapsed: 2 * time.Second, Low: 1500 * time.Millisecond, High: 4 * time.Second},
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

const summaryLine = "outpace: 9 done, 1 failed, 2 cancelled, 3 retried, 4 invalid inputs skipped, 5 workers lost in 3.2 s on processes 2x1 (why)\n"

func summaryForTest() Summary {
	return Summary{Done: 9, Failed: 1, Cancelled: 2, Retried: 3, Skipped: 4, Lost: 5, Took: 3200 * time.Millisecond,
		Plan: outpace.Plan{Model: "processes", Shape: outpace.Shape{Processes: 2, Tasks: 1}, Why: "why"}, Exit: 1}
}

func TestTTYKeepsTheStatusBelow(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var out bytes.Buffer
		p := NewTTY(&out, func() int { return 20 })
		p.Start(outpace.Plan{}, observed())
		time.Sleep(ttyEvery + time.Millisecond)
		synctest.Wait()
		p.Message("careful")
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

func failure(i int) Failure {
	remote := &outpace.RemoteError{Type: "ValueError", Message: "bad row", Traceback: "Traceback:\n  here\n", Cause: "exception"}
	return Failure{Index: i, Input: []byte(`{"a":1}`), Attempts: 2, Err: &outpace.TaskError{Function: "f", Index: i, Err: remote}}
}

func TestFailures(t *testing.T) {
	var out bytes.Buffer
	p := NewNone(&out, true)
	for i := range 20 {
		p.Failed(failure(i))
	}
	p.Finish(Summary{})
	first := "outpace: input 0 ({\"a\":1}), 2 attempts: ValueError: bad row\n    Traceback:\n      here\n"
	if !strings.HasPrefix(out.String(), first) {
		t.Errorf("got %q", out.String())
	}
	if n := strings.Count(out.String(), "\n"); n != 3*shownFailures+1 || !strings.HasSuffix(out.String(), "(hint: --records tells all of them)\n") {
		t.Errorf("%d lines: %q", n, out.String())
	}
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
		{&outpace.LostError{ExitCode: 3}, `{"type":"LostError","message":"worker exited with code 3","traceback":"","cause":"lost"}`},
		{&outpace.PanicError{Value: "v", Stack: []byte("s")}, `{"type":"PanicError","message":"panic: v","traceback":"s","cause":"panic"}`},
		{outpace.ErrCancelled, `{"type":"CancelledError","message":"task cancelled","traceback":"","cause":"cancelled"}`},
		{errors.New("x"), `{"type":"Error","message":"x","traceback":"","cause":"error"}`},
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
		p.Start(outpace.Plan{Model: "serial", Shape: outpace.Shape{Processes: 1, Tasks: 1}}, NewCounter(-1, 1))
		p.Event(outpace.Event{Kind: outpace.TaskStarted, Index: 0, Count: 2, Worker: 1})
		p.Event(outpace.Event{Kind: outpace.TaskFinished, Index: 0, Count: 2, Worker: 1, Wall: time.Second, CPU: time.Millisecond})
		p.Event(outpace.Event{Kind: outpace.TaskRetried, Index: 4, Count: 1, Attempt: 1, Delay: time.Second, Err: errors.New("x")})
		p.Event(outpace.Event{Kind: outpace.WorkerLog, Worker: 1, Line: ""})
		p.Message("m")
		p.Finish(summaryForTest())
		const at = `"time":"2000-01-01T00:00:00.000000Z"`
		want := `{"event":"started",` + at + `,"plan":{"model":"serial","shape":"1x1","why":"","notes":[]}}
{"event":"task_started",` + at + `,"index":0,"count":2,"worker":1}
{"event":"task_finished",` + at + `,"index":0,"count":2,"worker":1,"wall_s":1,"cpu_s":0.001}
{"event":"task_retried",` + at + `,"index":4,"count":1,"attempt":1,"delay_s":1,"error":{"type":"Error","message":"x","traceback":"","cause":"error"}}
{"event":"worker_log",` + at + `,"worker":1,"line":""}
{"event":"message",` + at + `,"message":"m"}
{"event":"finished",` + at + `,"summary":{"done":9,"failed":1,"cancelled":2,"retried":3,"skipped":4,"workers_lost":5,"took_s":3.2,"exit":1}}
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
