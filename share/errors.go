package share

import "errors"

var (
	// ErrClosed is wrapped by the error of every operation after the executor was
	// closed, and of those that waited when it was.
	ErrClosed = errors.New("share: the executor is closed")

	// ErrOutside is the error of an operation with a context that belongs to no task.
	ErrOutside = errors.New("share: the context belongs to no task (hint: pass on the one that the task was given; outside of tasks, use that of Executor.Share)")

	// ErrOver is wrapped by the error of an operation for a task that has ended.
	ErrOver = errors.New("share: the task is over")

	// ErrHeld is wrapped by the error of acquiring a lock that the task holds
	// already: it is not re-entrant.
	ErrHeld = errors.New("share: the lock is held already")

	// ErrMisuse is wrapped by the errors of operations that make no sense: a release of
	// what is not held, a queue whose capacity is another than at its first use.
	ErrMisuse = errors.New("share: misuse")

	// ErrQueueClosed is returned by a put into a closed queue, and by a get from one
	// that is empty too.
	ErrQueueClosed = errors.New("share: the queue is closed")
)

// DeadlockError is a wait that would have had no end.
type DeadlockError struct {
	Text string // who waits for whom, task by task
}

// Error says who waits for whom.
func (e *DeadlockError) Error() string { return "deadlock: " + e.Text }
