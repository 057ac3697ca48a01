// Package probe measures one case in a process of its own, which is a sample
// of an experiment. It has the cases of executors of Go functions, Outpace's
// side of them, and what all peers of a case share: what an item costs, who
// submits, the check of the results, the clock.
//
//	Request ──► Case ──► Peer's driver ──► Reading, a line of JSON
//	workers,    warm-up, opens a pool,     seconds, ops, allocs, bytes,
//	n, spin     clock,   does n of it,     peak_mb
//	            check    ends the pool
//
// It uses Outpace's public functions only, so that scripts/perf-check can build
// it with any commit of them.
package probe

import (
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"runtime"
	"runtime/pprof"
	"slices"
	"strconv"
	"strings"
	"time"
)

// Request is what one process is asked to measure.
type Request struct {
	Workers int
	N       int
	Pace    Pace // of the processor
}

// Reading is what was measured, by name: "seconds" for "ops" operations,
// "allocs" and "bytes" of the heap for one of them, and what a case adds.
type Reading map[string]float64

// Case is something that peers do.
type Case struct {
	Name     string
	N        int // operations, unless the request says otherwise
	Measured func(ctx context.Context, p Peer, r Request) (Reading, error)
}

// Open opens a pool that runs the given number of tasks at once, and returns
// what does the work and what ends the pool.
type Open[D any] func(ctx context.Context, w Width) (do D, end func() error, err error)

// Width is what a pool is opened for.
type Width struct {
	Workers int
	Waits   bool // its tasks wait, they do not compute
	Pending int  // so many tasks must be taken in while all workers are busy; 0: as many as the pool likes
}

// Peer is a library, or something written by hand, and what it does: for each
// kind of case how to do it, or nil.
type Peer struct {
	Name      string
	Tasks     Open[func(t Task) error]                          // hands one task over, from any goroutine
	Futures   Open[func(n, producers int) (int, error)]         // submits n squares, then reads all; returns their sum
	Completed Open[func(n int) (int, error)]                    // the same, read as they complete
	RoundTrip Open[func(n int) (int, error)]                    // squares n and waits for it
	Map       Open[func(w Work, n int, results *Results) error] // gives w of each number below n to results, in order
	Hold      Open[func(n int, gate <-chan struct{}) error]     // has n typed results pending, all waiting for the gate
}

// Task is the same function in the forms that libraries want it in.
type Task struct {
	Plain   func()
	Error   func() error
	Context func(context.Context) error
}

// Main is a child process: it measures what args ask for and prints one line of
// JSON. The error is a usage error for args that make no sense, else the peer's
// own or that of a result that is wrong.
func Main(ctx context.Context, cases []Case, peers []Peer, args []string, stdout, stderr io.Writer) (err error) {
	flags := flag.NewFlagSet("probe", flag.ContinueOnError)
	flags.SetOutput(stderr)
	flags.Usage = func() {
		fmt.Fprintf(stderr, "usage: probe [flags] CASE PEER WORKERS [N]\n\ncases: %s\npeers: %s\n\n", names(cases, caseName), names(peers, peerName))
		flags.PrintDefaults()
	}
	profile := flags.String("cpuprofile", "", "write a profile of the CPU to this file")
	pace := flags.Float64("pace", 0, "turns of the spin loop in a microsecond; 0: find out")
	if err := flags.Parse(args); err != nil {
		return err
	}
	c, p, r, err := request(cases, peers, flags.Args())
	if err != nil {
		flags.Usage()
		return err
	}
	if r.Pace = Pace(*pace); r.Pace <= 0 {
		r.Pace = FindPace()
	}
	stop, err := StartProfile(*profile)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, stop()) }()
	reading, err := c.Measured(ctx, p, r)
	if err != nil {
		return err
	}
	if peak := peakMB(); peak > 0 {
		reading["peak_mb"] = peak
	}
	return json.NewEncoder(stdout).Encode(reading)
}

// ErrUsage is wrapped by the error for arguments that name nothing.
var ErrUsage = errors.New("usage")

func request(cases []Case, peers []Peer, args []string) (Case, Peer, Request, error) {
	if len(args) != 3 && len(args) != 4 {
		return Case{}, Peer{}, Request{}, fmt.Errorf("%w: %d arguments", ErrUsage, len(args))
	}
	c := slices.IndexFunc(cases, func(c Case) bool { return c.Name == args[0] })
	p := slices.IndexFunc(peers, func(p Peer) bool { return p.Name == args[1] })
	if c < 0 || p < 0 {
		return Case{}, Peer{}, Request{}, fmt.Errorf("%w: no case %q, or no peer %q", ErrUsage, args[0], args[1])
	}
	r := Request{N: cases[c].N}
	var err, errN error
	r.Workers, err = strconv.Atoi(args[2])
	if len(args) == 4 {
		r.N, errN = strconv.Atoi(args[3])
	}
	if err != nil || errN != nil || r.Workers < 1 || r.N < 1 {
		return Case{}, Peer{}, Request{}, fmt.Errorf("%w: WORKERS and N are numbers of at least 1", ErrUsage)
	}
	return cases[c], peers[p], r, nil
}

// StartProfile writes a profile of this process's CPU time to a file, until stop
// is called; none for "".
func StartProfile(path string) (stop func() error, err error) {
	if path == "" {
		return func() error { return nil }, nil
	}
	file, err := os.Create(path)
	if err != nil {
		return nil, err
	}
	if err := pprof.StartCPUProfile(file); err != nil {
		return nil, errors.Join(err, file.Close())
	}
	return func() error {
		pprof.StopCPUProfile()
		return file.Close()
	}, nil
}

// clocked measures n operations. The heap is collected before.
func clocked(n int, work func() error) (Reading, error) {
	var before, after runtime.MemStats
	runtime.GC()
	runtime.ReadMemStats(&before)
	start := time.Now()
	err := work()
	took := time.Since(start)
	runtime.ReadMemStats(&after)
	return Reading{
		"seconds": took.Seconds(), "ops": float64(n),
		"allocs": float64(after.Mallocs-before.Mallocs) / float64(n),
		"bytes":  float64(after.TotalAlloc-before.TotalAlloc) / float64(n),
	}, err
}

// peakMB is the most resident memory that this process had, in MB, where the
// system tells (Linux); else 0.
func peakMB() float64 {
	text, err := os.ReadFile("/proc/self/status")
	if err != nil {
		return 0
	}
	for line := range strings.Lines(string(text)) {
		if value, found := strings.CutPrefix(line, "VmHWM:"); found {
			kib, _ := strconv.ParseFloat(strings.TrimSuffix(strings.TrimSpace(value), " kB"), 64)
			return kib * 1024 / 1e6
		}
	}
	return 0
}

func caseName(c Case) string { return c.Name }
func peerName(p Peer) string { return p.Name }

func names[T any](all []T, name func(T) string) string {
	var list []string
	for _, x := range all {
		list = append(list, name(x))
	}
	return strings.Join(list, ", ")
}
