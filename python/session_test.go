//go:build linux || darwin

package python

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/outpace-run/outpace"
	"github.com/outpace-run/outpace/internal/wire"
)

const functions = `
import ctypes, os, sys, time, asyncio

def double(x): return x * 2
def fail(x): raise ValueError("bad row")
def end(code): os._exit(code)
def leave(code): sys.exit(code)
def crash(x): ctypes.string_at(0)
def stop(path):
	open(path, "w").write(str(os.getpid()))
	time.sleep(1000)
def say(x): print(x); print(x, file=sys.stderr); return x
def odd(x): return {1, 2}
def add(a, b, *, c=0): return a + b + c
def close(x): os.closerange(3, 1000); return x
def descriptors(x): return sorted(int(n) for n in os.listdir("/dev/fd") if int(n) < 5)
def environ(key): return os.environ.get(key)
def where(x): return os.getcwd()
async def wait(x): await asyncio.sleep(0.001); return x
async def forever(x): await asyncio.sleep(1000)
`

func TestEveryPython(t *testing.T) {
	file := module(t, "functions.py", functions)
	usable, _ := pythons(t)
	for _, path := range usable {
		t.Run(filepath.Base(filepath.Dir(filepath.Dir(path))), func(t *testing.T) {
			w, lines := begin(t, Workers(1, Interpreter(path)))
			if w.Hello().Executable != path || !supported(w.Hello().Runtime) || w.Hello().Pid != w.Child().Pid() {
				t.Errorf("hello %+v of %s", w.Hello(), path)
			}
			double, say := fn(file+":double"), fn(file+":say")
			if got := one(t, w, double, 1<<40); got != "2199023255552" {
				t.Errorf("doubled: %s", got)
			}
			send(t, w, batch(t, 2, double, 1, "ab", []int{1}, 2.5))
			got := answers(t, w, 4)
			if got["2.0"] != "2" || got["2.1"] != `"abab"` || got["2.2"] != "[1,1]" || got["2.3"] != "5.0" {
				t.Errorf("doubled: %v", got)
			}
			if got := one(t, w, say, "hello"); got != `"hello"` {
				t.Errorf("said: %s", got)
			}
			eventually(t, "both lines arrive", func() bool { return len(lines.all()) == 2 })
			if err := w.Close(t.Context()); err != nil {
				t.Error(err)
			}
			if state := w.Child().Wait(); state.Code != 0 {
				t.Errorf("ended with %+v", state)
			}
		})
	}
}

func TestModes(t *testing.T) {
	file := module(t, "functions.py", functions)
	models := map[string]outpace.Model{
		"serial": Workers(1), "threads": Workers(1, Threads(4)), "async": Workers(1, Async(4)),
	}
	for name, model := range models {
		t.Run(name, func(t *testing.T) {
			w, _ := begin(t, model)
			for id := range uint32(4) {
				send(t, w, batch(t, id, fn(file+":wait"), id))
			}
			got := answers(t, w, 4)
			for id := range 4 {
				if got[fmt.Sprintf("%d.0", id)] != strconv.Itoa(id) {
					t.Errorf("got %v", got)
				}
			}
		})
	}
}

func TestCalls(t *testing.T) {
	file := module(t, "functions.py", functions)
	dir, err := filepath.EvalSymlinks(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	w, _ := begin(t, Workers(1, Dir(dir), Env("OUTPACE_TEST=x=y")))
	tests := []struct {
		f     outpace.AnyFunction
		input any
		want  string
	}{
		{fn(file + ":fail"), 1, "ValueError: bad row"},
		{fn(file + ":leave"), 3, "SystemExit: 3"},
		{fn(file + ":odd"), 1, "set"},
		{fn(file+":add", Star()), []int{1, 2}, "3"},
		{fn(file+":add", Star(), Arg("c", 10)), map[string]int{"a": 1, "b": 2}, "13"},
		{fn(file + ":environ"), "OUTPACE_TEST", `"x=y"`},
		{fn(file + ":environ"), "PATH", os.Getenv("PATH")},
		{fn(file + ":where"), 0, strconv.Quote(dir)},
	}
	for _, test := range tests {
		if got := one(t, w, test.f, test.input); !strings.Contains(got, test.want) {
			t.Errorf("%s(%v): %s, want %s", test.f.Name(), test.input, got, test.want)
		}
	}
	send(t, w, batch(t, 9, fn(file+":fail"), 1))
	r, err := w.Receive()
	var remote *outpace.RemoteError
	if err != nil || !errors.As(r.Err, &remote) || remote.Cause != "exception" || !strings.Contains(remote.Traceback, "functions.py") {
		t.Errorf("%+v, %v", remote, err)
	}
}

// What the worker inherits is what the protocol says, and in blocking mode.
func TestDescriptors(t *testing.T) {
	file := module(t, "f.py", "import os\nMODES = [os.get_blocking(n) for n in (0, 1, 2)]\ndef modes(x): return MODES\ndef private(x):\n\ttry: os.fstat(3)\n\texcept OSError: return True\n")
	w, _ := begin(t, Workers(1))
	if got := one(t, w, fn(file+":modes"), 0); got != "[true,true,true]" {
		t.Errorf("blocking: %s", got)
	}
	if got := one(t, w, fn(file+":private"), 0); got != "true" {
		t.Errorf("descriptor 3 is closed: %s", got)
	}
}

func TestLost(t *testing.T) {
	file := module(t, "functions.py", functions)
	tests := []struct {
		name   string
		input  any
		signal syscall.Signal
		code   int
	}{
		{"end", 7, 0, 7},
		{"end", 0, 0, 0},
		{"crash", 1, syscall.SIGSEGV, -1},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			w, _ := begin(t, Workers(1))
			send(t, w, batch(t, 1, fn(file+":"+test.name), test.input))
			got := lost(t, w)
			if got.Signal != test.signal || got.ExitCode != test.code || got.Err != nil || got.Worker != 1 || got.Pid != w.Child().Pid() {
				t.Errorf("%+v", got)
			}
			if test.signal != 0 && !strings.Contains(got.Stderr, "Segmentation fault") {
				t.Errorf("its last words: %q", got.Stderr)
			}
			if err := w.Send(batch(t, 2, fn(file+":double"), 1)); err == nil {
				t.Error("a lost worker took a batch")
			}
		})
	}
}

func TestKilled(t *testing.T) {
	file := module(t, "functions.py", functions)
	for _, outside := range []bool{false, true} {
		w, _ := begin(t, Workers(1))
		pid := filepath.Join(t.TempDir(), "pid")
		send(t, w, batch(t, 1, fn(file+":stop"), pid))
		eventually(t, "it runs", func() bool { text, _ := os.ReadFile(pid); return len(text) > 0 })
		if outside {
			_ = syscall.Kill(w.Child().Pid(), syscall.SIGKILL)
		} else {
			w.Kill()
			w.Kill()
		}
		if got := lost(t, w); got.Signal != syscall.SIGKILL || got.Err != nil {
			t.Errorf("%+v", got)
		}
	}
}

// A function that closes every descriptor it finds harms at most its worker.
func TestClosedDescriptors(t *testing.T) {
	file := module(t, "functions.py", functions)
	w, _ := begin(t, Workers(1))
	send(t, w, batch(t, 1, fn(file+":close"), 1))
	if r, err := w.Receive(); err == nil && r.Kind != outpace.ReplyResults {
		t.Errorf("%+v", r)
	}
}

func TestClose(t *testing.T) {
	file := module(t, "functions.py", functions+"\ndef slow(x):\n\ttime.sleep(0.2)\n\topen(x, 'w').write('done')\n\treturn 'x' * 1000000\n")
	t.Run("ends what is at hand", func(t *testing.T) {
		leaveNothing(t)
		w, err := Workers(1).Start(t.Context(), outpace.WorkerEnv{Number: 1})
		if err != nil {
			t.Fatal(err)
		}
		path := filepath.Join(t.TempDir(), "done")
		send(t, w, batch(t, 1, fn(file+":slow"), path))
		if err := w.Close(t.Context()); err != nil {
			t.Error(err)
		}
		if _, err := os.Stat(path); err != nil {
			t.Error(err)
		}
		lost(t, w)
	})
	t.Run("kills what goes on", func(t *testing.T) {
		leaveNothing(t)
		w, err := Workers(1).Start(t.Context(), outpace.WorkerEnv{Number: 1})
		if err != nil {
			t.Fatal(err)
		}
		path := filepath.Join(t.TempDir(), "pid")
		send(t, w, batch(t, 1, fn(file+":stop"), path))
		eventually(t, "it runs", func() bool { text, _ := os.ReadFile(path); return len(text) > 0 })
		ctx, cancel := context.WithCancel(t.Context())
		cancel()
		if err := w.Close(ctx); err != nil {
			t.Error(err)
		}
	})
}

func TestCancelAndLease(t *testing.T) {
	file := module(t, "functions.py", functions)
	t.Run("loop", func(t *testing.T) {
		w, _ := begin(t, Workers(1, Async(4)))
		send(t, w, batch(t, 1, fn(file+":forever"), 1, 2))
		if err := w.Cancel(1, 0); err != nil {
			t.Fatal(err)
		}
		if got := answers(t, w, 1); got["1.0"] != "cancelled" {
			t.Errorf("%v", got)
		}
		if err := w.Cancel(1, -1); err != nil {
			t.Fatal(err)
		}
		if got := answers(t, w, 1); got["1.1"] != "cancelled" {
			t.Errorf("%v", got)
		}
		if err := w.Cancel(1, -1); err != nil {
			t.Errorf("of what is answered: %v", err)
		}
	})
	t.Run("lease", func(t *testing.T) {
		w, _ := begin(t, Workers(1))
		b := batch(t, 1, fn(file+":stop"), filepath.Join(t.TempDir(), "pid"), "", "")
		b.Lease = 50 * time.Millisecond
		send(t, w, b)
		if got := answers(t, w, 2); got["1.1"] != "back" || got["1.2"] != "back" {
			t.Errorf("%v", got)
		}
	})
}

// Several goroutines send several functions, while nobody receives at first.
func TestSendersWithoutReceiver(t *testing.T) {
	source := functions
	for i := range 8 {
		source += fmt.Sprintf("\ndef f%d(x): return x + %d\n", i, i)
	}
	file := module(t, "functions.py", source)
	w, _ := begin(t, Workers(1, Threads(4)))
	var all sync.WaitGroup
	for i := range 8 {
		all.Go(func() {
			for j := range 4 {
				if err := w.Send(batch(t, uint32(10*i+j), fn(fmt.Sprintf("%s:f%d", file, i)), 100, 200)); err != nil {
					t.Error(err)
				}
			}
		})
	}
	all.Wait()
	got := answers(t, w, 64)
	for i := range 8 {
		for j := range 4 {
			if got[fmt.Sprintf("%d.0", 10*i+j)] != strconv.Itoa(100+i) || got[fmt.Sprintf("%d.1", 10*i+j)] != strconv.Itoa(200+i) {
				t.Errorf("function %d: %v", i, got)
			}
		}
	}
}

func TestBadBatches(t *testing.T) {
	file := module(t, "functions.py", functions)
	w, _ := begin(t, Workers(1))
	if err := w.Send(outpace.Batch{ID: 1, Func: fn(file + ":double")}); !errors.Is(err, outpace.ErrOption) {
		t.Errorf("an empty batch: %v", err)
	}
	if err := w.Send(outpace.Batch{ID: 1, N: 1, Inputs: []byte("[1]")}); !errors.Is(err, outpace.ErrFunction) {
		t.Errorf("no function: %v", err)
	}
	if testing.Short() {
		return
	}
	huge := outpace.Batch{ID: 3, Func: fn(file + ":double"), N: 2, Inputs: make([]byte, wire.MaxFrame)}
	send(t, w, huge)
	for i := range 2 {
		r, err := w.Receive()
		if err != nil || r.Kind != outpace.ReplyFault || r.Batch != 3 || r.First != i {
			t.Errorf("a batch of 1 GiB: %+v, %v", r, err)
		}
	}
	if got := one(t, w, fn(file+":double"), 4); got != "8" {
		t.Errorf("after that: %s", got)
	}
}
