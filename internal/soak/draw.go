package main

import (
	"math/rand/v2"
	"time"
)

// dice is a source of random choices.
type dice struct{ *rand.Rand }

func newDice(seed uint64, number int) dice {
	return dice{rand.New(rand.NewPCG(seed, uint64(number)))}
}

// chance is true in percent of 100 cases.
func (d dice) chance(percent int) bool { return d.IntN(100) < percent }

// between is from a to b, both included.
func (d dice) between(a, b int) int { return a + d.IntN(b-a+1) }

// ms is a time from a to b milliseconds.
func (d dice) ms(a, b int) time.Duration { return time.Duration(d.between(a, b)) * time.Millisecond }

// pick is one of some.
func pick[T any](d dice, some ...T) T { return some[d.IntN(len(some))] }

// draw decides what a round does: the same for the same seed and number.
func draw(seed uint64, number int) *round {
	d := newDice(seed, number)
	r := &round{seed: seed, number: number, grace: -1, processes: 1, tasks: 1, table: map[string]deed{}}
	for _, each := range deeds() {
		r.table[each.name] = each
	}
	r.drawModel(d)
	r.drawOptions(d)
	r.drawHarm(d)
	if r.ending == crashLooping {
		r.retries, r.onlyFlaky, r.timeout, r.memory, r.maxTasks, r.maxDeaths = 0, false, 0, 0, 0, d.between(3, 6)
	}
	r.atOnce = d.chance(40)
	for executor := range pick(d, 1, 1, 1, 2) {
		var calls []*call
		for number := range pick(d, 1, 1, 2, 3) {
			calls = append(calls, r.drawCall(d, executor+1, number+1))
		}
		r.calls = append(r.calls, calls)
	}
	return r
}

func (r *round) drawModel(d dice) {
	r.place = pick(d, inGoroutine, inChild, inPython, inPython, inLoop)
	if r.place == inGoroutine {
		r.word = pick(d, "serial", "threads", "async")
		switch r.word {
		case "threads":
			r.tasks = d.between(1, 16)
		case "async":
			r.tasks = d.between(1, 1000)
		}
		return
	}
	r.processes = pick(d, 1, 2, 2, 3)
	r.tasks = pick(d, 1, 1, 2, 4)
	if r.place == inLoop {
		r.tasks = pick(d, 1, 5, 100)
	}
}

func (r *round) drawOptions(d dice) {
	if d.chance(40) {
		r.retries = d.between(1, 3)
		r.onlyFlaky = d.chance(30)
		r.backoff = pick(d, 0, time.Millisecond, 5*time.Millisecond)
	}
	if d.chance(25) {
		r.timeout = d.ms(300, 600)
		r.retries = min(r.retries, 1)
	}
	if d.chance(50) {
		r.window = pick(d, 1, 2, d.between(3, 50), 1000)
		r.windowBytes = pick[int64](d, 0, 1, 100_000)
	}
	if d.chance(30) {
		r.grace = pick(d, 0, 50*time.Millisecond, 200*time.Millisecond)
	}
	if d.chance(50) {
		r.queue = pick(d, 1, 2, d.between(3, 100))
	}
	if r.place != inGoroutine {
		if r.timeout == 0 && d.chance(20) {
			r.memory = 200e6
		}
		if d.chance(25) {
			r.maxTasks = pick(d, 1, d.between(2, 10), d.between(11, 200))
		}
	}
	r.inCalls = d.chance(30)
}

// drawHarm decides what comes from outside.
func (r *round) drawHarm(d dice) {
	if r.place != inGoroutine && d.chance(50) {
		r.assault = pick(d, killing, killing, killing, pausing, freezing)
		r.retries *= pick(d, 0, 1) // a retry hides that a task was charged
		r.onlyFlaky = r.onlyFlaky && r.retries > 0
	}
	if r.timeout > 0 && r.assault != unharmed {
		r.assault = killing // a time-out counts the time that a worker is stopped
	}
	if r.assault == freezing {
		r.idle = d.ms(200, 500)
	}
	if d.chance(30) {
		r.ending = pick(d, closing, closing, shuttingDown, shuttingHard, contextDone)
		if r.place != inGoroutine && r.assault == unharmed && d.chance(30) {
			r.ending = crashLooping
		}
		r.after = d.delay(r)
	}
}

// delay is when something is done to a round: often before its workers are
// ready, sometimes after its end.
func (d dice) delay(r *round) time.Duration {
	if r.place == inGoroutine {
		return d.ms(0, 60)
	}
	return pick(d, d.ms(0, 300), d.ms(0, 1500))
}

// drawCall decides about one call.
func (r *round) drawCall(d dice, executor, number int) *call {
	c := &call{r: r, executor: executor, number: number}
	c.verb = pick(d, "Map", "Map", "MapItems", "MapUnordered", "AsCompleted", "Gather", "Wait", "Go")
	if c.verb == "Go" && (r.place != inGoroutine || r.ending != natural) {
		c.verb = "Map"
	}
	c.drawEnding(d)
	n := pick(d, 1, d.between(2, 20), d.between(20, 200), d.between(100, 600))
	if r.maxTasks > 0 {
		n = min(n, 8*r.processes*r.maxTasks)
	}
	if r.assault != unharmed {
		n = min(n, 100*r.processes)
	}
	rare := pick(d, 0, 0, 1, 1, 2, 3)
	if r.retries > 1 && number > 1 { // each costs several workers for each attempt
		rare = 0
	} else if r.retries > 1 {
		rare = min(rare, 1)
	}
	if r.ending == crashLooping {
		c.verb, n, rare = pick(d, "Map", "MapItems", "MapUnordered"), 3*r.maxDeaths, 0
	}
	c.drawInputs(d, n, rare)
	c.slow = d.chance(15)
	return c
}

func (c *call) drawEnding(d dice) {
	if c.r.ending != natural {
		c.endless = c.maps() && c.r.ending != crashLooping && d.chance(30)
		return
	}
	if !d.chance(35) {
		return
	}
	switch {
	case c.verb == "Go":
		return
	case c.maps():
		c.ending = pick(d, cancelling, leaving, stoppingOn, failingFast, stoppingIf, sourcePanics)
	case c.verb == "AsCompleted":
		c.ending = pick(d, cancelling, leaving, givingUp)
	default:
		c.ending = pick(d, cancelling, givingUp)
	}
	c.after, c.count = d.delay(c.r), d.between(1, 40)
	switch c.ending {
	case cancelling, leaving, stoppingOn:
		c.endless = c.maps() && d.chance(30)
	}
}

// drawInputs decides what the inputs do: mostly what is cheap, and a few times
// what is not.
func (c *call) drawInputs(d dice, n, rare int) {
	var often, seldom []deed
	total := 0
	for _, each := range deeds() {
		switch {
		case each.places&c.r.place == 0 || each.needs != nil && !each.needs(c.r):
		case each.weight == 0 && each.needs != nil: // what an option is there for comes more often
			seldom = append(seldom, each, each, each)
		case each.weight == 0:
			seldom = append(seldom, each)
		default:
			often = append(often, each)
			total += each.weight
		}
	}
	sleepy := c.r.assault != unharmed && d.chance(50) // so that something is in flight, alone, when harm comes
	for id := range n {
		do := weighted(often, d.IntN(total)).name
		if sleepy && d.chance(80) {
			do = "sleep"
		}
		c.inputs = append(c.inputs, c.drawInput(d, id, do))
	}
	for range rare {
		if id := d.IntN(n); len(seldom) > 0 {
			c.inputs[id] = c.drawInput(d, id, pick(d, seldom...).name)
		}
	}
}

// weighted is the deed at a place among the weights.
func weighted(some []deed, at int) deed {
	for _, each := range some {
		if at -= each.weight; at < 0 {
			return each
		}
	}
	return some[0]
}

func (c *call) drawInput(d dice, id int, do string) input {
	if c.r.ending == crashLooping {
		do = "exit"
	}
	in := input{ID: id, Do: do}
	switch do {
	case "sleep":
		if in.MS = d.between(1, 6); c.r.assault != unharmed {
			in.MS = d.between(20, 80)
		}
	case "ignore":
		in.MS = d.between(5, 30)
	case "stubborn": // longer than anybody waits for it
		in.MS = int((c.r.timeout + max(c.r.grace, 0)).Milliseconds()) + 1000
		if c.r.grace < 0 {
			in.MS += 1000
		}
	case "big":
		if in.Size = pick(d, 100_000, 100_000, 1_000_000); c.r.timeout > 0 {
			in.Size = 10_000 // what waits here to be decoded counts as time of its task
		}
	case "grow":
		in.Size = int(c.r.memory) + 100e6
	case "say":
		in.Call = c.name()
	case "flaky":
		in.Times = d.between(1, c.r.retries)
	}
	return in
}
