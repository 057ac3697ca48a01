package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"math/rand/v2"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/outpace-run/outpace/internal/cores"
)

// experiment is cases x peers x workers, measured side by side:
//
//	rounds ──► all trials, one at a time, ──► samples ──► medians, ratios of the same round, ──► folder of results,
//	           in an order drawn anew                     bounds kept or missed                  exit code
type experiment struct {
	name   string // of the command and of its folder
	title  string
	intro  string // Markdown, below the title
	topics []topic

	quickRounds int // rounds of a try; 0: two
	operands    int // arguments that may follow the flags

	// flags adds the experiment's own flags, and prepare makes what the trials
	// need when the flags are known; what it returns is added to what is said of
	// the machine. Both may be nil.
	flags   func(*flag.FlagSet)
	prepare func(ctx context.Context, stderr io.Writer) (machine string, err error)
}

// topic is a case: what is done, by whom, and what Outpace must reach in it.
type topic struct {
	name     string // as one types it: "task-8"
	title    string // "a task without a result, eight producers"
	item     string // where the bounds come from: "item 1"
	metric   metric // what is compared
	columns  []metric
	entrants []entrant
	widths   []int // numbers of workers; none: as the flags say
	bounds   []bound
	note     string // Markdown, below the table

	// command is the child that does the case; less of it when quick is set.
	command func(e entrant, workers int, quick bool) []string
	env     []string
	limit   time.Duration // for one child; 0: a minute
}

// role is what an entrant is measured for.
type role int

const (
	rival   role = iota // what Outpace is compared with
	subject             // Outpace
	floor               // what no executor can do without, or what one writes by hand for this one case
	base                // what efficiency is relative to: one worker, no executor
)

// entrant is one who does a case.
type entrant struct {
	name string
	role role
	lone bool // has no width: one trial in a round, for all numbers of workers
}

// trialSettings are the flags of an experiment made of trials.
type trialSettings struct {
	rounds  int
	only    []string // beginnings of names of cases; all when empty
	peers   []string // parts of names of peers; all when empty
	workers []int
	quick   bool
	seed    uint64
	results string
	cores   int

	operands []string
}

// partial reports whether less than everything is measured; then nothing is
// written.
func (s trialSettings) partial() bool { return s.quick || len(s.only) > 0 || len(s.peers) > 0 }

func parseTrialSettings(x experiment, args []string, stderr io.Writer) (trialSettings, error) {
	s := trialSettings{cores: cores.Available()}
	flags := flag.NewFlagSet(x.name, flag.ContinueOnError)
	flags.SetOutput(stderr)
	flags.IntVar(&s.rounds, "rounds", 7, "how often everything is measured; an interval needs 6")
	only := flags.String("only", "", "cases to measure, by the beginnings of their names, separated by commas; then no results are written")
	peers := flags.String("peers", "", "peers to measure, by parts of their names, separated by commas; then no results are written")
	workers := flags.String("workers", "", "numbers of workers, separated by commas (default: as many as cores, and 4)")
	flags.BoolVar(&s.quick, "quick", false, "few rounds of a tenth of the work: a try, which writes no results")
	flags.Uint64Var(&s.seed, "seed", rand.Uint64()>>32, "of the order of the trials")
	flags.StringVar(&s.results, "results", "benchmarks/results", "folder for the results")
	if x.flags != nil {
		x.flags(flags)
	}
	if err := flags.Parse(args); err != nil {
		return s, fmt.Errorf("%w: %w", errUsage, err)
	}
	s.only, s.peers = splitList(*only), splitList(*peers)
	if s.quick && !given(flags, "rounds") {
		s.rounds = max(2, x.quickRounds)
	}
	var err error
	if s.workers, err = parseWorkers(*workers, s.cores); err != nil {
		return s, usageError(stderr, err.Error())
	}
	if s.operands = flags.Args(); s.rounds < 1 || len(s.operands) > x.operands {
		return s, usageError(stderr, fmt.Sprintf("rounds are at least 1, and there are at most %d arguments", x.operands))
	}
	return s, s.checkNames(x, stderr)
}

// parseWorkers reads --workers.
func parseWorkers(text string, cores int) ([]int, error) {
	if text == "" {
		return slices.Compact([]int{cores, 4}), nil
	}
	var workers []int
	for _, w := range splitList(text) {
		n, err := strconv.Atoi(w)
		if err != nil || n < 1 {
			return nil, errors.New("workers are whole numbers of at least 1, separated by commas")
		}
		workers = append(workers, n)
	}
	return workers, nil
}

// checkNames refuses a --only or --peers that names nothing.
func (s trialSettings) checkNames(x experiment, stderr io.Writer) error {
	for _, o := range s.only {
		if !slices.ContainsFunc(x.topics, func(t topic) bool { return strings.HasPrefix(t.name, o) }) {
			return usageError(stderr, fmt.Sprintf("there is no case %q; there are %s", o, strings.Join(x.names(), ", ")))
		}
	}
	for _, p := range s.peers {
		if !slices.ContainsFunc(x.topics, func(t topic) bool {
			return slices.ContainsFunc(t.entrants, func(e entrant) bool { return named(e.name, p) })
		}) {
			return usageError(stderr, fmt.Sprintf("there is no peer %q; the summary names them", p))
		}
	}
	return nil
}

func usageError(stderr io.Writer, text string) error {
	fmt.Fprintln(stderr, "benchmarks:", text)
	return errUsage
}

func given(flags *flag.FlagSet, name string) (found bool) {
	flags.Visit(func(f *flag.Flag) { found = found || f.Name == name })
	return found
}

func splitList(text string) []string {
	return strings.FieldsFunc(text, func(r rune) bool { return r == ',' })
}

func named(name, part string) bool {
	return strings.Contains(strings.ToLower(name), strings.ToLower(part))
}

func (x experiment) names() []string {
	var names []string
	for _, t := range x.topics {
		names = append(names, t.name)
	}
	return names
}

// chosen leaves in the experiment what the settings ask for.
func (x experiment) chosen(s trialSettings) experiment {
	chosen := x
	chosen.topics = nil
	for _, t := range x.topics {
		if len(s.only) > 0 && !slices.ContainsFunc(s.only, func(o string) bool { return strings.HasPrefix(t.name, o) }) {
			continue
		}
		t.entrants = slices.DeleteFunc(slices.Clone(t.entrants), func(e entrant) bool {
			return len(s.peers) > 0 && !slices.ContainsFunc(s.peers, func(p string) bool { return named(e.name, p) })
		})
		if len(t.widths) == 0 {
			t.widths = s.workers
		}
		chosen.topics = append(chosen.topics, t)
	}
	return chosen
}

// trials lists the trials of one round.
func (x experiment) trials(quick bool) []trial {
	var all []trial
	for _, t := range x.topics {
		limit := t.limit
		if limit == 0 {
			limit = time.Minute
		}
		for _, e := range t.entrants {
			widths := t.widths
			if e.lone {
				widths = []int{1}
			}
			for _, w := range widths {
				all = append(all, trial{t.name, e.name, w, t.command(e, w, quick), t.env, limit})
			}
		}
	}
	return all
}

// runExperiment measures x as the flags say, writes the folder of results and
// prints the summary. The error is a missedError when a bound is missed or a
// trial has failed.
func runExperiment(ctx context.Context, x experiment, args []string, stdout, stderr io.Writer) error {
	s, err := parseTrialSettings(x, args, stderr)
	if err != nil {
		return err
	}
	x = x.chosen(s)
	machine := describeMachine(ctx)
	if x.prepare != nil {
		added, err := x.prepare(ctx, stderr)
		if err != nil {
			return err
		}
		machine += added
	}
	began := time.Now()
	samples, err := runRounds(ctx, x.trials(s.quick), s.rounds, s.seed, stderr)
	if err != nil {
		return err
	}
	return reportTrials(x, s, machine, samples, began, stdout)
}
