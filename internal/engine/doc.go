// Package engine holds the parts of an executor that know nothing of tasks:
//
//	producers ──► Queue ──► workers        Queue   bounded, first in first out, wakes only who sleeps
//	                │ ▲                    Grain   how many items make a sensible chunk, from measured cost
//	          idle ─┘ └─ urgent            Spans   which part of a chunk is finished
//	                                       Backoff how long a retry waits
//
// Nothing here starts a goroutine.
package engine
