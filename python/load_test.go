//go:build linux || darwin

package python

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/outpace-run/outpace"
)

func TestLoad(t *testing.T) {
	file := module(t, "functions.py", functions)
	usable, _ := pythons(t)
	for _, path := range usable {
		leaveNothing(t)
		for _, name := range []string{"double", "wait"} {
			p, err := Load(t.Context(), fn(file+":"+name), Interpreter(path))
			if err != nil {
				t.Fatal(err)
			}
			if p.Executable != path || !supported(p.Version) || p.Coroutine != (name == "wait") || p.ImportTook <= 0 || p.ImportTook > time.Minute {
				t.Errorf("%+v", p)
			}
			for range 2 {
				if err := p.Close(); err != nil {
					t.Error(err)
				}
			}
		}
	}
}

func TestLoadFails(t *testing.T) {
	leaveNothing(t)
	tests := []struct{ target, source, want string }{
		{"nosuch.py:f", "", "nosuch.py"},
		{"a.py:nosuch", "def near(): pass", "nosuch"},
		{"a.py:X", "X = 3", "X"},
		{"a.py:f", "raise ValueError('at import')", "ValueError: at import"},
		{"a.py:f", "def f(:", "SyntaxError"},
		{"a.py:f", "import sys; sys.exit('no')", "no"},
		{"a.py:f", "import os; os._exit(9)", "exited with code 9"},
		{"a.py:f", "import ctypes; ctypes.string_at(0)", "SIGSEGV"},
		{"no.such.module:f", "", "no"},
	}
	for _, test := range tests {
		dir := filepath.Dir(module(t, "a.py", test.source))
		_, err := Load(t.Context(), fn(test.target), Dir(dir))
		var load *outpace.LoadError
		if !errors.As(err, &load) || load.Function != test.target || !strings.Contains(err.Error(), test.want) {
			t.Errorf("%s of %q: %v", test.target, test.source, err)
		}
	}
	if _, err := Load(t.Context(), fn("a.py")); !errors.Is(err, outpace.ErrFunction) {
		t.Errorf("no name: %v", err)
	}
}

// TestLoadInit: what workers are to call once is found by Load, and not called.
func TestLoadInit(t *testing.T) {
	leaveNothing(t)
	file := module(t, "a.py", "def f(x): return x\ndef once(): raise ValueError('called')\nasync def later(): raise ValueError('called')\n")
	for _, name := range []string{"once", "later"} {
		p, err := Load(t.Context(), fn(file+":f"), Init(file+":"+name))
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		if err := p.Close(); err != nil {
			t.Error(err)
		}
	}
	_, err := Load(t.Context(), fn(file+":f"), Init(file+":nosuch"))
	var load *outpace.LoadError
	if !errors.As(err, &load) || !load.Init || load.Function != file+":nosuch" || !strings.Contains(err.Error(), "nosuch") {
		t.Errorf("one that does not exist: %v", err)
	}
}

// A function that cannot be loaded is told to everyone who sends it, and
// others still work.
func TestLoadErrorInSend(t *testing.T) {
	file := module(t, "functions.py", functions)
	w, _ := begin(t, Workers(1))
	for id := range uint32(2) {
		var load *outpace.LoadError
		if err := w.Send(batch(t, id, fn(file+":nosuch"), 1)); !errors.As(err, &load) {
			t.Errorf("got %v", err)
		}
	}
	if got := one(t, w, fn(file+":double"), 2); got != "4" {
		t.Errorf("doubled: %s", got)
	}
}

func TestSlowImport(t *testing.T) {
	file := module(t, "slow.py", "import time, sys\nprint('begins')\ntime.sleep(0.3)\ndef f(x): return x")
	impatient := func(c *config) error { c.patience = 20 * time.Millisecond; return nil }
	leaveNothing(t)
	lines := &log{}
	p, err := Load(t.Context(), fn(file+":f"), impatient, Log(lines.add))
	if err != nil {
		t.Fatal(err)
	}
	defer p.Close()
	said := lines.all()
	if !slices.Contains(said, "begins") || !strings.HasPrefix(said[len(said)-1], "still importing "+file+":f after ") {
		t.Errorf("said %q", said)
	}
	if p.ImportTook < 300*time.Millisecond {
		t.Errorf("took %v", p.ImportTook)
	}
}

func TestEndlessImport(t *testing.T) {
	started := filepath.Join(t.TempDir(), "started")
	file := module(t, "slow.py", "import time\nopen('"+started+"', 'w').close()\ntime.sleep(1000)")
	leaveNothing(t)
	_, err := Load(t.Context(), fn(file+":f"), StartTimeout(time.Second))
	var load *outpace.LoadError
	if !errors.As(err, &load) || !errors.Is(err, outpace.ErrTimeout) || load.Took < time.Second {
		t.Errorf("got %v", err)
	}
	_ = os.Remove(started)
	ctx, cancel := context.WithCancelCause(t.Context())
	why := errors.New("changed my mind")
	done := make(chan error, 1)
	go func() {
		_, err := Load(ctx, fn(file+":f"))
		done <- err
	}()
	eventually(t, "the import begins", func() bool { _, err := os.Stat(started); return err == nil })
	cancel(why)
	if err := <-done; err != why {
		t.Errorf("got %v", err)
	}
}

// A worker that is killed while it loads a function may be a victim: that is
// not the function's fault.
func TestKilledWhileLoading(t *testing.T) {
	pid := filepath.Join(t.TempDir(), "pid")
	file := module(t, "slow.py", "import os, time\nopen('"+pid+"', 'w').write('x')\ntime.sleep(1000)")
	w, _ := begin(t, Workers(1))
	sent := make(chan error, 1)
	b := batch(t, 1, fn(file+":f"), 1)
	go func() { sent <- w.Send(b) }()
	eventually(t, "the import begins", func() bool { text, _ := os.ReadFile(pid); return len(text) > 0 })
	_ = syscall.Kill(w.Child().Pid(), syscall.SIGKILL)
	var load *outpace.LoadError
	if err := <-sent; err == nil || errors.As(err, &load) {
		t.Errorf("got %v", err)
	}
	if got := lost(t, w); got.Signal != syscall.SIGKILL {
		t.Errorf("got %+v", got)
	}
}

func TestTakeOver(t *testing.T) {
	file := module(t, "functions.py", "print('imported')\n"+functions)
	double := fn(file + ":double")
	t.Run("the first worker is used again", func(t *testing.T) {
		leaveNothing(t)
		p, err := Load(t.Context(), double, Width(2))
		if err != nil {
			t.Fatal(err)
		}
		pid := p.first.Child().Pid()
		m := p.Workers(2)
		first, lines := begin(t, m)
		second, _ := begin(t, m)
		if first.Child().Pid() != pid || second.Child().Pid() == pid {
			t.Errorf("workers %d, %d after %d", first.Child().Pid(), second.Child().Pid(), pid)
		}
		if second.path != p.Executable {
			t.Errorf("the second worker is %s", second.path)
		}
		if one(t, first, double, 4) != "8" || one(t, second, double, 4) != "8" {
			t.Error("the function does not work")
		}
		eventually(t, "what the import printed arrives", func() bool { return slices.Equal(lines.all(), []string{"imported"}) })
		if err := p.Close(); err != nil {
			t.Error(err)
		}
		if plan, err := m.Plan(); err != nil || !strings.Contains(plan.String(), p.Version) {
			t.Errorf("%v, %v", plan, err)
		}
	})
	t.Run("not with another environment", func(t *testing.T) {
		leaveNothing(t)
		p, err := Load(t.Context(), double)
		if err != nil {
			t.Fatal(err)
		}
		pid := p.first.Child().Pid()
		w, _ := begin(t, p.Workers(1, Env("A=b")))
		if w.Child().Pid() == pid || !gone(pid) {
			t.Error("the first worker was used")
		}
	})
	t.Run("not when it died", func(t *testing.T) {
		leaveNothing(t)
		p, err := Load(t.Context(), double)
		if err != nil {
			t.Fatal(err)
		}
		p.first.Kill()
		p.first.Child().Wait()
		w, _ := begin(t, p.Workers(1))
		if one(t, w, double, 4) != "8" {
			t.Error("no")
		}
	})
}
