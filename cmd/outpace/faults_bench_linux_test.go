package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"
)

// bench is what all faults are tried on: the command as it is built for a
// user, and the messages that it is known to write.
type bench struct {
	binary string
	dir    string // anybody may read it; the command and faults.py are in it
	golden *golden
}

func newBench(t *testing.T) *bench {
	t.Helper()
	b := &bench{dir: readable(t), golden: readGolden(t)}
	b.binary = filepath.Join(b.dir, "outpace")
	for to, from := range map[string]string{b.binary: build(t), filepath.Join(b.dir, "faults.py"): "testdata/faults/faults.py"} {
		text, err := os.ReadFile(from)
		if err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(to, text, 0o755); err != nil {
			t.Fatal(err)
		}
	}
	return b
}

// readable is a folder that another user may read; that of T.TempDir is not.
func readable(t *testing.T) string {
	t.Helper()
	dir, err := os.MkdirTemp("", "outpace-faults-")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = os.RemoveAll(dir) })
	if err := os.Chmod(dir, 0o755); err != nil {
		t.Fatal(err)
	}
	return dir
}

// attempt is one run of the command, on faults.py.
type attempt struct {
	*exec.Cmd
	bench  *bench
	here   string // a folder for this run alone: the working directory
	mark   string // a variable in the environment of all its processes
	out    *growing
	told   *growing
	cancel context.CancelFunc
	began  time.Time
	vague  bool // how many inputs it gets done is chance
}

// outcome is how it ended.
type outcome struct {
	code      int
	out, told string
	took      time.Duration
}

// growing is text that is read while it is written.
type growing struct {
	mu   sync.Mutex
	text bytes.Buffer
}

func (g *growing) Write(p []byte) (int, error) {
	g.mu.Lock()
	defer g.mu.Unlock()
	return g.text.Write(p)
}

func (g *growing) String() string {
	g.mu.Lock()
	defer g.mu.Unlock()
	return g.text.String()
}

// attempt prepares a run of the command on a function of faults.py. One that
// takes too long ends with a dump of its goroutines.
func (b *bench) attempt(t *testing.T, function string, flags ...string) *attempt {
	t.Helper()
	return b.shell(t, append([]string{b.binary, "map", filepath.Join(b.dir, "faults.py") + ":" + function}, flags...)...)
}

// shell prepares a run of another command.
func (b *bench) shell(t *testing.T, args ...string) *attempt {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), limit)
	t.Cleanup(cancel)
	a := &attempt{Cmd: exec.CommandContext(ctx, args[0], args[1:]...), bench: b, here: t.TempDir(),
		mark: fmt.Sprintf("OUTPACE_TEST_MARK=%d-%d", os.Getpid(), time.Now().UnixNano()),
		out:  &growing{}, told: &growing{}, cancel: cancel}
	a.Env = append(os.Environ(), a.mark, "OUTPACE_TEST_DIR="+a.here, "PYTHONDONTWRITEBYTECODE=1")
	a.Dir, a.Stdout, a.Stderr = a.here, a.out, a.told
	a.Cancel = func() error { return a.Process.Signal(syscall.SIGQUIT) }
	a.WaitDelay = 10 * time.Second
	return a
}

// start starts it.
func (a *attempt) start(t *testing.T) *attempt {
	t.Helper()
	a.began = time.Now()
	if err := a.Start(); err != nil {
		t.Fatal(err)
	}
	return a
}

// end waits for the end, and checks what holds for each: no process is left, and
// no stack of the command itself is shown to anybody.
func (a *attempt) end(t *testing.T) outcome {
	t.Helper()
	err := a.Wait()
	o := outcome{out: a.out.String(), told: a.told.String(), took: time.Since(a.began), code: a.ProcessState.ExitCode()}
	var exit *exec.ExitError
	if err != nil && !errors.As(err, &exit) {
		t.Errorf("ended with %v after %v; standard error:\n%s", err, o.took, o.told)
	}
	for _, trace := range []string{"goroutine ", "panic: ", "fatal error: ", "runtime/cgo: "} {
		if strings.Contains(o.told, trace) {
			t.Errorf("standard error has a stack of the command itself:\n%.500s", o.told)
			break
		}
	}
	nothingLeft(t, a.mark)
	return o
}

// run is a run from its start to its end.
func (a *attempt) run(t *testing.T) outcome {
	t.Helper()
	return a.start(t).end(t)
}

// await waits until standard error has a line with text, and returns what
// stands behind that.
func (a *attempt) await(t *testing.T, text string) string {
	t.Helper()
	var line string
	if !eventually(func() (whole bool) {
		_, rest, _ := strings.Cut(a.told.String(), text)
		line, _, whole = strings.Cut(rest, "\n")
		return whole
	}) {
		t.Fatalf("no line with %q came on standard error:\n%s", text, a.told)
	}
	return line
}

// answer lets a function go on that waits for a file.
func (a *attempt) answer(t *testing.T, name string) {
	t.Helper()
	if err := os.WriteFile(filepath.Join(a.here, name), nil, 0o644); err != nil {
		t.Fatal(err)
	}
}

// workers are the processes that the command itself has started.
func (a *attempt) workers() (pids []int) {
	for _, pid := range marked(a.mark) {
		if parent(pid) == a.Process.Pid {
			pids = append(pids, pid)
		}
	}
	return pids
}

// parent is the fourth field of a process's stat; the second, its name, may
// have blanks.
func parent(pid int) int {
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	if err != nil {
		return 0
	}
	fields := strings.Fields(string(text[bytes.LastIndexByte(text, ')')+1:]))
	ppid, err := strconv.Atoi(fields[1])
	if err != nil {
		return 0
	}
	return ppid
}

// nothingLeft waits until no process has the variable.
func nothingLeft(t *testing.T, variable string) {
	t.Helper()
	if !eventually(func() bool { return len(marked(variable)) == 0 }) {
		t.Errorf("processes left behind: %v", marked(variable))
	}
	for _, pid := range marked(variable) { // not for the next test to stumble over
		_ = syscall.Kill(pid, syscall.SIGKILL)
	}
}

// marked returns the living processes with a variable in their environment, or
// with its value on their command line.
func marked(variable string) (pids []int) {
	_, value, _ := strings.Cut(variable, "=")
	files, _ := filepath.Glob("/proc/[0-9]*/environ")
	for _, file := range files {
		dir := filepath.Dir(file)
		environ, _ := os.ReadFile(file) // it may have ended meanwhile
		line, _ := os.ReadFile(filepath.Join(dir, "cmdline"))
		if bytes.Contains(environ, []byte(variable+"\x00")) || slices.Contains(strings.Split(string(line), "\x00"), value) {
			if pid, err := strconv.Atoi(filepath.Base(dir)); err == nil {
				pids = append(pids, pid)
			}
		}
	}
	return pids
}

// eventually polls until cond holds, for the limit at most.
func eventually(cond func() bool) bool {
	for deadline := time.Now().Add(limit); time.Now().Before(deadline); time.Sleep(10 * time.Millisecond) {
		if cond() {
			return true
		}
	}
	return false
}
