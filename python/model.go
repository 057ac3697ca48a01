package python

import (
	"context"
	"fmt"
	"sync"

	"github.com/outpace-run/outpace"
	"github.com/outpace-run/outpace/internal/session"
	"github.com/outpace-run/outpace/internal/wire"
)

// Workers is the model that runs Python functions in processes. Each runs one
// task at once, unless [Threads] or [Async] says otherwise.
//
// The variables OMP_NUM_THREADS, OPENBLAS_NUM_THREADS, MKL_NUM_THREADS,
// NUMEXPR_NUM_THREADS, POLARS_MAX_THREADS and VECLIB_MAXIMUM_THREADS are set in
// the workers to their share of the available cores, unless they are set
// already; the plan's notes say so.
//
// The model's Plan, and so outpace.New, fails with outpace.ErrOption for a width
// below 1, and with [ErrInterpreter] where no Python is found. Nothing is started
// before there is a task.
func Workers(processes int, opts ...Option) outpace.Model {
	return newModel(defaults(), processes, opts, nil)
}

func newModel(base config, processes int, opts []Option, p *Program) outpace.Model {
	m := &model{program: p}
	loadedFor := base.processes
	base.processes = 1
	c, err := base.with(opts)
	if err == nil {
		c, err = c.with([]Option{Width(processes)})
	}
	if p != nil && c.mode == wire.ModeLoop { // as before it was known that the function is async
		c.loadedFor = loadedFor
	}
	m.config = c
	m.plan = sync.OnceValues(func() (outpace.Plan, error) {
		if err != nil {
			return outpace.Plan{}, err
		}
		return m.decide()
	})
	return m
}

// model implements outpace.Model.
type model struct {
	config
	program *Program // whose worker can be taken over, or nil
	plan    func() (outpace.Plan, error)

	mu     sync.Mutex
	path   string // the interpreter
	search bool   // path was searched for and is not what the interpreter calls itself
}

// Plan returns the shape and what is known about the interpreter. Finding it
// takes a look at the file system; nothing is started.
func (m *model) Plan() (outpace.Plan, error) { return m.plan() }

func (m *model) decide() (outpace.Plan, error) {
	shape := outpace.Shape{Processes: m.processes, Tasks: m.tasks}
	plan := outpace.Plan{Model: word(shape, m.mode), Shape: shape, Loop: m.mode == wire.ModeLoop, Why: "as asked for"}
	if m.program != nil && m.interpreter == m.program.config.interpreter {
		m.path = m.interpreter
		plan.Notes = append(plan.Notes, m.program.describe())
		if m.mode == wire.ModeThreads && m.program.GIL {
			plan.Notes = append(plan.Notes, "threads of one process take turns to run Python code (GIL)")
		}
	} else {
		path, how, err := locate(m.interpreter)
		if err != nil {
			return outpace.Plan{}, err
		}
		m.path, m.search = path, m.interpreter == ""
		plan.Notes = append(plan.Notes, fmt.Sprintf("interpreter %s, %s", path, how))
	}
	if err := session.CheckDir(m.dir); err != nil {
		return outpace.Plan{}, err
	}
	if _, note := m.environ(); note != "" {
		plan.Notes = append(plan.Notes, note)
	}
	return plan, nil
}

// word names the model of a shape.
func word(s outpace.Shape, mode string) string {
	if mode == wire.ModeLoop {
		return "async"
	}
	return session.Word(s)
}

// Check reports why f is no function that Func made well.
func (m *model) Check(f outpace.AnyFunction) error {
	_, err := specOf(f)
	return err
}

// Start starts one worker: see outpace.Model. The first may be a Program's.
func (m *model) Start(ctx context.Context, env outpace.WorkerEnv) (outpace.Worker, error) {
	if _, err := m.Plan(); err != nil {
		return nil, err
	}
	if w, ok := m.takeOver(); ok {
		if w.Configure(m.setup(env)) == nil {
			return m.prepared(ctx, w)
		}
		_ = w.Abandon() // it died meanwhile
	}
	w, err := m.start(ctx, m.interpreterPath())
	if err != nil {
		return nil, err
	}
	m.settle(w.executable())
	if err := w.Configure(m.setup(env)); err != nil {
		_ = w.Abandon()
		return nil, err
	}
	return m.prepared(ctx, w)
}

// prepared has a worker call what it is to call once.
func (m *model) prepared(ctx context.Context, w worker) (outpace.Worker, error) {
	if m.init == nil {
		return w, nil
	}
	if err := w.Init(ctx, session.Definition{Define: m.init.define, Key: m.init.key}); err != nil {
		_ = w.Abandon()
		return nil, err
	}
	return w, nil
}

// setup is how workers of this model are used.
func (m *model) setup(env outpace.WorkerEnv) session.Setup {
	mode := m.mode
	if mode == "" {
		mode = wire.ModeSerial
	}
	return session.Setup{
		Configure: wire.Configure{Worker: env.Number, Slots: m.tasks, Mode: mode, Spare: m.processes < m.cores},
		Limits:    m.limits(),
		Log:       env.Log,
		Owner:     env.Owner,
	}
}

// takeOver returns the worker of the program where it has the environment that
// one of this model has.
func (m *model) takeOver() (w worker, ok bool) {
	if m.program == nil {
		return worker{}, false
	}
	w, ok = m.program.take()
	if ok && !m.program.suits(m.config) {
		_ = w.Abandon()
		return worker{}, false
	}
	return w, ok
}

func (m *model) interpreterPath() string {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.path
}

// settle has later workers start what the first one says it is, which saves
// the time of a wrapper script such as pyenv's. An interpreter that was named
// is used as it is, for its wrapper may matter.
func (m *model) settle(executable string) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.search {
		m.path, m.search = executable, false
	}
}
