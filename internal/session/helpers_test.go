//go:build linux || darwin

package session

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os/exec"
	"runtime"
	"slices"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/outpace-run/outpace"
	"github.com/outpace-run/outpace/internal/child"
	"github.com/outpace-run/outpace/internal/wire"
)

// speaker is the beginning of a worker in Python that speaks the protocol and
// does not know what to say. It has frame(kind, body), send(bytes),
// results(batch, first, n, text) and take(), the next frame; op(), an operation,
// and outcome(), its answer: ticket, status, number, version and payload.
const speaker = `
import json, os, struct, sys, time
def send(data):
    while data: data = data[os.write(4, data):]
def frame(kind, body): send(struct.pack("<Ic", len(body) + 1, kind) + body)
def results(batch, first, n, text, flags=0): frame(b"r", struct.pack("<IIIBQQ", batch, first, n, flags, 0, 0) + text)
def read(n):
    data = b""
    while len(data) < n:
        more = os.read(3, n - len(data))
        if not more: os._exit(0)
        data += more
    return data
def take():
    size, kind = struct.unpack("<Ic", read(5))
    return kind, read(size - 1)
def say(text): print(text, file=sys.stderr, flush=True)
def op(ticket, what, name, payload=b"", item=(1, 0), part=0, object=0, limit=0, count=0, number=0, wait=0, version=0):
    name = name.encode()
    frame(b"o", struct.pack("<IIIIBBHIIqqQ", *item, part, ticket, what, object, len(name), limit, count, number, wait, version) + name + payload)
def outcome():
    kind, body = take()
    assert kind == b"O", kind
    return (*struct.unpack("<IBqQ", body[:21]), body[21:])
`

// liar is a worker that says hello, defines whatever it is asked to, and
// answers each batch by what the Python code in answer does.
func liar(answer string) string {
	return speaker + `
frame(b"h", json.dumps({"version": 1, "pid": os.getpid(), "language": "lies", "runtime": "1.2.3"}).encode())
while True:
    kind, body = take()
    if kind == b"D":
        say("define")
        frame(b"d", json.dumps({"func": json.loads(body)["func"], "seconds": 0.25, "coroutine": True}).encode())
    if kind == b"Q": os._exit(0)
    if kind == b"P": frame(b"p", body)
    if kind == b"B":
        batch = struct.unpack("<I", body[:4])[0]
        say("answering")
        ` + answer + "\n"
}

// configOf runs a Python program as a worker.
func configOf(t testing.TB, program string) Config {
	t.Helper()
	path, err := exec.LookPath("python3")
	if err != nil {
		t.Fatal("these tests need python3 on PATH")
	}
	return Config{
		Child:  child.Config{Path: path, Args: []string{"-S", "-c", program}},
		Limits: Limits{Timeout: time.Minute, Patience: time.Minute, Hint: "wait"},
		Define: func(f outpace.AnyFunction) (Definition, error) {
			if f == nil {
				return Definition{}, fmt.Errorf("%w: there is none", outpace.ErrFunction)
			}
			return Definition{Define: wire.Define{Target: f.Name()}, Key: f.Name()}, nil
		},
	}
}

// begin starts a worker that is ready for batches, and ends it with the test.
func begin(t testing.TB, program string) (*Session, *log) {
	t.Helper()
	return beginFor(t, program, nil)
}

// beginFor is begin for a worker whose operations act for somebody.
func beginFor(t testing.TB, program string, owner OwnerFunc) (*Session, *log) {
	t.Helper()
	leaveNothing(t)
	s, err := Start(configOf(t, program))
	if err != nil {
		t.Fatal(err)
	}
	if err := s.Greet(t.Context(), time.Minute); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		s.Kill()
		if err := s.Close(context.Background()); err != nil {
			t.Error(err)
		}
		if !gone(s.Child().Pid()) {
			t.Errorf("process %d is left", s.Child().Pid())
		}
	})
	lines := &log{}
	err = s.Configure(Setup{Configure: wire.Configure{Worker: 1, Slots: 1, Mode: wire.ModeSerial},
		Limits: Limits{Timeout: time.Minute, Patience: time.Minute}, Log: lines.add, Owner: owner})
	if err != nil {
		t.Fatal(err)
	}
	return s, lines
}

// leaveNothing fails the test when it leaves a goroutine.
func leaveNothing(t testing.TB) {
	before := runtime.NumGoroutine()
	t.Cleanup(func() {
		eventually(t, "all goroutines end", func() bool { return runtime.NumGoroutine() <= before })
	})
}

// eventually polls until ok, for at most twenty seconds.
func eventually(t testing.TB, what string, ok func() bool) {
	t.Helper()
	for deadline := time.Now().Add(20 * time.Second); !ok(); time.Sleep(time.Millisecond) {
		if time.Now().After(deadline) {
			stacks := make([]byte, 1<<20)
			t.Fatalf("not in twenty seconds: %s\n%s", what, stacks[:runtime.Stack(stacks, true)])
		}
	}
}

// gone reports whether no process has the id.
func gone(pid int) bool { return syscall.Kill(pid, 0) == syscall.ESRCH }

// log collects lines.
type log struct {
	mu    sync.Mutex
	lines []string
}

func (l *log) add(line string) { l.mu.Lock(); defer l.mu.Unlock(); l.lines = append(l.lines, line) }

func (l *log) all() []string { l.mu.Lock(); defer l.mu.Unlock(); return slices.Clone(l.lines) }

// fn is a function of any types.
func fn(name string) outpace.AnyFunction {
	return outpace.Remote[json.RawMessage, json.RawMessage](name, nil)
}

// batch makes a batch of inputs.
func batch(t testing.TB, id uint32, f outpace.AnyFunction, inputs ...any) outpace.Batch {
	t.Helper()
	text, err := json.Marshal(inputs)
	if err != nil {
		t.Fatal(err)
	}
	return outpace.Batch{ID: id, Func: f, N: len(inputs), Inputs: text}
}

// send sends a batch, which must not fail.
func send(t testing.TB, s *Session, b outpace.Batch) {
	t.Helper()
	if err := s.Send(b); err != nil {
		t.Fatal(err)
	}
}

// answers receives until n items are answered and returns the value of each,
// or its failure in words.
func answers(t testing.TB, s *Session, n int) map[string]string {
	t.Helper()
	got := map[string]string{}
	for len(got) < n {
		r, err := s.Receive()
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
			}
		}
	}
	return got
}

// lost receives until the worker is lost, and once more.
func lost(t testing.TB, s *Session) *outpace.LostError {
	t.Helper()
	for {
		_, err := s.Receive()
		if err == nil {
			continue
		}
		var first, second *outpace.LostError
		_, again := s.Receive()
		if !errors.As(err, &first) || !errors.As(again, &second) || first != second {
			t.Fatalf("got %v, then %v", err, again)
		}
		return first
	}
}
