//go:build linux || darwin

package python

import (
	"context"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/outpace-run/outpace"
	"github.com/outpace-run/outpace/internal/wire"
)

// program writes an executable file.
func program(t *testing.T, name, text string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), name)
	if err := os.WriteFile(path, []byte(text), 0o755); err != nil {
		t.Fatal(err)
	}
	return path
}

func TestFind(t *testing.T) {
	leaveNothing(t)
	usable, _ := pythons(t)
	for _, path := range usable {
		p, err := Find(t.Context(), path)
		if err != nil || p.Executable != path || !supported(p.Version) {
			t.Errorf("%s: %+v, %v", path, p, err)
		}
	}
	if p, err := Find(t.Context(), ""); err != nil || p.Executable == "" {
		t.Errorf("%+v, %v", p, err)
	}
}

func TestFindOld(t *testing.T) {
	leaveNothing(t)
	_, old := pythons(t)
	for _, path := range old {
		_, err := Find(t.Context(), path)
		if !errors.Is(err, ErrInterpreter) || !strings.Contains(err.Error(), path+" is Python ") || !strings.Contains(err.Error(), "3.9 or newer") {
			t.Errorf("%s: %v", path, err)
		}
	}
	for version, want := range map[string]bool{"3.9.0": true, "3.10.0b1": true, "3.14.0a1+": true, "4.0": true, "3.8.18": false, "2.7.18": false, "3": false, "": false, "x.y": false} {
		if supported(version) != want {
			t.Errorf("supported(%q) is %v", version, !want)
		}
	}
}

func TestNoPython(t *testing.T) {
	leaveNothing(t)
	tests := []struct{ path, want string }{
		{"/no/such/python", "no such file"},
		{"no-such-python", "not found"},
		{t.TempDir(), "director"},
		{program(t, "text", "just text"), "exec format error"},
		{program(t, "true", "#!/bin/sh\nexit 0\n"), "it ended with code 0"},
		{program(t, "false", "#!/bin/sh\necho 'cannot do that' >&2; exit 3\n"), `it ended with code 3: "cannot do that"`},
		{program(t, "killed", "#!/bin/sh\nkill -9 $$\n"), "worker killed by SIGKILL"},
		{program(t, "old", "#!/bin/sh\necho 'Python 2.4.6'\n"), "is Python 2.4.6, and Outpace needs 3.9 or newer"},
		{program(t, "closes", "#!/bin/sh\nexec 4>&-; [ \"$1\" = -c ] && exec sleep 1000\n"), "it closed its channel"},
		{program(t, "talks", "#!/bin/sh\necho 'zzzz, no frame' >&4\n"), "broken frame"},
		{program(t, "other", "#!/bin/sh\nprintf '\\001\\000\\000\\000p' >&4\n"), "kind 'p'"},
		{program(t, "empty", "#!/bin/sh\nprintf '\\001\\000\\000\\000h' >&4\n"), "broken frame"},
		{hello(t, `{"version":1,"runtime":"3.8.1"}`), "is Python 3.8.1"},
		{hello(t, `{"version":2,"runtime":"3.13.1"}`), "version 2 of the protocol"},
	}
	if cat, err := exec.LookPath("cat"); err == nil {
		tests = append(tests, struct{ path, want string }{cat, "calls itself"})
	}
	for _, test := range tests {
		begun := time.Now()
		_, err := Find(t.Context(), test.path)
		if !errors.Is(err, ErrInterpreter) || !strings.Contains(err.Error(), test.want) {
			t.Errorf("%s: %v; want %s", test.path, err, test.want)
		}
		if took := time.Since(begun); took > defaults().helloTimeout {
			t.Errorf("%s: took %v", test.path, took)
		}
	}
}

// hello is a program that says hello, and then nothing.
func hello(t *testing.T, text string) string {
	frame, err := wire.AppendFrame(nil, wire.KindHello, []byte(text))
	if err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(t.TempDir(), "frame")
	if err := os.WriteFile(path, frame, 0o644); err != nil {
		t.Fatal(err)
	}
	return program(t, "hello", "#!/bin/sh\ncat "+path+" >&4; exec sleep 1000\n")
}

func TestSilent(t *testing.T) {
	leaveNothing(t)
	silent := program(t, "silent", "#!/bin/sh\nexec sleep 1000\n")
	_, err := Workers(1, Interpreter(silent), StartTimeout(50*time.Millisecond)).Start(t.Context(), outpace.WorkerEnv{Number: 1})
	if !errors.Is(err, ErrInterpreter) || !strings.Contains(err.Error(), "said nothing for 50ms") {
		t.Errorf("got %v", err)
	}
	ctx, cancel := context.WithCancelCause(t.Context())
	why := errors.New("changed my mind")
	time.AfterFunc(50*time.Millisecond, func() { cancel(why) })
	if _, err := Find(ctx, silent); err != why {
		t.Errorf("got %v", err)
	}
	if _, err := Find(ctx, silent); err != why {
		t.Errorf("with a context that is done: %v", err)
	}
}

func TestLocate(t *testing.T) {
	empty := t.TempDir()
	bin := filepath.Dir(program(t, "python", "x"))
	venv := t.TempDir()
	if err := os.Mkdir(filepath.Join(venv, "bin"), 0o755); err != nil {
		t.Fatal(err)
	}
	t.Setenv("PATH", empty)
	t.Setenv("VIRTUAL_ENV", venv)
	if _, _, err := locate(""); !errors.Is(err, ErrInterpreter) || !strings.Contains(err.Error(), "--python") {
		t.Errorf("nothing there: %v", err)
	}
	t.Setenv("PATH", empty+":"+bin)
	if path, how, err := locate(""); path != filepath.Join(bin, "python") || how != "found on PATH" || err != nil {
		t.Errorf("%s, %s, %v", path, how, err)
	}
	if err := os.Rename(program(t, "python3", "x"), filepath.Join(bin, "python3")); err != nil {
		t.Fatal(err)
	}
	if path, _, err := locate(""); path != filepath.Join(bin, "python3") || err != nil {
		t.Errorf("%s, %v", path, err)
	}
	if err := os.Rename(program(t, "python", "x"), filepath.Join(venv, "bin", "python")); err != nil {
		t.Fatal(err)
	}
	if path, how, err := locate(""); path != filepath.Join(venv, "bin", "python") || how != "of $VIRTUAL_ENV" || err != nil {
		t.Errorf("%s, %s, %v", path, how, err)
	}
	t.Chdir(bin)
	for name, want := range map[string]string{"./python": "python", "python3": "python3"} {
		if path, how, err := locate(name); path != filepath.Join(bin, want) || how != "as given" || err != nil {
			t.Errorf("%s: %s, %s, %v", name, path, how, err)
		}
	}
}
