package python

import (
	"context"
	"fmt"
	"slices"
	"sync"
	"time"

	"github.com/outpace-run/outpace"
)

// Program is a function that was loaded into a first worker, to learn what it
// is before the shape is chosen.
type Program struct {
	Python
	Coroutine  bool          // the function is async
	ImportTook time.Duration // how long loading it took

	config config
	mu     sync.Mutex
	first  *session // nil once it was taken over or closed
}

// Load starts one worker, has it load f, and says what f is. It blocks while
// that lasts, until ctx is done (the error is its cause), or [StartTimeout] is
// over. A function that cannot be loaded is a *outpace.LoadError; one that was
// not made by Func wraps outpace.ErrFunction; an interpreter that cannot be
// used wraps ErrInterpreter.
func Load(ctx context.Context, f outpace.AnyFunction, opts ...Option) (*Program, error) {
	spec, err := specOf(f)
	if err != nil {
		return nil, err
	}
	c, err := defaults().with(opts)
	if err != nil {
		return nil, err
	}
	s, err := c.firstWorker(ctx)
	if err != nil {
		return nil, err
	}
	s.out.open(c.log)
	s.limits = limits{c.startTimeout, c.patience}
	stop := context.AfterFunc(ctx, s.process.Kill)
	_, err = s.load(spec)
	if !stop() {
		err = context.Cause(ctx)
	}
	if err != nil {
		s.abandon()
		return nil, err
	}
	if c.interpreter == "" {
		c.interpreter = s.hello.Executable
	} else {
		c.interpreter = s.path // a wrapper that was named may matter
	}
	p := &Program{Python: pythonOf(s.hello), config: c, first: s}
	l, _ := s.loadOf(spec)
	p.Coroutine, p.ImportTook = l.coroutine, l.took
	return p, nil
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
	if s := p.take(); s != nil {
		s.process.Kill()
		return s.release()
	}
	return nil
}

// take hands the first worker over, once.
func (p *Program) take() *session {
	p.mu.Lock()
	defer p.mu.Unlock()
	s := p.first
	p.first = nil
	return s
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
