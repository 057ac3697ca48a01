package outpace

import (
	"errors"
	"fmt"
	"syscall"
	"time"
)

// reply takes in one answer. The error is about a worker that lies.
func (l *lane) reply(w Worker, rep Reply) error {
	l.mu.Lock()
	b := l.batches[rep.Batch]
	if b == nil || rep.First < 0 || rep.N < 1 || rep.N > b.n || rep.First > b.n-rep.N || !rep.sound() {
		l.mu.Unlock()
		return fmt.Errorf("the worker answered what was not asked: batch %d, items %d to %d", rep.Batch, rep.First, rep.First+rep.N)
	}
	b.reached = true
	if rep.Kind == ReplyRunning {
		l.slow(b, rep)
		l.mu.Unlock()
		return nil
	}
	for i := rep.First; i < rep.First+rep.N; i++ {
		if b.answered[i] {
			l.mu.Unlock()
			return fmt.Errorf("the worker answered item %d of batch %d twice", i, rep.Batch)
		}
		b.answered[i] = true
	}
	b.open -= rep.N
	l.items -= rep.N
	switch rep.Kind {
	case ReplyBack:
		l.sent -= rep.N
	case ReplyResults, ReplyFault:
		l.deaths, l.used = 0, true
		l.ex.deaths.Store(0)
		l.ex.killers.Store(0)
	}
	expired := b.expired
	owners := b.ownersOf(rep.First, rep.N)
	l.settling++
	defer l.settled()
	if b.open == 0 {
		l.putDown(b)
	} else if l.ex.plan.Loop {
		l.stir()
	}
	l.mu.Unlock()
	for _, o := range owners {
		o.End(rep.ending())
	}
	b.overlap(rep.First, rep.N, func(r ref, a, n, off int) { l.settle(r.j, a, n, off, rep, expired, b.cfg) })
	return nil
}

// sound reports whether an answer is complete in itself.
func (rep *Reply) sound() bool {
	switch rep.Kind {
	case ReplyResults:
		whole := len(rep.Outputs) == rep.N && rep.Packed == nil || len(rep.Packed) == 8*rep.N && rep.Outputs == nil
		return whole && (rep.Walls == nil || len(rep.Walls) == rep.N)
	case ReplyFault:
		return rep.N == 1 && rep.Err != nil
	case ReplyBack, ReplyCancelled, ReplyRunning:
		return true
	}
	return false
}

// ending says how the items of an answer ended, to package share.
func (rep *Reply) ending() (why string, returned bool) {
	switch rep.Kind {
	case ReplyResults:
		return ending(nil)
	case ReplyFault:
		return ending(rep.Err)
	}
	return "was cancelled", false
}

// settle passes an answer on to the job of items a to a+n.
func (l *lane) settle(j job, a, n, off int, rep Reply, expired bool, cfg *config) {
	share := func(d time.Duration) time.Duration { // of what may be anything
		return time.Duration(float64(min(max(d, 0), longest)) * float64(n) / float64(rep.N))
	}
	o := outcome{worker: l.number, wall: share(rep.Wall), cpu: -1}
	if rep.CPU >= 0 {
		o.cpu = share(rep.CPU)
	}
	switch rep.Kind {
	case ReplyResults:
		if rep.Walls != nil {
			o.walls = rep.Walls[off : off+n]
		}
		j.grain().Observe(n, o.wall)
		if rep.Packed != nil {
			settlePacked(j, a, rep.Packed[8*off:8*(off+n)], o)
			return
		}
		j.settle(a, outputs{rep.Outputs[off : off+n], rep.Texts}, o)
	case ReplyFault:
		j.grain().Observe(n, o.wall)
		j.fail(a, rep.Err, o)
	case ReplyCancelled:
		if expired {
			for i := a; i < a+n; i++ {
				j.fail(i, &TimeoutError{After: cfg.timeout}, o)
			}
			return
		}
		j.requeue(a, a+n, nil, false)
	default:
		j.requeue(a, a+n, nil, false)
	}
}

// slow takes in that an item goes on after its batch's lease: its time-out is
// counted from its start. The lock is held.
func (l *lane) slow(b *batch, rep Reply) {
	b.at = rep.First
	for _, r := range b.refs {
		if rep.First >= r.pos && rep.First < r.pos+r.n {
			r.j.grain().Observe(1, rep.Wall)
		}
	}
	l.tiny = false
	if b.timer != nil {
		b.timer.Reset(max(b.cfg.timeout-rep.Wall, 0))
	}
}

func (l *lane) cancel(w Worker, batch uint32, index int) {
	l.calls.RLock()
	defer l.calls.RUnlock()
	l.mu.Lock()
	gone := l.worker != w
	l.mu.Unlock()
	if !gone {
		_ = w.Cancel(batch, index)
	}
}

// lost deals with the end of a worker: what it had in flight fails, runs again,
// or runs again alone, as judge decides.
func (l *lane) lost(w Worker, err error) {
	w.Kill()
	var lost *LostError
	if !errors.As(err, &lost) {
		lost = &LostError{ExitCode: -1, Err: err}
	}
	own := *lost // the worker's may be looked at elsewhere
	lost = &own
	lost.Worker = l.number
	l.awaitSend()
	l.mu.Lock()
	l.settling++
	defer l.settled()
	var gone []*batch
	open := 0
	for _, b := range l.batches {
		gone = append(gone, b)
		open += b.open
	}
	why, retiring := l.judge(lost, open), l.retiring
	for _, b := range gone {
		l.putDown(b)
	}
	if l.worker == w {
		l.worker = nil
	}
	site := l.site
	died := !why.pardon && !retiring && why.err == error(lost)
	l.tiny, l.killed = false, nil
	if l.deaths++; !died {
		l.deaths = 0
	}
	l.mu.Unlock()
	site.End(fmt.Sprintf("ended with its worker: %v", why.err))
	if !retiring {
		l.calls.Lock() // a Send that is blocked fails, since the worker was killed
		_ = w.Close(expired())
		l.calls.Unlock()
	}
	if died {
		l.ex.emit(Event{Kind: WorkerLost, Index: -1, Count: 1, Worker: l.number, Err: lost, CPU: -1})
	}
	for _, b := range gone {
		l.giveBack(b, why)
	}
	if died {
		l.ex.died(lost)
	}
	l.bed.Rouse()
}

// awaitSend returns when no Send is under way, so that it is known what has
// reached the worker. One that is blocked fails, since the worker was killed.
func (l *lane) awaitSend() {
	l.mu.Lock()
	retiring := l.retiring // then Close is under way, and nothing is sent
	l.mu.Unlock()
	if !retiring {
		l.calls.Lock()
		defer l.calls.Unlock()
	}
}

// died counts a worker that died, and ends everything after too many in a row.
func (e *Executor) died(lost *LostError) {
	if n := int(e.deaths.Add(1)); n >= e.mostDeaths() {
		e.cancel(&CrashLoopError{Deaths: n, Err: lost})
	}
}

// blamed counts a task that has failed for good, if it killed its worker: all the
// deaths that it took to be sure of that are one.
func (e *Executor) blamed(failure error) {
	var lost *LostError
	if !errors.As(failure, &lost) {
		return
	}
	e.deaths.Store(0)
	if n := int(e.killers.Add(1)); n >= e.mostDeaths() {
		e.cancel(&CrashLoopError{Inputs: n, Err: lost})
	}
}

func (e *Executor) mostDeaths() int {
	if e.cfg.maxDeaths > 0 {
		return e.cfg.maxDeaths
	}
	return max(50, 3*e.plan.Shape.Processes)
}

// giveBack decides what becomes of the items of a batch whose worker is gone.
func (l *lane) giveBack(b *batch, why loss) {
	o := outcome{worker: l.number, wall: time.Since(b.sent), cpu: -1}
	unknown := b.expired && b.guilty < 0 && !l.ex.plan.Loop // one of them, but which?
	suspect := (!why.pardon && b.reached || unknown) && !l.ex.ended.Load()
	late := b.expired && (b.guilty >= 0 || l.ex.plan.Loop)
	b.each(func(r ref, a, n int) {
		if !late && !why.charge {
			r.j.requeue(a, a+n, why.err, suspect)
			return
		}
		for i := a; i < a+n; i++ {
			switch pos := r.pos + i - r.a; {
			case late && (l.ex.plan.Loop || pos == b.guilty):
				o.wall = b.cfg.timeout
				r.j.fail(i, &TimeoutError{After: b.cfg.timeout, Stderr: why.words}, o)
			case why.charge:
				r.j.fail(i, why.err, o)
			default:
				r.j.requeue(i, i+1, why.err, suspect)
			}
		}
	})
}

// chance reports whether the worker may have been killed by somebody from
// outside (the kernel for want of memory, an operator), so that what it ran need
// not be the reason.
func (e *LostError) chance() bool {
	switch e.Signal {
	case syscall.SIGKILL, syscall.SIGTERM, syscall.SIGINT, syscall.SIGHUP, syscall.SIGPIPE:
		return true
	}
	return e.Signal == 0 && e.ExitCode < 0
}

// cancelRemote asks workers to give up the items of matching jobs, and kills
// those that have not by the end of the grace period.
func (e *Executor) cancelRemote(match func(job) bool) {
	for _, l := range e.laneList() {
		l.cancelJobs(match)
	}
}

func (l *lane) cancelJobs(match func(job) bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	w := l.worker
	if w == nil {
		return
	}
	for _, b := range l.batches {
		for _, r := range b.refs {
			if !match(r.j) {
				continue
			}
			go l.cancelRef(w, b, r)
			time.AfterFunc(b.cfg.grace, func() { l.killIf(w, b, r) })
		}
	}
}

func (l *lane) cancelRef(w Worker, b *batch, r ref) {
	if r.n == b.n {
		l.cancel(w, b.id, -1)
		return
	}
	for i := range r.n {
		l.cancel(w, b.id, r.pos+i)
	}
}

// killIf kills the worker when items of r, which were to be given up, still run.
func (l *lane) killIf(w Worker, b *batch, r ref) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.worker != w || l.batches[b.id] != b {
		return
	}
	for i := range r.n {
		if !b.answered[r.pos+i] {
			l.killed = ErrCancelled
			w.Kill()
			return
		}
	}
}
