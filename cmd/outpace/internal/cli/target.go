package cli

import (
	"context"
	"encoding/json"
	"errors"
	"os"
	"runtime"
	"strings"
	"sync"
	"time"

	"github.com/outpace-run/outpace"
	"github.com/outpace-run/outpace/cmd/outpace/internal/builtin"
	"github.com/outpace-run/outpace/cmd/outpace/internal/input"
	"github.com/outpace-run/outpace/python"
)

// target is the function that FUNC names, found and ready.
type target struct {
	kind  kind
	what  string // what runs it: "CPython 3.11.7", "go1.26.8"
	gil   bool   // threads take turns to run it
	fn    builtin.Function
	model func(c choice) outpace.Model
	close func()
}

// find finds the function. For a Python one it starts a worker and imports the
// module; log gets what that prints.
func (m *mapFlags) find(ctx context.Context, name string, cores int, w width, log func(string)) (*target, error) {
	if local, ok := strings.CutPrefix(name, "go:"); ok {
		if err := m.checkForGo(); err != nil {
			return nil, err
		}
		return findGo(local)
	}
	if err := checkName(name); err != nil {
		return nil, err
	}
	opts, err := m.funcOptions()
	if err != nil {
		return nil, err
	}
	once, err := m.initOption(name)
	if err != nil {
		return nil, err
	}
	expected := pythonFunction
	if m.model == "async" {
		expected = pythonCoroutine
	}
	guess, err := choose(expected, m.model, w, cores)
	if err != nil {
		return nil, err
	}
	fn := python.Func[json.RawMessage, json.RawMessage](name, opts...)
	program, err := python.Load(ctx, fn, append(once, python.Interpreter(m.python), python.StartTimeout(time.Duration(m.start)),
		python.Width(guess.shape.Processes), python.Log(log))...)
	if err != nil {
		return nil, m.loadFault(err)
	}
	return pythonTarget(fn, program), nil
}

// pythonTarget is a Python function that was loaded.
func pythonTarget(fn builtin.Function, program *python.Program) *target {
	t := &target{kind: pythonFunction, fn: fn, what: "CPython " + program.Version, gil: program.GIL}
	if program.Coroutine {
		t.kind = pythonCoroutine
	}
	t.model = func(c choice) outpace.Model {
		tasks := python.Threads(c.shape.Tasks)
		if program.Coroutine {
			tasks = python.Async(c.shape.Tasks)
		}
		return program.Workers(c.shape.Processes, tasks)
	}
	t.close = func() { _ = program.Close() } // its worker is gone either way
	return t
}

// initOption reads --init: a name beside FUNC, or a target of its own.
func (m *mapFlags) initOption(name string) ([]python.Option, error) {
	if m.initialize == "" {
		return nil, nil
	}
	target := m.initialize
	if !strings.ContainsAny(target, ":/") && !strings.HasSuffix(target, ".py") {
		target = name[:strings.LastIndexByte(name, ':')+1] + target
	}
	if err := checkName(target); err != nil {
		return nil, err
	}
	return []python.Option{python.Init(target)}, nil
}

// checkForGo refuses flags that a Go function has no use for.
func (m *mapFlags) checkForGo() error {
	for _, flag := range forPython() {
		if m.set.Changed(flag) {
			return usage("a go: function runs inside of outpace itself", "--%s is for Python functions", flag)
		}
	}
	return nil
}

// findGo finds a function of the command itself.
func findGo(name string) (*target, error) {
	var names []string
	for _, e := range builtin.All() {
		if e.Name == name {
			return &target{kind: goFunction, what: runtime.Version(), fn: e.Func, model: goModel, close: func() {}}, nil
		}
		names = append(names, "go:"+e.Name)
	}
	return nil, usage(nearest("go:"+name, names, oneOf(names)), "no such function: go:%s", name)
}

func goModel(c choice) outpace.Model {
	switch c.model {
	case "serial":
		return outpace.Serial()
	case "async":
		return outpace.Async(c.shape.Tasks)
	}
	return outpace.Threads(c.shape.Tasks)
}

// checkName says what is wrong with the name of a Python function before
// anything is started for it.
func checkName(name string) error {
	i := strings.LastIndexByte(name, ':')
	if i < 1 || i == len(name)-1 {
		hint := "a function is path/file.py:NAME, package.module:NAME or go:NAME"
		if strings.HasSuffix(strings.TrimSuffix(name, ":"), ".py") {
			hint = "which function of it? " + strings.TrimSuffix(name, ":") + ":NAME"
		}
		return usage(hint, "not the name of a function: %s", name)
	}
	file := name[:i]
	if !strings.HasSuffix(file, ".py") && !strings.ContainsRune(file, '/') {
		return nil
	}
	info, err := os.Stat(file)
	switch {
	case errors.Is(err, os.ErrNotExist):
		return usage("the path is as seen from the current directory", "no such file: %s", file)
	case err != nil:
		return usage("", "cannot read %s: %s", file, reason(err))
	case info.IsDir():
		return usage("name a file in it, or run a module by its dotted name", "%s is a directory", file)
	}
	f, err := os.Open(file)
	if err != nil {
		return usage("", "cannot read %s: %s", file, reason(err))
	}
	return f.Close()
}

// funcOptions reads --star and --arg.
func (m *mapFlags) funcOptions() ([]python.FuncOption, error) {
	var opts []python.FuncOption
	if m.star {
		opts = append(opts, python.Star())
	}
	for _, arg := range m.args {
		key, text, ok := strings.Cut(arg, "=")
		if !ok || key == "" {
			return nil, usage("such as --arg scale=2", "--arg is KEY=VALUE, got %q", arg)
		}
		value, err := input.Value(text)
		if err != nil {
			return nil, usage("", "--arg %s: %s", key, err)
		}
		opts = append(opts, python.Arg(key, value))
	}
	return opts, nil
}

// killable is a model whose workers can be killed all at once, for whoever
// presses Ctrl-C twice.
type killable struct {
	outpace.Model
	mu      sync.Mutex
	killed  bool
	workers map[int]outpace.Worker // the latest of each number
}

// Start starts a worker and remembers it.
func (k *killable) Start(ctx context.Context, env outpace.WorkerEnv) (outpace.Worker, error) {
	w, err := k.Model.Start(ctx, env)
	if err != nil {
		return nil, err
	}
	k.mu.Lock()
	defer k.mu.Unlock()
	if k.workers == nil {
		k.workers = map[int]outpace.Worker{}
	}
	k.workers[env.Number] = w
	if k.killed {
		w.Kill()
	}
	return w, nil
}

// wereKilled reports whether kill was called.
func (k *killable) wereKilled() bool {
	k.mu.Lock()
	defer k.mu.Unlock()
	return k.killed
}

// kill kills every worker that there is or will be.
func (k *killable) kill() {
	k.mu.Lock()
	defer k.mu.Unlock()
	k.killed = true
	for _, w := range k.workers {
		w.Kill()
	}
}
