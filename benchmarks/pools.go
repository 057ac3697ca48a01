package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"slices"
	"strconv"

	"github.com/outpace-run/outpace/benchmarks/probe"
)

// pools measures executors of Go functions side by side.
func pools(ctx context.Context, args []string, stdout, stderr io.Writer) error {
	self, err := os.Executable()
	if err != nil {
		return err
	}
	return runExperiment(ctx, poolExperiment(self), args, stdout, stderr)
}

// measureOne is a child of an experiment: it measures one case of one peer.
func measureOne(ctx context.Context, args []string, stdout, stderr io.Writer) error {
	err := probe.Main(ctx, probe.Cases(), poolPeers(), args, stdout, stderr)
	if errors.Is(err, probe.ErrUsage) && !errors.Is(err, flag.ErrHelp) {
		fmt.Fprintln(stderr, "benchmarks:", err)
		return errUsage
	}
	return err
}

// poolPeers lists everyone that any case of pools is done by.
func poolPeers() []probe.Peer {
	return []probe.Peer{
		probe.Outpace(), pondPeer(), antsPeer(), concPool(), concStream(), concIter(), group(), rillPeer(), loPeer(),
		goStatement(), goSemaphore(), channelPool(), channelPair(), staticSplit(), serialLoop(),
	}
}

const poolIntro = `Executors of Go functions, each used as its documentation says ([how](../../README.md#pools)). Each sample is a process
of its own.`

// poolExperiment is the cases of pools, their peers and what must hold in them.
// self is this program, which is its own child.
func poolExperiment(self string) experiment {
	var pace probe.Pace
	x := experiment{name: "pools", title: "Executors of Go functions", intro: poolIntro}
	x.prepare = func(context.Context, io.Writer) (string, error) {
		pace = probe.FindPace()
		return fmt.Sprintf("%-10s %.0f turns of the spin loop in a microsecond\n", "pace", pace), nil
	}
	for _, t := range append(executorTopics(), mapTopics()...) {
		t.command = func(e entrant, workers int, quick bool) []string {
			return append([]string{self, "probe"}, probeArgs(probe.Cases(), t.name, e.name, pace, workers, quick)...)
		}
		x.topics = append(x.topics, t)
	}
	return x
}

// probeArgs asks a child for a sample of one of the cases; for a tenth of it
// when quick is set.
func probeArgs(cases []probe.Case, name, peer string, pace probe.Pace, workers int, quick bool) []string {
	args := []string{"--pace", fmt.Sprintf("%.1f", float64(pace)), name, peer, strconv.Itoa(workers)}
	i := slices.IndexFunc(cases, func(c probe.Case) bool { return c.Name == name })
	if quick && i >= 0 {
		args = append(args, strconv.Itoa(cases[i].N/10))
	}
	return args
}

// outpaceAnd makes a list of entrants: Outpace, some floors, and its rivals.
func outpaceAnd(floors []string, rivals ...string) []entrant {
	all := []entrant{{name: "Outpace", role: subject}}
	for _, name := range rivals {
		all = append(all, entrant{name: name})
	}
	for _, name := range floors {
		all = append(all, entrant{name: name, role: floor})
	}
	return all
}

// executorTopics are the cases of items 1 of the issue: tasks and futures.
func executorTopics() []topic {
	costs := []metric{allocations(), heapBytes(), peakMemory()}
	channel := []string{"channel pool"}
	submitted := outpaceAnd(channel, "pond", "ants", "conc pool", "errgroup")
	typed := outpaceAnd(channel, "pond", "ants", "conc pool", "errgroup", "go + channel")
	live := metric{"live_B", "B", 1}
	pair := entrant{name: "channel pair", role: floor, lone: true}
	task, future := []bound{atMost(nanoseconds(), 50)}, []bound{atMost(nanoseconds(), 160), atMost(allocations(), 2)}
	return []topic{
		{name: "task-1", title: "a task without a result, one producer", item: "item 1",
			metric: nanoseconds(), columns: costs, entrants: submitted, bounds: task},
		{name: "task-8", title: "a task without a result, eight producers", item: "item 1",
			metric: nanoseconds(), columns: costs, entrants: submitted, bounds: task},
		{name: "future-1", title: "a task with a typed result: 300,000 are submitted, then all are read; one producer", item: "item 1",
			metric: nanoseconds(), columns: costs, entrants: typed, bounds: future, note: typedNote},
		{name: "future-8", title: "a task with a typed result: 300,000 are submitted, then all are read; eight producers", item: "item 1",
			metric: nanoseconds(), columns: costs, entrants: typed, bounds: future, note: typedNote},
		{name: "pending", title: "1,000,000 tasks with a typed result wait behind busy workers: live bytes of each", item: "item 1",
			metric: live, columns: []metric{nanoseconds(), peakMemory()}, entrants: outpaceAnd(channel, "pond"),
			bounds: []bound{atMost(live, 130)}, note: "The channel pool holds the user's functions and no result."},
		{name: "completed", title: "100,000 typed results in the order in which they complete, their submit included", item: "item 1",
			metric: nanoseconds(), columns: costs, entrants: outpaceAnd(channel, "pond"),
			bounds: []bound{atMost(nanoseconds(), 300)}, note: "The channel pool has one channel for all results, and no futures."},
		{name: "round-trip", title: "one task at a time, submitted and waited for", item: "item 1",
			metric: nanoseconds(), columns: costs, entrants: append(outpaceAnd(nil, "pond", "ants", "go + channel"), pair),
			bounds: []bound{timesAtMost("channel pair", 1.5)}},
	}
}

const typedNote = "`conc pool` gives its results in no order and all at once, `errgroup` writes into a slice: neither has a handle of a single task."

// mapTopics are the cases of items 2 and 3: ordered results of an iterator.
func mapTopics() []topic {
	serial := entrant{name: "serial loop", role: base, lone: true}
	entrants := append(outpaceAnd([]string{"static split"}, "rill OrderedMap", "conc stream", "conc iter.Map", "lo/parallel.Map", "errgroup", "pond"), serial)
	costs := []metric{allocations(), heapBytes(), peakMemory()}
	square := func(name, title string, m metric, bounds ...bound) topic {
		return topic{name: name, title: title, item: "item 2", metric: m, columns: costs, entrants: entrants, bounds: bounds, note: mapNote}
	}
	wall := metric{"wall_ms", "ms", 1}
	return []topic{
		square("map-tiny", "1,000,000 items, x*x", nanoseconds(), atMost(nanoseconds(), 10), plusAtMost("serial loop", 10)),
		square("map-60ns", "500,000 items of 60 ns", nanoseconds(), timesAtMost("serial loop", 1.1)),
		square("map-300ns", "300,000 items of 300 ns", nanoseconds(), efficient("serial loop", 0.8)),
		square("map-100us", "10,000 items of 100 µs", microseconds(), efficient("serial loop", 0.95)),
		square("map-skew", "10,000 items, 1 in 100 of 2 ms, the others of 1 µs", microseconds(), efficient("serial loop", 0.8)),
		{name: "sleep", title: "100,000 items that sleep for 10 ms, 10,000 at once: ideally 100 ms", item: "item 3",
			metric: wall, columns: costs, widths: []int{10_000},
			entrants: outpaceAnd([]string{"go + semaphore"}, "pond", "ants", "errgroup", "rill OrderedMap", "conc pool"),
			bounds:   []bound{atMost(wall, 135), atMost(peakMemory(), 60)}},
	}
}

const mapNote = "`Outpace`, `rill OrderedMap`, `conc stream` and the serial loop stream: results leave while the source is read, and memory is bounded. " +
	"The others take a slice of all inputs and give a slice of all results."
