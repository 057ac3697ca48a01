package outpace

import (
	"time"

	"github.com/outpace-run/outpace/share"
)

// batch is some items in flight.
type batch struct {
	id       uint32
	cfg      *config
	refs     []ref
	n, open  int // items, and those without an answer
	answered []bool
	timer    *time.Timer
	sent     time.Time
	at       int                    // the item known to run; -1
	packed   bool                   // the inputs are, as whole numbers
	texts    bool                   // the inputs are packed texts
	reached  bool                   // it was handed to the worker
	expired  bool                   // its time is over
	looks    int                    // at whether an answer has come since
	owners   map[place]*share.Owner // of items that share; nil where none does
	guilty   int                    // the item that the time-out is charged to; -1
}

// ref is where items of a batch belong: pos.. of the batch are a..a+n-1 of j.
type ref struct {
	j         job
	a, n, pos int
}

func newBatch(j job) *batch { return &batch{cfg: j.settings(), at: -1, guilty: -1} }

// json reports whether the inputs are a JSON array.
func (b *batch) json() bool { return !b.packed && !b.texts }

// take makes a batch of what is next in the queue.
func (l *lane) take() *batch {
	j := l.pick()
	if j == nil {
		return nil
	}
	l.mu.Lock()
	if j.doubts() > 0 && l.items > 0 {
		l.waiting = j
		l.ex.suspects.Add(1)
		l.mu.Unlock()
		l.ex.queue.RouseAll() // a lane that is empty may take it over
		l.ex.grow()
		return nil
	}
	limit, left := l.room(), l.left()
	l.mu.Unlock()
	if limit <= 0 {
		l.ex.again(j)
		return nil
	}
	if !l.ex.plan.Loop {
		limit = j.grain().Size()
	}
	limit = min(limit, left)
	if j.doubts() > 0 {
		limit = 1
	}
	b := newBatch(j)
	l.buffer = l.buffer[:0]
	l.add(b, j, limit)
	if j.left() > 0 {
		l.ex.again(j)
	} else if j.first() < 0 && j.doubts() == 0 && b.json() {
		l.addAlike(b, j, min(limit, 1+l.ex.queue.Len()/int(l.ex.width.Load())))
	}
	if b.n == 0 {
		return nil
	}
	if b.json() {
		l.buffer = append(l.buffer, ']')
	}
	b.answered, b.open = make([]bool, b.n), b.n
	return b
}

// pick takes the next job: the suspect that waits, or one from the queue.
func (l *lane) pick() job {
	if j := l.release(); j != nil {
		return j
	}
	var one [1]entry
	if n, _ := l.ex.queue.Take(one[:], 1); n == 0 {
		return nil
	}
	return one[0].job
}

// release gives up the suspect that waits in this lane, if there is one.
func (l *lane) release() job {
	l.mu.Lock()
	defer l.mu.Unlock()
	j := l.waiting
	if l.waiting = nil; j != nil {
		l.ex.suspects.Add(-1)
	}
	return j
}

// addAlike adds submitted tasks of the same function and settings.
func (l *lane) addAlike(b *batch, first job, limit int) {
	fn := first.function()
	for b.n < limit && len(l.buffer) < batchBytes {
		en, ok := l.ex.queue.TakeIf(func(en entry) bool {
			j := en.job
			return j.first() < 0 && j.function() == fn && j.settings() == b.cfg && j.doubts() == 0
		})
		if !ok {
			return
		}
		l.add(b, en.job, 1)
	}
}

// add claims up to limit items of j and encodes their inputs into the buffer.
// An input that cannot be encoded fails here.
func (l *lane) add(b *batch, j job, limit int) {
	from, to := j.claim(limit)
	if b.n == 0 && l.pack(b, j, from, to) {
		return
	}
	for i := from; i < to; i++ {
		if len(l.buffer) > batchBytes && b.n > 0 {
			j.requeue(i, to, nil, false)
			return
		}
		mark := len(l.buffer)
		if b.n > 0 {
			l.buffer = append(l.buffer, ',')
		} else {
			l.buffer = append(l.buffer, '[')
		}
		text, err := j.appendInput(l.buffer, i)
		if err != nil {
			l.buffer = l.buffer[:mark]
			j.fail(i, &RemoteError{Type: "TypeError", Message: err.Error(), Cause: "encoding"}, outcome{worker: l.number, cpu: -1})
			continue
		}
		l.buffer = text
		if last := len(b.refs) - 1; last >= 0 && b.refs[last].j == j && b.refs[last].a+b.refs[last].n == i {
			b.refs[last].n++
		} else {
			b.refs = append(b.refs, ref{j, i, 1, b.n})
		}
		b.n++
	}
}

// index is the position of item a of the ref's job in its Map, or -1.
func (r ref) index(a int) int {
	if f := r.j.first(); f >= 0 {
		return f + a
	}
	return -1
}

// each calls fn for the stretches of items that have no answer.
func (b *batch) each(fn func(r ref, a, n int)) {
	for _, r := range b.refs {
		for i := 0; i < r.n; {
			if b.answered[r.pos+i] {
				i++
				continue
			}
			from := i
			for i < r.n && !b.answered[r.pos+i] {
				i++
			}
			fn(r, r.a+from, i-from)
		}
	}
}

// overlap calls fn for the parts of refs that items first.. first+n-1 of the
// batch belong to; off is where in the reply each part begins.
func (b *batch) overlap(first, n int, fn func(r ref, a, n, off int)) {
	for _, r := range b.refs {
		from, to := max(r.pos, first), min(r.pos+r.n, first+n)
		if from < to {
			fn(r, r.a+from-r.pos, to-from, from-first)
		}
	}
}
