// Package outpace runs one function over many inputs, at any width, on any
// concurrency model, and keeps the failures of one input away from the others.
//
// # The picture
//
//	inputs ───► executor ───────► workers ──────────► results ───► your loop
//	iter.Seq    queue, chunks,    P x T slots:        in order, or
//	            retries,          goroutines here,    as completed
//	            time-outs         or child processes
//	                  │
//	                  └──► events ──► progress, logs, metrics
//
// Three things are chosen apart from one another and combine freely: what runs
// (a [Function]), how wide it runs (a [Model] and its [Shape]), and where the
// results go (an iterator, a [Future], a [Gather]).
//
//	squares := outpace.Func("square", func(ctx context.Context, n int) (int, error) { return n * n, nil })
//
//	ex, err := outpace.New(ctx, outpace.Threads(8))
//	if err != nil { … }
//	defer ex.Close()
//
//	for y, err := range outpace.Map(ctx, ex, squares, slices.Values(inputs)) { … }
//
// In that loop err is a [*TaskError] for one input; any other error is about the
// run as a whole, and the last.
//
// Package [github.com/outpace-run/outpace/python] runs CPython functions, package
// [github.com/outpace-run/outpace/process] Go functions in child processes, and
// [github.com/outpace-run/outpace/modeltest] tests a model of your own.
//
// # Words
//
//   - function: what the user brought, with a name so that another process can find it
//   - task: one function applied to one input
//   - item: a task, seen from the Map or the batch that it belongs to
//   - future: the handle of a submitted task: pending, running, then done, failed or cancelled
//   - executor: takes tasks, runs them on workers, hands back futures or results
//   - model: how work is run: serial, threads, async, or one of an adapter package such as python
//   - shape: P x T, processes times tasks at once in each; serial is 1x1, threads 1xT, processes Px1
//   - worker: one process (this one, or a child) with T slots
//   - slot: where one task runs at a time
//   - chunk: neighbouring inputs of a Map that travel together
//   - batch: what is sent to a worker process at once
//   - attempt: one try at a task; a task has up to 1 + retries of them
//   - suspect: a task that was in flight when its worker died, and may have killed it;
//     it runs again alone, uncharged: the try that this death ended is not an attempt
//   - run: one Map over its inputs, from the first to the last
//   - window: how far a run may be ahead of the loop that takes its results
//   - event: something an executor says about itself while it works
//
// # Promises
//
// Order. [Map] yields in input order. A slow input at the head does not idle
// the workers until [Window] finished results wait behind it; past that bound
// the source is not pulled, so memory does not grow.
//
// Streaming. Inputs are pulled from their iter.Seq as they are needed; ten
// million of them, or an endless source, run in constant memory. Leaving the
// loop early cancels the rest and leaks nothing.
//
// Isolation. A task that returns an error, panics, calls runtime.Goexit, or
// (in a child process) exits, crashes or hangs past its time-out fails alone,
// as a [*TaskError] with its input's index, the cause and its attempts. A
// worker process that dies is replaced. When it is not certain whose fault the
// death was, each task that was in flight is a suspect: it is run again alone
// in a worker, uncharged, and only a death while alone counts as an attempt; by
// a signal that somebody else may have sent, only the third one. A function that
// kills every worker ends the run: see [MaxDeaths].
//
// Time-outs. [Timeout] is for each attempt. The context of a goroutine is
// cancelled with [ErrTimeout] as its cause; a child process that does not
// answer is killed with its process group. A goroutine cannot be killed by
// anyone: one that ignores its context for longer than [Grace] is abandoned,
// its slot is filled by a new one, and [Executor.Shutdown] reports it.
//
// Retries. At-least-once execution, exactly one result for each input. A function
// may run more than once for an input even without [Retries], when its worker
// died with others in flight: what it does to the world should bear that.
//
// Bounds. Every queue and buffer has a bound. Those that depend on what runs
// ([Queue], [Window]) have an option.
//
// Ending. [Executor.Close] cancels what is left and returns when every
// goroutine and child process of the executor is gone; what cannot be ended is
// named in its error, never waited for without an end.
package outpace
