package outpace

import (
	"context"
	"time"

	"github.com/outpace-run/outpace/internal/engine"
)

// Future is the handle of a submitted task. Its methods may be called from any
// goroutine. See [State] for what it goes through.
type Future[T any] struct {
	task
	value T
}

// AnyFuture is a Future of any type; AsCompleted and Wait take futures as such,
// so that several types can be waited for together. Only *Future implements it.
type AnyFuture interface {
	Done() <-chan struct{}
	OnDone(fn func())
	Cancel() bool
	State() State
	Err() error
	header() *task
}

func (f *Future[T]) header() *task { return &f.task }

// Result returns the task's value, or its error as a *TaskError. It blocks until
// the task is final or ctx is done; then it returns the cause of ctx, and the
// task goes on. Called from within a task of the same executor with that task's
// ctx, it runs the awaited task itself if that is still pending, so a full
// executor whose tasks wait for each other does not deadlock.
func (f *Future[T]) Result(ctx context.Context) (T, error) {
	if err := f.wait(ctx); err != nil {
		var zero T
		return zero, err
	}
	return f.value, f.failure()
}

// Done returns a channel that is closed when the task is final.
func (f *Future[T]) Done() <-chan struct{} { return f.doneChan() }

// OnDone has fn run once when the task is final: on the goroutine that ends it,
// in the order in which OnDone was called, or at once on this one if it is final
// already. fn should be short and must not wait for other tasks. A panic in it
// is reported to the observer and harms nothing.
func (f *Future[T]) OnDone(fn func()) { f.onDone(fn, nil) }

// Cancel gives the task up. It returns true if the task was pending, and so will
// never run. The context of a running one is cancelled with ErrCancelled as its
// cause, or its worker process killed after Grace if it goes on; Cancel returns
// false and does not wait. It does nothing to a final task.
func (f *Future[T]) Cancel() bool { return f.cancelWith(ErrCancelled) }

// State returns where the task stands.
func (f *Future[T]) State() State { return f.state() }

// Err returns the task's error: nil while it is not final, and for a done one.
func (f *Future[T]) Err() error {
	if !f.final() {
		return nil
	}
	return f.failure()
}

// Attempts returns how many attempts were started; those that were not the
// task's fault (its worker was lost, and others were in flight) do not count.
func (f *Future[T]) Attempts() int { return f.attempts() }

// Started returns when the last attempt started; the zero time before that.
func (f *Future[T]) Started() time.Time {
	if f.state() == Pending {
		return time.Time{}
	}
	return f.timeAt(f.started.Load())
}

// Finished returns when the task became final; the zero time before that.
func (f *Future[T]) Finished() time.Time {
	if !f.final() {
		return time.Time{}
	}
	return f.timeAt(f.finished)
}

// submitted is the whole record of a task: the future, and what to run it on.
type submitted[In, Out any] struct {
	Future[Out]
	in In
}

func (t *submitted[In, Out]) def() *definition[In, Out] {
	return t.scope.fn.(Function[In, Out]).def
}

func (t *submitted[In, Out]) card() *ticket         { return &t.ticket }
func (t *submitted[In, Out]) function() AnyFunction { return t.scope.fn }
func (t *submitted[In, Out]) settings() *config     { return t.scope.cfg }
func (t *submitted[In, Out]) grain() *engine.Grain  { return &t.ex().tasks }
func (t *submitted[In, Out]) input(int) any         { return t.in }
func (t *submitted[In, Out]) first() int            { return -1 }
func (t *submitted[In, Out]) tries(int) int         { return t.attempts() }
func (t *submitted[In, Out]) left() int             { return 0 }

func (t *submitted[In, Out]) drop(cause error) { t.cancelWith(cause) }

func (t *submitted[In, Out]) abandon(cause error) { t.resolve(Running, Cancelled, cause) }

// run runs the task on a slot of this process.
func (t *submitted[In, Out]) run(s *slot) {
	if t.scope.untimed {
		t.runUntimed(s)
		return
	}
	if t.takeUp(s.now) {
		t.ex().begun(-1, 1, t.attempts(), 1)
		v, err := t.attempt(s)
		s.now = t.ex().now()
		t.returned(s, v, err)
	}
}

// runUntimed is run for a task of Go whose times nobody can ask for: when it
// leaves no trace, nothing is written down. Its record is running already, unless
// the task had to wait for something and got one of its own.
func (t *submitted[In, Out]) runUntimed(s *slot) {
	if t.state() != Running && !t.begin(s.now) {
		return
	}
	s.late = true
	if cause := t.unwantedFor(); cause != nil {
		s.forget(&t.task)
		t.giveUp(cause, outcome{cpu: -1})
		return
	}
	v, err := t.def().body((*taskContext)(&t.task), t.in)
	if err != nil || t.rare.Load() != nil {
		s.forget(&t.task)
		s.now, s.late = t.ex().now(), false
		t.returned(s, v, err)
	}
}

// attempt calls the function; with a time-out, under the eyes of a watch.
func (t *submitted[In, Out]) attempt(s *slot) (Out, error) {
	if t.scope.cfg.timeout == 0 {
		return t.def().body((*taskContext)(&t.task), t.in)
	}
	w := s.watch(t.scope.cfg, -1, func(err error) { t.fail(0, err, outcome{worker: 1, cpu: -1}) })
	v, err := t.def().body(t.ownContext(), t.in)
	return v, w.end(err)
}

func (t *submitted[In, Out]) returned(s *slot, v Out, err error) {
	o := outcome{worker: 1, wall: time.Duration(s.now - t.started.Load()), cpu: -1}
	if err != nil {
		t.ended(err, o)
		return
	}
	t.succeed(v, o)
}

func (t *submitted[In, Out]) succeed(v Out, o outcome) {
	if !t.move(Running, settling, 0) {
		return // it was abandoned
	}
	t.value, t.finished = v, t.started.Load()+int64(o.wall)
	t.publish(Done, nil)
	t.ex().finished(-1, 1, t.attempts(), nil, o)
}

func (t *submitted[In, Out]) crashed(s *slot, err error) {
	s.forget(&t.task)
	s.now = t.ex().now()
	t.ended(err, outcome{worker: 1, wall: time.Duration(s.now - t.started.Load()), cpu: -1})
}

func (t *submitted[In, Out]) claim(int) (a, b int) {
	if t.takeUp(t.ex().now()) {
		t.watchParent()
		return 0, 1
	}
	return 0, 0
}

func (t *submitted[In, Out]) unwanted() bool { return t.word.Load()&cancelAsked != 0 }

func (t *submitted[In, Out]) doubts() int {
	r := t.rare.Load()
	if r == nil {
		return 0
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.doubted
}

func (t *submitted[In, Out]) appendInput(dst []byte, _ int) ([]byte, error) {
	return t.def().appendInput(dst, t.in)
}

func (t *submitted[In, Out]) settle(_ int, outs outputs, o outcome) {
	var v Out
	if _, err := t.def().readAny(outs, 0, &v); err != nil {
		t.fail(0, err, o)
		return
	}
	t.started.Store(t.ex().now() - int64(o.wall))
	t.succeed(v, o)
}

func (t *submitted[In, Out]) fail(_ int, err error, o outcome) { t.ended(err, o) }

func (t *submitted[In, Out]) requeue(_, _ int, why error, suspect bool) {
	if t.word.Load()&cancelAsked != 0 {
		t.giveUp(ErrCancelled, outcome{cpu: -1})
		return
	}
	if t.task.requeue(suspect) && !t.cancelled() {
		t.ex().requeued(-1, 1, why)
		t.ex().again(t)
	}
}

func (t *submitted[In, Out]) reject(_, _ int, err error) {
	t.end(Running, Failed, err, outcome{cpu: -1})
}
