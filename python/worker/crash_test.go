//go:build linux || darwin

package worker

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

const head = "Fatal Python error: Segmentation fault\n\nStack (most recent call first):\n"

func frameLine(file string, line int, name string) string {
	return fmt.Sprintf("  File %q, line %d in %s\n", file, line, name)
}

func TestCrashText(t *testing.T) {
	user := frameLine("/d/fn.py", 4, "helper") + frameLine("/d/fn.py", 15, "f")
	own := frameLine("<outpace_worker.py>", 901, "loop") + frameLine("/lib/asyncio/events.py", 80, "_run") +
		frameLine("<outpace_worker.py>", 12, "serve") + frameLine("<string>", 1, "<module>")
	var deep string
	for i := range 100 {
		deep += frameLine("/d/fn.py", i, "f")
	}
	shared := frameLine("<outpace/_remote.py>", 9, "wait") + frameLine("/home/me/fn.py", 4, "f")
	traceback := "Traceback (most recent call last):\n  File \"<outpace_worker.py>\", line 3, in f\n    x\nKeyError: 1\n"
	for name, test := range map[string]struct{ output, want string }{
		"nothing":     {"", ""},
		"no crash":    {"line\n" + traceback, "line\n" + traceback},
		"crash":       {"printed\n" + head + user + own, "printed\n" + head + user},
		"extensions":  {head + user + own + "\nExtension modules: a.b, c (total: 2)\n", head + user},
		"cut off":     {"...\n" + frameLine("/d/fn.py", 4, "f") + own, "...\n" + frameLine("/d/fn.py", 4, "f")},
		"repeated":    {head + strings.Repeat(frameLine("/d/fn.py", 4, "f"), 100) + "  ...\n", head + frameLine("/d/fn.py", 4, "f") + "  (the same 99 times more)\n  ...\n"},
		"shared wait": {head + frameLine("<outpace_worker.py>", 9, "read") + shared + own, head + shared},
		"our wait":    {head + frameLine("/lib/threading.py", 327, "wait") + frameLine("<outpace_worker.py>", 9, "start_thread") + own, head},
		"two threads": {head + user + own + "\n" + head + user + own, head + user + "\n" + head + user},
	} {
		if got, want := CrashText(test.output), strings.TrimSpace(test.want); got != want {
			t.Errorf("%s: got\n%s\nwant\n%s", name, got, want)
		}
	}
	short := CrashText(head + deep + "  ...\n")
	for _, want := range []string{"line 0 in", "line 19 in", "  (71 more)\n", "line 99 in", "  ..."} {
		if !strings.Contains(short, want) {
			t.Errorf("a deep stack has no %q:\n%s", want, short)
		}
	}
	if strings.Contains(short, "line 20 in") {
		t.Errorf("a deep stack has its middle:\n%s", short)
	}
}

// A real worker crashes in a function, and its own frames are cut off.
func TestCrashOfAWorker(t *testing.T) {
	file := filepath.Join(t.TempDir(), "fn.py")
	body := "import faulthandler\ndef helper(): faulthandler._sigsegv()\ndef f(x): helper()\n"
	if err := os.WriteFile(file, []byte(body), 0o644); err != nil {
		t.Fatal(err)
	}
	inner, outer := frameLine(file, 2, "helper"), frameLine(file, 3, "f")
	for _, mode := range []string{"serial", "threads", "loop"} {
		output := crash(t, file+":f", mode)
		if !strings.Contains(output, `File "<outpace_worker.py>", line `) {
			t.Errorf("%s: the worker calls itself something else:\n%s", mode, output)
		}
		if got, want := CrashText(output), strings.TrimSpace(head+inner+outer); got != want {
			t.Errorf("%s: got\n%s\nwant\n%s", mode, got, want)
		}
	}
}

// crash runs one item of a function in a worker, which dies of it, and returns
// what it printed.
func crash(t *testing.T, target, mode string) string {
	args, program := Program("")
	in, to := pipe(t)
	from, out := pipe(t)
	var printed bytes.Buffer
	cmd := exec.CommandContext(t.Context(), "python3", args...)
	cmd.Stdout, cmd.Stderr, cmd.ExtraFiles = &printed, &printed, []*os.File{in, out}
	cmd.WaitDelay = time.Minute
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	_, _ = in.Close(), out.Close()
	if _, err := to.Write(program); err != nil {
		t.Fatal(err)
	}
	if _, err := from.Read(make([]byte, 1000)); err != nil { // its hello
		t.Fatal(err)
	}
	var frames []byte
	batch := binary.LittleEndian.AppendUint32(nil, 1)
	batch = binary.LittleEndian.AppendUint32(batch, 1)
	batch = binary.LittleEndian.AppendUint32(batch, 1)
	batch = append(append(batch, make([]byte, 9)...), "[0]"...)
	for _, frame := range []string{
		fmt.Sprintf(`C{"slots":2,"mode":%q}`, mode), fmt.Sprintf(`D{"func":1,"target":%q}`, target), "B" + string(batch),
	} {
		frames = append(binary.LittleEndian.AppendUint32(frames, uint32(len(frame))), frame...)
	}
	if _, err := to.Write(frames); err != nil {
		t.Fatal(err)
	}
	if err := cmd.Wait(); err == nil {
		t.Errorf("%s: the worker did not crash", mode)
	}
	_, _ = to.Close(), from.Close()
	return printed.String()
}

func pipe(t *testing.T) (r, w *os.File) {
	t.Helper()
	r, w, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _, _ = r.Close(), w.Close() })
	return r, w
}
