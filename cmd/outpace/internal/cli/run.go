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
//
//	inputs ──► executor ──► take ──► sink ──► standard output, or the file of -o
//	                          └────► fail ──► the files of --failed, groups, printer
type run struct {
	*job
	counter *ui.Counter
	groups  ui.Groups
	file    *outFile // of -o, or nil
	sink    *sink
	failed  *failedFiles // or nil
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
	r := &run{job: j, counter: ui.NewCounter(j.in.total, j.choice.shape)}
	begin := time.Now()
	ex, err := outpace.New(ctx, j.model, j.flags.options(soft, r.observe)...)
	if err != nil {
		return 0, j.flags.startFault(err)
	}
	leaveTasksAlone(ctx, ex)
	if err := r.open(); err != nil {
		_ = ex.Close() // nothing has run
		return 0, err
	}
	r.summary.Plan = j.plan(ex.Plan())
	j.printer.Start(r.summary.Plan, r.counter)
	r.sink = newSink(ctx, r.out(), r.lines(), cancel)
	r.loop(ctx, ex)
	stopped := context.Cause(soft) // before our own cancel
	if r.err != nil && stopped == nil {
		cancel(r.err)
	}
	left := []error{r.close(ctx, ex), r.disown()}
	written := r.finish()
	r.summary.Took = time.Since(begin)
	return r.conclude(stopped, left, written), nil
}

// leaveTasksAlone says that we are not going to do anything that a task waits for:
// then tasks that wait for one another are found.
func leaveTasksAlone(ctx context.Context, ex *outpace.Executor) {
	_, leave := ex.Share(ctx)
	leave()
}

// close ends the executor. After a run that came to its end workers end by
// themselves, so that exit handlers run.
func (r *run) close(ctx context.Context, ex *outpace.Executor) error {
	if r.err != nil {
		return ex.Close()
	}
	ctx, cancel := context.WithTimeout(ctx, time.Second)
	defer cancel()
	return ex.Shutdown(ctx)
}

// open creates the files that the run writes.
func (r *run) open() (err error) {
	if r.failed, err = r.flags.openFailed(); err != nil {
		return err
	}
	if r.file, err = r.flags.openOutput(); err != nil {
		_ = r.failed.end() // nothing was written
	}
	return err
}

// out is where results go. They and the status share a terminal, where both are
// on it.
func (r *run) out() io.Writer {
	if r.file != nil {
		return beside(r.text, r.file, r.file.File)
	}
	return beside(r.text, r.streams.out, r.streams.out)
}

func beside(text *ui.Text, w io.Writer, f *os.File) io.Writer {
	if text == nil || !term.IsTerminal(int(f.Fd())) {
		return w
	}
	return text.Beside(w)
}

// lines says which of the lines that are written are results; nil: all.
func (r *run) lines() func([]byte) bool {
	if r.flags.records {
		return isResult
	}
	return nil
}

// observe takes the executor's events. The end of a worker that the user had
// killed is none that was lost.
func (r *run) observe(ev outpace.Event) {
	if ev.Kind == outpace.WorkerLost && r.workers.wereKilled() {
		return
	}
	r.counter.Observe(ev)
	r.printer.Event(ev)
}

// inputs are the inputs as the executor pulls them.
func (r *run) inputs() iter.Seq[json.RawMessage] {
	return input.All(r.source, func(n int) { r.pulled.Add(int64(n)) }, func(err error) { r.bad.Store(&err) })
}

// loop takes the results until they end, or one cannot be taken.
func (r *run) loop(ctx context.Context, ex *outpace.Executor) {
	switch {
	case r.flags.disorder:
		r.err = r.items(ctx, outpace.MapUnordered(ctx, ex, r.target.fn, r.inputs()))
	case r.flags.records || r.failed != nil: // which say what was measured of an item
		r.err = r.items(ctx, outpace.MapItems(ctx, ex, r.target.fn, r.inputs()))
	default:
		r.err = r.spans(ctx, outpace.MapSpans(ctx, ex, r.target.fn, r.inputs()))
	}
}

// items takes results one by one.
func (r *run) items(ctx context.Context, results iter.Seq2[item, error]) error {
	for it, err := range results {
		if err == nil {
			err = r.take(ctx, &it)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// spans takes results several at a time, which costs a third of items: the sink
// is locked, and a result counted, once for all of them.
func (r *run) spans(ctx context.Context, results iter.Seq2[span, error]) error {
	for s, err := range results {
		switch {
		case err != nil:
		case s.Err != nil:
			it := item{Index: s.Index, Input: s.Inputs[0], Err: s.Err, Attempts: attempts(s.Err)}
			err = r.take(ctx, &it)
		default:
			var n int
			n, err = r.sink.lines(s.Values)
			r.summary.Done += int64(n)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// attempts is how many a failed task had.
func attempts(err error) int {
	var failure *outpace.TaskError
	if errors.As(err, &failure) {
		return failure.Attempts
	}
	return 0
}

// take counts one result and hands it to the sink.
func (r *run) take(ctx context.Context, it *item) error {
	switch {
	case it.Err == nil:
		r.summary.Done++
		if !r.flags.records {
			return r.sink.line(it.Value)
		}
		r.record = appendRecord(r.record[:0], it, ui.Fault{})
		return r.sink.line(r.record)
	case r.isCancelled(it.Err, context.Cause(ctx)):
		return nil // counted as what was read and has no result
	}
	return r.fail(it)
}

// fail counts, keeps and tells one failure, in that order.
func (r *run) fail(it *item) error {
	fault := ui.FaultOf(it.Err)
	r.summary.Failed++
	known := !r.groups.Add(it.Index, fault)
	r.record = appendRecord(r.record[:0], it, fault)
	err := r.failed.add(it.Input, r.record)
	r.printer.Failed(ui.Failure{Index: it.Index, Input: it.Input, Attempts: it.Attempts, Fault: fault, Again: known})
	if err == nil && r.flags.records {
		err = r.sink.line(r.record)
	}
	return err
}

// isCancelled reports whether a task failed because the run was ended, by cause
// or by killing its workers.
func (r *run) isCancelled(err, cause error) bool {
	var lost *outpace.LostError
	return errors.Is(err, outpace.ErrCancelled) || errors.Is(err, outpace.ErrClosed) || cause != nil && errors.Is(err, cause) ||
		errors.As(err, &lost) && lost.Signal == syscall.SIGKILL && r.workers.wereKilled()
}

// finish writes what is left, closes the file of -o, and takes back what was
// counted as done and is in no file.
func (r *run) finish() error {
	missing, err := r.sink.end(time.Duration(r.flags.grace))
	if r.file != nil {
		late := r.file.finish()
		if late != nil || errors.Is(err, errGone) {
			missing = r.summary.Done
		}
		if err == nil {
			err = late
		}
	}
	r.summary.Done -= missing
	return err
}

func itoa(i int) string { return strconv.Itoa(i) }
