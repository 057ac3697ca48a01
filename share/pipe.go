package share

import "bytes"

// queue is items, who waits for room, and who waits for an item. Places may be
// promised to sites, which pay for items with them later (credits).
//
//	put ─► puts (wait for room) ─┐
//	                             ├─► items ─► takes (wait for an item)
//	paid ─► promised places ─────┘
//
//	len(items) + promised <= limit, always
type queue struct {
	name        string
	limit       int
	items       ring
	puts, takes line
	paid        map[*Site]int // places promised to each site
	promised    int           // … together
	closed      bool
}

// mostCredits is how many places one site is promised at most.
const mostCredits = 256

func (s *Space) useQueue(o *Owner, r *Request, done func(Response)) (Response, *Wait) {
	q := s.queues[r.Name]
	limits := r.Op == OpPut || r.Op == OpTake || r.Op == OpClose && r.Limit > 0 || r.Op == OpLen && r.Limit > 0
	switch {
	case q == nil && (r.Op == OpPaid || r.Op == OpRefund):
		return misuse("the worker has no credits for queue %q", r.Name), nil
	case q == nil && r.Op == OpLen && r.Limit == 0:
		return Response{}, nil
	case q == nil && r.Limit == 0:
		return misuse("queue %q was not used before, and its capacity is not said (hint: close it after its first use)", r.Name), nil
	case q == nil:
		q = &queue{name: r.Name, limit: r.Limit, paid: map[*Site]int{}}
		s.queues[r.Name] = q
	case limits && q.limit != r.Limit:
		return misuse("queue %q has the capacity %d, and now it is to have %d (hint: use the same number everywhere)", q.name, q.limit, r.Limit), nil
	}
	switch r.Op {
	case OpPut, OpTake:
		return s.turn(&Wait{owner: o, req: *r, done: done, queue: q})
	case OpPaid:
		return s.pay(o.site, q, r.Items), nil
	case OpRefund:
		q.refund(o.site, r.Count)
	case OpClose:
		q.closed = true
		s.changes++
	case OpLen:
		return Response{Number: int64(q.items.n)}, nil
	}
	s.pump(q)
	return Response{}, nil
}

// turn answers a put or a take at once where it can, behind those that wait.
func (s *Space) turn(w *Wait) (Response, *Wait) {
	q := w.queue
	if w.lineOf().head == nil {
		if r, ok := q.serve(w); ok {
			s.changes++
			s.pump(q)
			return r, nil
		}
	}
	switch {
	case w.req.Op == OpPut && q.closed:
		return Response{Status: Closed}, nil
	case w.req.Wait == 0:
		s.changes++
		s.pump(q) // a put may have got some of its items in
		return Response{Status: No, Number: int64(w.in)}, nil
	}
	s.enqueue(w)
	s.pump(q)
	return Response{}, w
}

// pump serves those who wait, from both ends, as far as it goes.
func (s *Space) pump(q *queue) {
	for {
		w := q.takes.head
		if r, ok := q.serve(w); ok {
			s.finish(w, r)
			continue
		}
		w = q.puts.head
		if r, ok := q.serve(w); ok {
			s.finish(w, r)
			continue
		}
		if w == nil || q.takes.head == nil || q.items.n == 0 {
			return
		}
	}
}

// serve does what a put or a take waits for, as far as it goes, and reports
// whether it is done.
func (q *queue) serve(w *Wait) (Response, bool) {
	switch {
	case w == nil:
		return Response{}, false
	case w.req.Op == OpTake:
		return q.take(w.req.Count)
	case q.closed:
		return Response{Status: Closed, Number: int64(w.in)}, true
	}
	for q.room() > 0 && w.in < len(w.req.Items) {
		q.items.push(bytes.Clone(w.req.Items[w.in]))
		w.in++
	}
	if w.in < len(w.req.Items) {
		return Response{}, false
	}
	return Response{Number: int64(q.promise(w))}, true
}

// mostBytes is how many bytes of items one take gets, if that is more than one
// item: they cross in one frame.
const mostBytes = 16 << 20

// take takes up to n items off the front.
func (q *queue) take(n int) (Response, bool) {
	if q.items.n == 0 {
		return Response{Status: Closed}, q.closed && q.promised == 0 && q.puts.head == nil
	}
	items := make([][]byte, 0, min(n, q.items.n))
	for size := 0; len(items) < cap(items) && size < mostBytes; size += len(items[len(items)-1]) {
		items = append(items, q.items.pop())
	}
	return Response{Items: items}, true
}

func (q *queue) room() int { return q.limit - q.items.n - q.promised }

// promise gives places to the site of a put that is done, if it wants some: half
// of the room, shared among those who have some, while nobody waits for it.
func (q *queue) promise(w *Wait) int {
	site := w.owner.site
	if !w.req.Credit || w.place.next != nil || q.puts.head != nil && q.puts.head != w || site.over {
		return 0
	}
	sites := len(q.paid)
	if q.paid[site] == 0 {
		sites++
	}
	n := max(min(q.room()/(2*sites), mostCredits-q.paid[site]), 0)
	if n > 0 {
		q.paid[site] += n
		q.promised += n
	}
	return n
}

// pay puts items in with credits.
func (s *Space) pay(site *Site, q *queue, items [][]byte) Response {
	if len(items) > q.paid[site] {
		return misuse("%d items for queue %q are paid with %d credits", len(items), q.name, q.paid[site])
	}
	q.refund(site, len(items))
	for _, item := range items {
		q.items.push(bytes.Clone(item))
	}
	s.changes++
	s.pump(q)
	return Response{}
}

// refund takes places back that were promised.
func (q *queue) refund(site *Site, n int) {
	n = min(n, q.paid[site])
	q.promised -= n
	if q.paid[site] -= n; q.paid[site] == 0 {
		delete(q.paid, site)
	}
}

// ring is items in the order in which they came, in a buffer that grows, and
// shrinks when it is empty.
type ring struct {
	buf     [][]byte
	head, n int
}

func (r *ring) push(item []byte) {
	if r.n == len(r.buf) {
		grown := make([][]byte, max(8, 2*r.n))
		k := copy(grown, r.buf[r.head:])
		copy(grown[k:], r.buf[:r.head])
		r.buf, r.head = grown, 0
	}
	r.buf[(r.head+r.n)%len(r.buf)] = item
	r.n++
}

func (r *ring) pop() []byte {
	item := r.buf[r.head]
	r.buf[r.head] = nil
	r.head = (r.head + 1) % len(r.buf)
	if r.n--; r.n == 0 && len(r.buf) > 1<<10 {
		*r = ring{}
	}
	return item
}
