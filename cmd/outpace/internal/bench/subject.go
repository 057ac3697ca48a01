package bench

import (
	"encoding/json"

	"github.com/outpace-run/outpace"
)

// Function is a function over JSON values.
type Function = outpace.Function[json.RawMessage, json.RawMessage]

// Subject is a function that is measured.
type Subject struct {
	Name    string // as the user wrote it
	Runtime string // what runs it: "CPython 3.11.7", "go1.26.8"
	GIL     bool   // its threads take turns
	Func    Function

	// Model makes the model of a cell. It is called for each run.
	Model func(model string, s outpace.Shape) outpace.Model
}

// Entry is a cell that is to be measured.
type Entry struct {
	Subject int // index of the function
	Model   string
	Shape   outpace.Shape
	Guide   *Guide // somebody else's figure for it, or nil
}

// Matrix is what is measured: subjects and entries, over all inputs.
type Matrix struct {
	Title    string // of an experiment; may be empty
	Guide    string // whose figures the entries have
	Subjects []Subject
	Entries  []Entry // the first is serial, of the first subject
	Inputs   []json.RawMessage
	Cores    int
}

// Rules is how it is measured.
type Rules struct {
	Runs int    // of each cell, at least 1
	Cold bool   // the clock starts before the workers do
	Seed uint64 // of the order of runs

	Options []outpace.Option // for each executor: a time-out of an attempt
	Tell    func(Progress)   // is told before each run, and must not block; may be nil
}

// Progress is where a measurement stands.
type Progress struct {
	Round  int // from 1; 0 is the warm-up
	Rounds int
	Done   int     // runs, with those of the warm-up
	Of     int     // runs there are to be
	Cell   Cell    // that is run next
	Left   float64 // seconds, an estimate; below 0: not known yet
}

// cells makes the cells of the matrix, without figures.
func (m Matrix) cells() []Cell {
	cells := make([]Cell, 0, len(m.Entries))
	for _, e := range m.Entries {
		cells = append(cells, Cell{
			Function: m.Subjects[e.Subject].Name, Model: e.Model, Workers: e.Shape.Workers(),
			Processes: e.Shape.Processes, Tasks: e.Shape.Tasks, Guide: e.Guide, Runs: []Run{},
		})
	}
	return cells
}
