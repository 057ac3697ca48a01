package process

import (
	"context"
	"errors"
	"fmt"
	"os"
	"runtime"
	"strconv"
	"sync"

	"github.com/outpace-run/outpace"
	"github.com/outpace-run/outpace/internal/child"
	"github.com/outpace-run/outpace/internal/cores"
	"github.com/outpace-run/outpace/internal/session"
	"github.com/outpace-run/outpace/internal/wire"
)

// ErrMain is wrapped by the error for a program that starts workers and did
// not call [Main].
var ErrMain = errors.New("process.Main was not called")

// Workers is the model that runs Go functions in child processes of this
// program, one task at once in each unless [Threads] says otherwise. It runs
// functions that outpace.Func made with a name, and that were given to [Main].
//
// GOMAXPROCS is set in the workers to their share of the available cores, at
// least two and one for each task ([Threads]) where there are so many, unless it
// is set already; the plan's notes say so.
//
// The model's Plan, and so outpace.New, fails with outpace.ErrOption for a width
// below 1, and with [ErrMain] where Main was not called. Nothing is started
// before there is a task.
func Workers(processes int, opts ...Option) outpace.Model {
	c, err := newConfig(processes, opts)
	return &model{config: c, plan: sync.OnceValues(func() (outpace.Plan, error) {
		if err != nil {
			return outpace.Plan{}, err
		}
		return c.decide()
	})}
}

// model implements outpace.Model.
type model struct {
	config
	plan func() (outpace.Plan, error)
}

// Plan returns the shape, and which program the workers are.
func (m *model) Plan() (outpace.Plan, error) { return m.plan() }

func (c config) decide() (outpace.Plan, error) {
	const advice = "(hint: make it the first line of main, and of TestMain: a worker is this program again)"
	switch os.Getenv(variable) {
	case ready():
	case isWorker:
		return outpace.Plan{}, fmt.Errorf("%w, and this process is a worker itself %s", ErrMain, advice)
	default:
		return outpace.Plan{}, fmt.Errorf("%w %s", ErrMain, advice)
	}
	if !supported {
		return outpace.Plan{}, fmt.Errorf("worker processes on %s: %w (hint: outpace.Threads runs functions in this process)", runtime.GOOS, child.ErrUnsupported)
	}
	if err := session.CheckDir(c.dir); err != nil {
		return outpace.Plan{}, err
	}
	path, err := program()
	if err != nil {
		return outpace.Plan{}, fmt.Errorf("cannot find this program: %w", err)
	}
	plan := outpace.Plan{Model: session.Word(c.shape), Shape: c.shape, Cancels: true, Why: "as asked for", Notes: []string{"each worker runs " + path}}
	if _, note := c.environ(); note != "" {
		plan.Notes = append(plan.Notes, note)
	}
	return plan, nil
}

// Check reports why f cannot be found by its name in another process.
func (m *model) Check(f outpace.AnyFunction) error {
	switch {
	case f == nil:
		return fmt.Errorf("%w: there is none", outpace.ErrFunction)
	case !f.Local() && f.Spec() != nil:
		return fmt.Errorf("%w: %s is not a Go function, and process.Workers runs Go functions only (hint: use the model of the package it came from)",
			outpace.ErrFunction, f.Name())
	case !f.Local():
		return fmt.Errorf("%w: the function has no body (hint: make it with outpace.Func and a function that is not nil)", outpace.ErrFunction)
	case f.Name() == "":
		return fmt.Errorf("%w: a function without a name cannot be found by another process (hint: give it one in outpace.Func, and give it to process.Main)",
			outpace.ErrFunction)
	}
	return nil
}

// Start starts one worker: see outpace.Model.
func (m *model) Start(ctx context.Context, env outpace.WorkerEnv) (outpace.Worker, error) {
	if _, err := m.Plan(); err != nil {
		return nil, err
	}
	if ctx.Err() != nil {
		return nil, context.Cause(ctx)
	}
	path, err := program()
	if err != nil {
		return nil, fmt.Errorf("cannot find this program: %w", err)
	}
	environ, _ := m.environ()
	limits := session.Limits{Timeout: m.startTimeout, Patience: m.startTimeout, Hint: "a longer process.StartTimeout"}
	crash := newCrash()
	s, err := session.Start(session.Config{
		Child:     child.Config{Path: path, Args: []string{"outpace-worker", strconv.Itoa(env.Number)}, Env: environ, Dir: m.dir},
		Limits:    limits,
		Define:    m.define,
		Output:    crash.add,
		LastWords: crash.lastWords,
	})
	if err != nil {
		return nil, fmt.Errorf("cannot start %s: %w", path, err)
	}
	if err := s.Greet(ctx, m.startTimeout); err != nil {
		return nil, unspoken(err)
	}
	err = checkHello(s.Hello())
	if err == nil {
		err = s.Configure(session.Setup{
			Configure: wire.Configure{Worker: env.Number, Slots: m.shape.Tasks, Mode: m.mode(), Spare: m.shape.Processes < cores.Available()},
			Limits:    limits,
			Log:       env.Log,
			Owner:     env.Owner,
		})
	}
	if err != nil {
		_ = s.Abandon()
		return nil, err
	}
	return s, nil
}

// define says how a worker is told about a function.
func (m *model) define(f outpace.AnyFunction) (session.Definition, error) {
	if err := m.Check(f); err != nil {
		return session.Definition{}, err
	}
	return session.Definition{Define: wire.Define{Target: f.Name()}, Key: f.Name()}, nil
}

// unspoken explains why a worker's hello did not come.
func unspoken(err error) error {
	const advice = "(hint: is process.Main the first line of main?)"
	var said *session.HelloError
	switch {
	case !errors.As(err, &said):
		return err // the cause of a context
	case said.Silent > 0:
		return fmt.Errorf("the worker said nothing for %v %s", said.Silent, advice)
	case said.Output != "":
		return fmt.Errorf("the worker ended before it said hello: %w: %q %s", said, said.Output, advice)
	}
	return fmt.Errorf("the worker ended before it said hello: %w %s", said, advice)
}

// checkHello reports a worker that is another program than this one was.
func checkHello(h wire.Hello) error {
	if h.Language != language || h.Version != wire.Version {
		return fmt.Errorf("the worker is written in %q and speaks version %d of the protocol, not %q and %d (hint: was the program replaced?)",
			h.Language, h.Version, language, wire.Version)
	}
	return nil
}

// program returns what to start: this program, even where its file was replaced
// or removed meanwhile and the system can tell.
func program() (string, error) {
	path, err := os.Executable()
	if err != nil {
		return "", err
	}
	const running = "/proc/self/exe"
	if ours, err := os.Stat(running); err == nil {
		if file, err := os.Stat(path); err != nil || !os.SameFile(ours, file) {
			return running, nil
		}
	}
	return path, nil
}
