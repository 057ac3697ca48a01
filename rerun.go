package outpace

import "sync/atomic"

// rerun is the job to run items a to b (exclusive) of a chunk again: after a
// failure, on their own as suspects, or because their worker gave them back.
type rerun[In, Out any] struct {
	*chunk[In, Out]
	ticket ticket
	a, b   int
	next   atomic.Int32 // items claimed
	history
}

func newRerun[In, Out any](c *chunk[In, Out], a, b int, h history) *rerun[In, Out] {
	j := &rerun[In, Out]{chunk: c, a: a, b: b, history: h}
	j.ticket.job = j
	return j
}

func (j *rerun[In, Out]) card() *ticket { return &j.ticket }

// history is what became of an item so far.
type history struct {
	tried   int     // attempts charged
	last    error   // how the last of them failed; nil where there was none
	cost    outcome // … and what it cost
	doubted int     // how often its worker has died: above 0 it is a suspect
}

// returning tells a loop that waits inside a task, and may have to run the rest
// of the chunk.
func (c *chunk[In, Out]) returning() bool {
	c.r.returned(c)
	return false
}

// returning tells a loop that waits inside a task, and may have to run it.
func (j *rerun[In, Out]) returning() bool {
	j.r.returned(j)
	return false
}

func (j *rerun[In, Out]) input(i int) any { return j.chunk.in[j.a+i] }
func (j *rerun[In, Out]) first() int      { return j.chunk.first() + j.a }
func (j *rerun[In, Out]) tries(int) int   { return j.tried + 1 }
func (j *rerun[In, Out]) doubts() int     { return j.doubted }
func (j *rerun[In, Out]) left() int       { return j.b - j.a - int(j.next.Load()) }

func (j *rerun[In, Out]) claim(limit int) (a, b int) {
	for {
		n := j.next.Load()
		to := min(int(n)+limit, j.b-j.a)
		if int(n) == to {
			return 0, 0
		}
		if !j.next.CompareAndSwap(n, int32(to)) {
			continue
		}
		if j.r.stopped.Load() {
			j.pass(j.a+int(n), j.a+to, j.history)
			continue
		}
		j.r.busy.Add(int64(to - int(n)))
		return int(n), to
	}
}

func (j *rerun[In, Out]) run(s *slot) {
	for {
		a, b := j.claim(j.r.blockSize())
		if a == b {
			s.doneWith(j.chunk)
			return
		}
		s.block = block{from: j.a + a, at: j.a + a, try: j.tried + 1, since: s.now}
		j.runBlock(s, j.a+a, j.a+b, j.tried+1)
		j.report(s, s.block.at)
	}
}

func (j *rerun[In, Out]) crashed(s *slot, err error) { j.crash(s, j.tried+1, err) }

func (j *rerun[In, Out]) appendInput(dst []byte, i int) ([]byte, error) {
	return j.chunk.appendInput(dst, j.a+i)
}

func (j *rerun[In, Out]) settle(a int, outs outputs, o outcome) {
	j.settleTry(j.a+a, outs, o, j.tried+1)
}

func (j *rerun[In, Out]) fail(i int, err error, o outcome) {
	j.failItem(j.a+i, j.tried+1, err, o)
}

func (j *rerun[In, Out]) reject(a, b int, err error) { j.chunk.reject(j.a+a, j.a+b, err) }

func (j *rerun[In, Out]) requeue(a, b int, why error, suspect bool) {
	j.requeueTry(j.a+a, j.a+b, why, suspect, j.history)
}

// pass is told that items of a stopped run do not run again: those that failed
// before have failed for good, and the others never ran.
func (c *chunk[In, Out]) pass(a, b int, h history) {
	if h.last == nil {
		c.r.skip(c, a, b)
		return
	}
	for i := a; i < b; i++ {
		c.r.busy.Add(1)
		c.giveUp(i, h.tried, h.last, h.cost)
	}
}
