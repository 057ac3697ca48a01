package cli

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"slices"
	"sync"
	"syscall"
	"time"

	"github.com/outpace-run/outpace"
	"github.com/outpace-run/outpace/cmd/outpace/internal/bench"
	"github.com/outpace-run/outpace/cmd/outpace/internal/machine"
	"github.com/outpace-run/outpace/internal/child"
	"github.com/outpace-run/outpace/internal/cores"
	"github.com/outpace-run/outpace/internal/room"
	"github.com/spf13/cobra"
)

func newBench(s streams, code *int) *cobra.Command {
	b := &benchFlags{}
	cmd := &cobra.Command{
		Use:     "bench FUNC [INPUT ...]",
		Short:   "The same work under every model and width, measured; says which to use",
		Long:    benchAbout,
		Example: benchExamples,
		RunE: func(cmd *cobra.Command, args []string) (err error) {
			if err := namedFiles(cmd.Flags()); err != nil {
				return err
			}
			*code, err = b.command(s, args)
			return err
		},
	}
	cmd.Flags().SortFlags = false
	b.register(cmd.Flags())
	return cmd
}

// command is `outpace bench`: it checks everything that can be checked, and then
// measures a function, or the experiments of a suite, one after the other.
func (b *benchFlags) command(s streams, args []string) (int, error) {
	if err := b.check(args); err != nil {
		return 0, err
	}
	ctx, cancel := context.WithCancelCause(context.Background())
	defer cancel(nil)
	if b.limit > 0 {
		limited, over := context.WithTimeoutCause(ctx, time.Duration(b.limit), bench.ErrTimeLimit)
		defer over()
		ctx = limited
	}
	family, _ := child.Adopt() // where that cannot be, an orphan outlives the run
	disown := sync.OnceValue(family.Close)
	defer func() { _ = disown() }() // all workers were waited for
	defer watch(time.Duration(b.grace), cancel, func() {}, func(code int) { _ = disown(); os.Exit(code) }).end()
	m := &measuring{flags: b, streams: s, cores: cores.Available(), status: b.newStatus(s.err)}
	defer m.status.end()
	if b.suite.name != "" {
		return m.suite(ctx)
	}
	return m.function(ctx, args)
}

// measuring is a bench that goes on.
type measuring struct {
	flags   *benchFlags
	streams streams
	cores   int
	status  *benchStatus
	load    float64 // of the machine before the first run, until it is told
	began   time.Time
	failed  bool // an input, or a cell
}

// function measures the function that the arguments name.
func (m *measuring) function(ctx context.Context, args []string) (int, error) {
	if len(args) == 0 {
		return 0, usage("outpace bench FUNC [INPUT ...]; outpace bench --help has examples", "no function given")
	}
	if err := enough(args); err != nil {
		return 0, err
	}
	given := make([]string, 0, len(args))
	for _, a := range args {
		given = append(given, unprotect(a))
	}
	names := append([]string{given[0]}, m.flags.also...)
	for i, name := range names {
		if slices.Contains(names[:i], name) {
			return 0, usage("--also is for another function that does the same work", "%s is given twice", name)
		}
	}
	inputs, done, err := m.flags.collect(ctx, given[1:], m.streams.in)
	if err != nil {
		return 0, err
	}
	defer done()
	r := m.begin(m.flags.again(given))
	table, err := m.table(ctx, names, inputs, nil)
	if err != nil {
		return 0, err
	}
	if m.flags.suite.pages > 0 {
		m.flags.suite.describe(&table)
	}
	r.Tables = append(r.Tables, table)
	return m.end(ctx, r)
}

// begin makes the report of a measurement that begins now.
func (m *measuring) begin(command []string) bench.Report {
	m.began = time.Now()
	here := machine.Describe(context.Background())
	m.load = here.Load
	return bench.Report{Format: bench.Format, Version: version(), Command: command, Began: m.began.UTC().Truncate(time.Second), Machine: here}
}

// table finds functions and measures them. adorn, where it is not nil, makes the
// matrix that of an experiment.
func (m *measuring) table(ctx context.Context, names []string, inputs []json.RawMessage, adorn func(*bench.Matrix)) (bench.Table, error) {
	targets, err := m.find(ctx, names)
	if err != nil {
		return bench.Table{}, err
	}
	matrix, err := m.flags.matrix(names, targets, inputs, m.cores)
	if err != nil {
		return bench.Table{}, err
	}
	notes, err := m.fit(&matrix)
	if err != nil {
		return bench.Table{}, err
	}
	if adorn != nil {
		adorn(&matrix)
	}
	table, err := bench.Measure(ctx, matrix, bench.Rules{
		Runs: m.flags.runs, Cold: m.flags.cold, Seed: m.flags.seed, Tell: m.status.tell,
		Options: []outpace.Option{outpace.Timeout(time.Duration(m.flags.timeout)), outpace.Grace(time.Duration(m.flags.grace))},
	})
	if err != nil {
		return bench.Table{}, m.failure(err)
	}
	table.Notes = append(table.Notes, notes...)
	m.warn(&table)
	m.judge(table)
	return table, nil
}

// warn says in the first table that the machine had other things to do.
func (m *measuring) warn(t *bench.Table) {
	if m.load > float64(m.cores)/2 {
		t.Notes = append(t.Notes, fmt.Sprintf("the machine was busy before the first run (load %.1f on %s): figures of an idle one are worth more", m.load, plural(m.cores, "core")))
	}
	m.load = 0
}

// judge notes whether something went wrong that the exit code tells.
func (m *measuring) judge(t bench.Table) {
	m.failed = m.failed || t.Failed > 0
	for _, c := range t.Cells {
		m.failed = m.failed || c.Problem != ""
	}
}

// failure is the fault for a function that cannot be measured.
func (m *measuring) failure(err error) error {
	var none *bench.FailedError
	if errors.As(err, &none) {
		return &fault{what: oneLine(err.Error()), hint: "outpace map shows each failure with its traceback", code: exitFailed}
	}
	return m.flags.startFault(err)
}

// find finds the functions, and what each is. The workers that it takes for that
// are gone when it returns: those of a measurement are all started for it.
func (m *measuring) find(ctx context.Context, names []string) ([]*target, error) {
	var all []*target
	for _, name := range names {
		t, err := m.flags.find(ctx, name, m.cores, width{}, func(string) {})
		if err != nil {
			return nil, err
		}
		t.close()
		all = append(all, t)
	}
	return all, nil
}

// fit leaves out cells that a limit on processes leaves no room for, reserves the
// threads that it takes to look after the others, and returns a note of what is
// left out.
func (m *measuring) fit(matrix *bench.Matrix) ([]string, error) {
	most := 0
	for _, e := range matrix.Entries {
		if !matrix.Subjects[e.Subject].Func.Local() {
			most = max(most, e.Shape.Processes)
		}
	}
	if most == 0 {
		return nil, nil
	}
	n, err := room.Reserve(most, 3)
	if err != nil {
		return nil, cannot("", "%s", err)
	}
	if n >= most {
		return nil, nil
	}
	matrix.Entries = slices.DeleteFunc(matrix.Entries, func(e bench.Entry) bool { return e.Shape.Processes > n })
	return []string{fmt.Sprintf("cells of more than %s are left out: the limit on processes (ulimit -u, pids.max) leaves room for no more", plural(n, "process"))}, nil
}

// end writes the report, and returns the exit code.
func (m *measuring) end(ctx context.Context, r bench.Report) (int, error) {
	m.status.end()
	r.Took = time.Since(m.began).Seconds()
	r.LoadAfter = machine.Describe(context.Background()).Load
	if err := measured(r); err != nil && context.Cause(ctx) == bench.ErrTimeLimit {
		return 0, err
	}
	switch err := m.flags.reports.write(r, m.flags, m.streams); {
	case errors.Is(err, syscall.EPIPE):
		return exitSignal + int(syscall.SIGPIPE), nil // who reads has had enough
	case err != nil:
		return 0, err
	}
	var stopped interrupted
	switch {
	case errors.As(context.Cause(ctx), &stopped):
		return stopped.exit(), nil
	case m.failed:
		return exitFailed, nil
	}
	return exitOK, nil
}

// measured is the fault for a report of nothing.
func measured(r bench.Report) error {
	for _, t := range r.Tables {
		if slices.ContainsFunc(t.Cells, func(c bench.Cell) bool { return len(c.Runs) > 0 }) {
			return nil
		}
	}
	return cannot("a longer --time-limit, or fewer inputs", "%s while warming up: nothing was measured", bench.ErrTimeLimit)
}
