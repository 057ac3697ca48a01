// Package bench runs the same inputs through the same function under several
// models and widths, and says which to use.
//
//	subjects ──► matrix ──► rounds ───────────────────► estimates ──► verdict
//	function,    cells:     every cell once a round,    median,       one sentence
//	models,      model x    shuffled; new workers,      interval,
//	inputs       width      started before the clock;   speed-up
//	                        results against serial
//
// What it measures is a [Report]: data that package report shows, that --json
// writes, and that `outpace compare` reads.
package bench

import (
	"strconv"
	"time"

	"github.com/outpace-run/outpace"
	"github.com/outpace-run/outpace/cmd/outpace/internal/machine"
)

// Format is the number of the form in which a Report is written as JSON. One
// that a reader does not know may not be read.
const Format = 1

// Report is all that one command measured.
type Report struct {
	Format    int             `json:"outpace_bench"`
	Version   string          `json:"version"` // of outpace
	Command   []string        `json:"command"` // runs it again
	Began     time.Time       `json:"began"`
	Took      float64         `json:"took_seconds"`
	Machine   machine.Machine `json:"machine"`    // before the first run
	LoadAfter float64         `json:"load_after"` // below 0: not known
	Tables    []Table         `json:"tables"`
}

// Table is the same work under several models and widths.
type Table struct {
	Title      string   `json:"title,omitempty"` // of an experiment of a suite: "sweep-cpu: sum of the first 1,000,000 integers"
	Functions  []string `json:"functions"`       // FUNC, and the same work written another way
	Runtimes   []string `json:"runtimes"`        // of each: "CPython 3.11.7", "go1.26.8"
	Inputs     int      `json:"inputs"`
	Failed     int      `json:"failed"` // of the inputs, when run one after the other
	Sample     []string `json:"sample"` // the first inputs, shortened
	Runs       int      `json:"runs"`   // asked for, of each cell
	Rounds     int      `json:"rounds"` // of them that were completed
	Seed       uint64   `json:"seed"`   // of the order of runs
	Cold       bool     `json:"cold"`   // the start of the workers is part of the time
	Incomplete string   `json:"incomplete,omitempty"`
	Compared   bool     `json:"compared"` // results were compared with those of serial
	Computes   float64  `json:"computes"` // CPU seconds by wall seconds when run one after the other: 1 computes, 0 waits
	GIL        bool     `json:"gil"`      // the first function's threads share an interpreter's lock
	Notes      []string `json:"notes,omitempty"`
	Guide      string   `json:"guide,omitempty"` // whose figures stand in the cells, and of what machine
	Cells      []Cell   `json:"cells"`           // serial first
	Verdict    Verdict  `json:"verdict"`
}

// Cell is one model at one width.
type Cell struct {
	Function  string  `json:"function"`
	Model     string  `json:"model"` // serial, threads, processes, async, hybrid
	Workers   int     `json:"workers"`
	Processes int     `json:"processes"`
	Tasks     int     `json:"tasks"` // in each process
	Runs      []Run   `json:"runs"`
	Problem   string  `json:"problem,omitempty"` // why its figures cannot be used: other results than serial, or it could not run
	Wrong     bool    `json:"wrong,omitempty"`   // the problem is that it gave other results than serial
	Figures   Figures `json:"figures"`
	Mark      Mark    `json:"mark,omitempty"`
	Guide     *Guide  `json:"guide,omitempty"`
}

// Shape is how wide the cell runs.
func (c Cell) Shape() outpace.Shape {
	return outpace.Shape{Processes: c.Processes, Tasks: c.Tasks}
}

// Width is how many workers the cell has, or its shape where that tells more.
func (c Cell) Width() string {
	if c.Processes > 1 && c.Tasks > 1 {
		return c.Shape().String()
	}
	return strconv.Itoa(c.Workers)
}

// Run is one pass over all inputs.
type Run struct {
	Round   int     `json:"round"` // from 1
	Seconds float64 `json:"seconds"`
	CPU     float64 `json:"cpu_seconds"`   // of the workers and of this process
	Start   float64 `json:"start_seconds"` // until all workers were ready; 0 for goroutines
	Memory  int64   `json:"memory_bytes"`  // peak of all workers together, or of this process where there are none
}

// Figures is what the runs of a cell come to.
type Figures struct {
	Seconds    Estimate `json:"seconds"`
	SpeedUp    Estimate `json:"speed_up"` // against serial, paired by round
	CPU        float64  `json:"cpu_seconds"`
	CPUShare   float64  `json:"cpu_share"` // of the cores that we may use: 1 is all of them busy all the time
	Memory     int64    `json:"memory_bytes"`
	PerSecond  float64  `json:"tasks_per_second"`
	Start      float64  `json:"start_seconds"`
	Efficiency float64  `json:"efficiency"` // speed-up by workers
}

// Estimate is the median of some numbers and its interval.
type Estimate struct {
	Median float64 `json:"median"`
	Lo     float64 `json:"lo,omitempty"`
	Hi     float64 `json:"hi,omitempty"`
	N      int     `json:"n"`
	Known  bool    `json:"known"` // there is an interval of 95 %: it takes six runs
}

// Mark is how a cell compares with the best one.
type Mark string

// The marks. A cell without one is slower than the best, or cannot be compared.
const (
	Use Mark = "use" // the one that the verdict names
	Tie Mark = "tie" // not proved to be slower than the fastest
)

// Guide is a figure of somebody else, for the same row of their table.
type Guide struct {
	Seconds float64 `json:"seconds"`
	SpeedUp float64 `json:"speed_up"` // against their first row
}

// Verdict is what to use, and why, in a sentence or two.
type Verdict struct {
	Text     string `json:"text"`
	Function string `json:"function,omitempty"` // "" where there is nothing to choose
	Model    string `json:"model,omitempty"`
	Workers  int    `json:"workers,omitempty"`
}
