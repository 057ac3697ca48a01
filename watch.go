package outpace

import (
	"runtime"
	"sync/atomic"
	"time"
)

// watch guards one attempt that has a time-out. Its context ends at the
// time-out; when the function goes on for the grace period after that, the
// attempt fails without it and another goroutine takes over the slot.
type watch struct {
	slot    *slot
	cfg     *config
	fail    func(error)
	settled atomic.Bool
	timer   *time.Timer
	begin   int64
	index   int // of the input in its Map; -1 for a submitted task
}

func (s *slot) watch(cfg *config, index int, fail func(error)) *watch {
	w := &watch{slot: s, cfg: cfg, index: index, fail: fail, begin: s.ex.now()}
	s.guard = w
	w.timer = time.AfterFunc(cfg.timeout+cfg.grace, w.abandon)
	return w
}

// settle reports whether the attempt's outcome is still open, and closes it.
func (w *watch) settle() bool {
	w.timer.Stop()
	return w.settled.CompareAndSwap(false, true)
}

// end is called when the function has returned err. It makes an error after the
// time-out a TimeoutError. In an abandoned goroutine it does not return.
func (w *watch) end(err error) error {
	if !w.settle() {
		runtime.Goexit() // crash finds the guard
	}
	w.slot.guard = nil
	if err != nil && w.slot.ex.now()-w.begin >= int64(w.cfg.timeout) {
		return &TimeoutError{After: w.cfg.timeout}
	}
	return err
}

func (w *watch) abandon() {
	if !w.settled.CompareAndSwap(false, true) {
		return
	}
	w.slot.ex.replace(w.slot, w)
	w.fail(&TimeoutError{After: w.cfg.timeout, Abandoned: true})
}
