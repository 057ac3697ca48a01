package main

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/outpace-run/outpace"
)

// patience is how long anything may take that must end: a loop after its
// context was cancelled, Close.
const patience = 30 * time.Second

// life is one executor, from New to Close.
type life struct {
	s        *soak
	r        *round
	calls    []*call
	ex       *outpace.Executor
	function outpace.Function[input, output] // where it runs in other processes
	mark     string                          // what its worker processes have in their environment
	over     atomic.Bool                     // its ending has begun

	started  atomic.Int64 // workers
	finished atomic.Int64 // tasks, as events say

	mu      sync.Mutex
	said    map[string]bool // lines that functions printed
	harmed  map[int]bool    // processes that we killed or stopped
	charges map[int]string  // processes whose end was charged, and to what
	reruns  map[int]int     // by index: how often a task's worker ended; -1: those of submitted tasks together
}

// live makes an executor, has it do its calls, and ends it.
func (l *life) live(model outpace.Model) {
	ctx, cancel := context.WithCancelCause(context.Background())
	defer cancel(nil)
	options := append(l.r.given(true), outpace.Observe(l.observe))
	ex, err := outpace.New(ctx, model, options...)
	if err != nil {
		l.wrong("New: %v", err)
		return
	}
	l.ex = ex
	var others sync.WaitGroup
	done := make(chan struct{})
	if l.r.assault != unharmed {
		others.Go(func() { l.assail(done) })
	}
	if l.r.ending != natural && l.r.ending != crashLooping {
		others.Go(func() { l.cutShort(cancel, done) })
	}
	l.callAll()
	close(done)
	others.Wait()
	l.close()
}

// callAll makes the calls, one after the other or at the same time.
func (l *life) callAll() {
	var all sync.WaitGroup
	for _, c := range l.calls {
		c.l, c.home.ex = l, l.ex
		c.seen, c.ran = map[int]bool{}, map[int]bool{}
	}
	for _, c := range l.calls {
		if l.r.atOnce {
			all.Go(c.run)
		} else {
			c.run()
		}
	}
	all.Wait()
}

// cutShort ends the executor while its calls go on.
func (l *life) cutShort(cancel context.CancelCauseFunc, done <-chan struct{}) {
	timer := time.NewTimer(l.r.after)
	defer timer.Stop()
	select {
	case <-timer.C:
	case <-done:
		return
	}
	l.over.Store(true)
	for _, c := range l.calls {
		c.endsNow()
	}
	defer l.s.within(patience, l.r, "calls go on after "+string(l.r.ending))()
	switch l.r.ending {
	case closing:
		l.ended(l.ex.Close())
	case shuttingDown:
		l.shutdown(patience)
	case shuttingHard:
		l.shutdown(100 * time.Millisecond)
	case contextDone:
		cancel(errUpset)
	}
	<-done
}

func (l *life) shutdown(d time.Duration) {
	ctx, cancel := context.WithTimeout(context.Background(), d)
	defer cancel()
	l.ended(l.ex.Shutdown(ctx))
}

// ended judges the error of Close or Shutdown.
func (l *life) ended(err error) {
	var abandoned *outpace.AbandonedError
	if err == nil || errors.As(err, &abandoned) && l.mayAbandon() {
		return
	}
	if strings.Contains(err.Error(), "tasks of Go failed") && slices.ContainsFunc(l.calls, func(c *call) bool { return c.verb == "Go" }) {
		return // judged in went
	}
	l.wrong("the executor ended with %s", spell(err))
}

// mayAbandon reports whether something may outlast the executor: a function
// that ignores its context, or anything at all with a short grace period.
func (l *life) mayAbandon() bool {
	if l.r.place != inGoroutine && l.r.grace < 0 {
		return false
	}
	for _, c := range l.calls {
		for _, in := range c.inputs {
			if in.Do == "stubborn" {
				return true
			}
		}
	}
	return l.over.Load() && l.r.grace >= 0
}

// harmful reports whether an input ends its worker, and so may cost others that
// are in flight there a call.
func (l *life) harmful() bool {
	for _, c := range l.calls {
		for _, in := range c.inputs {
			if d := l.r.table[in.Do]; d.weight == 0 && d.want != nil {
				return true
			}
		}
	}
	return false
}

// close ends the executor, and checks what is left to check then.
func (l *life) close() {
	defer l.s.within(patience, l.r, "Close does not return")()
	var err error
	if l.r.number%2 == 0 || slices.ContainsFunc(l.calls, func(c *call) bool { return c.verb == "Go" }) {
		ctx, cancel := context.WithTimeout(context.Background(), patience)
		err = l.ex.Shutdown(ctx)
		cancel()
	} else {
		err = l.ex.Close()
	}
	l.ended(err)
	if again := l.ex.Close(); (again == nil) != (err == nil) || err != nil && again.Error() != err.Error() {
		l.wrong("a second Close gave %v after %v", again, err)
	}
	for _, c := range l.calls {
		c.endsNow()
		c.rest()
		c.verdict()
	}
	l.went(err)
	l.closed()
	l.complete()
}

// closed checks that nothing can be done with a closed executor.
func (l *life) closed() {
	f := outpace.Submit(context.Background(), l.ex, l.calls[0].function(), input{})
	if _, err := f.Result(context.Background()); err == nil {
		l.wrong("a task ran after Close")
	}
	for v, err := range outpace.Map(context.Background(), l.ex, l.calls[0].function(), slices.Values([]input{{}})) {
		if err == nil {
			l.wrong("a Map yielded %v after Close", brief(v))
		}
	}
}

// complete checks that the events tell the same story, where all calls came to
// their own end.
func (l *life) complete() {
	total, nested := 0, false
	for _, c := range l.calls {
		if c.ending != natural || l.r.ending != natural {
			return
		}
		total += len(c.inputs)
		for _, in := range c.inputs {
			nested = nested || in.Do == "nest" || in.Do == "nestmap"
			if line := fmt.Sprintf("soak: %s says %d.", in.Call, in.ID); in.Do == "say" && !l.heard(line) {
				l.wrong("input %d of call %s printed a line that no event has", in.ID, c.name())
			}
		}
	}
	if n := int(l.finished.Load()); n != total && !nested {
		l.wrong("events tell of %d tasks that finished, of %d", n, total)
	}
}

func (l *life) wrong(format string, args ...any) {
	l.r.wrong("executor: "+format, args...)
}
