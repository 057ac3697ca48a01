// Package linear checks that what tasks share is linearizable: that each operation
// takes effect at one moment between its call and its return, as if there were one
// process only, whoever is killed meanwhile.
//
//	Python workers ──┐  each attempt writes     ┌─ lock ───┐
//	Go children ─────┤  what it calls and what  ├─ counter ┤   porcupine: is there an
//	goroutines ──────┼─ comes back, and when, ──┼─ value ──┼─► order that a Model allows?
//	the caller ──────┤  to a log of its own     └─ queue ──┘
//	   kill -9 ──────┘
//
// [Check] runs rounds of random operations by real workers and kills some of them.
// All clocks are the system's monotonic one, so that times of different processes
// can be compared; the package needs Linux for that. What a log means is in
// history.go:
//
//   - An operation that is answered takes effect between its call and its answer.
//   - One that nobody waits for (a release, an add, a put that is paid for) takes effect
//     after its call, and before the task's next answered operation does, or its end.
//     The operations of a task on one object take effect in the order of calls.
//   - What a killed worker had not yet been answered took effect before its end, or not at
//     all. Its end releases the lock, and is over when the task's next attempt begins.
package linear
