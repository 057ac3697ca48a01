package outpace

import (
	"errors"
	"fmt"
	"runtime/debug"
	"strings"
	"syscall"
	"time"
)

// Sentinel errors, for errors.Is.
var (
	// ErrClosed is what a task gets that was submitted to, or left pending on,
	// an executor that is closed.
	ErrClosed = errors.New("executor closed")

	// ErrInterrupted is what Receive returns after Interrupt: see [Interrupter].
	ErrInterrupted = errors.New("interrupted")
	// ErrCancelled is the outcome of a task that was cancelled.
	ErrCancelled = errors.New("task cancelled")
	// ErrTimeout is the cause when an attempt took longer than its Timeout.
	ErrTimeout = errors.New("timed out")
	// ErrOption is wrapped by the error for an option or shape out of range.
	ErrOption = errors.New("invalid option")
	// ErrFunction is wrapped by the error for a function that a model cannot run.
	ErrFunction = errors.New("function cannot run here")
	// ErrGoexit is the cause when a task ended its goroutine with runtime.Goexit.
	ErrGoexit = errors.New("task called runtime.Goexit")
	// ErrStopped ends a Map that was stopped by FailFast, StopIf or StopOn.
	ErrStopped = errors.New("stopped")
)

var errNilContext = fmt.Errorf("%w: the context is nil", ErrOption)

// TaskError is the failure of one task: which input, after how many attempts,
// and why. Unwrap returns the cause, so errors.Is and errors.As see through it.
type TaskError struct {
	Function string // name of the function
	Index    int    // position of the input in its Map, from 0; -1 for a submitted task
	Attempts int    // attempts made, 1 or more; 0 when it never ran
	Err      error  // the cause
}

// Error returns the cause with the place: "primes.py:count, input 12: …".
func (e *TaskError) Error() string {
	var b strings.Builder
	b.WriteString(e.Function)
	if e.Function == "" {
		b.WriteString("task")
	}
	if e.Index >= 0 {
		fmt.Fprintf(&b, ", input %d", e.Index)
	}
	if e.Attempts > 1 {
		fmt.Fprintf(&b, ", %d attempts", e.Attempts)
	}
	return b.String() + ": " + e.Err.Error()
}

// Unwrap returns the cause.
func (e *TaskError) Unwrap() error { return e.Err }

// PanicError is a panic in a task, in the source of a Map or in an observer.
// One bad input must not cost the results of all others, so a panic becomes
// the task's error, with its value and its stack; it is never swallowed.
type PanicError struct {
	Value any    // what panic was called with
	Stack []byte // the stack of the panicking goroutine
}

// Error returns the panic's value; the stack is in Stack.
func (e *PanicError) Error() string { return fmt.Sprintf("panic: %v", e.Value) }

// Unwrap returns the panic's value when that is an error.
func (e *PanicError) Unwrap() error { err, _ := e.Value.(error); return err }

// TimeoutError is an attempt that took longer than its Timeout. It matches
// ErrTimeout.
type TimeoutError struct {
	After     time.Duration // the limit
	Abandoned bool          // the goroutine ignores its context and is still running
	Stderr    string        // the last lines that the worker process wrote, with its stack where it can tell
}

// Error returns "timed out after 1s", and whether the goroutine was abandoned.
func (e *TimeoutError) Error() string {
	if e.Abandoned {
		return fmt.Sprintf("timed out after %v; its goroutine ignores its context and was abandoned", e.After)
	}
	return fmt.Sprintf("timed out after %v", e.After)
}

// Is reports whether target is ErrTimeout.
func (e *TimeoutError) Is(target error) bool { return target == ErrTimeout }

// LostError is a worker process that ended, or could not be reached any more, and
// not because the executor killed it (at a time-out, at a memory limit, for a
// cancel): the task ended it, or somebody else did. One that was stopped for
// longer than IdleLimit counts too.
type LostError struct {
	Worker      int            // its number
	Pid         int            // its process id
	Signal      syscall.Signal // the signal that ended it, or 0
	ExitCode    int            // its exit code where no signal ended it; -1 when unknown
	Stderr      string         // the last lines that it wrote, where there are any
	Peak        int64          // the most memory that it had resident, in bytes; 0 when unknown
	OutOfMemory bool           // the kernel killed it for want of memory
	MemoryLimit int64          // … of its control group, in bytes; 0: none
	Err         error          // what went wrong otherwise, such as a broken frame; or nil
}

// Error names the signal or the exit code.
func (e *LostError) Error() string {
	switch {
	case e.OutOfMemory && e.MemoryLimit > 0:
		return fmt.Sprintf("worker killed by the kernel for want of memory: it had %s, and its control group has %s", size(e.Peak), size(e.MemoryLimit))
	case e.OutOfMemory:
		return fmt.Sprintf("worker killed by the kernel for want of memory: it had %s", size(e.Peak))
	case e.Signal != 0:
		return fmt.Sprintf("worker killed by %s", signalName(e.Signal))
	case e.Err != nil:
		return fmt.Sprintf("worker lost: %v", e.Err)
	case e.ExitCode >= 0:
		return fmt.Sprintf("worker exited with code %d", e.ExitCode)
	}
	return "worker lost"
}

// Unwrap returns what went wrong where no signal or exit code says it.
func (e *LostError) Unwrap() error { return e.Err }

// signalName gives the usual name beside Go's description of a signal.
func signalName(s syscall.Signal) string {
	names := map[syscall.Signal]string{
		syscall.SIGABRT: "SIGABRT", syscall.SIGBUS: "SIGBUS", syscall.SIGFPE: "SIGFPE", syscall.SIGHUP: "SIGHUP",
		syscall.SIGILL: "SIGILL", syscall.SIGINT: "SIGINT", syscall.SIGKILL: "SIGKILL", syscall.SIGPIPE: "SIGPIPE",
		syscall.SIGSEGV: "SIGSEGV", syscall.SIGTERM: "SIGTERM", syscall.SIGTRAP: "SIGTRAP",
	}
	if n, ok := names[s]; ok {
		return n + " (" + s.String() + ")"
	}
	return s.String()
}

// size writes bytes as people do: "512 MB", "1.5 GB".
func size(bytes int64) string {
	switch {
	case bytes >= 10e9 || bytes >= 1e9 && bytes%1e9 == 0:
		return fmt.Sprintf("%.0f GB", float64(bytes)/1e9)
	case bytes >= 1e9:
		return fmt.Sprintf("%.1f GB", float64(bytes)/1e9)
	case bytes >= 1e6:
		return fmt.Sprintf("%.0f MB", float64(bytes)/1e6)
	}
	return fmt.Sprintf("%d bytes", bytes)
}

// MemoryError is a task that was killed because its worker process grew beyond
// the MemoryLimit.
type MemoryError struct {
	Limit int64 // in bytes
	Peak  int64 // the most that the process and what it started had resident, in bytes
}

// Error names the limit and the peak.
func (e *MemoryError) Error() string {
	return fmt.Sprintf("out of memory: the worker had %s, the limit is %s", size(e.Peak), size(e.Limit))
}

// RemoteError is an exception or error raised by a function in another
// process, as text.
type RemoteError struct {
	Type      string   // "ValueError"
	Bases     []string // the classes that Type is derived from, the nearest first, where the language has any
	Message   string   // "bad row"
	Traceback string   // the user's part of the traceback, with newlines; may be empty
	Cause     string   // "exception", "exit" (the function tried to end its process), "encoding" (its result cannot be carried), "decoding" (its input cannot); in a LoadError "import", "notfound", "notcallable" or "init"
	Hint      string   // what to do about it, where that is known
}

// Error returns "ValueError: bad row", and the hint where there is one.
func (e *RemoteError) Error() string {
	text := e.Type
	if e.Message != "" {
		text += ": " + e.Message
	}
	if e.Hint != "" {
		text += " (hint: " + e.Hint + ")"
	}
	return text
}

// LoadError is a function that a worker could not load: the module's import
// failed, or it has no such function. It ends the Map, once, rather than
// failing every input. One that is to be called in each worker before its first
// task, and fails there, ends everything on the executor.
type LoadError struct {
	Function string        // name of the function
	Init     bool          // it is the one to call once in each worker, and its call failed
	Took     time.Duration // how long loading took before it failed
	Err      error         // why; a *RemoteError where an import raised
}

// Error says which function could not be loaded, and why.
func (e *LoadError) Error() string {
	if e.Init {
		return fmt.Sprintf("init function %s failed: %v", e.Function, e.Err)
	}
	return fmt.Sprintf("cannot load %s: %v", e.Function, e.Err)
}

// Unwrap returns why it could not be loaded.
func (e *LoadError) Unwrap() error { return e.Err }

// StartError ends everything on an executor whose workers cannot be started.
type StartError struct {
	Worker int   // number of the worker that failed last
	Tries  int   // starts in a row that failed
	Err    error // why the last one failed
}

// Error says how many starts failed, and why the last one did.
func (e *StartError) Error() string {
	return fmt.Sprintf("cannot start worker %d (%d tries): %v", e.Worker, e.Tries, e.Err)
}

// Unwrap returns why the last start failed.
func (e *StartError) Unwrap() error { return e.Err }

// CrashLoopError ends everything on an executor whose workers die one after
// the other: see MaxDeaths.
type CrashLoopError struct {
	Deaths int   // workers in a row that died, nothing ended in between
	Inputs int   // or tasks in a row that failed because they killed their workers
	Err    error // how the last worker died, a *LostError
}

// Error counts them and tells the last death.
func (e *CrashLoopError) Error() string {
	const hint = "(hint: does the function work for any input? try one alone; --max-deaths N, or MaxDeaths in Go, goes on for longer)"
	if e.Inputs > 0 {
		return fmt.Sprintf("%d inputs in a row killed their workers, and none was done in between; the last one: %v %s", e.Inputs, e.Err, hint)
	}
	return fmt.Sprintf("%d workers in a row died, and nothing was finished in between; the last one: %v %s", e.Deaths, e.Err, hint)
}

// Unwrap returns how the last worker died.
func (e *CrashLoopError) Unwrap() error { return e.Err }

// SourceError ends a Map whose source of inputs panicked.
type SourceError struct {
	Index int   // how many inputs it had given
	Err   error // a *PanicError, or ErrGoexit
}

// Error says after how many inputs the source failed, and how.
func (e *SourceError) Error() string {
	return fmt.Sprintf("the source failed after %d inputs: %v", e.Index, e.Err)
}

// Unwrap returns what the source did.
func (e *SourceError) Unwrap() error { return e.Err }

// AbandonedError is returned by Shutdown and Close for user code that nobody
// can end: a goroutine that ignores its context, a source that never returns.
type AbandonedError struct {
	Tasks []string // what is still running, one line each: function, input, since when
}

// Error counts and names them.
func (e *AbandonedError) Error() string {
	return fmt.Sprintf("%d still running and abandoned: %s", len(e.Tasks), strings.Join(e.Tasks, "; "))
}

// protect runs fn and returns its panic as an error.
func protect(fn func()) (err error) {
	defer func() {
		if v := recover(); v != nil {
			err = &PanicError{Value: v, Stack: debug.Stack()}
		}
	}()
	fn()
	return nil
}
