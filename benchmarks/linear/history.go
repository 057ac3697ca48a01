package linear

import (
	"bufio"
	"bytes"
	"encoding/json"
	"fmt"
	"math"
	"os"
	"slices"
	"time"

	"github.com/anishathalye/porcupine"
)

// attempt is a log: what one attempt of a client did.
//
//	pid ─ call ─ back ─ call ─ back ─ … ─ end
//	                      └ killed: no back, no end
type attempt struct {
	label    string // see input
	lines    []line
	over     int64 // when its end is known to be over
	returned bool  // its task returned, and this was its last attempt
}

// operation is a call with what came back, and until when it took effect.
type operation struct {
	in     input
	out    line
	call   int64
	back   int64
	object string
}

// readLog reads the lines of a log. The last may be cut off by a kill.
func readLog(name string) ([]line, error) {
	text, err := os.ReadFile(name)
	if err != nil {
		return nil, err
	}
	var lines []line
	for s := bufio.NewScanner(bytes.NewReader(text)); s.Scan(); {
		var l line
		if json.Unmarshal(s.Bytes(), &l) != nil {
			break
		}
		lines = append(lines, l)
	}
	if len(lines) == 0 || lines[0].Pid == 0 {
		return nil, nil // killed before it wrote that it is there
	}
	return lines, nil
}

// operations are those of an attempt, which is the number-th.
func (a attempt) operations(number int) []operation {
	var all []operation
	places := map[string]int{}
	var add func(operation)
	add = func(o operation) {
		if items := o.in.Items; len(items) > 0 { // each is a put of its own
			o.in.Items = nil
			for i, x := range items {
				one := o
				one.in.A, one.out.OK = x, int64(i) < o.out.N
				one.out.Closed = o.out.Closed && !one.out.OK
				add(one)
			}
			return
		}
		o.in.attempt, o.in.place = number, places[o.object]
		places[o.object]++
		all = append(all, o)
	}
	for i, l := range a.lines {
		if l.Call == "" {
			continue
		}
		o := operation{in: input{line: l, maybe: true}, call: l.At, back: a.over, object: objectOf(l.Call)}
		if i+1 < len(a.lines) {
			o.out = a.lines[i+1]
			o.in.maybe, o.back = false, o.out.At
			if l.Cancel && !o.out.OK { // it got the lock and gave it back, or not
				o.in.maybe = true
				add(o)
				o.in.Call, o.out = "undo", line{}
				l.Soft, o.in.maybe = true, false
			}
			if l.Soft && (l.Call != "put" || o.out.OK) {
				o.back, o.in.maybe = a.done(i + 2)
			}
		}
		add(o)
	}
	last := a.lines[len(a.lines)-1].At
	add(operation{in: input{line: line{Call: "end"}, label: a.label, dead: true}, call: last, back: a.over, object: "lock"})
	return all
}

// done is until when what was on its way at a line is done: the next operation that
// was answered, or the end. maybe is whether it need not have been done.
func (a attempt) done(from int) (at int64, maybe bool) {
	for i := from; i+1 < len(a.lines); i++ {
		if l := a.lines[i]; l.Call != "" && !l.Soft {
			return a.lines[i+1].At, false
		}
	}
	return a.over, !a.returned
}

// histories are the operations of all attempts on each object.
func histories(attempts []attempt) map[string][]porcupine.Operation {
	all := map[string][]porcupine.Operation{}
	for number, a := range attempts {
		for _, o := range a.operations(number) {
			all[o.object] = append(all[o.object], porcupine.Operation{ClientId: number, Input: o.in, Call: o.call, Output: o.out, Return: o.back})
		}
	}
	return all
}

// verdict is what came of the check of some histories.
type verdict struct {
	operations int // that were checked
	undecided  int // objects whose check took too long
	wrong      []string
}

// judge checks the histories of attempts, each for at most limit.
func judge(attempts []attempt, limit time.Duration) verdict {
	var v verdict
	if len(attempts) > most {
		return verdict{undecided: len(models())}
	}
	all := histories(attempts)
	for object, m := range models() {
		history := all[object]
		switch v.operations += len(history); porcupine.CheckOperationsTimeout(m, history, limit) {
		case porcupine.Unknown:
			v.undecided++
		case porcupine.Illegal:
			v.wrong = append(v.wrong, fmt.Sprintf("no order of these operations explains what the %s answered:\n%s", object, listing(m, history)))
		}
	}
	return v
}

// listing shows a history in the order of its calls, with times in µs.
func listing(m porcupine.Model, history []porcupine.Operation) string {
	slices.SortFunc(history, func(a, b porcupine.Operation) int { return int(a.Call - b.Call) })
	first := int64(math.MaxInt64)
	for _, o := range history {
		first = min(first, o.Call)
	}
	var text bytes.Buffer
	for _, o := range history {
		fmt.Fprintf(&text, "%8d %8d  %s\n", (o.Call-first)/1000, (o.Return-first)/1000, m.DescribeOperation(o.Input, o.Output))
	}
	return text.String()
}
