//go:build linux || darwin

package process_test

import (
	"context"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/outpace-run/outpace"
	"github.com/outpace-run/outpace/process"
)

func TestPlan(t *testing.T) {
	for _, test := range []struct {
		model outpace.Model
		want  string
	}{
		{process.Workers(1), "serial 1x1"},
		{process.Workers(3), "processes 3x1"},
		{process.Workers(1, process.Threads(4)), "threads 1x4"},
		{process.Workers(2, process.Threads(2)), "hybrid 2x2"},
	} {
		plan, err := test.model.Plan()
		if err != nil || !strings.HasPrefix(plan.String(), test.want+": as asked for\n  each worker runs /") || plan.Loop {
			t.Errorf("%v, %v; want %s", plan, err, test.want)
		}
	}
}

func TestBadOptions(t *testing.T) {
	for name, m := range map[string]outpace.Model{
		"processes": process.Workers(0), "many": process.Workers(1 << 30), "threads": process.Workers(1, process.Threads(0)),
		"start": process.Workers(1, process.StartTimeout(0)), "env": process.Workers(1, process.Env("A=b", "=c")),
		"dir": process.Workers(1, process.Dir("/no/such/dir")),
	} {
		if _, err := m.Plan(); !errors.Is(err, outpace.ErrOption) {
			t.Errorf("%s: plan: %v", name, err)
		}
		if _, err := m.Start(t.Context(), outpace.WorkerEnv{}); !errors.Is(err, outpace.ErrOption) {
			t.Errorf("%s: start: %v", name, err)
		}
	}
}

func TestCheck(t *testing.T) {
	m := process.Workers(1)
	for what, f := range map[string]outpace.AnyFunction{
		"there is none": nil, "no body": outpace.Function[int, int]{}, "not a Go function": outpace.Remote[int, int]("a.py:f", 1),
		"without a name": outpace.Func("", func(context.Context, int) (int, error) { return 0, nil }),
	} {
		if err := m.Check(f); !errors.Is(err, outpace.ErrFunction) || !mentions(err, what) {
			t.Errorf("%s: %v", what, err)
		}
	}
}

// A function that was not given to Main, or whose name another has, is told
// once, with what there is.
func TestUnknownFunction(t *testing.T) {
	ex := open(t, process.Workers(1))
	for name, want := range map[string]string{"tripel": "it was given big, ", "twin": "2 functions called twin", "elsewhere": "no function called elsewhere"} {
		f := outpace.Func(name, func(context.Context, int) (int, error) { return 0, nil })
		var load *outpace.LoadError
		if _, err := result(t, ex, f, 1); !errors.As(err, &load) || !mentions(err, "cannot load "+name, want) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestEnvAndDir(t *testing.T) {
	dir, err := filepath.EvalSymlinks(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	ex := open(t, process.Workers(1, process.Env("A=b c"), process.Dir(dir), process.StartTimeout(time.Minute)))
	if out, err := result(t, ex, runs, `echo "$A"; pwd`); out != "b c\n"+dir+"\n" || err != nil {
		t.Errorf("%q, %v", out, err)
	}
}

// A program that does not call Main is told so before it starts anything, and a
// worker that does not reach it cannot start others.
func TestWithoutMain(t *testing.T) {
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	alone := exec.Command(self)
	alone.Env = append(os.Environ(), "TEST_WITHOUT_MAIN=yes")
	out, _ := alone.CombinedOutput()
	if !strings.Contains(string(out), process.ErrMain.Error()+" (hint: make it the first line of main") {
		t.Errorf("a program without Main: %s", out)
	}
	_, err = process.Workers(1, process.Env("TEST_WITHOUT_MAIN=yes")).Start(t.Context(), outpace.WorkerEnv{Number: 1})
	if !mentions(err, "ended before it said hello", "code 3", process.ErrMain.Error()+", and this process is a worker itself", "first line of main?") {
		t.Errorf("a worker without Main: %v", err)
	}
}

// Workers are the program that runs, not what is in its file by now.
func TestRemovedProgram(t *testing.T) {
	if runtime.GOOS != "linux" {
		t.Skip("only Linux knows a program whose file is gone")
	}
	self, err := os.ReadFile("/proc/self/exe")
	if err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(t.TempDir(), "program")
	if err := os.WriteFile(path, self, 0o755); err != nil {
		t.Fatal(err)
	}
	program := exec.Command(path)
	program.Env = append(os.Environ(), "TEST_REMOVED=yes")
	if out, err := program.CombinedOutput(); string(out) != "42 <nil>\n" || err != nil {
		t.Errorf("%s, %v", out, err)
	}
	if _, err := os.Stat(path); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("it was not removed: %v", err)
	}
}

func TestSilentWorker(t *testing.T) {
	if _, err := process.Workers(1, process.StartTimeout(time.Nanosecond)).Start(t.Context(), outpace.WorkerEnv{Number: 1}); !mentions(err, "said nothing for 1ns") {
		t.Errorf("got %v", err)
	}
	ctx, cancel := context.WithCancelCause(t.Context())
	why := errors.New("changed my mind")
	cancel(why)
	if _, err := process.Workers(1).Start(ctx, outpace.WorkerEnv{Number: 1}); err != why {
		t.Errorf("got %v", err)
	}
}
