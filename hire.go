package outpace

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/outpace-run/outpace/internal/engine"
	"github.com/outpace-run/outpace/share"
)

// This file is how a lane comes by a worker and gives it up.

// start starts a worker. When that fails several times in a row the others go on
// without this lane; where there are none, everything on the executor ends with
// a StartError: a function that nobody can run.
func (l *lane) start() Worker {
	l.mu.Lock()
	l.starting = true
	deaths := l.deaths
	l.mu.Unlock()
	l.ex.nudge()
	defer func() { l.mu.Lock(); l.starting = false; l.mu.Unlock() }()
	if deaths > 2 { // it dies again and again: give the machine some air
		l.pause(engine.Backoff(50*time.Millisecond, restartPause, deaths-2))
	}
	env := WorkerEnv{Number: l.number, Log: func(line string) {
		l.ex.emit(Event{Kind: WorkerLog, Index: -1, Count: 1, Worker: l.number, Line: line, CPU: -1})
	}}
	for try := 1; l.ex.ctx.Err() == nil; try++ {
		begin := time.Now()
		env.Owner = l.settleIn()
		w, err := l.ex.model.Start(l.ex.ctx, env)
		if err == nil {
			l.ex.emit(Event{Kind: WorkerStarted, Index: -1, Count: 1, Worker: l.number, Wall: time.Since(begin), CPU: -1})
			if err = l.ex.startPatrol(w); err == nil {
				return l.adopt(w)
			}
			discard(w)
		}
		tries := startTries
		if killed(err) {
			tries = killedTries
		}
		switch {
		case l.ex.ctx.Err() != nil:
		case errors.As(err, new(*LoadError)):
			l.ex.cancel(err)
		case errors.Is(err, ErrOption): // trying again does not help
			l.ex.cancel(&StartError{Worker: l.number, Tries: try, Err: err})
		case try < tries:
			l.pause(engine.Backoff(100*time.Millisecond, time.Second, try))
		case l.ex.narrow(l, err):
			return nil
		default:
			l.ex.cancel(&StartError{Worker: l.number, Tries: try, Err: err})
		}
	}
	return nil
}

// settleIn gives the next worker a site of its own, and returns who its tasks are
// there.
func (l *lane) settleIn() func(batch uint32, item, part int) *share.Owner {
	at := l.ex.space.NewSite(fmt.Sprintf("worker %d", l.number))
	l.mu.Lock()
	last := l.site
	l.site, l.aside = at, map[place]*share.Owner{}
	l.mu.Unlock()
	if last != nil {
		last.End("its worker could not be started")
	}
	return func(batch uint32, item, part int) *share.Owner { return l.owner(at, batch, item, part) }
}

func (l *lane) pause(d time.Duration) {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
	case <-l.ex.ctx.Done():
	}
}

// adopt makes w the lane's worker and listens to it.
func (l *lane) adopt(w Worker) Worker {
	if !l.ex.enter() {
		discard(w)
		return nil
	}
	l.mu.Lock()
	l.worker, l.killed, l.mute, l.retiring = w, nil, false, false
	l.sent, l.vital = 0, vital{}
	l.ear = &ear{lane: l, worker: w, call: make(chan struct{}, 1)}
	l.mu.Unlock()
	p, ok := w.(Packer)
	l.packs, l.known = ok && p.Packs(), nil
	go l.ear.listen()
	return w
}

// discard ends a worker that is not wanted.
func discard(w Worker) {
	w.Kill()
	_ = w.Close(expired())
}

// narrow takes a lane for which no worker can be had out of the team, if others
// have one.
func (e *Executor) narrow(l *lane, why error) bool {
	e.mu.Lock()
	others := false
	for _, other := range e.lanes {
		others = others || other != l && other.mayHaveWorker()
	}
	if others {
		e.lanes = slices.DeleteFunc(e.lanes, func(other *lane) bool { return other == l })
		e.width.Add(-1)
		e.started.Add(-1)
	}
	e.mu.Unlock()
	if !others {
		return false
	}
	l.over = true
	e.emit(Event{Kind: WorkerRefused, Index: -1, Count: 1, Worker: l.number, Err: why, CPU: -1})
	if j := l.release(); j != nil {
		e.again(j)
	}
	e.queue.RouseAll()
	e.nudge()
	return true
}

// mayHaveWorker reports whether the lane has a worker, or tries to start one.
func (l *lane) mayHaveWorker() bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.worker != nil || l.starting
}

// killed reports whether a worker did not start because somebody killed it.
func killed(err error) bool {
	var lost *LostError
	return errors.As(err, &lost) && lost.chance() && lost.Signal != 0
}

// expired is a context that is done: for closing what is dead already.
func expired() context.Context {
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	return ctx
}

// recycle ends a worker that has run as many tasks as it may, and waits for its
// end.
func (l *lane) recycle(w Worker) {
	l.retire()
	for {
		l.mu.Lock()
		gone := l.worker != w
		l.mu.Unlock()
		if gone {
			return
		}
		<-l.bed.Wake()
	}
}

// retire lets the worker end by itself, for the grace period at most.
func (l *lane) retire() {
	l.mu.Lock()
	w, ear := l.worker, l.ear
	l.retiring = w != nil
	l.mu.Unlock()
	if w != nil {
		ctx, cancel := context.WithTimeout(context.Background(), l.ex.cfg.grace)
		defer cancel()
		l.calls.Lock()
		defer l.calls.Unlock()
		poke(ear.call)
		_ = w.Close(ctx)
	}
}
