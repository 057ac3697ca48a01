// Package doctor looks at what a run would meet on this machine, and says what
// would narrow it or prevent it, and what to do about that. Its text is what a
// bug report should carry: it names neither host nor user.
//
//	machine, control groups ┐
//	CPythons, each asked    ├─► sections of findings ─► Report ─► Text: lines for people
//	limits, folders         │   ok, note, problem         └─────► JSON: the same as data
//	environment             ┘
package doctor

import (
	"context"
	"io/fs"
	"os"

	"github.com/outpace-run/outpace/cmd/outpace/internal/machine"
)

// Format is the number of the form in which a Report is written as JSON.
const Format = 1

// Level is how bad a finding is.
type Level string

// The levels.
const (
	OK      Level = "ok"      // as it should be
	Note    Level = "note"    // narrows a run, slows it down, or is good to know
	Problem Level = "problem" // prevents a run
)

// Finding is one thing that was looked at.
type Finding struct {
	Name  string `json:"name"`
	Value string `json:"value"`
	Level Level  `json:"level"`
	Hint  string `json:"hint,omitempty"` // what to do about it
}

// Section is findings that belong together.
type Section struct {
	Name     string    `json:"name"`
	Findings []Finding `json:"findings"`
}

// Report is all that was found, as sentences and as numbers. Home folders, the
// name of the user and of the host are replaced in it.
type Report struct {
	Format   int             `json:"outpace_doctor"`
	Version  string          `json:"version"` // of outpace
	Machine  machine.Machine `json:"machine"`
	Memory   machine.Memory  `json:"memory"`
	Pythons  []Python        `json:"pythons"`
	Sections []Section       `json:"sections"`
}

// Count returns how many findings are of a level.
func (r Report) Count(level Level) int {
	n := 0
	for _, s := range r.Sections {
		for _, f := range s.Findings {
			if f.Level == level {
				n++
			}
		}
	}
	return n
}

// Subject is what to examine.
type Subject struct {
	Version string // of outpace
	Python  string // the interpreter that was asked for; "" for the one that a run finds
	Root    fs.FS  // has proc and sys; nil is this machine's /
	Orphans error  // why orphans cannot be adopted; nil where they can
}

// Examine looks at everything. It starts every CPython that it finds, and waits
// for none longer than a few seconds: as a rule it takes well below two seconds.
// When ctx is done, interpreters that have not answered are reported as such.
func Examine(ctx context.Context, s Subject) Report {
	m, memory := s.look(ctx)
	room := look()
	files := openFiles(ctx, room.err == nil)
	found, pythons := s.pythons(ctx, room, files)
	r := Report{Format: Format, Version: s.Version, Machine: m, Memory: memory, Pythons: pythons, Sections: []Section{
		build(s.Version, m),
		cores(m),
		memorySection(memory, m.Cores),
		found,
		limits(files, room, m.Cores),
		system(s),
		folders(),
		environment(m.Cores),
	}}
	veil().report(&r)
	return r
}

// look describes the machine, and has Root set.
func (s *Subject) look(ctx context.Context) (m machine.Machine, memory machine.Memory) {
	if s.Root == nil {
		s.Root = os.DirFS("/")
		m = machine.Describe(ctx)
	} else {
		m = machine.Read(s.Root)
	}
	memory = machine.ReadMemory(s.Root)
	if memory.Total == 0 {
		memory.Total = m.Memory // told in another way
	}
	return m, memory
}

// pythons finds the interpreters, where one may be started.
func (s *Subject) pythons(ctx context.Context, room threads, files files) (Section, []Python) {
	switch {
	case !workers:
		return Section{"CPython", []Finding{unsupported()}}, nil
	case room.err != nil:
		return Section{"CPython", []Finding{unasked()}}, nil
	}
	return interpreters(ctx, s.Python, min(room.starts, files.starts()))
}

func ok(name, value string) Finding { return Finding{Name: name, Value: value, Level: OK} }

func note(name, value, hint string) Finding {
	return Finding{Name: name, Value: value, Level: Note, Hint: hint}
}

func problem(name, value, hint string) Finding {
	return Finding{Name: name, Value: value, Level: Problem, Hint: hint}
}
