//go:build linux || darwin

package process_test

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/outpace-run/outpace"
	"github.com/outpace-run/outpace/internal/child"
	"github.com/outpace-run/outpace/internal/wire"
	"github.com/outpace-run/outpace/process"
	"github.com/outpace-run/outpace/share"
)

// begin starts a worker of a model, and ends it with the test.
func begin(t *testing.T, m outpace.Model) outpace.Worker {
	t.Helper()
	w, err := m.Start(t.Context(), outpace.WorkerEnv{Number: 1})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		w.Kill()
		if err := w.Close(context.Background()); err != nil {
			t.Error(err)
		}
	})
	return w
}

// send sends a batch of JSON inputs.
func send(t *testing.T, w outpace.Worker, id uint32, f outpace.AnyFunction, lease time.Duration, inputs ...string) {
	t.Helper()
	b := outpace.Batch{ID: id, Func: f, N: len(inputs), Inputs: []byte("[" + strings.Join(inputs, ",") + "]"), Lease: lease, Measure: true}
	if err := w.Send(b); err != nil {
		t.Fatal(err)
	}
}

// heard receives until n items are answered or, where said is not empty, that
// was said, and returns all that was said.
func heard(t *testing.T, w outpace.Worker, n int, said string) map[string]string {
	t.Helper()
	got := map[string]string{}
	for answered := 0; answered < n && (said == "" || got[said] == ""); {
		r, err := w.Receive()
		if err != nil {
			t.Fatalf("after %v: %v", got, err)
		}
		for i := range r.N {
			key := fmt.Sprintf("%d.%d", r.Batch, r.First+i)
			switch r.Kind {
			case outpace.ReplyResults:
				got[key] = string(r.Outputs[i])
			case outpace.ReplyFault:
				got[key] = r.Err.Error()
			case outpace.ReplyBack:
				got[key] = "back"
			case outpace.ReplyCancelled:
				got[key] = "cancelled"
			case outpace.ReplyRunning:
				got[key+" runs"] = r.Wall.String()
				continue
			}
			answered++
		}
	}
	return got
}

// quoted are paths for waits, in a directory of their own.
func quoted(t *testing.T, n int) (paths, inputs []string) {
	dir := t.TempDir()
	for i := range n {
		paths = append(paths, filepath.Join(dir, strconv.Itoa(i)))
		inputs = append(inputs, strconv.Quote(paths[i]))
	}
	return paths, inputs
}

func touch(t *testing.T, path string) {
	t.Helper()
	if err := os.WriteFile(path, nil, 0o644); err != nil {
		t.Fatal(err)
	}
}

// started waits until one of the waits runs, and returns its process.
func started(t *testing.T, path string) (pid int) {
	t.Helper()
	eventually(t, "it runs", func() bool {
		text, _ := os.ReadFile(path)
		pid, _ = strconv.Atoi(string(text))
		return pid > 0
	})
	return pid
}

// An item that goes on past the lease keeps neither the results before it nor
// the items behind it.
func TestLease(t *testing.T) {
	w := begin(t, process.Workers(1))
	paths, inputs := quoted(t, 4)
	touch(t, paths[0]+".go")
	send(t, w, 1, waits, 20*time.Millisecond, inputs...)
	got := heard(t, w, 3, "")
	if got["1.0"] != `"went on"` || got["1.1 runs"] == "" || got["1.2"] != "back" || got["1.3"] != "back" {
		t.Errorf("%v", got)
	}
	touch(t, paths[1]+".go")
	if got := heard(t, w, 1, ""); got["1.1"] != `"went on"` {
		t.Errorf("%v", got)
	}
}

// A batch that waits while every slot is past its lease is handed back, once
// its own lease is over.
func TestLeaseOfWaiting(t *testing.T) {
	w := begin(t, process.Workers(1))
	paths, inputs := quoted(t, 1)
	send(t, w, 1, waits, time.Millisecond, inputs[0])
	send(t, w, 2, double, 50*time.Millisecond, "1", "2")
	send(t, w, 3, double, 0, "3") // without a lease it waits for its turn
	if got := heard(t, w, 2, ""); got["1.0 runs"] == "" || got["2.0"] != "back" || got["2.1"] != "back" {
		t.Errorf("%v", got)
	}
	touch(t, paths[0]+".go")
	if got := heard(t, w, 2, ""); got["1.0"] != `"went on"` || got["3.0"] != "6" {
		t.Errorf("%v", got)
	}
}

// As long as one slot is not past its lease, batches wait for it.
func TestLeaseOfOneSlot(t *testing.T) {
	w := begin(t, process.Workers(1, process.Threads(2)))
	paths, inputs := quoted(t, 2)
	send(t, w, 1, waits, time.Millisecond, inputs[0])
	send(t, w, 2, waits, 0, inputs[1])
	started(t, paths[1])
	send(t, w, 3, double, time.Millisecond, "1")
	heard(t, w, 1, "1.0 runs")
	touch(t, paths[1]+".go")
	if got := heard(t, w, 2, ""); got["2.0"] != `"went on"` || got["3.0"] != "2" {
		t.Errorf("%v", got)
	}
}

// What was not begun is handed back, what runs has its context cancelled, and
// what that comes to is up to the function.
func TestCancel(t *testing.T) {
	w := begin(t, process.Workers(1))
	paths, inputs := quoted(t, 5)
	send(t, w, 1, waits, 0, inputs...)
	send(t, w, 2, double, 0, "1", "2")
	started(t, paths[0])
	cancel := func(batch uint32, index int) {
		t.Helper()
		if err := w.Cancel(batch, index); err != nil {
			t.Fatal(err)
		}
	}
	cancel(2, -1) // it waits for a slot
	if got := heard(t, w, 2, ""); got["2.0"] != "cancelled" || got["2.1"] != "cancelled" {
		t.Errorf("%v", got)
	}
	cancel(1, 2)
	cancel(1, 2)
	cancel(1, 77)
	if got := heard(t, w, 1, ""); got["1.2"] != "cancelled" {
		t.Errorf("%v", got)
	}
	cancel(1, 0) // it returns a value, and the next begins with a context of its own
	if started(t, paths[1]); t.Failed() {
		return
	}
	touch(t, paths[1]+".go")
	started(t, paths[3])
	touch(t, paths[3]+".mind") // it returns an error
	cancel(1, -1)
	got := heard(t, w, 4, "")
	if got["1.0"] != strconv.Quote(outpace.ErrCancelled.Error()) || got["1.1"] != `"went on"` || got["1.3"] != "cancelled" || got["1.4"] != "cancelled" {
		t.Errorf("%v", got)
	}
	send(t, w, 1, double, 0, "4")
	if got := heard(t, w, 1, ""); got["1.0"] != "8" {
		t.Errorf("after that: %v", got)
	}
}

// A worker that is told to end finishes what it has at hand.
func TestQuit(t *testing.T) {
	w, err := process.Workers(1).Start(t.Context(), outpace.WorkerEnv{Number: 1})
	if err != nil {
		t.Fatal(err)
	}
	paths, inputs := quoted(t, 2)
	send(t, w, 1, waits, 0, inputs[0])
	send(t, w, 2, waits, 0, inputs[1])
	started(t, paths[0])
	go func() {
		_ = os.WriteFile(paths[0]+".go", nil, 0o644)
		_ = os.WriteFile(paths[1]+".go", nil, 0o644)
	}()
	if err := w.Close(t.Context()); err != nil {
		t.Error(err)
	}
	var lost *outpace.LostError
	if _, err := w.Receive(); !errors.As(err, &lost) || lost.ExitCode != 0 {
		t.Errorf("ended with %v", err)
	}
	started(t, paths[1])
}

// A worker that cannot follow the conversation says so, and ends.
func TestProtocolAbuse(t *testing.T) {
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	frame := func(kind wire.Kind, v any) []byte {
		f, err := wire.AppendJSON(nil, kind, v)
		if err != nil {
			t.Fatal(err)
		}
		return f
	}
	batch := func(b wire.Batch) []byte {
		f, err := wire.AppendBatch(nil, b)
		if err != nil {
			t.Fatal(err)
		}
		return f
	}
	quit, _ := wire.AppendFrame(nil, wire.KindQuit, nil)
	outcome, _ := wire.AppendOutcome(nil, 7, share.OpLen, share.Response{})
	configure := frame(wire.KindConfigure, wire.Configure{Worker: 1, Slots: 1, Mode: wire.ModeSerial})
	define := frame(wire.KindDefine, wire.Define{Func: 1, Target: "waits"})
	one := batch(wire.Batch{ID: 1, Func: 1, N: 1, Inputs: []byte("[" + strconv.Quote(filepath.Join(t.TempDir(), "f")) + "]")})
	ready := append(append([]byte{}, configure...), define...)
	for what, frames := range map[string][]byte{
		"'r'":                frame(wire.KindResults, 1),
		"length of 0":        {0, 0, 0, 0, 'B'},
		"malformed batch":    frame(wire.KindBatch, 1),
		"malformed cancel":   frame(wire.KindCancel, 1),
		"malformed outcome":  frame(wire.KindOutcome, 1),
		"ticket 7":           outcome,
		"'C'":                frame(wire.KindConfigure, "x"),
		"'D'":                frame(wire.KindDefine, "x"),
		"slots 0":            frame(wire.KindConfigure, wire.Configure{Mode: wire.ModeThreads}),
		"mode \"loop\"":      frame(wire.KindConfigure, wire.Configure{Slots: 1, Mode: wire.ModeLoop}),
		"mode \"serial\"":    append(configure, configure...),
		"before configure":   append(define[:len(define):len(define)], one...),
		"function 1":         append(configure[:len(configure):len(configure)], one...),
		"no items":           append(ready[:len(ready):len(ready)], batch(wire.Batch{ID: 1, Func: 1, Inputs: []byte("[]")})...),
		"not a JSON array":   append(ready[:len(ready):len(ready)], batch(wire.Batch{ID: 1, Func: 1, N: 2, Inputs: []byte("1,2")})...),
		"2 values, not 3":    append(ready[:len(ready):len(ready)], batch(wire.Batch{ID: 1, Func: 1, N: 3, Inputs: []byte("[1,2]")})...),
		"a batch after quit": append(append(append(ready[:len(ready):len(ready)], one...), quit...), one...),
	} {
		c, err := child.Start(child.Config{Path: self, Env: append(os.Environ(), "OUTPACE_PROCESS=worker"), Channel: true})
		if err != nil {
			t.Fatal(err)
		}
		if _, err := c.To.Write(frames); err != nil {
			t.Error(err)
		}
		state := c.Wait()
		if state.Code != 70 || !strings.Contains(state.Tail, "outpace worker: ") || !strings.Contains(state.Tail, what) {
			t.Errorf("%s: %+v", what, state)
		}
		_, _ = c.To.Close(), c.From.Close()
	}
}

// What else a supervisor may say is answered.
func TestProtocol(t *testing.T) {
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	c, err := child.Start(child.Config{Path: self, Env: append(os.Environ(), "OUTPACE_PROCESS=worker"), Channel: true})
	if err != nil {
		t.Fatal(err)
	}
	defer func() { c.Kill(); c.Wait(); _, _ = c.To.Close(), c.From.Close() }()
	frames := wire.NewReader(c.From)
	kind, body, err := frames.Next()
	var hello wire.Hello
	if err != nil || kind != wire.KindHello || wire.Decode(body, &hello) != nil {
		t.Fatalf("%c %s, %v", kind, body, err)
	}
	if hello.Language != "go" || hello.Version != wire.Version || hello.Pid != c.Pid() || hello.GIL || "go"+hello.Runtime != runtime.Version() || hello.Executable == "" {
		t.Errorf("%+v", hello)
	}
	ping, _ := wire.AppendFrame(nil, wire.KindPing, []byte("are you there?"))
	define, _ := wire.AppendJSON(nil, wire.KindDefine, wire.Define{Func: 3, Target: "double", Star: true})
	if _, err := c.To.Write(append(ping, define...)); err != nil {
		t.Fatal(err)
	}
	if kind, body, err := frames.Next(); err != nil || kind != wire.KindPong || string(body) != "are you there?" {
		t.Errorf("%c %s, %v", kind, body, err)
	}
	var defined wire.Defined
	if kind, body, err := frames.Next(); err != nil || kind != wire.KindDefined || wire.Decode(body, &defined) != nil || defined.Err == nil || defined.Func != 3 {
		t.Errorf("%c %s, %v", kind, body, err)
	}
	_ = c.To.Close()
	if state := c.Wait(); state.Signal != syscall.SIGKILL {
		t.Errorf("after the end of its supervisor: %+v", state)
	}
}
