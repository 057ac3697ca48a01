// Package python runs CPython functions in worker processes.
//
//	                         ┌── frames ──► CPython ── fib.py:fib(n)
//	executor ──► Workers(P) ─┼── frames ──► CPython ── fib.py:fib(n)
//	                         └── frames ──► CPython ── fib.py:fib(n)
//
//	fib := python.Func[int, int]("fib.py:fib")
//	ex, err := outpace.New(ctx, python.Workers(4))
//	if err != nil { … }
//	defer ex.Close()
//	for y, err := range outpace.Map(ctx, ex, fib, slices.Values(inputs)) { … }
//
// A function is named as "path/file.py:name" or "package.module:name". Inputs
// reach it, and results leave it, as JSON, as Python's json module writes it: a
// tuple becomes an array, a key that is a number a string. What JSON does not
// have (NaN, bytes, sets, dates) is the task's error, and so is a result of more
// than 1 GiB of JSON.
//
// [Workers] is the model: P processes with one task at once in each, T threads
// ([Threads]) or an event loop ([Async]). It says which variables are set for
// numeric libraries (OMP_NUM_THREADS and its like). [Load] starts one worker ahead
// of that, to learn what a function is before the shape is chosen.
//
// An exception is a *outpace.RemoteError (type, message, the user's part of the
// traceback) inside of the *outpace.TaskError; a crash is a *outpace.LostError,
// with the Python stack in its Stderr. A function may be called more than once
// for an input: see the package comment of outpace.
//
// A function may `import outpace`, which a worker brings along, to share locks,
// semaphores, counters, values and queues with all tasks of the executor, those in
// Go too: see package share, and docs/sharing.md.
//
// The interpreter is the one named with [Interpreter], else that of
// $VIRTUAL_ENV, else python3 or python on PATH. It is CPython 3.9 or newer, on
// Linux or macOS; nothing needs to be installed into it. The compiled form of
// our own part is kept in the user's cache folder (os.UserCacheDir), one file
// of about 100 KB for each interpreter, because compiling it takes as long as
// starting Python; where there is no such folder it is done each time.
//
// Each worker is a process group of its own that ends with this process. What
// a function prints is captured line by line and can never mix with results.
// Crashes, exits and kills of a worker cost nothing but the task that did it.
package python
