//go:build linux || darwin

package python

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"github.com/outpace-run/outpace"
	"github.com/outpace-run/outpace/internal/cores"
)

func TestPlan(t *testing.T) {
	leaveNothing(t)
	tests := []struct {
		m     outpace.Model
		model string
		shape outpace.Shape
		loop  bool
	}{
		{Workers(1), "serial", outpace.Shape{Processes: 1, Tasks: 1}, false},
		{Workers(1, Threads(1)), "serial", outpace.Shape{Processes: 1, Tasks: 1}, false},
		{Workers(1, Threads(3)), "threads", outpace.Shape{Processes: 1, Tasks: 3}, false},
		{Workers(4), "processes", outpace.Shape{Processes: 4, Tasks: 1}, false},
		{Workers(4, Threads(2)), "hybrid", outpace.Shape{Processes: 4, Tasks: 2}, false},
		{Workers(1, Async(100)), "async", outpace.Shape{Processes: 1, Tasks: 100}, true},
		{Workers(2, Async(1)), "async", outpace.Shape{Processes: 2, Tasks: 1}, true},
	}
	for _, test := range tests {
		plan, err := test.m.Plan()
		if err != nil || plan.Model != test.model || plan.Shape != test.shape || plan.Loop != test.loop {
			t.Errorf("%v, %v; want %s %v", plan, err, test.model, test.shape)
		}
		again, _ := test.m.Plan()
		if plan.String() != again.String() || !strings.Contains(plan.String(), "\n  interpreter /") {
			t.Errorf("%v, then %v", plan, again)
		}
	}
}

func TestBadOptions(t *testing.T) {
	leaveNothing(t)
	for name, m := range map[string]outpace.Model{
		"processes": Workers(0), "many": Workers(1 << 30), "threads": Workers(1, Threads(0)), "async": Workers(1, Async(-1)),
		"both": Workers(1, Threads(2), Async(2)), "start": Workers(1, StartTimeout(0)), "env": Workers(1, Env("A=b", "=c")), "nul": Workers(1, Env("A=b\x00")),
	} {
		if _, err := m.Plan(); !errors.Is(err, outpace.ErrOption) {
			t.Errorf("%s: plan: %v", name, err)
		}
		if _, err := m.Start(t.Context(), outpace.WorkerEnv{}); !errors.Is(err, outpace.ErrOption) {
			t.Errorf("%s: start: %v", name, err)
		}
	}
	if _, err := Load(t.Context(), fn("a.py:f"), Width(0)); !errors.Is(err, outpace.ErrOption) {
		t.Errorf("load: %v", err)
	}
	if _, err := Workers(1, Interpreter("no-such-python")).Plan(); !errors.Is(err, ErrInterpreter) {
		t.Errorf("interpreter: %v", err)
	}
	for _, dir := range []string{"/no/such/dir", module(t, "a.py", "")} {
		if _, err := Workers(1, Dir(dir)).Plan(); !errors.Is(err, outpace.ErrOption) || !strings.Contains(err.Error(), dir) {
			t.Errorf("directory: %v", err)
		}
		if _, err := Load(t.Context(), fn("a.py:f"), Dir(dir)); !errors.Is(err, outpace.ErrOption) {
			t.Errorf("directory: %v", err)
		}
	}
}

func TestCheck(t *testing.T) {
	local := outpace.Func("go", func(context.Context, int) (int, error) { return 0, nil })
	m := Workers(1)
	for _, f := range []outpace.AnyFunction{
		nil, local, outpace.Function[int, int]{}, outpace.Remote[int, int]("x", 3), fn("a.py"), fn(":f"), fn("a.py:"), fn("a:b\x00"),
	} {
		if err := m.Check(f); !errors.Is(err, outpace.ErrFunction) {
			t.Errorf("%v: %v", f, err)
		}
	}
	for _, f := range []outpace.AnyFunction{fn("a.py:f", Arg("", 1)), fn("a.py:f", Arg("k", func() {}))} {
		if err := m.Check(f); !errors.Is(err, outpace.ErrOption) {
			t.Errorf("a bad argument: %v", err)
		}
	}
	for _, target := range []string{"a.py:f", "a.b:c.d", "./x y/a.py:f", "c:/a.py:f"} {
		if err := m.Check(fn(target)); err != nil {
			t.Errorf("%s: %v", target, err)
		}
	}
	a, b, c := fn("a.py:f", Arg("x", 1), Arg("y", 2)), fn("a.py:f", Arg("y", 2), Arg("x", 1)), fn("a.py:f", Arg("x", 2), Arg("y", 2))
	if key(a) != key(b) || key(a) == key(c) || key(a) == key(fn("a.py:f", Star())) {
		t.Error("equal functions have one key, others another")
	}
}

func key(f outpace.AnyFunction) string { return f.Spec().(*spec).key }

func TestEnviron(t *testing.T) {
	for _, name := range []string{"OPENBLAS_NUM_THREADS", "NUMEXPR_NUM_THREADS", "POLARS_MAX_THREADS", "VECLIB_MAXIMUM_THREADS"} {
		t.Setenv(name, "")
		if err := os.Unsetenv(name); err != nil {
			t.Fatal(err)
		}
	}
	t.Setenv("OMP_NUM_THREADS", "7")
	file := module(t, "functions.py", functions)
	m := Workers(1000, Env("MKL_NUM_THREADS=5"))
	w, _ := begin(t, m)
	for name, want := range map[string]string{"OMP_NUM_THREADS": "7", "MKL_NUM_THREADS": "5", "POLARS_MAX_THREADS": "1"} {
		if got := one(t, w, fn(file+":environ"), name); got != strconv.Quote(want) {
			t.Errorf("%s is %s, want %s", name, got, want)
		}
	}
	plan, err := m.Plan()
	if err != nil || !strings.Contains(plan.String(), "POLARS_MAX_THREADS, VECLIB_MAXIMUM_THREADS=1 ") || strings.Contains(plan.String(), "OMP_") {
		t.Errorf("%v, %v", plan, err)
	}
	c := defaults()
	if env, _ := c.environ(); env[len(env)-1] != "VECLIB_MAXIMUM_THREADS="+strconv.Itoa(cores.Available()) {
		t.Errorf("of one process: %s", env[len(env)-1])
	}
}

// A named interpreter may be a wrapper, whose settings every worker needs; one
// that was found is asked what it is.
func TestWrapper(t *testing.T) {
	usable, _ := pythons(t)
	wrapper := program(t, "python3", "#!/bin/sh\nWRAPPED=yes exec "+usable[0]+" \"$@\"\n")
	file := module(t, "functions.py", functions)
	named := Workers(2, Interpreter(wrapper))
	for range 2 {
		w, _ := begin(t, named)
		if got := one(t, w, fn(file+":environ"), "WRAPPED"); got != `"yes"` {
			t.Errorf("without its wrapper: %s", got)
		}
	}
	t.Setenv("PATH", filepath.Dir(wrapper))
	t.Setenv("VIRTUAL_ENV", "")
	found := Workers(2)
	for _, want := range []string{wrapper, usable[0]} {
		if w, _ := begin(t, found); w.path != want {
			t.Errorf("started %s, want %s", w.path, want)
		}
	}
}
