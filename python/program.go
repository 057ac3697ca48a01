package python

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"syscall"
	"time"

	"github.com/outpace-run/outpace"
	"github.com/outpace-run/outpace/internal/session"
)

// Program is a function that was loaded into a first worker, to learn what it
// is before the shape is chosen.
type Program struct {
	Python
	Coroutine  bool          // the function is async
	ImportTook time.Duration // how long loading it took

	config config
	mu     sync.Mutex
	first  worker // without a session once it was taken over or closed
}

// Load starts one worker, has it load f, and says what f is. The function of an
// [Init] among opts is loaded too, and not called: the workers call it. It blocks while
// that lasts, until ctx is done (the error is its cause), or [StartTimeout] is
// over. A function that cannot be loaded is a *outpace.LoadError; one that was
// not made by Func wraps outpace.ErrFunction; an interpreter that cannot be
// used wraps ErrInterpreter.
func Load(ctx context.Context, f outpace.AnyFunction, opts ...Option) (*Program, error) {
	if _, err := specOf(f); err != nil {
		return nil, err
	}
	c, err := defaults().with(opts)
	if err != nil {
		return nil, err
	}
	w, loaded, err := c.loadFirst(ctx, f)
	for try := 1; try < killedTries && killed(err); try++ {
		w, loaded, err = c.loadFirst(ctx, f)
	}
	if err != nil {
		return nil, err
	}
	if c.interpreter == "" {
		c.interpreter = w.executable()
	} else {
		c.interpreter = w.path // a wrapper that was named may matter
	}
	return &Program{Python: w.python(), Coroutine: loaded.Coroutine, ImportTook: loaded.Took, config: c, first: w}, nil
}

// killedTries is how many workers may be killed by somebody else before Load
// gives up.
const killedTries = 5

func killed(err error) bool {
	var lost *outpace.LostError
	return errors.As(err, &lost) && lost.Signal == syscall.SIGKILL
}

// loadFirst starts a worker and has it load f.
func (c config) loadFirst(ctx context.Context, f outpace.AnyFunction) (worker, session.Loaded, error) {
	w, err := c.firstWorker(ctx)
	if err != nil {
		return worker{}, session.Loaded{}, err
	}
	w.Listen(c.log)
	stop := context.AfterFunc(ctx, w.Kill)
	loaded, err := w.Load(f)
	if err == nil {
		err = c.loadInit(w)
	}
	if !stop() {
		err = context.Cause(ctx)
	}
	if err != nil {
		_ = w.Abandon()
		return worker{}, session.Loaded{}, err
	}
	return w, loaded, nil
}

// loadInit has a worker load what it is to call once, without the call.
func (c config) loadInit(w worker) error {
	if c.init == nil {
		return nil
	}
	_, err := w.Load(outpace.Remote[any, any](c.init.define.Target, c.init))
	var load *outpace.LoadError
	if errors.As(err, &load) {
		load.Init = true
	}
	return err
}

// Workers is the model that runs Python functions in processes, as the
// function Workers makes it, with the options given to Load and then opts. Its
// first worker is the one that Load started, unless that was started for
// another number of processes (see [Width]); the others use the same
// interpreter.
func (p *Program) Workers(processes int, opts ...Option) outpace.Model {
	return newModel(p.config, processes, opts, p)
}

// Close ends the worker that Load started, unless a model took it over. It may
// be called more than once.
func (p *Program) Close() error {
	if w, ok := p.take(); ok {
		return w.Abandon()
	}
	return nil
}

// take hands the first worker over, once.
func (p *Program) take() (w worker, ok bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	w = p.first
	p.first = worker{}
	return w, w.Session != nil
}

// suits reports whether a worker of c would be started as the first one was.
func (p *Program) suits(c config) bool {
	ours, _ := p.config.environ()
	theirs, _ := c.environ()
	return slices.Equal(ours, theirs) && p.config.dir == c.dir && p.config.interpreter == c.interpreter
}

func (p *Program) describe() string {
	gil := ""
	if !p.GIL {
		gil = ", free-threaded"
	}
	return fmt.Sprintf("Python %s%s, %s", p.Version, gil, p.Executable)
}
