package process_test

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/outpace-run/outpace"
	"github.com/outpace-run/outpace/process"
)

func shapes() []outpace.Shape {
	return []outpace.Shape{{Processes: 2, Tasks: 1}, {Processes: 1, Tasks: 4}, {Processes: 2, Tasks: 2}}
}

// trial is a run over 1 to 1,000 in processes that can be told from all others.
type trial struct {
	t    *testing.T
	mark string
	dir  string
	ex   *outpace.Executor
	lost int // workers
}

func newTrial(t *testing.T, s outpace.Shape, opts ...outpace.Option) *trial {
	t.Helper()
	r := &trial{t: t, dir: t.TempDir(), mark: fmt.Sprintf("%d-%d", os.Getpid(), time.Now().UnixNano())}
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	t.Cleanup(cancel)
	m := process.Workers(s.Processes, process.Threads(s.Tasks), process.Env(marking+"="+r.mark, whereabouts+"="+r.dir))
	count := outpace.Observe(func(ev outpace.Event) {
		if ev.Kind == outpace.WorkerLost {
			r.lost++
		}
	})
	ex, err := outpace.New(ctx, m, append(opts, count)...)
	if err != nil {
		t.Fatal(err)
	}
	r.ex = ex
	return r
}

// run runs f, and returns the one failure that there may be. Whatever happens,
// all others have their results, in order, and nothing is left.
func (r *trial) run(f outpace.Function[int, any]) *outpace.TaskError {
	r.t.Helper()
	var failed *outpace.TaskError
	next := 0
	for it, err := range outpace.MapItems(r.t.Context(), r.ex, f, upTo(1000)) {
		if err != nil {
			r.t.Fatal(err)
		}
		if it.Index != next {
			r.t.Fatalf("index %d came after %d", it.Index, next-1)
		}
		next++
		switch {
		case it.Err == nil && it.Value != float64(2*it.Input):
			r.t.Errorf("%d gives %v", it.Input, it.Value)
		case it.Err == nil:
		case it.Input != culprit || failed != nil || !errors.As(it.Err, &failed):
			r.t.Errorf("input %d: %v", it.Input, it.Err)
		}
	}
	if next != 1000 {
		r.t.Errorf("%d results", next)
	}
	if err := r.ex.Close(); err != nil {
		r.t.Error(err)
	}
	eventually(r.t, "no process is left", func() bool { return len(marked(r.mark)) == 0 })
	return failed
}

// marked returns the living processes that have the mark in their environment
// or on their command line.
func marked(mark string) (pids []int) {
	files, _ := filepath.Glob("/proc/[0-9]*/environ")
	for _, file := range files {
		dir := filepath.Dir(file)
		environ, _ := os.ReadFile(file) // it may have ended meanwhile
		line, _ := os.ReadFile(filepath.Join(dir, "cmdline"))
		if bytes.Contains(environ, []byte(marking+"="+mark+"\x00")) || bytes.Contains(line, []byte("\x00"+mark+"\x00")) {
			if pid, err := strconv.Atoi(filepath.Base(dir)); err == nil {
				pids = append(pids, pid)
			}
		}
	}
	return pids
}

// TestFaults: whatever one of 1,000 inputs does to its process, at any shape, it
// fails alone, and says how.
func TestFaults(t *testing.T) {
	second := []outpace.Option{outpace.Timeout(time.Second), outpace.Grace(100 * time.Millisecond)}
	for _, test := range []struct {
		deed  string
		opts  []outpace.Option
		want  string
		about string // in the stack or the last lines that it wrote
	}{
		{"an error", nil, "error: bad row", ""},
		{"a panic", nil, "panic: bad row", "process_test.deeds"},
		{"Goexit", nil, "Goexit", ""},
		{"os.Exit", nil, "worker exited with code 3", ""},
		{"SIGSEGV", nil, "worker exited with code 2", "process_test.unmapped"},
		{"SIGABRT", nil, "worker killed by SIGABRT", ""},
		{"map writes", nil, "worker exited with code 2", "fatal error: concurrent map writes"},
		{"stack overflow", nil, "worker exited with code 2", "stack overflow"},
		{"an endless loop", second, "timed out after 1s", ""},
		{"setsid", second, "timed out after 1s", ""},
		{"much memory", []outpace.Option{outpace.MemoryLimit(500_000_000)}, "out of memory", ""},
		{"NaN", nil, "NaN", ""},
		{"a channel", nil, "chan int", ""},
		{"a cycle", nil, "cycle", ""},
	} {
		t.Run(test.deed, func(t *testing.T) {
			for _, s := range shapes() {
				t.Run(s.String(), func(t *testing.T) {
					t.Parallel()
					failed := newTrial(t, s, test.opts...).run(doing(test.deed))
					if failed == nil || failed.Index != culprit-1 || !strings.Contains(failed.Error(), test.want) {
						t.Fatalf("got %v, want %q", failed, test.want)
					}
					if text := written(failed); !strings.Contains(text, test.about) {
						t.Errorf("there is no %q in what it left:\n%s", test.about, text)
					}
				})
			}
		})
	}
}

// written is the stack of a failure, or what its worker wrote last.
func written(failed *outpace.TaskError) string {
	var remote *outpace.RemoteError
	var lost *outpace.LostError
	switch {
	case errors.As(failed, &remote):
		return remote.Traceback
	case errors.As(failed, &lost):
		return lost.Stderr
	}
	return ""
}

// TestKilledFromOutside: a worker that somebody kills costs no result.
func TestKilledFromOutside(t *testing.T) {
	for _, s := range shapes() {
		t.Run(s.String(), func(t *testing.T) {
			t.Parallel()
			r := newTrial(t, s)
			done := make(chan *outpace.TaskError)
			go func() { done <- r.run(lasting()) }()
			var dead []int
			eventually(t, "ten workers are killed", func() bool {
				time.Sleep(time.Duration(20+rand.N(250)) * time.Millisecond) // sleeps: a kill comes at any moment
				living := slices.DeleteFunc(marked(r.mark), func(pid int) bool { return slices.Contains(dead, pid) })
				if len(living) > 0 {
					pid := living[rand.N(len(living))]
					if syscall.Kill(pid, syscall.SIGKILL) == nil {
						dead = append(dead, pid)
					}
				}
				return len(dead) == 10
			})
			answer(t, r.dir)
			if failed := <-done; failed != nil {
				t.Error(failed)
			}
			if r.lost < 1 || r.lost > 10 {
				t.Errorf("%d workers were lost, 10 killed", r.lost)
			}
		})
	}
}

// answer lets functions go on that meet("go").
func answer(t *testing.T, dir string) {
	t.Helper()
	if err := os.WriteFile(filepath.Join(dir, "go"), nil, 0o666); err != nil {
		t.Error(err)
	}
}

// met waits for a function that meets, and returns the id of its process.
func met(t *testing.T, dir string) (pid int) {
	t.Helper()
	eventually(t, "the culprit is there", func() bool {
		text, err := os.ReadFile(filepath.Join(dir, "met"))
		if err != nil {
			return false
		}
		pid, err = strconv.Atoi(string(text))
		return err == nil
	})
	return pid
}

// TestStopped: a worker that got SIGSTOP is out of time, or lost.
func TestStopped(t *testing.T) {
	for _, s := range shapes() {
		for want, opt := range map[string]outpace.Option{"timed out after 2s": outpace.Timeout(2 * time.Second), "": outpace.IdleLimit(time.Second)} {
			t.Run(s.String()+"/"+want, func(t *testing.T) {
				t.Parallel()
				r := newTrial(t, s, opt)
				done := make(chan *outpace.TaskError)
				go func() { done <- r.run(doing("a wait")) }()
				pid := met(t, r.dir)
				if err := syscall.Kill(pid, syscall.SIGSTOP); err != nil {
					t.Error(err)
				}
				answer(t, r.dir)
				// At a time-out it may also be that nobody can tell who was late. Then it is run again.
				if failed := <-done; failed != nil && (want == "" || !strings.Contains(failed.Error(), want)) {
					t.Error(failed)
				}
			})
		}
	}
}

// TestParentKilled: workers end, and what they started with them, when the
// process that uses them is killed. How quickly is told and not tested.
func TestParentKilled(t *testing.T) {
	mark, dir := fmt.Sprintf("%d-%d", os.Getpid(), time.Now().UnixNano()), t.TempDir()
	cmd := exec.Command(os.Args[0])
	cmd.Env = append(os.Environ(), orphanage+"=1", marking+"="+mark, whereabouts+"="+dir)
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	met(t, dir)
	if n := len(marked(mark)); n < 4 {
		t.Errorf("%d processes: there is no worker with a child", n)
	}
	if err := cmd.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	killed := time.Now()
	eventually(t, "no process is left", func() bool { return len(marked(mark)) == 0 })
	t.Logf("the last process was gone %v after the one that was killed", time.Since(killed))
	for lines := bufio.NewScanner(out); lines.Scan(); {
		t.Log(lines.Text())
	}
	if err := cmd.Wait(); err == nil {
		t.Error("it ended by itself")
	}
}
