// Package room sees to it that this process outlives a limit on processes and
// threads. A Go program dies, with a dump, when it needs a thread and gets none;
// and a supervisor needs threads when its workers have used up what there is.
//
//	pids.max of the control groups ┐
//	                               ├─► what is left ─► Reserve: threads, while there are some
//	ulimit -u (holds not for root) ┘
//
// Go keeps threads that have nothing to do, so what was reserved stays.
package room

import (
	"fmt"
	"runtime"
	"sync"
)

// What a supervisor needs besides a thread for each child that it waits for, and
// for each core: the runtime's own, which are never idle, and some that are in
// system calls.
const (
	busy  = 4
	calls = 8
)

// Error is a limit that does not leave enough for a single worker.
type Error struct {
	Left  int // processes and threads that may still be started
	Needs int // … that it takes at least
}

// Error says what there is, what is needed, and where the limit is set.
func (e *Error) Error() string {
	return fmt.Sprintf("the limit on processes leaves room for %d more processes and threads, at least %d are needed (hint: ulimit -u, or pids.max of the control group)",
		max(e.Left, 0), e.Needs)
}

// Reserve reserves the threads of a process that is going to start workers
// processes of size processes and threads each, and returns how many of them
// there is room for; where there is none even for one it returns an *Error. It
// takes a moment, below a millisecond for a few threads. Without a limit, and on
// systems other than Linux, it does nothing and returns workers.
func Reserve(workers, size int) (fit int, err error) {
	fit, n, limited := Fit(size)
	if !limited {
		return workers, nil
	}
	if fit < 1 {
		return 0, &Error{Left: n, Needs: missing() + size + 1}
	}
	fit = min(fit, workers)
	hold(calls + runtime.GOMAXPROCS(0) + fit)
	return fit, nil
}

// Fit says for how many worker processes of size processes and threads each
// there is room beside this one, and how many processes and threads, n, may still
// be started. Where no limit is near, and on systems other than Linux, limited is
// false and the others mean nothing.
func Fit(size int) (fit, n int, limited bool) {
	n, limited = left()
	return max(0, (n-missing())/(size+1)), n, limited
}

// missing is how many threads of its own this process does not have yet.
func missing() int { return max(busy+calls+runtime.GOMAXPROCS(0)-threads(), 0) }

// hold has n threads at once, and then none of them anything to do.
func hold(n int) {
	var there, gone sync.WaitGroup
	enough := make(chan struct{})
	there.Add(n)
	for range n {
		gone.Go(func() {
			runtime.LockOSThread() // no other goroutine runs on this thread
			defer runtime.UnlockOSThread()
			there.Done()
			<-enough
		})
	}
	there.Wait()
	close(enough)
	gone.Wait()
}
