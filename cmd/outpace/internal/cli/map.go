package cli

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"
	"sync"
	"time"

	"github.com/outpace-run/outpace"
	"github.com/outpace-run/outpace/cmd/outpace/internal/input"
	"github.com/outpace-run/outpace/cmd/outpace/internal/ui"
	"github.com/outpace-run/outpace/internal/child"
	"github.com/outpace-run/outpace/internal/cores"
	"github.com/outpace-run/outpace/internal/room"
	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
	"golang.org/x/term"
)

func newMap(s streams, code *int) *cobra.Command {
	m := &mapFlags{}
	cmd := &cobra.Command{
		Use:     "map FUNC [INPUT ...]",
		Short:   "Apply a function to every input; results to stdout as JSON Lines",
		Long:    mapAbout,
		Example: mapExamples,
		RunE: func(cmd *cobra.Command, args []string) (err error) {
			if err := namedFiles(cmd.Flags()); err != nil {
				return err
			}
			*code, err = m.command(s, args)
			return err
		},
	}
	cmd.Flags().SortFlags = false
	m.register(cmd.Flags())
	return cmd
}

// namedFiles refuses a flag that names no file, such as -i "$UNSET" makes.
func namedFiles(f *pflag.FlagSet) error {
	for _, name := range []string{"inputs", "output", "failed", "python", "init", "report", "json", "markdown", "csv", "svg", "url"} {
		if flag := f.Lookup(name); flag != nil && flag.Changed && flag.Value.String() == "" {
			return usage("is a variable empty?", "--%s without a name", name)
		}
	}
	return nil
}

// command is `outpace map`: it checks everything that can be checked, finds
// the function, decides how to run it, and runs it.
func (m *mapFlags) command(s streams, args []string) (int, error) {
	if err := enough(args); err != nil {
		return 0, err
	}
	ctx, cancel := context.WithCancelCause(context.Background())
	defer cancel(nil)
	soft, stop := context.WithCancelCause(ctx) // done at the first signal; ctx when the grace is over
	defer stop(nil)
	workers := &killable{}
	family, _ := child.Adopt() // where that cannot be, an orphan outlives the run
	disown := sync.OnceValue(family.Close)
	defer func() { _ = disown() }() // told by the run, where there was one
	defer watch(time.Duration(m.grace), func(by error) {
		stop(by)
		time.AfterFunc(time.Duration(m.grace), func() { cancel(by) })
	}, workers.kill, func(code int) { _ = disown(); os.Exit(code) }).end()

	job, err := m.prepare(soft, s, args, workers)
	if err != nil {
		return 0, err
	}
	defer job.target.close()
	if m.dry {
		return 0, job.describe()
	}
	job.disown = disown
	return job.run(ctx, soft, cancel)
}

// enough makes sure that there may be processes and threads for one worker, and
// reserves those of this process, before it needs any. Go functions need none.
func enough(args []string) error {
	if len(args) == 0 || strings.HasPrefix(args[0], "go:") {
		return nil
	}
	if _, err := room.Reserve(1, 3); err != nil {
		return cannot("", "%s", err)
	}
	return nil
}

// job is a run that is decided and not started.
type job struct {
	flags   *mapFlags
	streams streams
	target  *target
	model   outpace.Model
	workers *killable
	disown  func() error // ends what descends from this process and from no worker any more
	choice  choice
	in      *inputs
	source  *ahead
	text    *ui.Text // the printer, where that is for people
	printer ui.Printer
}

// shownInputs is how many inputs --dry-run shows.
const shownInputs = 5

// prepare goes from what costs nothing to check to what starts a process and
// reads the first input.
func (m *mapFlags) prepare(ctx context.Context, s streams, args []string, workers *killable) (*job, error) {
	if len(args) == 0 {
		return nil, usage("outpace map FUNC [INPUT ...]; outpace map --help has examples", "no function given")
	}
	if err := m.check(); err != nil {
		return nil, err
	}
	if m.force && m.output == "" && m.failed == "" {
		return nil, usage("name the file with -o FILE or --failed FILE", "--force without a file to overwrite")
	}
	w, err := parseWidth(m.workers)
	if err != nil {
		return nil, err
	}
	given := make([]string, 0, len(args))
	for _, a := range args {
		given = append(given, unprotect(a))
	}
	in, err := m.openInputs(ctx, given[1:], s.in)
	if err != nil {
		return nil, err
	}
	if err := m.checkOutput(in); err != nil {
		return nil, err
	}
	if err := m.checkFailed(in); err != nil {
		return nil, err
	}
	j := &job{flags: m, streams: s, in: in, workers: workers}
	j.printer, j.text = m.newPrinter(s.err)
	return j, j.decide(ctx, given[0], w)
}

// decide finds the function, chooses the model, and waits for the first input.
func (j *job) decide(ctx context.Context, name string, w width) error {
	n := cores.Available()
	log := func(line string) { j.printer.Event(outpace.Event{Kind: outpace.WorkerLog, Worker: 1, Line: line}) }
	var err error
	if j.target, err = j.flags.find(ctx, name, n, w, log); err != nil {
		return err
	}
	if err = j.settle(w, n); err == nil {
		err = j.first()
	}
	if err != nil {
		j.target.close()
	}
	return err
}

func (j *job) settle(w width, cores int) (err error) {
	if j.choice, err = choose(j.target.kind, j.flags.model, w, cores); err != nil {
		return err
	}
	if err := j.fit(); err != nil {
		return err
	}
	j.model = j.target.model(j.choice)
	if j.target.kind != goFunction {
		j.workers.Model = j.model
		j.model = j.workers
	}
	if _, err = j.model.Plan(); err != nil {
		return usage("", "%s", err)
	}
	return nil
}

// fit narrows the run to as many worker processes as a limit on processes leaves
// room for, and reserves the threads that it takes to look after them.
func (j *job) fit() error {
	shape := &j.choice.shape
	if j.target.kind == goFunction {
		return nil
	}
	n, err := room.Reserve(shape.Processes, 2+shape.Tasks)
	if err != nil {
		return cannot("", "%s", err)
	}
	if n < shape.Processes {
		j.choice.why += fmt.Sprintf("; not %d processes, because the limit on processes (ulimit -u, pids.max) leaves room for no more", shape.Processes)
		shape.Processes = n
	}
	return nil
}

// first reads the first input, so that a run without any ends before it begins.
func (j *job) first() error {
	n := 1
	if j.flags.dry {
		n = shownInputs + 1
	}
	j.source = peek(j.in.source, n)
	if len(j.source.read) > 0 || j.source.err == nil {
		return nil
	}
	if j.source.err != io.EOF {
		return inputFault(j.source.err)
	}
	if j.in.skipped.Load() > 0 {
		return usage("", "no inputs: all of %s are invalid", j.in.name)
	}
	return usage("is it the right file? outpace map --help tells how inputs are read", "no inputs: %s is empty", j.in.name)
}

// inputFault is the error for inputs that could not be read on.
func inputFault(err error) error {
	var bad *input.InvalidError
	var stopped interrupted
	switch {
	case errors.As(err, &stopped):
		return &fault{what: stopped.Error(), code: stopped.exit()}
	case errors.As(err, &bad):
		hint := bad.Hint
		if hint == "" && !bad.Final {
			hint = "--skip-invalid goes on without it"
		}
		return usage(hint, "%s", bad)
	}
	return usage("", "%s", err)
}

// plan is the model's plan, with the reason of the choice.
func (j *job) plan(p outpace.Plan) outpace.Plan {
	p.Model, p.Why = j.choice.model, j.choice.why
	return p
}

// progressKind is what --progress asks for; auto goes by what standard error is.
func (m *mapFlags) progressKind(stderr *os.File) string {
	switch {
	case m.progress != "auto":
		return m.progress
	case term.IsTerminal(int(stderr.Fd())) && os.Getenv("TERM") != "dumb":
		return "tty"
	}
	return "plain"
}

// newPrinter chooses the printer.
func (m *mapFlags) newPrinter(stderr *os.File) (ui.Printer, *ui.Text) {
	kind := m.progressKind(stderr)
	var text *ui.Text
	switch {
	case kind == "json":
		return ui.NewJSON(stderr), nil
	case kind == "none" || m.quiet:
		text = ui.NewNone(stderr, m.quiet)
	case kind == "tty":
		text = ui.NewTTY(stderr, func() int { return columns(stderr) })
	default:
		text = ui.NewPlain(stderr)
	}
	return text, text
}

// columns is the width of a terminal, 80 where it does not say.
func columns(f *os.File) int {
	if w, _, err := term.GetSize(int(f.Fd())); err == nil && w > 0 {
		return w
	}
	return 80
}

// describe is --dry-run: the plan and the first inputs, on standard error.
func (j *job) describe() error {
	p, err := j.model.Plan()
	if err != nil {
		return usage("", "%s", err)
	}
	var b strings.Builder
	b.WriteString(j.plan(p).String() + "\n")
	for i, value := range j.source.read[:min(len(j.source.read), shownInputs)] {
		b.WriteString(inputLine(i, value))
	}
	if len(j.source.read) > shownInputs {
		b.WriteString("...\n")
	}
	if _, err = io.WriteString(j.streams.err, b.String()); err != nil {
		return cannot("", "cannot write the plan: %s", err)
	}
	if len(j.source.read) <= shownInputs && j.source.err != nil && j.source.err != io.EOF {
		return inputFault(j.source.err)
	}
	return nil
}

func inputLine(i int, value json.RawMessage) string {
	return "input " + itoa(i) + ": " + ui.Shorten(value, 60) + "\n"
}
