package main

import (
	"context"
	"flag"
	"fmt"
	"io"
	"os"
	"slices"
	"strconv"
)

// shareSetting is what the trials of the share experiment need.
type shareSetting struct {
	python string // the interpreter of --python
	self   string // this program
}

// shareEntrant is an entrant and the program that does a case for it: one of
// shareProbes, or a case of speed/share_peers.py.
type shareEntrant struct {
	entrant
	probe, driver string
	n             int // operations
}

// shareExperiment measures package share beside what CPython and Go have, writes
// the folder of results and prints the summary. The error is a missedError when a
// bound is missed.
func shareExperiment(ctx context.Context, args []string, stdout, stderr io.Writer) error {
	var s shareSetting
	x := experiment{
		name:  "share",
		title: "What tasks share",
		intro: "Locks, counters and queues of Outpace, beside what CPython and Go have. What is measured runs in child processes that are\n" +
			"warm, or in goroutines, and the objects are the executor's. Every sample checks what came of it.",
		topics: s.topics(),
		flags: func(flags *flag.FlagSet) {
			flags.StringVar(&s.python, "python", "python3", "the interpreter of all peers")
		},
		prepare: func(context.Context, io.Writer) (machine string, err error) {
			s.self, err = os.Executable()
			return "", err
		},
	}
	return runExperiment(ctx, x, args, stdout, stderr)
}

// topic makes a case that these entrants do, with so many workers that put.
func (s *shareSetting) topic(t topic, workers int, entrants ...shareEntrant) topic {
	for _, e := range entrants {
		t.entrants = append(t.entrants, e.entrant)
	}
	t.item, t.widths = "issue 10, item 5", []int{workers}
	t.command = func(chosen entrant, workers int, quick bool) []string {
		e := entrants[slices.IndexFunc(entrants, func(e shareEntrant) bool { return e.name == chosen.name })]
		n := e.n
		if quick {
			n = max(2, n/10)
		}
		if e.probe != "" {
			return []string{s.self, "share-probe", "--python", s.python, e.probe, strconv.Itoa(n), strconv.Itoa(workers)}
		}
		return []string{s.python, "benchmarks/speed/share_peers.py", e.driver, strconv.Itoa(n), strconv.Itoa(workers)}
	}
	return t
}

// The names that bounds refer to.
const (
	managerLock = "multiprocessing.Manager().Lock()"
	managerDict = "multiprocessing.Manager().dict()"
	peerQueue   = "multiprocessing.Queue"
	queueGet    = "outpace.queue, Get"
	queueMany   = "outpace.queue, GetMany"
	killedHere  = "kill -9, the caller waits"
	killedThere = "kill -9, a worker waits"
	outOfTime   = "time-out, the caller waits"
)

func (s *shareSetting) topics() []topic {
	sharer := func(name, probe string, n int) shareEntrant {
		return shareEntrant{entrant{name: name, role: subject}, probe, "", n}
	}
	peer := func(name, driver string, n int) shareEntrant {
		return shareEntrant{entrant{name: name}, "", driver, n}
	}
	handMade := func(name, probe, driver string, n int) shareEntrant {
		return shareEntrant{entrant{name: name, role: floor}, probe, driver, n}
	}
	queue := func(workers int) topic {
		return s.topic(topic{
			name: fmt.Sprintf("queue-%d", workers), title: fmt.Sprintf("texts of 100 bytes through a queue, %d workers put, the caller gets", workers),
			metric: microseconds(), bounds: []bound{{who: queueMany, how: faster, other: peerQueue, limit: 1}, {who: queueGet, how: faster, other: peerQueue, limit: 1}},
			note: "All queues have 10,000 places. Outpace's caller is the Go program, the peers' the Python program.",
		}, workers, sharer(queueMany, "queue-many", 100_000), sharer(queueGet, "queue", 100_000),
			peer(peerQueue, "queue", 50_000), peer("multiprocessing.Manager().Queue()", "manager-queue", 3000))
	}
	return []topic{
		s.topic(topic{
			name: "lock", title: "acquire and release of a lock that nobody else wants, from a worker process", metric: microseconds(),
			bounds: []bound{fasterThan(managerLock, 2)},
			note:   "multiprocessing.Lock is a bare semaphore of the system: it has no name, no line, and stays locked for ever when its owner is killed.",
		}, 1, sharer("outpace.lock", "lock", 5000), sharer("share.Lock in a Go child", "lock-child", 5000),
			peer(managerLock, "manager-lock", 4000), handMade("multiprocessing.Lock", "", "lock", 500_000)),
		s.topic(topic{
			name: "count", title: "adding to 10 keys, from a worker process", metric: microseconds(), bounds: []bound{fasterThan(managerDict, 10)},
			note: "The dictionary is read and written for each, and two processes at once lose updates.",
		}, 1, sharer("outpace.counter, add", "count", 500_000), peer(managerDict, "manager-dict", 2000)),
		queue(1), queue(2),
		s.topic(topic{
			name: "queue-workers", title: "texts of 100 bytes through a queue, from one worker process to another", metric: microseconds(),
			bounds: []bound{{who: "outpace.queue, get_many", how: faster, other: peerQueue, limit: 1}},
			note:   "All queues have 10,000 places. An item that another worker gets has crossed two pipes, and a `get` for each asks once for each.",
		}, 1, sharer("outpace.queue, get_many", "queue-workers-many", 100_000), sharer("outpace.queue, get", "queue-workers", 5000),
			peer(peerQueue, "queue-child", 50_000), peer("multiprocessing.Manager().Queue()", "manager-queue-child", 3000)),
		s.topic(topic{
			name: "go-lock", title: "acquire and release of a lock that nobody else wants, in one goroutine", metric: nanoseconds(), bounds: []bound{atMost(nanoseconds(), 200)},
		}, 1, sharer("share.Lock", "go-lock", 2_000_000), handMade("sync.Mutex", "go-mutex", "", 20_000_000)),
		s.topic(topic{
			name: "go-lock-8", title: "acquire and release of one lock by 8 goroutines", metric: nanoseconds(),
			note: "sync.Mutex lets those who run overtake those who sleep; a share.Lock serves in the order of arrival, so nearly each acquire wakes a goroutine.",
		}, 8, sharer("share.Lock", "go-lock", 400_000), handMade("sync.Mutex", "go-mutex", "", 4_000_000)),
		s.topic(topic{
			name: "death", title: "from the end of a lock's holder until who waits for the lock has it", metric: metric{"p50_ms", "ms", 1}, columns: []metric{{"max_ms", "ms", 1}},
			bounds: []bound{{who: killedHere, limit: 10}, {who: killedThere, limit: 10}, {who: outOfTime, limit: 10}},
			note: "The holder is a Python worker. From kill -9 the time counts from just before the signal; from a time-out it counts from when that is\n" +
				"over, for a task that began when it was submitted; the worker writes where it is before it is killed. That a worker has the lock is\n" +
				"known when its result is here. A multiprocessing.Lock is never released.",
		}, 1, sharer(killedHere, "kill", 10), sharer(killedThere, "kill-worker", 10), sharer(outOfTime, "time-out", 10)),
	}
}
