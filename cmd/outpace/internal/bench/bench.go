package bench

import (
	"context"
	"errors"
	"fmt"
	"hash/maphash"
	"math/rand/v2"
	"slices"
	"time"

	"github.com/outpace-run/outpace/cmd/outpace/internal/ui"
)

// ErrTimeLimit is the cause with which a context ends a measurement that took
// too long.
var ErrTimeLimit = errors.New("the time limit was reached")

// FailedError is a function that fails on every input: there is nothing to
// measure.
type FailedError struct {
	Inputs int
	Input  string // the first, shortened
	Err    error  // of it
}

// Error says so, with the first failure.
func (e *FailedError) Error() string {
	return fmt.Sprintf("every one of %s fails, so there is nothing to measure: input 0 (%s): %s", plural(e.Inputs, "input"), e.Input, ui.Shorten(cause(e.Err), shownError))
}

// Unwrap returns the first failure.
func (e *FailedError) Unwrap() error { return e.Err }

// bench is a measurement that goes on.
type bench struct {
	Matrix
	Rules
	table   Table
	serial  *outcome  // what every cell is compared with
	latest  []float64 // seconds of each cell's last pass, its start with it; 0: none yet
	done    int       // runs
	all     int       // runs there are to be
	digests maphash.Seed
	round   int
}

// Measure measures the matrix. It blocks until that is done, or until ctx is; then
// what was measured so far comes back, with the cause in Incomplete. An error is
// for a function that cannot be measured at all: a *FailedError, or why not even
// the first pass could run.
//
// First serial runs twice, for the results that all others are compared with,
// then one cell of each other model, unmeasured. Then every cell runs once a
// round, in an order drawn anew for each.
func Measure(ctx context.Context, m Matrix, r Rules) (Table, error) {
	b := &bench{Matrix: m, Rules: r, digests: maphash.MakeSeed(), latest: make([]float64, len(m.Entries))}
	b.table = Table{Title: m.Title, Guide: m.Guide, Inputs: len(m.Inputs), Runs: r.Runs, Seed: r.Seed, Cold: r.Cold,
		GIL: m.Subjects[0].GIL, Cells: m.cells()}
	for _, s := range m.Subjects {
		b.table.Functions, b.table.Runtimes = append(b.table.Functions, s.Name), append(b.table.Runtimes, s.Runtime)
	}
	for _, in := range m.Inputs[:min(len(m.Inputs), shownInputs)] {
		b.table.Sample = append(b.table.Sample, shorten(in))
	}
	b.all = b.runs()
	err := b.warmUp(ctx)
	if err == nil {
		err = b.rounds(ctx)
	}
	if ctx.Err() != nil && b.table.Rounds < b.Runs {
		b.table.Incomplete = b.broken(context.Cause(ctx))
	} else if err != nil {
		return Table{}, err
	}
	b.table.conclude(m.Cores)
	return b.table, nil
}

// shownInputs is how many inputs a table shows.
const shownInputs = 3

// broken says how far a measurement came that was ended.
func (b *bench) broken(by error) string {
	if b.round == 0 {
		return by.Error() + " while warming up"
	}
	return fmt.Sprintf("%v in round %d of %d", by, b.round, b.Runs)
}

// warmUp runs serial twice and one cell of every other model.
func (b *bench) warmUp(ctx context.Context) error {
	_, first, err := b.pass(ctx, 0)
	if err != nil {
		return err
	}
	if first.failed == len(b.Inputs) {
		return &FailedError{Inputs: len(b.Inputs), Input: b.table.Sample[0], Err: first.first}
	}
	if first.failed > 0 {
		b.note("%d of %d inputs fail: the first is input %d (%s): %s", first.failed, len(b.Inputs), first.at,
			shorten(b.Inputs[first.at]), ui.Shorten(cause(first.first), shownError))
	}
	b.table.Failed = first.failed
	_, second, err := b.pass(ctx, 0)
	if err != nil {
		return err
	}
	b.serial, b.table.Compared = first, true
	if second.differs(first, b.Inputs) != "" {
		b.compareNoMore()
	}
	for i := range b.Entries {
		if b.firstOfModel(i) {
			b.try(ctx, i)
		}
	}
	return nil
}

// compareNoMore is for a function whose own results differ. Cells that were blamed
// for it run again.
func (b *bench) compareNoMore() {
	b.serial, b.table.Compared = nil, false
	b.note("results are not compared: two serial runs gave different ones (times, random numbers?)")
	for i := range b.table.Cells {
		if c := &b.table.Cells[i]; c.Wrong {
			c.Problem, c.Wrong = "", false
		}
	}
}

// firstOfModel reports whether an entry is the first of its function and model,
// other than serial.
func (b *bench) firstOfModel(i int) bool {
	e := b.Entries[i]
	return i > 0 && i == slices.IndexFunc(b.Entries, func(o Entry) bool { return o.Subject == e.Subject && o.Model == e.Model })
}

// rounds runs every cell once a round.
func (b *bench) rounds(ctx context.Context) error {
	order := rand.New(rand.NewPCG(b.Seed, uint64(len(b.Entries))))
	for b.round = 1; ctx.Err() == nil; b.round++ {
		for _, i := range order.Perm(len(b.Entries)) {
			if b.table.Cells[i].Problem != "" {
				continue
			}
			if run, ok := b.try(ctx, i); ok {
				b.table.Cells[i].Runs = append(b.table.Cells[i].Runs, run)
			}
			if ctx.Err() != nil {
				return nil
			}
		}
		if b.table.Rounds = b.round; b.round == b.Runs {
			return nil
		}
	}
	return nil
}

// try runs a cell once. What goes wrong is the cell's problem, unless the
// measurement itself was ended.
func (b *bench) try(ctx context.Context, i int) (Run, bool) {
	run, got, err := b.pass(ctx, i)
	cell := &b.table.Cells[i]
	switch {
	case ctx.Err() != nil:
		return Run{}, false
	case err != nil:
		cell.Problem = "it cannot run: " + ui.Shorten(cause(err), shownError)
	case b.serial == nil:
	case i == 0 && got.differs(b.serial, b.Inputs) != "":
		b.compareNoMore()
	default:
		cell.Problem = got.differs(b.serial, b.Inputs)
		cell.Wrong = cell.Problem != ""
	}
	return run, cell.Problem == ""
}

// pass runs the inputs through a cell.
func (b *bench) pass(ctx context.Context, i int) (Run, *outcome, error) {
	b.tell(i)
	b.done++
	e := b.Entries[i]
	begin := time.Now()
	run, got, err := pass{subject: b.Subjects[e.Subject], entry: e, inputs: b.Inputs, rules: b.Rules, seed: b.digests}.run(ctx)
	run.Round = b.round
	b.latest[i] = time.Since(begin).Seconds()
	return run, got, err
}

func (b *bench) note(format string, args ...any) {
	b.table.Notes = append(b.table.Notes, fmt.Sprintf(format, args...))
}
