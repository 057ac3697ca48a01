//go:build linux || darwin

package process_test

import (
	"context"
	"encoding/json"
	"errors"
	"math"
	"os"
	"path/filepath"
	"runtime/debug"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/outpace-run/outpace"
	"github.com/outpace-run/outpace/process"
)

// An error keeps its text, and its types as words.
func TestErrors(t *testing.T) {
	ex := open(t, process.Workers(1))
	for how, want := range map[string]outpace.RemoteError{
		"plain":  {Type: "error", Message: "plain"},
		"typed":  {Type: "process_test.badRow", Bases: []string{"fs.PathError", "syscall.Errno"}, Message: "while reading: bad row 7"},
		"remote": {Type: "ValueError", Message: "from Python", Traceback: "there", Hint: "try"},
		"evil":   {Type: "process_test.evil", Message: "%!v(PANIC=Error method: no message)"},
	} {
		var got *outpace.RemoteError
		_, err := result(t, ex, fails, how)
		if !errors.As(err, &got) {
			t.Errorf("%s: %v", how, err)
			continue
		}
		if got.Type != want.Type || got.Message != want.Message || !slices.Equal(got.Bases, want.Bases) ||
			got.Cause != "exception" || got.Traceback != want.Traceback || got.Hint != want.Hint {
			t.Errorf("%s: %+v", how, got)
		}
	}
	if _, err := result(t, ex, fails, "long"); !mentions(err, "… (cut here) …") || len(err.Error()) > 100_000 {
		t.Errorf("a message of a megabyte: %d bytes", len(err.Error()))
	}
}

// A panic keeps its value and the stack of the user's function, and costs
// nothing else.
func TestPanic(t *testing.T) {
	ex := open(t, process.Workers(1))
	first, err := result(t, ex, pid, 0)
	if err != nil {
		t.Fatal(err)
	}
	for how, want := range map[string]outpace.RemoteError{
		"index": {Message: "runtime error: index out of range [5] with length 0", Bases: []string{"runtime.boundsError"}, Traceback: "process_test.panicking(…)\n\t"},
		"error": {Message: "bad row 8", Bases: []string{"process_test.badRow", "fs.PathError", "syscall.Errno"}, Traceback: "process_test.panicking(…)\n\t"},
		"twice": {Message: "second", Traceback: "process_test.panicking.func1(…)\n\t"},
		"deep":  {Message: "the bottom", Traceback: "process_test.bottomless(…)\n\t"},
	} {
		var got *outpace.RemoteError
		_, err := result(t, ex, panics, how)
		if !errors.As(err, &got) {
			t.Errorf("%s: %v", how, err)
			continue
		}
		begins := strings.HasPrefix(got.Traceback, "github.com/outpace-run/outpace/"+want.Traceback)
		if got.Type != "panic" || got.Cause != "exception" || got.Message != want.Message || !slices.Equal(got.Bases, want.Bases) || !begins ||
			!strings.Contains(got.Traceback, "functions_test.go:") || strings.Contains(got.Traceback, "slot.go") || len(got.Traceback) > 20_000 {
			t.Errorf("%s: %+v", how, got)
		}
	}
	if again, err := result(t, ex, pid, 0); again != first || err != nil {
		t.Errorf("the worker was replaced: %v", err)
	}
}

// A function that ends its goroutine fails; its slot and its batch go on.
func TestGoexit(t *testing.T) {
	for _, m := range []outpace.Model{process.Workers(1), process.Workers(1, process.Threads(2))} {
		ex := open(t, m)
		i := 0
		for y, err := range outpace.Map(t.Context(), ex, goexits, func(yield func(int) bool) {
			for i := range 1000 {
				if i%100 == 50 {
					i = -1
				}
				if !yield(i) {
					return
				}
			}
		}) {
			var got *outpace.RemoteError
			if bad := i%100 == 50; !bad && (y != i || err != nil) || bad && (!errors.As(err, &got) || got.Cause != "exit" || got.Type != "Goexit") {
				t.Fatalf("input %d: %d, %v", i, y, err)
			}
			i++
		}
	}
}

// What the runtime calls fatal ends the worker, whose last words say why.
func TestFatal(t *testing.T) {
	ex := open(t, process.Workers(1))
	var lost *outpace.LostError
	if _, err := result(t, ex, blows, 1); !errors.As(err, &lost) || lost.ExitCode != 2 || !strings.Contains(lost.Stderr, "panic: boom in a goroutine") {
		t.Errorf("%v, %+v", err, lost)
	}
	if y, err := result(t, ex, double, 4); y != 8 || err != nil {
		t.Errorf("after that: %d, %v", y, err)
	}
}

// What cannot be carried there or back is the error of its task, with a hint,
// and of no other.
func TestNotCarried(t *testing.T) {
	ex := open(t, process.Workers(1))
	inputs := []int{1, 2, 0, 4}
	i := 0
	for y, err := range outpace.Map(t.Context(), ex, half, slices.Values(inputs)) {
		if inputs[i] == 0 {
			if remoteCause(err) != "encoding" || !mentions(err, "cannot be carried as JSON", "hint") {
				t.Errorf("infinity: %v", err)
			}
		} else if y != 1/float64(inputs[i]) || err != nil {
			t.Errorf("%d: %v, %v", inputs[i], y, err)
		}
		i++
	}
	for n, ok := range map[int]bool{9_000: true, 9_999: true, 10_000: false, 10_001: false, 1_000_000: false} {
		if y, err := result(t, ex, deep, n); ok && (len(y) != 2*n || err != nil) || !ok && remoteCause(err) != "encoding" {
			t.Errorf("nested %d times: %d bytes, %v", n, len(y), err)
		}
	}
	other := outpace.Func("double", func(context.Context, string) (int, error) { return 0, nil })
	if _, err := result(t, ex, other, "two"); remoteCause(err) != "decoding" || !mentions(err, "is no int") {
		t.Errorf("an input of another type: %v", err)
	}
	if _, err := result(t, ex, outpace.Func("echo", func(context.Context, float64) (string, error) { return "", nil }), math.NaN()); remoteCause(err) != "encoding" {
		t.Errorf("an input that is no JSON: %v", err)
	}
}

func remoteCause(err error) string {
	var remote *outpace.RemoteError
	if errors.As(err, &remote) {
		return remote.Cause
	}
	return ""
}

// Raw JSON that is none fails alone, whatever it does to the batch it is in.
func TestGarbageInput(t *testing.T) {
	ex := open(t, process.Workers(1))
	f := outpace.Func("double", func(context.Context, json.RawMessage) (int, error) { return 0, nil })
	inputs := []json.RawMessage{json.RawMessage("1"), json.RawMessage("2,"), json.RawMessage("["), json.RawMessage(`"`), json.RawMessage("4")}
	for round := range 3 {
		i := 0
		for y, err := range outpace.Map(t.Context(), ex, f, func(yield func(json.RawMessage) bool) {
			for range 100 << round {
				yield(json.RawMessage("7"))
			}
			for _, x := range inputs {
				yield(x)
			}
		}) {
			if n := i - 100<<round; n < 0 && (y != 14 || err != nil) || (n == 0 || n == 4) && err != nil || (n > 0 && n < 4) && err == nil {
				t.Errorf("input %d: %d, %v", n, y, err)
			}
			i++
		}
	}
}

// A codec carries what JSON does not have, both ways.
func TestCodec(t *testing.T) {
	ex := open(t, process.Workers(2))
	inputs := make([]map[float64]complex128, 200)
	for i := range inputs {
		inputs[i] = map[float64]complex128{math.Inf(-1): complex(float64(i), -1)}
	}
	i := 0
	for y, err := range outpace.Map(t.Context(), ex, table, slices.Values(inputs)) {
		if err != nil || y[math.Inf(-1)] != inputs[i][math.Inf(-1)] || !math.IsNaN(real(y[math.Inf(1)])) {
			t.Errorf("%d: %v, %v", i, y, err)
		}
		i++
	}
	if i != len(inputs) {
		t.Errorf("%d results", i)
	}
}

// A hundred megabytes cross at once. (As JSON that takes the race detector a
// minute. And it lets nobody stop a goroutine in the loop of base64, for which
// the collector would wait with a core of its own: so there is none meanwhile.)
func TestHundredMegabytes(t *testing.T) {
	percent := debug.SetGCPercent(-1)
	t.Cleanup(func() { debug.SetGCPercent(percent) })
	ex := open(t, process.Workers(1, process.Env("GOGC=off")))
	const size = 100 << 20
	got, err := result(t, ex, blob, size)
	if err != nil || len(got) != size || got[0] != 1 || got[size-1] != 2 {
		t.Errorf("%d bytes, %v", len(got), err)
	}
}

// What a function prints is told line by line; its standard input is empty.
func TestPrints(t *testing.T) {
	var mu sync.Mutex
	var lines []string
	ex := open(t, process.Workers(1), outpace.Observe(func(e outpace.Event) {
		if e.Kind == outpace.WorkerLog {
			mu.Lock()
			defer mu.Unlock()
			lines = append(lines, e.Line)
		}
	}))
	if n, err := result(t, ex, says, "a\nline"); n != 0 || err != nil {
		t.Errorf("read %d, %v", n, err)
	}
	eventually(t, "all lines arrive", func() bool {
		mu.Lock()
		defer mu.Unlock()
		return slices.Equal(lines, []string{"a", "line", "a", "line"})
	})
}

// A function that closes the descriptors it knows harms nothing.
func TestCloses(t *testing.T) {
	ex := open(t, process.Workers(1))
	first, err := result(t, ex, pid, 0)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := result(t, ex, closes, 3); err != nil {
		t.Error(err)
	}
	if again, err := result(t, ex, pid, 0); again != first || err != nil {
		t.Errorf("the worker was replaced: %v", err)
	}
}

// A function can use workers of its own, and the programs that it starts are
// none.
func TestNested(t *testing.T) {
	ex := open(t, process.Workers(1))
	if sum, err := result(t, ex, spread, 10); sum != 10 || err != nil {
		t.Errorf("%d, %v", sum, err)
	}
	if out, err := result(t, ex, runs, `echo "$OUTPACE_PROCESS"; ls -l /dev/fd/3 /dev/fd/4 2>/dev/null | grep pipe; true`); err != nil || !strings.HasPrefix(out, "main:") || strings.Contains(out, "pipe") {
		t.Errorf("started with %q, %v", out, err)
	}
}

// Set-up by sync.OnceValue is done once in each process.
func TestSetUpOnce(t *testing.T) {
	ex := open(t, process.Workers(2, process.Threads(2)))
	for n, err := range outpace.Map(t.Context(), ex, once, slices.Values(make([]int, 100))) {
		if n != 1 || err != nil {
			t.Fatalf("set up %d times, %v", n, err)
		}
	}
}

// Wall times are measured, and CPU times where a process has one slot.
func TestMeasures(t *testing.T) {
	for _, threads := range []int{1, 2} {
		ex := open(t, process.Workers(1, process.Threads(threads)))
		for item, err := range outpace.MapItems(t.Context(), ex, spins, slices.Values([]int{20, 20, 20})) {
			if err != nil || item.Err != nil || item.Wall < 20*time.Millisecond {
				t.Errorf("%+v, %v", item, err)
			}
			if measured := item.CPU > 0; measured != (threads == 1) {
				t.Errorf("%d threads: CPU time %v", threads, item.CPU)
			}
		}
	}
}

// A cancelled function that heeds its context costs no worker.
func TestCancelRunning(t *testing.T) {
	ex := open(t, process.Workers(1), outpace.Grace(time.Minute))
	path := filepath.Join(t.TempDir(), "f")
	if err := os.WriteFile(path+".mind", nil, 0o644); err != nil {
		t.Fatal(err)
	}
	f := outpace.Submit(t.Context(), ex, waits, path)
	eventually(t, "it runs", func() bool { text, _ := os.ReadFile(path); return len(text) > 0 })
	f.Cancel()
	if _, err := f.Result(t.Context()); !errors.Is(err, outpace.ErrCancelled) || f.State() != outpace.Cancelled {
		t.Errorf("%v, %v", f.State(), err)
	}
	text, _ := os.ReadFile(path)
	if again, err := result(t, ex, pid, 0); strconv.Itoa(again) != string(text) || err != nil {
		t.Errorf("worker %d after %s: %v", again, text, err)
	}
}
