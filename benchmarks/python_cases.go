package main

import (
	"slices"
	"strconv"

	"github.com/outpace-run/outpace/internal/cores"
)

// pythonCase is how much a case does.
type pythonCase struct {
	driver string // its name in speed/measure.py
	n      int    // operations
	extra  int    // bytes of a text, floats in a list; calibrated for the loop of spin
}

// calibrated stands for a number that prepare finds.
const calibrated = -1

// pythonEntrant is an entrant and the program that does a case for it.
type pythonEntrant struct {
	entrant
	probe  string // one of pythonProbes; "" for a driver
	driver string // one of the peers of speed/peers.py
	n      int    // operations, where the case's are not right for it; else 0
}

func ours(name, probe string) pythonEntrant {
	return pythonEntrant{entrant: entrant{name: name, role: subject}, probe: probe}
}

func theirs(name, driver string) pythonEntrant {
	return pythonEntrant{entrant: entrant{name: name}, driver: driver}
}

// over changes how many operations an entrant does.
func (e pythonEntrant) over(n int) pythonEntrant { e.n = n; return e }

// topic makes a case that these entrants do.
func (s *pythonSetting) topic(t topic, c pythonCase, entrants ...pythonEntrant) topic {
	for _, e := range entrants {
		t.entrants = append(t.entrants, e.entrant)
	}
	t.env = []string{"TMPDIR=" + s.folder}
	t.command = func(chosen entrant, workers int, quick bool) []string {
		i := slices.IndexFunc(entrants, func(e pythonEntrant) bool { return e.name == chosen.name })
		return s.command(c, entrants[i], workers, quick)
	}
	return t
}

// command is the child that does a case for an entrant.
func (s *pythonSetting) command(c pythonCase, e pythonEntrant, workers int, quick bool) []string {
	if e.n > 0 {
		c.n = e.n
	}
	if quick {
		c.n = max(1, c.n/10)
	}
	if c.extra == calibrated {
		c.extra = s.spin
	}
	numbers := []string{strconv.Itoa(workers), strconv.Itoa(c.n), strconv.Itoa(c.extra)}
	if e.probe != "" {
		return append([]string{s.self, "python-probe", "--python", s.python, "--outpace", s.outpace, e.probe}, numbers...)
	}
	return append([]string{s.python, "benchmarks/speed/peers.py", e.driver, c.driver}, numbers...)
}

// p50 is the median of single calls.
func p50() metric { return metric{"p50_us", "µs", 1} }

// The names that bounds refer to.
const (
	outpaceMap     = "outpace.Map"
	outpacePiped   = "outpace map, a pipe"
	outpaceRaw     = "outpace.Map, json.RawMessage"
	executor1      = "ProcessPoolExecutor.map, chunksize=1"
	executor1000   = "ProcessPoolExecutor.map, chunksize=1000"
	executorSubmit = "ProcessPoolExecutor.submit"
	poolMap        = "Pool.map"
	joblibAuto     = "joblib"
	pipeEcho       = "pipe echo"
	pythonPass     = "python -c pass"
)

func (s *pythonSetting) topics() []topic {
	return []topic{
		s.noop(), s.call(),
		s.text("text-100k", "texts of 100 KB, there and back", 2000, 100_000),
		s.text("text-10m", "texts of 10 MB, there and back", 20, 10_000_000),
		s.floats(), s.cpu(), s.start(),
	}
}

func (s *pythonSetting) noop() topic {
	var bounds []bound
	for _, who := range []string{outpaceMap, outpacePiped} {
		for _, b := range []bound{
			fasterThan(executor1000, 2), fasterThan(executor1, 100), fasterThan(joblibAuto, 10), fasterThan(poolMap, 0.8),
		} {
			b.who = who
			bounds = append(bounds, b)
		}
	}
	memory := metric{"command_MB", "MB", 1}
	t := topic{
		name: "noop", title: "a function that does nothing, over 1,000,000 integers", item: "items 4 and 8", metric: nanoseconds(),
		columns: []metric{{"steady_ns", "ns", 1}, {"tenth_ns", "ns", 1}, peakMemory(), memory, {"worker_MB", "MB", 1}},
		bounds:  append(bounds, bound{who: outpacePiped, metric: memory, limit: 64}),
		note: "\"outpace map, a pipe\" is `seq 0 9999999 | outpace map`: 10,000,000 inputs, counted from its start to its end; \"tenth\" is the time\n" +
			"of an item in a run of 1,000,000, \"steady\" what each of the other 9,000,000 costs; \"command\" and \"worker\" are the peaks of their\n" +
			"memory. Slow peers get fewer inputs: 10,000 with chunksize=1, 200,000 joblib, 50,000 threads. Peak MB is that of the parent process.",
	}
	return s.topic(t, pythonCase{driver: "noop", n: 1_000_000},
		ours(outpaceMap, "noop"),
		ours(outpacePiped, "noop-piped").over(10_000_000),
		theirs(poolMap, "pool"),
		theirs("Pool.imap, chunksize=1000", "imap-1000"),
		theirs(executor1000, "executor-1000"),
		theirs(executor1, "executor-1").over(10_000),
		theirs(joblibAuto, "joblib").over(200_000),
		theirs("ThreadPoolExecutor.map", "threads").over(50_000),
	)
}

func (s *pythonSetting) call() topic {
	echo := timesAtMost(pipeEcho, 1.5)
	executor := timesAtMost(executorSubmit, 1.0/3)
	t := topic{
		name: "call", title: "one call at a time", item: "item 5", metric: p50(), columns: []metric{{"p99_us", "µs", 1}},
		widths: []int{1}, bounds: []bound{echo, executor},
		note: "joblib has two workers and 100 calls: with one it calls the function itself.",
	}
	floored := pythonEntrant{entrant: entrant{name: pipeEcho, role: floor}, probe: "call-echo"}
	return s.topic(t, pythonCase{driver: "call", n: 5000},
		ours("outpace.Submit", "call"), floored,
		theirs(executorSubmit, "executor-1"),
		theirs("Pool.apply", "pool"),
		theirs("ThreadPoolExecutor.submit", "threads"),
		theirs(joblibAuto, "joblib-2").over(100),
	)
}

func (s *pythonSetting) text(name, title string, n, size int) topic {
	text := timesAtMost(poolMap, 1.3)
	raw := text
	raw.who = outpaceRaw
	t := topic{
		name: name, title: title, item: "item 6", metric: milliseconds(), columns: []metric{peakMemory()},
		widths: []int{cores.Available()}, bounds: []bound{text, raw},
	}
	return s.topic(t, pythonCase{driver: "text", n: n, extra: size},
		ours(outpaceMap, "text"),
		ours(outpaceRaw, "text-raw"),
		theirs(poolMap, "pool"),
		theirs("Pool.imap", "imap-1"),
	)
}

func (s *pythonSetting) floats() topic {
	t := topic{
		name: "floats", title: "lists of a million floats, back", item: "item 6", metric: milliseconds(), columns: []metric{peakMemory()},
		widths: []int{cores.Available()},
		note: "JSON text of floats loses to pickle. With a file the function writes an `array`, returns its name, and the Go side reads it:\n" +
			"that is in the time.",
	}
	return s.topic(t, pythonCase{driver: "floats", n: 10, extra: 1_000_000},
		ours(outpaceMap, "floats").over(4),
		ours("outpace.Map, a file", "floats-file"),
		theirs(poolMap, "pool-1"),
		theirs("ProcessPoolExecutor.map", "executor-1"),
	)
}

func (s *pythonSetting) cpu() topic {
	t := topic{
		name: "cpu", title: "0.1 s of work in pure Python", item: "item 7", metric: milliseconds(),
		widths: []int{cores.Available()}, bounds: []bound{fasterThan(poolMap, 0.97)},
		note: "Pool.map has chunksize=1, which balances best.",
	}
	return s.topic(t, pythonCase{driver: "cpu", n: 40, extra: calibrated}, ours(outpaceMap, "cpu"), theirs(poolMap, "pool-1"))
}

func (s *pythonSetting) start() topic {
	t := topic{
		name: "start", title: "one trivial item, from the start of the program to its end", item: "item 8", metric: milliseconds(),
		widths: []int{1}, bounds: []bound{timesPlusAtMost(pythonPass, 2, 10)},
	}
	program := func(name, probe string, r role) pythonEntrant {
		return pythonEntrant{entrant: entrant{name: name, role: r}, probe: probe}
	}
	return s.topic(t, pythonCase{n: 20},
		program("outpace map", "start", subject),
		program(pythonPass, "start-pass", floor),
		program("ProcessPoolExecutor", "start-executor", rival),
		program("multiprocessing.Pool", "start-pool", rival),
	)
}
