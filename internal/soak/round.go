package main

import (
	"fmt"
	"strings"
	"sync"
	"time"

	"github.com/outpace-run/outpace"
	"github.com/outpace-run/outpace/process"
	"github.com/outpace-run/outpace/python"
)

// round is what happens to one or two executors of the same model, from New to
// Close. All of it is drawn before it begins, from the seed and the number.
type round struct {
	seed   uint64
	number int

	place     place
	word      string // which model of this process: "serial", "threads", "async"
	processes int
	tasks     int

	retries     int
	onlyFlaky   bool // RetryIf: nothing else is retried
	backoff     time.Duration
	timeout     time.Duration
	grace       time.Duration // -1: the default
	memory      int64
	maxTasks    int
	queue       int
	window      int
	windowBytes int64
	idle        time.Duration
	maxDeaths   int
	inCalls     bool // options are given to each call rather than to New, where that is possible

	assault assault       // what happens to worker processes
	ending  ending        // what ends the executors before their time
	after   time.Duration // … when
	atOnce  bool          // the calls of an executor run at the same time
	calls   [][]*call     // for each executor

	table map[string]deed // of what inputs do

	mu       sync.Mutex
	problems []string // the first few
	wrongs   int      // and how many there were
}

// assault is what happens to worker processes from outside.
type assault string

const (
	unharmed assault = ""
	killing  assault = "kill -9 of workers"
	pausing  assault = "workers stopped for a moment"
	freezing assault = "workers stopped for long"
)

// ending is what ends an executor, or a call, before its time.
type ending string

const (
	natural ending = ""

	// Of an executor:
	closing      ending = "Close"
	shuttingDown ending = "Shutdown"
	shuttingHard ending = "Shutdown with 100 ms"
	contextDone  ending = "its context is done"
	crashLooping ending = "MaxDeaths"

	// Of a call:
	cancelling   ending = "its context is done"
	leaving      ending = "the loop is left"
	stoppingOn   ending = "StopOn"
	failingFast  ending = "FailFast"
	stoppingIf   ending = "StopIf"
	sourcePanics ending = "the source panics"
	givingUp     ending = "Cancel of futures"
)

// quiet reports whether nothing but the inputs decides how many attempts there are.
func (r *round) quiet() bool {
	return r.assault == unharmed && r.ending == natural && (r.timeout == 0 || r.place == inGoroutine)
}

// wrong notes that something is not as it must be.
func (r *round) wrong(format string, args ...any) {
	const most = 8
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.wrongs++; r.wrongs <= most {
		r.problems = append(r.problems, fmt.Sprintf(format, args...))
	}
}

// model makes the model. env marks its worker processes.
func (r *round) model(env string) outpace.Model {
	switch {
	case r.place == inChild:
		return process.Workers(r.processes, process.Threads(r.tasks), process.Env(env))
	case r.place == inPython:
		return python.Workers(r.processes, python.Threads(r.tasks), python.Env(env))
	case r.place == inLoop:
		return python.Workers(r.processes, python.Async(r.tasks), python.Env(env))
	case r.word == "serial":
		return outpace.Serial()
	case r.word == "async":
		return outpace.Async(r.tasks)
	}
	return outpace.Threads(r.tasks)
}

// option is an Option that can be printed.
type option struct {
	text   string
	option outpace.Option
	atNew  bool // has an effect there only
}

// options is what was drawn, but for what belongs to one call.
func (r *round) options() []option {
	var all []option
	add := func(given, atNew bool, o outpace.Option, text string, args ...any) {
		if given {
			all = append(all, option{fmt.Sprintf(text, args...), o, atNew})
		}
	}
	add(r.retries > 0, false, outpace.Retries(r.retries), "Retries(%d)", r.retries)
	add(r.retries > 0, false, outpace.Backoff(r.backoff, 5*r.backoff), "Backoff(%v)", r.backoff)
	add(r.onlyFlaky, false, outpace.RetryIf(isFlaky), "RetryIf(flaky)")
	add(r.timeout > 0, false, outpace.Timeout(r.timeout), "Timeout(%v)", r.timeout)
	add(r.grace >= 0, false, outpace.Grace(max(r.grace, 0)), "Grace(%v)", r.grace)
	add(r.window > 0 || r.windowBytes > 0, false, outpace.Window(r.window, r.windowBytes), "Window(%d, %d)", r.window, r.windowBytes)
	add(r.queue > 0, true, outpace.Queue(max(r.queue, 1)), "Queue(%d)", r.queue)
	add(r.memory > 0, true, outpace.MemoryLimit(r.memory), "MemoryLimit(%d)", r.memory)
	add(r.maxTasks > 0, true, outpace.MaxTasks(r.maxTasks), "MaxTasks(%d)", r.maxTasks)
	add(r.idle > 0, true, outpace.IdleLimit(r.idle), "IdleLimit(%v)", r.idle)
	add(r.maxDeaths > 0, true, outpace.MaxDeaths(r.maxDeaths), "MaxDeaths(%d)", r.maxDeaths)
	return all
}

// given returns the options for New, or for a call.
func (r *round) given(atNew bool) []outpace.Option {
	var some []outpace.Option
	for _, o := range r.options() {
		if atNew == (o.atNew || !r.inCalls) {
			some = append(some, o.option)
		}
	}
	return some
}

func isFlaky(err error) bool { return strings.Contains(err.Error(), "flaky") }

// String says all that was drawn, over several lines.
func (r *round) String() string {
	var b strings.Builder
	fmt.Fprintf(&b, "seed %d, round %d: %s %s %dx%d", r.seed, r.number, r.place, r.word, r.processes, r.tasks)
	for _, o := range r.options() {
		b.WriteString(" " + o.text)
	}
	if r.inCalls {
		b.WriteString(", options given to calls")
	}
	if r.assault != unharmed {
		fmt.Fprintf(&b, ", %s", r.assault)
	}
	if r.ending == crashLooping {
		b.WriteString(", every input ends its worker")
	} else if r.ending != natural {
		fmt.Fprintf(&b, ", ended after %v by %s", r.after, r.ending)
	}
	if r.atOnce {
		b.WriteString(", calls at once")
	}
	for e, calls := range r.calls {
		for _, c := range calls {
			fmt.Fprintf(&b, "\n  executor %d, call %s", e+1, c)
		}
	}
	return b.String()
}
