package outpace

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"reflect"
	"sync"
	"sync/atomic"

	"github.com/outpace-run/outpace/share"
)

// This file is what an executor does for package share: it says who acts (the
// task of a context, or of an item in a worker), and ends that with the attempt.
// Whether anything may still happen when all that run wait is in goingon.go.
//
//	submitted task here   taskContext  ─► tenant of the attempt ─┐
//	item of a Map here    itemContext  ─► of the slot, by item ──┼─► share.Owner ─► share.Space
//	item in a worker      Env.Owner    ─► of the batch, by item ─┤
//	the caller            Share ─────────────────────────────────┘

// Share returns a context with which the functions of package share act for the
// caller: outside of tasks, and while they run. leave says that the caller is not
// going to do anything more; it releases what is held with the context, and must
// be called. When all callers have left, a task that waits for something that
// nobody can do any more gets a *share.DeadlockError, so leave says as well that no
// task is going to be submitted that does it. A goroutine of the caller's that
// wants to hold locks against another calls Share for itself. It does not block.
func (e *Executor) Share(ctx context.Context) (shared context.Context, leave func()) {
	owner := e.space.Share(e.here, "the caller")
	return share.With(ctx, owner), func() { e.space.Leave(owner) }
}

// newSpace makes what the executor's tasks share.
func (e *Executor) newSpace() {
	e.space = share.NewSpace(share.Config{Others: e.mayGoOn, Warn: e.warn})
	e.here = e.space.NewSite("this process")
}

// taskID is who an owner is to the executor.
type taskID struct{ index, worker int }

// warn tells that a task left something locked.
func (e *Executor) warn(o *share.Owner, line string) {
	id, _ := o.Tag().(taskID)
	e.emit(Event{Kind: TaskWarned, Index: id.index, Count: 1, Worker: id.worker, Line: line, CPU: -1})
}

// newOwner makes the owner of a task.
func newOwner(at *share.Site, name string, index, worker int, input any, part int) *share.Owner {
	return at.Owner(share.Who{
		Describe: func() string { return identity(name, index, input) },
		Part:     part > 0,
		Tag:      taskID{index, worker},
	})
}

// identity names a task in messages: by its input too, where that is short.
func identity(name string, index int, input any) string {
	if name == "" {
		name = "a task"
	}
	text := name
	if index >= 0 {
		text = fmt.Sprintf("%s, input %d", name, index)
	}
	if shown := showInput(input); shown != "" {
		text += " (" + shown + ")"
	}
	return text
}

// showInput shows an input that is plain and not long. Others may be changed by
// their function while we look.
func showInput(input any) string {
	const most = 60
	text := ""
	switch v := reflect.ValueOf(input); v.Kind() {
	case reflect.Bool, reflect.Int, reflect.Int8, reflect.Int16, reflect.Int32, reflect.Int64,
		reflect.Uint, reflect.Uint8, reflect.Uint16, reflect.Uint32, reflect.Uint64, reflect.Float32, reflect.Float64:
		text = fmt.Sprint(input)
	case reflect.String:
		text = fmt.Sprintf("%q", input)
	case reflect.Slice:
		if raw, ok := input.(json.RawMessage); ok {
			text = string(raw)
		}
	}
	if runes := []rune(text); len(runes) > most {
		return string(runes[:most]) + "…"
	}
	return text
}

// ending says how an attempt ended, as the end of a sentence about it.
func ending(err error) (why string, returned bool) {
	var late *TimeoutError
	var failed *TaskError
	if errors.As(err, &failed) {
		err = failed.Err
	}
	switch {
	case err == nil:
		return "returned without a release", true
	case errors.As(err, &late):
		return "ran out of time", false
	}
	return fmt.Sprintf("failed: %v", err), false
}

// tenant is the owner of one attempt of a task in this process. It is made when
// the task first asks for it.
type tenant struct {
	mu    sync.Mutex
	owner *share.Owner
	why   string // the attempt is over; "" before
}

func (t *tenant) get(open func() *share.Owner) *share.Owner {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.owner == nil {
		t.owner = open()
		if t.why != "" {
			t.owner.End(t.why, false)
		}
	}
	return t.owner
}

// end is told how the attempt ended. Only the first call counts.
func (t *tenant) end(err error) {
	why, returned := ending(err)
	t.mu.Lock()
	if t.why == "" {
		t.why = why
	}
	owner := t.owner
	t.mu.Unlock()
	if owner != nil {
		owner.End(why, returned)
	}
}

// sharing is the context of an attempt with a time-out, which has a tenant of its
// own: an attempt that was abandoned must not act for the next.
type sharing struct {
	context.Context
	tenant *tenant
	open   func() *share.Owner
}

func (c sharing) Value(key any) any {
	if _, ok := key.(share.Key); ok {
		return c.tenant.get(c.open)
	}
	return c.Context.Value(key)
}

// tenant returns the tenant of the running attempt of a submitted task.
func (t *task) tenant() *tenant {
	r := t.extra()
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.tenant == nil {
		r.tenant = &tenant{}
		if r.settled || t.final() {
			r.tenant.why = "is over"
		}
	}
	return r.tenant
}

// owner returns the owner of a submitted task in this process.
func (t *task) owner() *share.Owner {
	return newOwner(t.ex().here, t.scope.fn.Name(), -1, 1, t.job.input(0), 0)
}

// endTenant ends what the attempt has of package share.
func (r *rare) endTenant(err error) {
	r.mu.Lock()
	tenant := r.tenant
	r.tenant = nil
	r.mu.Unlock()
	if tenant != nil {
		tenant.end(err)
	}
}

// itemContext is the context of the items of a Map on one slot, one after the
// other: one for each item would cost more than a small item does. Whose owner is
// asked for is found by where the slot stands. Once an item has asked, each gets
// one of its own; so only a goroutine that outlives its item, and shares for the
// first time after that, may be taken for another.
type itemContext struct {
	context.Context // of the Map
	slot            *slot
	job             sharer                      // whose items run; nil after the last
	owner           atomic.Pointer[share.Owner] // of the running item, once it has asked
}

// sharer is a chunk, for the items of which owners can be had.
type sharer interface {
	ownerOf(s *slot) *share.Owner
}

func (c *itemContext) Value(key any) any {
	if _, ok := key.(share.Key); !ok {
		return c.Context.Value(key)
	}
	for {
		if o := c.owner.Load(); o != nil {
			return o
		}
		job := c.job
		if job == nil {
			return nil
		}
		o := job.ownerOf(c.slot)
		if !c.owner.CompareAndSwap(nil, o) {
			o.End("was not needed", false) // another goroutine of the item asked too
		}
	}
}

// end ends the owner of the item that ran. One that is asked for later, of a
// context that no further item gets, is over from the start.
func (c *itemContext) end(err error) {
	if o := c.owner.Load(); o != nil {
		o.End(ending(err))
	}
}

// itemContext returns the context for the items that are run next.
func (c *chunk[In, Out]) itemContext(s *slot) *itemContext {
	if s.items == nil || s.items.Context != c.r.ctx || c.r.shares.Load() {
		s.items = &itemContext{Context: c.r.ctx, slot: s}
	}
	s.items.job = c
	return s.items
}

// doneWith is told that a slot has run what it could of a job, which is not to be
// kept alive by a context.
func (s *slot) doneWith(job sharer) {
	if s.items != nil && s.items.job == job {
		s.items.job = nil
	}
}

// ownerOf returns the owner of the item that runs on a slot. Items are claimed one
// by one from now on.
func (c *chunk[In, Out]) ownerOf(s *slot) *share.Owner {
	c.r.shares.Store(true)
	i := s.block.at
	return c.r.ex.here.Owner(share.Who{
		Describe: func() string { return identity(c.r.fn.Name(), c.first()+i, c.in[i]) },
		Tag:      taskID{c.first() + i, 1},
		Waits:    func() { c.shed(s, i) },
	})
}

// shed leaves the items that a slot has claimed behind the one that it runs to
// others: that one is about to wait, perhaps for one of them.
func (c *chunk[In, Out]) shed(s *slot, i int) {
	end := s.block.end
	if s.block.at != i || i+1 >= end {
		return
	}
	s.block.end = i + 1
	c.r.idle(end - i - 1)
	c.r.ex.again(newRerun(c, i+1, end, history{tried: s.block.try - 1}))
}

// outside as the batch of an owner means the worker itself.
const outside = math.MaxUint32

// mostParts bounds the owners of a batch, and those of a worker itself.
const mostParts = 1 << 16

// owner returns the owner of an item that runs in a lane's worker, or of a part of
// it; nil where there is no such item, or it was answered.
func (l *lane) owner(at *share.Site, batch uint32, item, part int) *share.Owner {
	l.mu.Lock()
	defer l.mu.Unlock()
	key := place{item, part}
	if batch == outside {
		o := l.aside[key]
		if o == nil && len(l.aside) < mostParts {
			o = at.Owner(share.Who{Describe: func() string { return fmt.Sprintf("worker %d", l.number) }, Aside: true, Tag: taskID{-1, l.number}})
			l.aside[key] = o
		}
		return o
	}
	b := l.batches[batch]
	if b == nil || item < 0 || item >= b.n || b.answered[item] {
		return nil
	}
	b.reached = true
	if o := b.owners[key]; o != nil {
		return o
	}
	for _, r := range b.refs {
		if item < r.pos || item >= r.pos+r.n || len(b.owners) >= mostParts {
			continue
		}
		if b.owners == nil {
			b.owners = map[place]*share.Owner{}
		}
		i := r.a + item - r.pos
		b.owners[key] = newOwner(at, r.j.function().Name(), r.index(i), l.number, r.j.input(i), part)
	}
	return b.owners[key]
}

// place is an item of a batch, and a part of it.
type place struct{ item, part int }

// ownersOf takes the owners of items first to first+n-1 off a batch, which are
// answered. The lane's lock is held.
func (b *batch) ownersOf(first, n int) (owners []*share.Owner) {
	for at, o := range b.owners {
		if at.item >= first && at.item < first+n {
			owners = append(owners, o)
			delete(b.owners, at)
		}
	}
	return owners
}
