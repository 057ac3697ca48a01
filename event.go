package outpace

import "time"

// EventKind says what an [Event] tells.
type EventKind uint8

// The kinds of events.
const (
	TaskStarted   EventKind = iota + 1 // Count tasks from Index on were handed to Worker
	TaskFinished                       // Count tasks from Index on ended; Err is set for a failed one (Count is 1)
	TaskRetried                        // attempt Attempt of task Index failed with Err; the next is in Delay
	TaskRequeued                       // Count tasks from Index on will run again, uncharged: Err is why their worker was lost or killed, nil where it handed them back
	WorkerStarted                      // Worker is ready; Wall is how long its start took
	WorkerLost                         // Worker ended, and not because we killed it at a time-out or for a Cancel; Err is a *LostError
	WorkerLog                          // Worker's function printed Line
	WorkerRefused                      // Worker cannot be started, because of Err; the others go on without it
	TaskWarned                         // task Index left a lock of package share locked, which was released; Line says so
	ObserverPanic                      // an observer, or a function given to OnDone, RetryIf or StopIf, panicked; Err is a *PanicError
)

// String returns the kind as it is written in JSON logs: "task_started".
func (k EventKind) String() string {
	names := [...]string{"unknown", "task_started", "task_finished", "task_retried", "task_requeued",
		"worker_started", "worker_lost", "worker_log", "worker_refused", "task_warned", "observer_panic"}
	if int(k) < len(names) {
		return names[k]
	}
	return names[0]
}

// Event is something an executor says about itself. Tiny tasks that run in one
// go share an event: Count of them from Index on.
type Event struct {
	Kind    EventKind
	Index   int           // position of the (first) input in its Map, from 0; -1 for a submitted task
	Count   int           // how many tasks, where Kind is about tasks; at least 1
	Worker  int           // number of the worker, from 1; 0 where no worker is meant
	Attempt int           // attempts made so far
	Wall    time.Duration // wall time of the tasks together, or of the start
	CPU     time.Duration // CPU time of the tasks together; negative where not measured
	Delay   time.Duration // TaskRetried: the wait before the next attempt
	Err     error         // why a task failed or runs again, or a worker was lost or refused
	Line    string        // WorkerLog: what was printed, without its newline; TaskWarned: what to know
}
