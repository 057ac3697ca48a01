package outpace

import (
	"context"
	"time"

	"github.com/outpace-run/outpace/share"
)

// Model is a way to run tasks: how wide, and in what kind of worker. Serial,
// Threads and Async run Go functions in this process. Other models start
// workers in processes of their own and come from adapter packages; anyone can
// write one by implementing Model and [Worker] and passing the modeltest suite.
type Model interface {
	// Plan decides the shape and checks what can be checked before anything
	// starts (an interpreter that exists, a width that makes sense). It starts
	// no worker and returns the same plan each time.
	Plan() (Plan, error)

	// Check reports why the model cannot run f, or nil. It is called once for
	// each Submit or Map and must not block.
	Check(f AnyFunction) error

	// Start starts one worker and returns when it is ready to take batches.
	// It returns early with the cause of ctx when that is done. The executor
	// starts workers when tasks wait for them, at most Plan().Shape.Processes
	// at once, and starts another when one is lost.
	Start(ctx context.Context, env WorkerEnv) (Worker, error)
}

// WorkerEnv is what an executor gives a worker when it starts it.
type WorkerEnv struct {
	Number int               // 1, 2, ... P: the place it fills; a replacement gets the same number
	Log    func(line string) // takes what the function printed, a line at a time; may be called from any goroutine

	// Owner returns who an operation of package share is for: an item that the
	// worker runs, or a part of it (0 is the item's own), or with the batch
	// math.MaxUint32 the worker itself. It is nil where there is no such item, or it
	// was answered. It may be called from any goroutine and does not block.
	Owner func(batch uint32, item, part int) *share.Owner
}

// Worker is one process with T slots, seen from the executor. The executor
// calls Send and Cancel from any goroutine, Receive from one at a time, and
// calls Close exactly once, after every Send and Cancel has returned, while
// Receive may still be waiting. A Worker is free to assume that no more than
// T batches (twice that when items are tiny) are in flight.
//
//	            Start ok            Send                Receive fails
//	(starting) ──────────► ready ──────────► busy ──────────────────► lost
//	     │                   │ ▲   last reply  │ │                      │
//	     │ Start fails       │ └───────────────┘ │ Kill                 │ Close
//	     ▼                   │ Close             ▼                      ▼
//	   gone ◄────────────────┴──────────────── lost ──────────────────► gone
type Worker interface {
	// Send hands a batch over. It may block while the worker's channel is full
	// or while a function new to the worker is being loaded. A function that
	// cannot be loaded is a *LoadError; any other error means that the worker
	// is lost, which Receive will report with its cause.
	Send(b Batch) error

	// Cancel asks the worker to give up item index of a batch, or all of the
	// batch when index is negative. What has not started is handed back as
	// ReplyCancelled; what runs on an event loop is cancelled there; what runs
	// otherwise goes on until it ends or the worker is killed.
	Cancel(batch uint32, index int) error

	// Receive blocks until the next reply. Once it returns an error (a
	// *LostError where the process ended), every later call does too.
	Receive() (Reply, error)

	// Kill ends the worker at once, with its whole process group. Receive then
	// returns its error. It does not wait, and may be called more than once.
	Kill()

	// Close asks the worker to end when its batches are done, kills it when
	// ctx is done first, and returns when the process is gone and everything
	// that belongs to it is released.
	Close(ctx context.Context) error
}

// Watched is a Worker whose process can be looked at from outside, for
// MemoryLimit and IdleLimit. Vitals is called from any goroutine, may be called
// after the end of the process, and must not block.
type Watched interface {
	Worker

	// Vitals looks at the process. Up to limit bytes the memory may be an
	// estimate that is too high; above, it is exact.
	Vitals(limit int64) (Vitals, error)
}

// Pinger is a Worker that can be asked whether it listens while its functions
// run. Where several tasks share an interpreter, that tells one that is out of
// time from one that waits for another. Where they share an event loop, it is
// the loop that answers.
type Pinger interface {
	Worker

	// Ping blocks until the worker answers, or within is over, and reports
	// whether it did. It is called while somebody receives.
	Ping(within time.Duration) bool
}

// Dumper is a Worker that can tell where its functions are, before it is killed
// at a time-out.
type Dumper interface {
	Worker

	// Dump has the worker write its stack to its standard error, whatever it is
	// busy with, and reports whether it can. It must not block.
	Dump() bool

	// Dumped reports whether that is written. False may mean that nobody knows:
	// then the worker has a moment for it.
	Dumped() bool
}

// Packer is a Worker that can be sent whole numbers, and long texts, packed: half
// the work of carrying them as JSON, on both sides. What it answers may be packed
// or not, whatever the inputs were.
type Packer interface {
	Worker

	// Packs reports whether Batch.Packed and Batch.Texts may be set, one of them
	// at a time. It does not block, and says the same each time.
	Packs() bool
}

// Interrupter is a Worker whose Receive can be broken off, so that a caller with a
// context that may be done can wait for the answer to a lone call himself.
type Interrupter interface {
	Worker

	// Interrupt has a Receive that waits, or else the next one, return
	// ErrInterrupted. No reply is lost by it. It must not block.
	Interrupt()
}

// Vitals is what a worker process is like, seen from outside.
type Vitals struct {
	Memory  int64 // resident bytes of the process and of all that it started; what they share counts once
	Stopped bool  // a signal stopped it, and it does not go on until another lets it
}

// Batch is a number of calls of one function, sent to a worker at once.
type Batch struct {
	ID      uint32        // unique among the batches of this worker
	Func    AnyFunction   // what to call
	N       int           // number of items, at least 1
	Inputs  []byte        // the N inputs as one JSON array; valid during Send only
	Packed  bool          // Inputs are N whole numbers instead, as int64 in 8 bytes each, little-endian: for a Packer
	Texts   bool          // Inputs are N lengths in 4 bytes each, little-endian, and behind them the texts, in UTF-8: for a Packer
	Lease   time.Duration // after this long the worker hands back what it has not started; 0: never
	Measure bool          // the wall time of each item is wanted where it costs little
}

// ReplyKind says what a [Reply] tells.
type ReplyKind uint8

// The kinds of replies.
const (
	ReplyResults   ReplyKind = iota + 1 // items First .. First+N-1 are done; Outputs holds their values
	ReplyFault                          // item First failed with Err (N is 1)
	ReplyBack                           // items First .. First+N-1 were not started and are handed back
	ReplyCancelled                      // items First .. First+N-1 were given up because of a Cancel
	ReplyRunning                        // item First has been running for Wall; the lease of its batch is over
)

// Reply is what a worker says about items of one batch. Each item is answered
// once, by results, fault, back or cancelled, in any order.
type Reply struct {
	Kind    ReplyKind
	Batch   uint32
	First   int
	N       int
	Outputs [][]byte        // ReplyResults: the N values, each as JSON. The slice is valid until the next Receive, the bytes for ever
	Texts   bool            // each of Outputs is a text instead, in UTF-8 (which is not checked again): for a string of JSON
	Packed  []byte          // ReplyResults, in place of Outputs: N whole numbers as int64 in 8 bytes each, little-endian
	Walls   []time.Duration // ReplyResults: the wall time of each item where it was measured, else nil
	Wall    time.Duration   // wall time of the N items together
	CPU     time.Duration   // CPU time of the N items together; negative where not measured
	Err     error           // ReplyFault: why
}
