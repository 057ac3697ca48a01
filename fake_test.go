package outpace_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"syscall"
	"time"

	"github.com/outpace-run/outpace"
)

// fakeModel runs functions on goroutines that behave as worker processes do:
// they can be killed, exit, hand back, and, if a test wants it, lie.
type fakeModel struct {
	shape outpace.Shape
	loop  bool

	cancels bool                                                 // what runs ends when it is cancelled
	pings   func() bool                                          // whether a worker answers; nil: it cannot be asked
	dumps   string                                               // what a worker writes before it is killed at a time-out
	start   func(try int) error                                  // what the try-th start of a worker says, from 1
	send    func(w *fakeWorker, b outpace.Batch) error           // is asked before a batch is taken; errTaken: it was dealt with
	word    func(w *fakeWorker, r outpace.Reply) []outpace.Reply // what is said in place of r
	look    func(w *fakeWorker) outpace.Vitals                   // what its process is like; nil: it cannot be looked at

	tries atomic.Int32
	mu    sync.Mutex
	all   []*fakeWorker
}

var errTaken = errors.New("dealt with")

// fakeBody is a function of a fake worker. procCtx finds the context that ends
// with the process, for what cannot be cancelled otherwise.
type fakeBody func(ctx context.Context, n int) (any, error)

type procKey struct{}

func procCtx(ctx context.Context) context.Context { return ctx.Value(procKey{}).(context.Context) }

// remote makes a function for fake workers.
func remote[Out any](name string, body func(ctx context.Context, n int) (Out, error)) outpace.Function[int, Out] {
	return outpace.Remote[int, Out](name, fakeBody(func(ctx context.Context, n int) (any, error) { return body(ctx, n) }))
}

// death is the error of a body that ends its process.
type death struct {
	signal syscall.Signal
	code   int
}

func (d death) Error() string { return fmt.Sprintf("death by %d, %d", d.signal, d.code) }

func (m *fakeModel) Plan() (outpace.Plan, error) {
	return outpace.Plan{Model: "fake", Shape: m.shape, Loop: m.loop, Cancels: m.cancels, Why: "for tests"}, nil
}

func (m *fakeModel) Check(f outpace.AnyFunction) error {
	if _, ok := f.Spec().(fakeBody); !ok {
		return fmt.Errorf("%w: %q is not for fake workers", outpace.ErrFunction, f.Name())
	}
	return nil
}

func (m *fakeModel) Start(ctx context.Context, env outpace.WorkerEnv) (outpace.Worker, error) {
	if try := int(m.tries.Add(1)); m.start != nil {
		if err := m.start(try); err != nil {
			return nil, err
		}
	}
	w := &fakeWorker{model: m, env: env, replies: make(chan outpace.Reply, 64), work: make(chan *fakeBatch, 4*m.shape.Tasks+4),
		dead: make(chan struct{}), idle: make(chan struct{}, 1), batches: map[uint32]*fakeBatch{}}
	w.proc, w.end = context.WithCancel(context.Background())
	w.proc = context.WithValue(w.proc, procKey{}, w.proc)
	if !m.loop {
		for range m.shape.Tasks {
			w.running.Go(w.slot)
		}
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	m.all = append(m.all, w)
	switch {
	case m.look != nil:
		return watchedFake{w}, nil
	case m.pings != nil:
		return askedFake{w}, nil
	}
	return w, nil
}

// watchedFake is a worker whose process can be looked at.
type watchedFake struct{ *fakeWorker }

// askedFake is a worker that can be asked whether it listens and where it is.
type askedFake struct{ *fakeWorker }

func (w askedFake) Ping(within time.Duration) bool {
	if w.model.pings() {
		return true
	}
	<-time.After(within)
	return false
}

func (w askedFake) Dump() bool {
	w.dumped.Add(1)
	return w.model.dumps != ""
}

func (w askedFake) Dumped() bool { return false }

func (w watchedFake) Vitals(int64) (outpace.Vitals, error) { return w.model.look(w.fakeWorker), nil }

func (m *fakeModel) workers() []*fakeWorker {
	m.mu.Lock()
	defer m.mu.Unlock()
	return append([]*fakeWorker(nil), m.all...)
}

// fakeWorker is one worker.
type fakeWorker struct {
	model   *fakeModel
	env     outpace.WorkerEnv
	proc    context.Context // done when the process is dead
	end     context.CancelFunc
	replies chan outpace.Reply
	work    chan *fakeBatch
	dead    chan struct{}
	idle    chan struct{}
	running sync.WaitGroup
	kills   atomic.Int32
	closes  atomic.Int32

	dumped atomic.Int32
	memory atomic.Int64 // what a test's functions say that the process has

	mu      sync.Mutex
	cause   *outpace.LostError // how it ended
	batches map[uint32]*fakeBatch
	most    int // batches at once
}

func (w *fakeWorker) Send(b outpace.Batch) error {
	if w.model.send != nil {
		if err := w.model.send(w, b); err == errTaken {
			return nil
		} else if err != nil {
			return err
		}
	}
	fb := &fakeBatch{w: w, Batch: b, state: make([]byte, b.N), cancels: make([]context.CancelFunc, b.N)}
	fb.Inputs = nil
	if err := json.Unmarshal(b.Inputs, &fb.inputs); err != nil || len(fb.inputs) != b.N {
		return fmt.Errorf("%d inputs are not %s: %w", b.N, b.Inputs, err)
	}
	w.mu.Lock()
	if w.batches[b.ID] != nil {
		w.mu.Unlock()
		return fmt.Errorf("batch %d twice", b.ID)
	}
	w.batches[b.ID] = fb
	if b.Lease > 0 && !w.model.loop {
		fb.lease = time.AfterFunc(b.Lease, fb.leaseOver)
	}
	w.most = max(w.most, len(w.batches))
	w.mu.Unlock()
	if w.model.loop {
		fb.startAll()
		return nil
	}
	select {
	case w.work <- fb:
		return nil
	case <-w.dead:
		return errors.New("the pipe is broken")
	}
}

func (w *fakeWorker) Cancel(batch uint32, index int) error {
	w.mu.Lock()
	b := w.batches[batch]
	w.mu.Unlock()
	if b != nil {
		b.cancel(index)
	}
	return nil
}

func (w *fakeWorker) Receive() (outpace.Reply, error) {
	select {
	case <-w.dead:
	default:
		select {
		case r := <-w.replies:
			return r, nil
		case <-w.dead:
		}
	}
	return outpace.Reply{}, w.cause
}

func (w *fakeWorker) Kill() {
	w.kills.Add(1)
	lost := &outpace.LostError{Signal: syscall.SIGKILL, ExitCode: -1}
	if w.dumped.Load() > 0 {
		lost.Stderr = w.model.dumps
	}
	w.die(lost)
}

// die ends the process; only the first cause counts.
func (w *fakeWorker) die(cause *outpace.LostError) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.cause == nil {
		cause.Pid = 1000 + w.env.Number
		w.cause = cause
		w.end()
		close(w.dead)
	}
}

func (w *fakeWorker) Close(ctx context.Context) error {
	w.closes.Add(1)
	for w.open() > 0 {
		select {
		case <-w.idle:
		case <-w.dead:
		case <-ctx.Done():
			w.Kill()
		}
		if w.proc.Err() != nil {
			break
		}
	}
	w.die(&outpace.LostError{ExitCode: 0})
	w.running.Wait()
	return nil
}

func (w *fakeWorker) open() int {
	w.mu.Lock()
	defer w.mu.Unlock()
	return len(w.batches)
}

// say sends a reply, or what the test would have it say.
func (w *fakeWorker) say(r outpace.Reply) {
	words := []outpace.Reply{r}
	if w.model.word != nil {
		words = w.model.word(w, r)
	}
	for _, r := range words {
		select {
		case w.replies <- r:
		case <-w.dead:
		}
	}
}

func (w *fakeWorker) slot() {
	for {
		select {
		case b := <-w.work:
			b.run()
			b.over()
		case <-w.dead:
			return
		}
	}
}
