package cli

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"iter"
	"os"
	"strconv"
	"sync/atomic"
	"syscall"
	"time"

	"github.com/outpace-run/outpace"
	"github.com/outpace-run/outpace/cmd/outpace/internal/input"
	"github.com/outpace-run/outpace/cmd/outpace/internal/ui"
	"golang.org/x/term"
)

// run is a job that runs: where it stands.
type run struct {
	*job
	counter *ui.Counter
	sink    *sink
	pulled  atomic.Int64
	bad     atomic.Pointer[error] // what ended the inputs before their end
	summary ui.Summary
	record  []byte
	err     error // what ended the loop
}

// run runs the job and returns the exit code: nothing more starts when soft is
// done, and what runs is cancelled when ctx is. An error is for what could not
// even begin; all else is told by the printer.
func (j *job) run(ctx, soft context.Context, cancel context.CancelCauseFunc) (int, error) {
	r := &run{job: j, counter: ui.NewCounter(j.in.total, j.choice.shape.Workers())}
	out, err := j.flags.openOutput(j.streams.out)
	if err != nil {
		return 0, err
	}
	begin := time.Now()
	ex, err := outpace.New(ctx, j.model, append(j.flags.options(r.observe), outpace.StopOn(soft))...)
	if err != nil {
		return 0, startFault(err)
	}
	r.summary.Plan = j.plan(ex.Plan())
	j.printer.Start(r.summary.Plan, r.counter)
	r.sink = newSink(ctx, r.beside(out), cancel)
	r.loop(ctx, ex)
	stopped := context.Cause(soft) // before our own cancel
	if r.err != nil && stopped == nil {
		cancel(r.err)
	}
	left := ex.Close()
	written := r.finish(out)
	r.summary.Took = time.Since(begin)
	return r.conclude(stopped, left, written), nil
}

// beside has results and status share a terminal, where both are on it.
func (r *run) beside(out *os.File) io.Writer {
	if r.text == nil || !term.IsTerminal(int(out.Fd())) {
		return out
	}
	return r.text.Beside(out)
}

func (r *run) observe(ev outpace.Event) {
	r.counter.Observe(ev)
	r.printer.Event(ev)
}

// inputs are the inputs as the executor pulls them.
func (r *run) inputs() iter.Seq[json.RawMessage] {
	all := input.All(r.source, func(err error) { r.bad.Store(&err) })
	return func(yield func(json.RawMessage) bool) {
		for value := range all {
			r.pulled.Add(1)
			if !yield(value) {
				return
			}
		}
	}
}

// loop takes the results.
func (r *run) loop(ctx context.Context, ex *outpace.Executor) {
	results := outpace.MapItems(ctx, ex, r.target.fn, r.inputs())
	if r.flags.disorder {
		results = outpace.MapUnordered(ctx, ex, r.target.fn, r.inputs())
	}
	for it, err := range results {
		if err == nil {
			err = r.take(ctx, &it)
		}
		if err != nil {
			r.err = err
			return
		}
	}
}

// take counts one result and hands it to the sink.
func (r *run) take(ctx context.Context, it *item) error {
	switch {
	case it.Err == nil:
		r.summary.Done++
		if !r.flags.records {
			return r.sink.line(it.Value)
		}
	case isCancelled(it.Err, context.Cause(ctx)):
		return nil // counted as what was read and has no result
	default:
		r.summary.Failed++
		r.printer.Failed(ui.Failure{Index: it.Index, Input: it.Input, Attempts: it.Attempts, Err: it.Err})
	}
	if !r.flags.records {
		return nil
	}
	r.record = appendRecord(r.record[:0], it)
	return r.sink.line(r.record)
}

// isCancelled reports whether a task failed because the run was ended, by cause.
func isCancelled(err, cause error) bool {
	return errors.Is(err, outpace.ErrCancelled) || errors.Is(err, outpace.ErrClosed) || cause != nil && errors.Is(err, cause)
}

// finish writes what is left and closes the file of -o.
func (r *run) finish(out *os.File) error {
	err := r.sink.end(time.Duration(r.flags.grace))
	if out != r.streams.out {
		err = errors.Join(err, out.Close())
	}
	return err
}

// conclude tells how the run ended and returns its exit code. stopped is what
// ended it from outside, left what could not be ended, written whether the
// results could be written.
func (r *run) conclude(stopped, left, written error) int {
	var by interrupted
	if errors.Is(written, syscall.EPIPE) && r.flags.output == "" && !errors.As(stopped, &by) {
		r.summary.Exit = exitSignal + int(syscall.SIGPIPE)
		r.quiet()
		return r.summary.Exit
	}
	code := exitOK
	worse := func(c int, err error) {
		code = c
		r.printer.Message(oneLine(err.Error()))
	}
	if r.summary.Failed > 0 {
		code = exitFailed
	}
	switch {
	case errors.Is(r.err, outpace.ErrStopped) && stopped == nil:
		worse(exitFailed, errors.New("stopped after the first failure, as --fail-fast asks"))
	case r.bad.Load() != nil && !errors.As(*r.bad.Load(), &by):
		worse(exitUsage, inputFault(*r.bad.Load()))
	case r.err != nil && stopped == nil && written == nil:
		worse(exitStart, startFault(r.err))
	}
	if written != nil {
		worse(exitStart, cannot("", "cannot write results: %s: %s", r.outputName(), reason(written)))
	}
	if left != nil {
		r.printer.Message(oneLine(left.Error()))
	}
	if errors.As(stopped, &by) {
		worse(by.exit(), by)
	}
	r.end(code)
	return code
}

// end prints the summary.
func (r *run) end(code int) {
	s := &r.summary
	s.Exit, s.Skipped = code, r.in.skipped.Load()
	s.Cancelled = max(0, r.pulled.Load()-s.Done-s.Failed)
	counts := r.counter.Counts()
	s.Retried, s.Lost = counts.Retried, counts.Lost
	r.printer.Finish(*s)
}

// quiet ends the printer without a word: nobody reads the results any more.
func (r *run) quiet() {
	if r.text != nil {
		r.text.Hush()
	}
	r.end(r.summary.Exit)
}

func (r *run) outputName() string {
	if r.flags.output == "" {
		return "standard output"
	}
	return r.flags.output
}

// startFault is the error for what stopped a run as a whole.
func startFault(err error) error {
	var f *fault
	switch {
	case errors.As(err, &f):
		return err
	case errors.Is(err, outpace.ErrOption), errors.Is(err, outpace.ErrFunction):
		return usage("", "%s", err)
	}
	return cannot("", "%s", err)
}

func itoa(i int) string { return strconv.Itoa(i) }
