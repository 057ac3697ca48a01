package share

import (
	"context"
	"fmt"
	"strings"
)

// Who is whom an owner acts for.
type Who struct {
	// Describe names it in messages, as in "transfer, input 7". It is called rarely,
	// with locks held, and must not wait for anything.
	Describe func() string
	Part     bool // one of several parts of a task, and not the task's own
	Aside    bool // no task at all: a worker process, or what it runs besides
	Tag      any  // whatever the executor wants to know again

	// Waits is told that a request of it begins to wait, and can mean that who is
	// waited for has to be given way. It is called with locks held. It may be nil.
	Waits func()
}

// Owner is who holds locks and waits: a task, a part of one, or the caller. To
// this package it is opaque. It implements [Agent]; its methods may be called
// from any goroutine.
type Owner struct {
	who  Who
	site *Site

	// Guarded by the space's lock:
	born   uint64
	caller bool
	over   bool
	why    string // it is over
	waits  []*Wait
	held   []holding
	parts  []*Owner
}

// isOver begins the text of an answer to an owner that has ended. It is for those who
// have no ErrOver, as workers.
const isOver = "the task is over: "

// holding is units of a gate that an owner has.
type holding struct {
	gate *gate
	n    int
	was  *Abandonment // what it was told when it got them
}

var _ Parter = (*Owner)(nil)

// Owner returns a new owner at the site.
func (t *Site) Owner(who Who) *Owner {
	s := t.space
	s.mu.Lock()
	defer s.mu.Unlock()
	s.births++
	o := &Owner{who: who, site: t, born: s.births, over: t.over, why: "its worker is gone"}
	if !t.over {
		t.owners[o] = struct{}{}
		if o.task() {
			s.tasks++
		}
	}
	return o
}

// String says who it is.
func (o *Owner) String() string { return o.who.Describe() }

// Tag returns what the executor gave the owner along.
func (o *Owner) Tag() any { return o.who.Tag }

// task reports whether the owner is a task, or a part of one.
func (o *Owner) task() bool { return !o.who.Aside }

// Part returns a new part of the owner's task: see the function Part.
func (o *Owner) Part() Agent {
	part := o.site.Owner(Who{Describe: o.who.Describe, Part: true, Aside: o.who.Aside, Tag: o.who.Tag})
	s := o.site.space
	s.mu.Lock()
	defer s.unlock()
	if o.over {
		part.end(o.why)
	}
	o.parts = append(o.parts, part)
	return part
}

// Do carries a request out and returns at once. done gets the answer, once:
// before Do returns, or later, from any goroutine. It must not block. What Do
// returns is nil where the request had no need to wait.
func (o *Owner) Do(r Request, done func(Response)) *Wait {
	resp, w := o.begin(&r, done)
	if w == nil {
		done(resp)
	}
	return w
}

// begin carries a request out; with a Wait its answer is done's, else the Response.
func (o *Owner) begin(r *Request, done func(Response)) (Response, *Wait) {
	if text := r.check(); text != "" {
		return misuse("%s", text), nil
	}
	s := o.site.space
	s.mu.Lock()
	resp, w := s.start(o, r, done)
	if w != nil {
		s.check(w)
	}
	s.unlock()
	return resp, w
}

// Call carries a request out and waits for the answer: see [Agent].
func (o *Owner) Call(ctx context.Context, r Request) (Response, error) {
	if ctx.Err() != nil {
		return Response{Status: Withdrawn}, context.Cause(ctx)
	}
	answer := make(chan Response, 1)
	resp, w := o.begin(&r, func(r Response) { answer <- r })
	if w == nil {
		return resp, nil
	}
	select {
	case resp = <-answer:
	case <-ctx.Done():
		w.Withdraw()
		if resp = <-answer; resp.Status == Withdrawn {
			return resp, context.Cause(ctx)
		}
	}
	return resp, nil
}

// Post carries a request out at once: see [Agent].
func (o *Owner) Post(r Request) { o.begin(&r, func(Response) {}) }

// End ends the owner, because of why: what it holds is released, and whoever gets
// it next is told that it was abandoned. Its requests that wait, and all that
// follow, are answered by Ended. A task that returned is to have nothing left; if
// it has, that is told as a warning. A second call does nothing.
func (o *Owner) End(why string, returned bool) {
	s := o.site.space
	s.mu.Lock()
	var left string
	if returned {
		left = o.holds()
	}
	o.end(why)
	s.unlock()
	if left != "" && s.config.Warn != nil {
		s.config.Warn(o, fmt.Sprintf("%s returned and left %s locked; it is released, and flagged as abandoned (hint: release it in a defer, or in Python use with)", o.String(), left))
	}
}

// end is End under the lock.
func (o *Owner) end(why string) {
	if o.over {
		return
	}
	s := o.site.space
	o.over, o.why = true, why
	delete(o.site.owners, o)
	s.changes++
	o.quit(why)
	if o.task() {
		s.tasks--
	}
	for len(o.held) > 0 {
		h := o.held[len(o.held)-1]
		h.gate.abandoned = &Abandonment{By: o.String(), Why: why}
		s.giveBack(o, h.gate, h.n)
	}
	for _, part := range o.parts {
		part.end(why)
	}
}

// quit answers the owner's requests that wait, since it is over. The lock is held.
func (o *Owner) quit(why string) {
	for len(o.waits) > 0 {
		o.site.space.drop(o.waits[0], Response{Status: Ended, Number: taskOver, Text: isOver + why})
	}
}

// holds names what the owner and its parts hold, or returns "". The lock is held.
func (o *Owner) holds() string {
	names, n := o.namesHeld(nil)
	text := strings.Join(names, ", ")
	if more := n - len(names); more > 0 {
		text = fmt.Sprintf("%s, %d more", text, more)
	}
	return text
}

// namesHeld adds to the names of what is held, as far as a message tells them, and
// returns how much it is.
func (o *Owner) namesHeld(names []string) (all []string, n int) {
	n = len(o.held)
	for i := 0; i < n && len(names) < most; i++ {
		names = append(names, o.held[i].gate.String())
	}
	for _, part := range o.parts {
		var more int
		names, more = part.namesHeld(names)
		n += more
	}
	return names, n
}
