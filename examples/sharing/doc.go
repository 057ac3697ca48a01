// Package sharing has functions that share, in Go and, beside it, in Python: what
// docs/sharing.md shows. They are to read, to copy and to change; its tests run
// them in goroutines, child processes and Python workers.
//
//	total.go      total.py      a read, a change and a write under a lock; and what comes of it without one
//	pages.go      pages.py      downloads that count what they meet, two at a time
//	rows.go       rows.py       a queue out of the tasks that run, to the caller or to other tasks
//	longest.go    longest.py    a value that tasks replace by a better one
//	              transfers.py  two locks at a time, and locks that are left behind
package sharing
