package bench

import (
	"context"
	"errors"
	"sync"
	"time"

	"github.com/outpace-run/outpace"
	"github.com/outpace-run/outpace/internal/child"
	"github.com/outpace-run/outpace/internal/session"
	"github.com/outpace-run/outpace/share"
)

// team is a model whose workers are started, and have loaded the function,
// before anything is run on them: the executor takes each over by its number. A
// worker that it starts later, in place of one that was lost, is new.
type team struct {
	outpace.Model
	fn Function

	mu    sync.Mutex
	idle  map[int]outpace.Worker    // started and not taken over, by number
	envs  map[int]outpace.WorkerEnv // of those that were taken over
	hired []outpace.Worker          // all that there were
	took  time.Duration             // until all were ready, or the longest start
}

// A worker process can be told to load a function ahead, and has a process.
var (
	_ loader = (*session.Session)(nil)
	_ parent = (*session.Session)(nil)
)

type loader interface {
	Load(f outpace.AnyFunction) (session.Loaded, error)
}

type parent interface{ Child() *child.Child }

func newTeam(m outpace.Model, fn Function) *team {
	return &team{Model: m, fn: fn, idle: map[int]outpace.Worker{}, envs: map[int]outpace.WorkerEnv{}}
}

// ready starts all workers at once and returns when the last one has loaded the
// function. Where a model has no workers of its own it does nothing.
func (t *team) ready(ctx context.Context) error {
	plan, err := t.Plan()
	if err != nil || t.fn.Local() {
		return err
	}
	begin := time.Now()
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	var starts sync.WaitGroup
	errs := make([]error, plan.Shape.Processes)
	for i := range errs {
		starts.Go(func() {
			if errs[i] = t.hire(ctx, i+1); errs[i] != nil {
				cancel(errs[i])
			}
		})
	}
	starts.Wait()
	t.took = time.Since(begin)
	if err := errors.Join(errs...); err != nil {
		return context.Cause(ctx) // the first
	}
	return nil
}

// hire starts the worker of a number and has it load the function.
func (t *team) hire(ctx context.Context, number int) error {
	w, err := t.start(ctx, outpace.WorkerEnv{Number: number, Owner: func(batch uint32, item, part int) *share.Owner {
		return t.owner(number, batch, item, part)
	}})
	if err != nil {
		return err
	}
	t.mu.Lock()
	t.idle[number] = w
	t.mu.Unlock()
	l, ok := w.(loader)
	if !ok {
		return nil
	}
	stop := context.AfterFunc(ctx, w.Kill)
	defer stop()
	_, err = l.Load(t.fn)
	return err
}

func (t *team) start(ctx context.Context, env outpace.WorkerEnv) (outpace.Worker, error) {
	env.Log = func(string) {} // what the function prints is for outpace map to show
	begin := time.Now()
	w, err := t.Model.Start(ctx, env)
	if err != nil {
		return nil, err
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	t.hired = append(t.hired, w)
	t.took = max(t.took, time.Since(begin))
	return w, nil
}

// Start hands out the worker that was started for a number, or starts one.
func (t *team) Start(ctx context.Context, env outpace.WorkerEnv) (outpace.Worker, error) {
	t.mu.Lock()
	w, ok := t.idle[env.Number]
	delete(t.idle, env.Number)
	t.envs[env.Number] = env
	t.mu.Unlock()
	if ok {
		return w, nil
	}
	return t.start(ctx, env)
}

// owner asks the executor that has taken a worker over who uses what is shared.
func (t *team) owner(number int, batch uint32, item, part int) *share.Owner {
	t.mu.Lock()
	env := t.envs[number]
	t.mu.Unlock()
	if env.Owner == nil {
		return nil
	}
	return env.Owner(batch, item, part)
}

// discard ends the workers that the executor did not take over.
func (t *team) discard() {
	t.mu.Lock()
	idle := t.idle
	t.idle = nil
	t.mu.Unlock()
	ctx, cancel := context.WithTimeout(context.Background(), endWait)
	defer cancel()
	for _, w := range idle {
		_ = w.Close(ctx) // it has run nothing
	}
}

func (t *team) startTook() time.Duration {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.took
}

// workers returns the workers that there were.
func (t *team) workers() []outpace.Worker {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.hired[:len(t.hired):len(t.hired)]
}
