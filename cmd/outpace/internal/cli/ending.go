package cli

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"syscall"
	"time"

	"github.com/outpace-run/outpace"
	"github.com/outpace-run/outpace/cmd/outpace/internal/ui"
	"github.com/outpace-run/outpace/python"
)

// This file is what is told at the end of a run, and its exit code.

// conclude tells how the run ended and returns its exit code. stopped is what
// ended it from outside, left what could not be ended, written whether the
// results could be written.
func (r *run) conclude(stopped error, left []error, written error) int {
	kept := r.failed.end()
	if errors.Is(written, syscall.EPIPE) && r.file == nil && !errors.As(stopped, new(interrupted)) {
		r.summary.Exit = exitSignal + int(syscall.SIGPIPE)
		r.quiet()
		return r.summary.Exit
	}
	code := exitOK
	if r.summary.Failed > 0 {
		code = exitFailed
	}
	for _, err := range r.reasons(stopped, left, written, kept) {
		f := &fault{}
		errors.As(err, &f)
		r.printer.Message(oneLine(err.Error()), f.detail)
		code = max(code, f.code)
	}
	if kept == nil {
		r.summary.Kept, r.summary.Without = r.flags.failed, r.flags.without()
	}
	r.end(code)
	return code
}

// reasons is why the run ended before its inputs did, and what went wrong at
// its end. Inputs are read ahead, so an invalid one and what ended the run are
// told both. The exit codes grow with the weight of what they say, so the
// largest counts.
func (r *run) reasons(stopped error, left []error, written, kept error) (all []error) {
	switch {
	case r.err == nil || stopped != nil: // nothing of its own
	case errors.Is(r.err, outpace.ErrStopped):
		all = append(all, &fault{what: r.flags.whyStopped(r.err), code: exitFailed})
	case written == nil && kept == nil:
		all = append(all, r.flags.startFault(r.err))
	}
	if bad := r.bad.Load(); bad != nil && !endedBy(*bad, stopped) && !endedBy(*bad, r.err) {
		all = append(all, inputFault(*bad))
	}
	if f := r.flags.retryOn.unheard(); f != nil && r.summary.Failed > 0 {
		all = append(all, f)
	}
	if kept != nil {
		all = append(all, kept)
	}
	if written != nil {
		all = append(all, notWritten("results", r.outputName(), written))
	}
	for _, err := range left {
		if err = r.leftBehind(err); err != nil {
			all = append(all, err)
		}
	}
	var by interrupted
	if errors.As(stopped, &by) {
		all = append(all, &fault{what: by.Error(), code: by.exit()})
	}
	return all
}

// endedBy reports whether err is that reading was given up, because of cause.
func endedBy(err, cause error) bool { return cause != nil && errors.Is(err, cause) }

// leftBehind tells of the tasks that went on when they were told to stop. They
// end with this process, and so does a source that waits for an input, of which
// nobody needs to know. Other errors are as they are.
func (r *run) leftBehind(err error) error {
	var abandoned *outpace.AbandonedError
	if !errors.As(err, &abandoned) {
		return err
	}
	tasks := slices.DeleteFunc(slices.Clone(abandoned.Tasks), func(t string) bool { return strings.HasPrefix(t, "source of ") })
	if len(tasks) == 0 {
		return nil
	}
	which := strings.ReplaceAll(strings.Join(tasks[:min(len(tasks), 5)], "; "), " for ", ", running for ")
	return &fault{hint: "--grace TIME waits longer",
		what: fmt.Sprintf("%s did not stop within %v and ended with outpace: %s", plural(len(tasks), "task"), time.Duration(r.flags.grace), which)}
}

// end prints the summary.
func (r *run) end(code int) {
	s := &r.summary
	s.Exit, s.Skipped, s.Failures = code, r.in.skipped.Load(), r.groups.List()
	s.Cancelled = max(0, r.pulled.Load()-s.Done-s.Failed)
	counts := r.counter.Counts()
	s.Retried, s.Lost, s.Rerun, s.Refused = counts.Retried, counts.Lost, counts.Rerun, counts.Refused
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
	if r.file == nil {
		return "standard output"
	}
	return r.file.name
}

// startFault is the error for what stopped a run as a whole.
func (m *mapFlags) startFault(err error) error {
	var f *fault
	var load *outpace.LoadError
	switch {
	case errors.As(err, &f):
		return err
	case errors.As(err, &load): // of one worker, but each would end so
		return m.loadFault(load)
	case errors.Is(err, outpace.ErrOption), errors.Is(err, outpace.ErrFunction):
		return usage("", "%s", err)
	}
	return cannot(ui.ScarceHint(err), "%s", err)
}

// loadFault makes a fault of the reason why a Python function could not be
// loaded: exit code 2 where the command line names something that is not
// there, 3 where what is there does not start.
func (m *mapFlags) loadFault(err error) error {
	var stopped interrupted
	if errors.As(err, &stopped) {
		return &fault{what: stopped.Error(), code: stopped.exit()}
	}
	f := &fault{what: oneLine(err.Error()), hint: ui.ScarceHint(err), code: exitStart}
	var remote *outpace.RemoteError
	var lost *outpace.LostError
	switch {
	case errors.As(err, &remote):
		if remote.Cause == "notfound" || remote.Cause == "notcallable" {
			f.code = exitUsage
		}
		f.detail = remote.Traceback
	case errors.As(err, &lost):
		f.detail = ui.FaultOf(lost).Traceback
	case errors.Is(err, python.ErrInterpreter) && m.python != "",
		errors.Is(err, outpace.ErrOption), errors.Is(err, outpace.ErrFunction):
		f.code = exitUsage
	}
	return f
}
