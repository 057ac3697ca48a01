package outpace

import (
	"time"

	"github.com/outpace-run/outpace/internal/engine"
)

// job is what the queue holds: a submitted task, a chunk of a Map, or one item
// of a chunk that runs again. Items of a job are numbered from 0.
type job interface {
	card() *ticket
	function() AnyFunction
	input(i int) any // what item i is called with
	settings() *config
	grain() *engine.Grain // what its items are known to cost
	first() int           // position of item 0 in its Map; -1 for a submitted task
	tries(i int) int      // attempts of item i so far, the running one included
	drop(cause error)     // the executor is closed: give up what is unclaimed
	abandon(cause error)  // … and what runs and does not come back

	// In this process:
	run(s *slot)                // claims and runs items until none is left
	crashed(s *slot, err error) // the item s was running panicked or ended its goroutine
	left() int                  // items that are left to claim, so that another worker may join in

	// For a worker in another process:
	claim(limit int) (a, b int) // claims up to limit items: a to b (exclusive)
	unwanted() bool             // nobody waits for it any more: it need not go on
	doubts() int                // how often its worker has died; above 0 it is a suspect: nothing else may be in flight beside it
	appendInput(dst []byte, i int) ([]byte, error)
	settle(a int, outs outputs, o outcome)     // items from a on are done; a value that cannot be read fails its item
	fail(i int, err error, o outcome)          // item i failed: it is retried, or that is its result
	requeue(a, b int, why error, suspect bool) // items a to b run again, uncharged; why is nil where their worker handed them back
	reject(a, b int, err error)                // items a to b cannot run at all
}

// outputs is what came of some items, as it crossed.
type outputs struct {
	values [][]byte // each as JSON
	texts  bool     // … or as text
}

// outcome is what was measured of some items.
type outcome struct {
	worker int
	try    int // the attempt; 0 means the first
	wall   time.Duration
	cpu    time.Duration   // negative: not measured
	walls  []time.Duration // of each item, where they were measured
}
