//go:build linux || darwin

package python

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/outpace-run/outpace"
)

// pythons returns every CPython of the machine that can be used, and those too
// old for it, each once: those on PATH and those of pyenv. To have none fails
// the test.
func pythons(t testing.TB) (usable, old []string) {
	t.Helper()
	usable, old = search()
	if len(usable) == 0 {
		t.Fatal("these tests need a CPython 3.9 or newer on PATH")
	}
	return usable, old
}

var search = sync.OnceValues(func() (usable, old []string) {
	home, _ := os.UserHomeDir()
	names, _ := filepath.Glob(filepath.Join(home, ".pyenv", "versions", "*", "bin", "python"))
	for _, name := range []string{"python3", "python", "python3.9", "python3.10", "python3.11", "python3.12", "python3.13", "python3.14"} {
		if path, err := exec.LookPath(name); err == nil {
			names = append(names, path)
		}
	}
	seen := map[string]bool{}
	for _, name := range names {
		out, err := exec.Command(name, "-c", "import sys; print(sys.executable); print(sys.version.split()[0])").Output()
		executable, version, _ := strings.Cut(strings.TrimSpace(string(out)), "\n")
		real, _ := filepath.EvalSymlinks(executable)
		if err != nil || seen[real] {
			continue
		}
		seen[real] = true
		if supported(version) {
			usable = append(usable, executable)
		} else {
			old = append(old, name)
		}
	}
	return usable, old
})

// module writes a Python file and returns its path.
func module(t testing.TB, name, source string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), name)
	if err := os.WriteFile(path, []byte(strings.ReplaceAll(source, "\t", "    ")), 0o644); err != nil {
		t.Fatal(err)
	}
	return path
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

// leaveNothing fails the test when it leaves a goroutine or a child process.
func leaveNothing(t testing.TB) {
	before, older := runtime.NumGoroutine(), children()
	t.Cleanup(func() {
		eventually(t, "all goroutines end", func() bool { return runtime.NumGoroutine() <= before })
		for _, pid := range children() {
			if !slices.Contains(older, pid) {
				t.Errorf("child process %s is left", pid)
			}
		}
	})
}

// children lists the child processes of this one, where /proc tells.
func children() (pids []string) {
	files, _ := filepath.Glob("/proc/self/task/*/children")
	for _, f := range files {
		text, _ := os.ReadFile(f)
		pids = append(pids, strings.Fields(string(text))...)
	}
	return pids
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

// begin starts a worker of a model and ends it with the test.
func begin(t testing.TB, m outpace.Model) (worker, *log) {
	t.Helper()
	leaveNothing(t)
	lines := &log{}
	w, err := m.Start(t.Context(), outpace.WorkerEnv{Number: 1, Log: lines.add})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		w.Kill()
		if err := w.Close(context.Background()); err != nil {
			t.Error(err)
		}
		if pid := w.(worker).Child().Pid(); !gone(pid) {
			t.Errorf("process %d is left", pid)
		}
	})
	return w.(worker), lines
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
func send(t testing.TB, w outpace.Worker, b outpace.Batch) {
	t.Helper()
	if err := w.Send(b); err != nil {
		t.Fatal(err)
	}
}

// answers receives until n items are answered and returns what was said about
// each: its value, or its failure in words.
func answers(t testing.TB, w outpace.Worker, n int) map[string]string {
	t.Helper()
	got := map[string]string{}
	for len(got) < n {
		r, err := w.Receive()
		if err != nil {
			t.Fatalf("after %v: %v; its last words: %s", got, err, err.(*outpace.LostError).Stderr)
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

// one runs one call on a worker and returns what came of it.
func one(t testing.TB, w outpace.Worker, f outpace.AnyFunction, input any) string {
	t.Helper()
	send(t, w, batch(t, 1, f, input))
	return answers(t, w, 1)["1.0"]
}

// lost receives until the worker is lost, and once more.
func lost(t testing.TB, w outpace.Worker) *outpace.LostError {
	t.Helper()
	for {
		_, err := w.Receive()
		if err == nil {
			continue
		}
		var first, second *outpace.LostError
		_, again := w.Receive()
		if !errors.As(err, &first) || !errors.As(again, &second) || first != second {
			t.Fatalf("got %v, then %v", err, again)
		}
		return first
	}
}

// fn is a function of any types.
func fn(target string, opts ...FuncOption) outpace.AnyFunction {
	return Func[json.RawMessage, json.RawMessage](target, opts...)
}
