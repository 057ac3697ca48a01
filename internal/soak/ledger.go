package main

import (
	"errors"
	"strings"
	"time"

	"github.com/outpace-run/outpace"
)

// This file is what a life writes down of events, and of harm that we do.

// observe is the executor's observer.
func (l *life) observe(ev outpace.Event) {
	l.s.moved()
	t := &l.s.tally
	switch ev.Kind {
	case outpace.TaskFinished:
		l.finished.Add(int64(ev.Count))
	case outpace.TaskRetried:
		t.retries.Add(1)
	case outpace.TaskRequeued:
		if ev.Err != nil {
			l.runAgain(ev)
		}
	case outpace.WorkerStarted:
		l.started.Add(1)
		t.started.Add(1)
	case outpace.WorkerLost:
		t.lost.Add(1)
	case outpace.WorkerLog:
		l.listen(ev.Line)
	case outpace.WorkerRefused, outpace.ObserverPanic:
		l.wrong("event %s: %v", ev.Kind, ev.Err)
	}
}

// listen takes in a line that a worker printed.
func (l *life) listen(line string) {
	if strings.Contains(line, "DATA RACE") || strings.Contains(line, "bug in the worker") {
		l.wrong("a worker says: %s", line)
	}
	if strings.HasPrefix(line, "soak: ") {
		l.mu.Lock()
		defer l.mu.Unlock()
		l.said[line] = true
	}
}

// heard reports whether a worker printed a line. With a short grace period
// events may come after Close.
func (l *life) heard(line string) bool {
	for end := time.Now().Add(5 * time.Second); ; time.Sleep(10 * time.Millisecond) {
		l.mu.Lock()
		yes := l.said[line]
		l.mu.Unlock()
		if yes || time.Now().After(end) {
			return yes
		}
	}
}

// byUs reports whether a task may fail with an error because of what we did: it
// is the end of a worker process that we harmed. index is -1 for a submitted
// task. A function that cannot be loaded is never our doing.
func (l *life) byUs(err error, index int) bool {
	lost, ok := lostError(err)
	if !ok || errors.As(err, new(*outpace.LoadError)) || !l.mayBlameUs(index) {
		return false
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.harmed[lost.Pid]
}

// mayBlameUs reports whether a task has been in flight in enough workers that
// died to be charged with one that we harm. Of submitted tasks, events do not
// say which.
func (l *life) mayBlameUs(index int) bool {
	deaths := map[assault]int{killing: 3, freezing: 1}[l.r.assault]
	l.mu.Lock()
	defer l.mu.Unlock()
	return deaths > 0 && l.reruns[index] >= deaths
}

// runAgain takes in that tasks run again because of the end of a worker.
func (l *life) runAgain(ev outpace.Event) {
	l.s.tally.reruns.Add(int64(ev.Count))
	l.mu.Lock()
	defer l.mu.Unlock()
	if ev.Index < 0 {
		l.reruns[-1] += ev.Count
		return
	}
	for i := ev.Index; i < ev.Index+ev.Count; i++ {
		l.reruns[i]++
	}
}

// charge notes to what the end of a process is charged, and returns to what it
// was before.
func (l *life) charge(pid int, to string) (before string, again bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	before, again = l.charges[pid]
	l.charges[pid] = to
	return before, again
}
