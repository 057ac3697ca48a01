//go:build linux || darwin

package doctor_test

import (
	"context"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/outpace-run/outpace/cmd/outpace/internal/doctor"
)

// real is the CPython that tests use: what python3 on PATH is, not a script that
// stands for it.
func real(t *testing.T) string {
	t.Helper()
	out, err := exec.Command("python3", "-c", "import sys; print(sys.executable)").Output()
	if err != nil {
		t.Fatalf("these tests need a CPython 3.9 or newer on PATH: %v", err)
	}
	return strings.TrimSpace(string(out))
}

// program writes an executable file.
func program(t *testing.T, path, text string) {
	t.Helper()
	if err := errors.Join(os.MkdirAll(filepath.Dir(path), 0o755), os.WriteFile(path, []byte(text), 0o755)); err != nil {
		t.Fatal(err)
	}
}

// environmentAt makes a virtual environment, as far as an interpreter looks.
func environmentAt(t *testing.T, dir, interpreter string) {
	t.Helper()
	program(t, filepath.Join(dir, "pyvenv.cfg"), "home = "+filepath.Dir(interpreter)+"\n")
	if err := errors.Join(os.MkdirAll(filepath.Join(dir, "bin"), 0o755), os.Symlink(interpreter, filepath.Join(dir, "bin", "python"))); err != nil {
		t.Fatal(err)
	}
}

// Every way in which an interpreter is found, and in which one is none. What is
// made up here answers as other versions do, which not every machine has.
func TestPythons(t *testing.T) {
	cpython := real(t)
	home := bare(t)
	environmentAt(t, filepath.Join(home, "env"), cpython)
	bin := filepath.Join(home, "bin")
	answers := func(name, answer string) { program(t, filepath.Join(bin, name), "#!/bin/sh\necho '"+answer+"'\n") }
	answers("python3", "cpython 3.14.1 1 0")
	answers("python3.8", "cpython 3.8.18 1 0")
	answers("python3.14t", "cpython 3.14.1 0 1")
	answers("python3.13t", "cpython 3.13.1 1 1")
	answers("python3.10", "pypy 3.10.14 1 0")
	answers("python3.99", "hello")
	answers("python3-config", "cpython 3.9.0 1 0") // none of its names
	program(t, filepath.Join(bin, "python3.98"), "#!/bin/sh\necho 'no such library' >&2\nexit 7\n")
	program(t, filepath.Join(bin, "python3.97"), "#!/bin/sh\nwhile echo xxxxxxxxxxxxxxxxxxxxxxxxxxx; do :; done | head -c 1000000\n")
	program(t, filepath.Join(home, "shims", "python3.11"), "#!/bin/sh\ntouch '"+home+"/asked'\n")
	program(t, filepath.Join(home, ".pyenv", "versions", "3.12.0", "bin", "python"), "#!/bin/sh\necho cpython 3.12.0 1 0\n")
	t.Setenv("PATH", strings.Join([]string{filepath.Join(home, "shims"), bin, bin, "relative", "/usr/bin", "/bin"}, string(os.PathListSeparator)))
	t.Setenv("VIRTUAL_ENV", filepath.Join(home, "env"))

	r := doctor.Examine(t.Context(), doctor.Subject{})
	expect(t, r, "CPython", "used by a run", doctor.OK, "~/env/bin/python ($VIRTUAL_ENV)")
	for _, text := range []string{"3.14.1, with GIL, ~/bin/python3", "3.8.18, too old", "3.14.1, free-threaded, ~/bin/python3.14t", "3.13.1, free-threaded, but its GIL is on", "3.12.0, with GIL, ~/.pyenv/"} {
		expect(t, r, "CPython", "also here", doctor.OK, text)
	}
	for _, text := range []string{"pypy 3.10.14", "python3.99: does not answer as a Python", "python3.98: exit status 7: no such library", "python3.97: does not answer"} {
		expect(t, r, "CPython", "also here", doctor.Note, text)
	}
	runs, seen := 0, map[string]bool{}
	for _, p := range r.Pythons {
		if p.Run {
			runs++
		}
		if seen[p.Path] || strings.Contains(p.Path, "config") || strings.Contains(p.Path, "shims") || p.Run != (p.Path == "~/env/bin/python") {
			t.Errorf("%+v", p)
		}
		seen[p.Path] = true
	}
	if _, err := os.Stat(filepath.Join(home, "asked")); err == nil || runs != 1 || r.Count(doctor.Problem) != 0 {
		t.Errorf("asked: %v, of a run: %d; %+v", err, runs, r)
	}
	if text, data := write(t, r); strings.Contains(text+data, home) {
		t.Errorf("it tells the home folder %s:\n%s", home, data)
	}
}

// What was asked for, or is active, and is not what runs.
func TestPythonOfRun(t *testing.T) {
	cpython := real(t)
	home := bare(t)
	examine := func(asked string) doctor.Report { return doctor.Examine(t.Context(), doctor.Subject{Python: asked}) }
	expect(t, examine(""), "CPython", "used by a run", doctor.Problem, "neither python3 nor python is on PATH → install a CPython 3.9 or newer")
	expect(t, examine("/no/such/python"), "CPython", "used by a run", doctor.Problem, "/no/such/python")
	expect(t, examine(cpython), "CPython", "used by a run", doctor.OK, "(--python)")
	t.Setenv("PATH", filepath.Dir(cpython))
	t.Setenv("CONDA_PREFIX", "/home/somebody/env")
	expect(t, examine(""), "CPython", "environment", doctor.Note, "CONDA_PREFIX is /home/USER/env, and has no bin/python")
	t.Setenv("CONDA_PREFIX", filepath.Join(home, "env"))
	expect(t, examine(""), "CPython", "environment", doctor.Note, "CONDA_PREFIX is ~/env, and has no bin/python")
	environmentAt(t, filepath.Join(home, "env"), cpython)
	expect(t, examine(""), "CPython", "environment", doctor.Note, "its packages are not found: --python ~/env/bin/python")
	expect(t, examine(""), "CPython", "used by a run", doctor.OK, "on PATH")
}

// An interpreter that hangs is not waited for, and nothing of it is left.
func TestPythonHangs(t *testing.T) {
	home := bare(t)
	begun := filepath.Join(home, "begun")
	if err := syscall.Mkfifo(begun, 0o600); err != nil {
		t.Fatal(err)
	}
	t.Setenv("PATH", filepath.Join(home, "bin")+":/bin:/usr/bin")
	program(t, filepath.Join(home, "bin", "python3.99"), "#!/bin/sh\nsleep 1000 &\necho $! >'"+begun+"'\nwait\n")
	ctx, cancel := context.WithCancel(t.Context())
	sleeper := make(chan string, 1)
	go func() {
		text, _ := os.ReadFile(begun) // until it runs
		cancel()
		sleeper <- strings.TrimSpace(string(text))
	}()
	expect(t, doctor.Examine(ctx, doctor.Subject{Python: "none"}), "CPython", "also here", doctor.Note, "python3.99: not waited for")
	pid := <-sleeper
	eventually(t, func() bool { return exec.Command("kill", "-0", pid).Run() != nil || zombie(pid) })
}

// zombie reports whether a process has ended and nobody has asked how.
func zombie(pid string) bool {
	text, err := os.ReadFile("/proc/" + pid + "/stat")
	return err == nil && strings.Contains(string(text), ") Z ")
}

func eventually(t *testing.T, ok func() bool) {
	t.Helper()
	for end := time.Now().Add(20 * time.Second); !ok(); time.Sleep(time.Millisecond) {
		if time.Now().After(end) {
			t.Fatal("not in twenty seconds")
		}
	}
}
