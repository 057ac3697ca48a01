// Package share has what tasks share while they run at the same time: locks,
// semaphores, counters, values and queues, with one meaning wherever a task runs
// (a goroutine, a child process in Go, a worker in Python).
//
// Before sharing anything, return results instead: outpace.Map collects them, in
// order, and nobody has to wait for anybody. What is here is for the rest: a thing
// that only one may touch at a time, a count of what is going on, rows that are
// to be seen before the task that found them ends.
//
//	tasks                        the executor's process
//	goroutine ── call ────────────────┐
//	Go child  ── frame ──► session ───┤        ┌─► locks, semaphores: lines of waiters
//	Python    ── frame ──► session ───┼► Owner ┼─► counters, values
//	caller    ── call ────────────────┘ (Space)└─► queues: items, and lines at both ends
//
// An object is known by its kind and its name, and is there from its first use
// to the end of the executor. Inside a [outpace.Func] the functions of this
// package take the task's context; outside of tasks, one of Executor.Share:
//
//	lock := share.Lock(ctx, "db")
//	if _, err := lock.Acquire(ctx); err != nil {
//		return err
//	}
//	defer lock.Release()
//
// # What is promised
//
// First come, first served: whoever waits is served in the order of arrival. A
// waiter whose context is done, whose time is over or whose worker dies leaves the
// line at once.
//
// What a task holds when it ends is released: with a warning if it returned, and
// in any case the next to acquire is told that it was abandoned, by whom and why
// ([Abandonment]). A worker that is killed is no different.
//
// Tasks that wait for one another in a circle are found when the circle closes:
// the youngest of them gets a [*DeadlockError] that names all. Tasks that wait for
// something that nobody is left to do are found too, a moment later, once the
// caller has said that it is not going to do it: see Executor.Share. A task that
// waits in another way (for a Future, a channel, a thread) is taken to go on, and a
// wait with a limit of its own to end by that.
//
// Values and items cross as JSON, in this process too, so that what one task gets
// is never changed by another.
//
// A task that is retried does again what it did: a counter to which it added has
// counted twice. What must count once is added under a key of the task's, or
// returned as its result.
//
// # For packages that run tasks elsewhere
//
// [Space], [Site] and [Owner] are what an executor keeps, and [Request] and
// [Response] are what crosses from a worker: see outpace.WorkerEnv and
// docs/protocol.md. [With] and [Agent] are how a worker gives a task its context.
package share
