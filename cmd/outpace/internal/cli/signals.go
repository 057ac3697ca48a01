package cli

import (
	"context"
	"os"
	"os/signal"
	"slices"
	"sync"
	"syscall"
	"time"
)

// interrupted is the cause of a run that a signal ended.
type interrupted struct{ signal syscall.Signal }

func (i interrupted) Error() string {
	switch i.signal {
	case syscall.SIGINT:
		return "interrupted"
	case syscall.SIGTERM:
		return "stopped by SIGTERM"
	case syscall.SIGHUP:
		return "stopped by SIGHUP"
	}
	return "stopped by " + i.signal.String()
}

// exit is the exit code after the signal.
func (i interrupted) exit() int { return exitSignal + int(i.signal) }

// lastWait is how long after a second signal the run may take to end before
// the process leaves without it.
const lastWait = time.Second

// stuckWait is how much longer than it may take a run goes on after a first
// signal: one that cannot even write its messages, because nobody reads them,
// does not end by itself.
const stuckWait = 5 * time.Second

// signals turns signals into the end of a run: the first cancels it, the
// second, or too long a time after the first, kills what is left of it. Writing to a closed pipe, or to a file that may
// get no larger, is an error of the write and no signal while it watches.
type signals struct {
	caught chan os.Signal
	grace  time.Duration
	stop   chan struct{}
	once   sync.Once
}

// watch begins to watch. At the first signal it calls cancel with an
// interrupted, at the second kill, and lastWait after that leave with the exit
// code. A run that has a grace to end in, for its tasks, its workers and its
// results, does not need the second signal when it is stuck.
func watch(grace time.Duration, cancel context.CancelCauseFunc, kill func(), leave func(code int)) *signals {
	s := &signals{caught: make(chan os.Signal, 4), grace: grace, stop: make(chan struct{})}
	signal.Notify(s.caught, ofWrites()...)
	for _, sig := range []os.Signal{syscall.SIGINT, syscall.SIGTERM, syscall.SIGHUP} {
		if !signal.Ignored(sig) { // as under nohup
			signal.Notify(s.caught, sig)
		}
	}
	go s.serve(cancel, kill, leave)
	return s
}

func (s *signals) serve(cancel context.CancelCauseFunc, kill func(), leave func(int)) {
	first, ok := s.next(nil)
	if !ok {
		return
	}
	cancel(first)
	if _, ok = s.next(time.After(s.grace + 2*min(s.grace, time.Hour) + stuckWait)); !ok {
		return
	}
	kill()
	select {
	case <-s.stop:
	case <-time.After(lastWait):
		leave(first.exit())
	}
}

// next returns the next signal that ends a run, or none when waiting is over;
// false when watching is over.
func (s *signals) next(over <-chan time.Time) (interrupted, bool) {
	for {
		select {
		case sig := <-s.caught:
			if n, ok := sig.(syscall.Signal); ok && !slices.Contains(ofWrites(), sig) {
				return interrupted{n}, true
			}
		case <-over:
			return interrupted{}, true
		case <-s.stop:
			return interrupted{}, false
		}
	}
}

// end stops watching.
func (s *signals) end() {
	s.once.Do(func() {
		signal.Stop(s.caught)
		close(s.stop)
	})
}
