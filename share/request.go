package share

import (
	"context"
	"time"
)

// Op is what a [Request] asks for.
type Op uint8

// The operations. What is not named in a line is not looked at.
const (
	OpAcquire  Op = iota + 1 // Count units of the lock or semaphore Name, which has Limit; waits. Answer: Abandoned
	OpRelease                // Count units of it, which the owner holds
	OpAdd                    // Number to Key of the counter Name. Answer: Number, the sum
	OpCount                  // Answer: Number, what Key of the counter Name stands at
	OpSnapshot               // Answer: Value, an object of all keys and their numbers
	OpGet                    // Answer: Value and Version of the value Name, which begins as Value at version 1
	OpSet                    // the value Name to Value. Answer: Version
	OpSwap                   // … if its version is Version, or with Version 0 if it equals Old. Answer: Value, Version; No where it is another
	OpPut                    // the Items into the queue Name, which takes Limit; waits until all are in. Answer: Number, credits (Credit)
	OpPaid                   // … with credits: never waits, and has no answer
	OpRefund                 // Count credits of the queue Name that are not needed; has no answer
	OpTake                   // up to Count items from the queue Name; waits for the first. Answer: Items; Closed where there will be none
	OpClose                  // the queue Name: nothing more is put into it
	OpLen                    // Answer: Number, the items in the queue Name
	OpWithdraw               // the request that waits under the same ticket: it is answered by Withdrawn, unless it was answered before
	lastOp     = OpWithdraw
)

// Kind is what kind of object a Request is about, where Op leaves it open.
type Kind uint8

// The kinds of objects that are acquired and released.
const (
	KindLock Kind = iota
	KindSemaphore
)

// Forever as the Wait of a request has it wait without a limit.
const Forever time.Duration = -1

// MaxName is how many bytes a name of an object may have.
const MaxName = 1 << 10

// Request is something that an owner wants of an object. The zero value asks for
// nothing and is an error.
type Request struct {
	Op      Op
	Kind    Kind          // OpAcquire, OpRelease
	Credit  bool          // OpPut: credits are welcome
	Unused  bool          // OpRelease: nobody looked at what acquiring them answered
	Name    string        // of the object, 1 to MaxName bytes
	Key     string        // of a counter
	Limit   int           // units of a semaphore, places of a queue; the same in all requests about it
	Count   int           // units, items, credits; at least 1
	Number  int64         // what to add
	Version uint64        // OpSwap
	Wait    time.Duration // OpAcquire, OpPut, OpTake: 0 not at all, below 0 without a limit
	Value   []byte        // JSON
	Old     []byte        // JSON
	Items   [][]byte      // each JSON
}

// Status is how a request ended.
type Status uint8

// The ways in which a request ends.
const (
	OK         Status = iota // it is done
	No                       // it is not: not within Wait, or the value is another
	Closed                   // the queue is closed
	Deadlock                 // waiting would have no end; Text says who waits for whom
	Ended                    // the executor is closed, or the owner is over; Text says why
	Misuse                   // the request makes no sense; Text says why
	Withdrawn                // the wait was given up
	Held                     // the owner has the lock already; Text says so
	lastStatus = Held
)

// Valid reports whether there is such an operation.
func (o Op) Valid() bool { return o >= OpAcquire && o <= lastOp }

// Valid reports whether there is such a status.
func (s Status) Valid() bool { return s <= lastStatus }

// taskOver is the Number of an Ended because the owner is over.
const taskOver = 1

// Response is what became of a Request.
type Response struct {
	Status    Status
	Abandoned *Abandonment // OpAcquire: who had it before and did not release it; else nil
	Number    int64        // Ended: 1 where it is the owner that is over
	Version   uint64
	Value     []byte   // JSON; not to be changed
	Items     [][]byte // each JSON; not to be changed
	Text      string   // of an error
}

// Abandonment tells who acquired a lock, or units of a semaphore, and ended
// without a release. What they protect may be half done.
type Abandonment struct {
	By  string `json:"by"`  // who held it, as in "transfer, input 7"
	Why string `json:"why"` // how that ended, as in "worker 2 was killed by signal 9"
}

// Agent carries out requests for a task. In the executor's process that is an
// [*Owner]; packages that run tasks in other processes have their own, which send
// them there.
type Agent interface {
	// Call carries a request out and waits for its answer. When ctx is done first,
	// the request is withdrawn, and the error is the cause of ctx. It has no other
	// error but where the executor cannot be reached.
	Call(ctx context.Context, r Request) (Response, error)

	// Post carries out a request whose answer nobody waits for, in the order of
	// calls. It is there before the task's next Call, and before its result.
	Post(r Request)
}
