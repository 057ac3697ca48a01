package linear

import (
	"fmt"
	"maps"
	"strings"

	"github.com/anishathalye/porcupine"
)

// This file is what the objects are said to do, one operation at a time.

// input is an operation of an attempt of a client.
type input struct {
	line
	attempt int    // who, from 0
	place   int    // among the attempt's operations on this object, from 0
	maybe   bool   // it was not answered before its worker was killed: it took effect or did not
	label   string // a part of the name by which the attempt is known as who abandoned a lock
	dead    bool   // the operation is the end of the attempt
}

// most is how many attempts a history has at most.
const most = 48

// object is the state of one object, and how many operations of each attempt have
// been done to it: those of one attempt are done in their order.
type object[S comparable] struct {
	state S
	done  [most]uint8
}

// step returns the state after an operation and whether the object may answer so.
type step[S comparable] func(s S, in input, out line) (S, bool)

// model makes a model of an object's steps.
func model[S comparable](do step[S]) porcupine.Model {
	m := porcupine.NondeterministicModel{
		Init: func() []any { return []any{object[S]{}} },
		Step: func(state, in, out any) (next []any) {
			o, op := state.(object[S]), in.(input)
			if int(o.done[op.attempt]) != op.place {
				return nil
			}
			o.done[op.attempt]++
			if op.maybe {
				next = append(next, o)
			}
			s, ok := do(o.state, op, out.(line))
			if o.state = s; ok {
				next = append(next, o)
			}
			return next
		},
		DescribeOperation: func(in, out any) string { return describe(in.(input), out.(line)) },
	}
	return m.ToModel()
}

// models are the objects, by what their operations are called.
func models() map[string]porcupine.Model {
	return map[string]porcupine.Model{
		"lock": model(lockStep), "counter": model(counterStep), "value": model(valueStep), "queue": model(queueStep),
	}
}

// objectOf is which object an operation is about.
func objectOf(call string) string {
	switch call {
	case "acquire", "try", "release", "undo", "end":
		return "lock"
	case "add", "sum", "snapshot":
		return "counter"
	case "get", "set", "swap", "update":
		return "value"
	}
	return "queue"
}

// lock is who has it, counted from 1, and who abandoned it.
type lock struct {
	holder int
	by     string
	before string // who had abandoned it, where the holder may not have heard of that
}

func lockStep(s lock, in input, out line) (lock, bool) {
	me := in.attempt + 1
	switch {
	case in.Call == "release":
		return lock{}, s.holder == me
	case in.Call == "undo" && s.holder == me:
		return lock{by: s.before}, true
	case in.Call == "undo":
		return s, true
	case in.dead && s.holder == me:
		return lock{by: in.label}, true
	case in.dead:
		return s, true
	case in.maybe:
		return lock{holder: me, before: s.by}, s.holder == 0
	case out.OK:
		told := s.by == "" && out.By == "" || s.by != "" && strings.Contains(out.By, s.by)
		return lock{holder: me}, s.holder == 0 && told
	}
	return s, in.Call == "acquire" || s.holder != 0 // the time of an acquire may be over before it began
}

// counter is what its two keys stand at.
type counter struct{ a, b int64 }

func counterStep(s counter, in input, out line) (counter, bool) {
	if in.Call == "snapshot" {
		got := maps.Clone(out.Counts)
		ok := in.maybe || got["a"] == s.a && got["b"] == s.b
		return s, ok
	}
	sum := &s.a
	if in.Key == "b" {
		sum = &s.b
	}
	*sum += in.A
	return s, in.maybe || in.Call == "add" || out.N == *sum
}

func valueStep(s int64, in input, out line) (int64, bool) {
	switch in.Call {
	case "set":
		return in.A, true
	case "swap":
		if s != in.B {
			return s, in.maybe || !out.OK
		}
		return in.A, in.maybe || out.OK
	case "update":
		s = (s + in.A) % 1000
	}
	return s, in.maybe || out.N == s
}

// queue is its items, and how far it is closed.
type queue struct {
	items   string // each with a space behind it
	n       int
	closed  bool
	drained bool // somebody was told that nothing comes any more
}

func queueStep(s queue, in input, out line) (queue, bool) {
	switch in.Call {
	case "close":
		s.closed = true
		return s, true
	case "put":
		return s.put(in, out)
	}
	switch {
	case out.Closed:
		s.drained = true
		return s, s.closed && s.n == 0
	case in.maybe:
		return s.take(int(in.A)), s.n > 0
	case len(out.Items) == 0:
		return s, in.Call == "take" || s.n == 0 // the time of a take may be over before it began
	}
	var text strings.Builder
	for _, x := range out.Items {
		fmt.Fprint(&text, x, " ")
	}
	next := s.take(int(in.A))
	return next, strings.TrimSuffix(s.items, next.items) == text.String()
}

// put puts an item in. That a place is promised to others makes a put wait too;
// and who has been promised one may use it when the queue is closed.
func (s queue) put(in input, out line) (queue, bool) {
	switch {
	case out.Closed:
		return s, s.closed
	case !in.maybe && !out.OK:
		return s, true
	}
	ok := s.n < places && !s.drained && (!s.closed || in.Soft)
	s.items += fmt.Sprint(in.A, " ")
	s.n++
	return s, ok
}

// take takes up to n items off.
func (s queue) take(n int) queue {
	for n = min(n, s.n); n > 0; n-- {
		_, s.items, _ = strings.Cut(s.items, " ")
		s.n--
	}
	return s
}

// describe shows an operation and what came back.
func describe(in input, out line) string {
	text := fmt.Sprintf("%d: %s %s %d %d", in.attempt, in.Call, in.Key, in.A, in.B)
	switch {
	case in.dead:
		return fmt.Sprintf("%d: end of %q", in.attempt, in.label)
	case in.maybe:
		return text + " -> ?"
	}
	return fmt.Sprintf("%s -> ok %t, closed %t, n %d, by %q, items %v, counts %v", text, out.OK, out.Closed, out.N, out.By, out.Items, out.Counts)
}
