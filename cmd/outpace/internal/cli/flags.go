package cli

import (
	"fmt"
	"os"
	"strings"
	"time"

	"github.com/outpace-run/outpace/cmd/outpace/internal/input"
	"github.com/spf13/pflag"
)

// mapFlags is what the flags of map say.
type mapFlags struct {
	set *pflag.FlagSet // which of them were given

	inputs string
	format string
	span   string
	repeat int64
	star   bool
	args   []string
	skip   bool

	workers string
	model   string
	window  int
	grace   duration
	dry     bool

	python     string
	initialize string
	start      duration
	memory     size
	maxTasks   int
	idle       duration
	maxDeaths  int

	timeout   duration
	retries   int
	retryOn   retryOn
	delay     duration
	failFast  bool
	tolerance tolerance
	failed    string

	output   string
	force    bool
	records  bool
	disorder bool
	progress string
	quiet    bool
}

// register defines the flags; mapFlagsHelp has the text for people.
func (m *mapFlags) register(f *pflag.FlagSet) {
	m.registerInputs(f)
	m.idle, m.delay = duration(time.Minute), duration(100*time.Millisecond)
	f.StringVarP(&m.workers, "workers", "j", "", "`N` tasks at once, or PxT: P processes with T tasks each")
	f.StringVar(&m.model, "model", "auto", "auto, serial, threads, processes, async or hybrid")
	f.IntVar(&m.retries, "retries", 0, "try a failed input up to `N` times more")
	f.StringSliceVar(&m.retryOn.names, "retry-on", nil, "retry only failures of the types `NAME[,NAME...]`")
	f.Var(&m.delay, "retry-delay", "wait up to `TIME` before the first retry, twice that before the next, and so on")
	f.BoolVar(&m.failFast, "fail-fast", false, "hand nothing more to the workers after the first failure")
	f.Var(&m.tolerance, "max-failures", "hand nothing more to the workers after more than `N|P%` failures")
	f.BoolVar(&m.disorder, "unordered", false, "write results as they come")
	f.StringVarP(&m.output, "output", "o", "", "write results to `FILE`")
	f.StringVar(&m.failed, "failed", "", "write failed inputs to `FILE`, and why they failed to FILE.reasons")
	f.BoolVar(&m.force, "force", false, "overwrite the files of -o and --failed")
	f.BoolVar(&m.records, "records", false, "write a whole record for every input, also for a failed one")
	f.BoolVar(&m.dry, "dry-run", false, "tell the plan and the first inputs; import the module, call nothing")
	f.Var(&m.memory, "memory-limit", "kill a worker that takes more memory than `SIZE` (512MB, 1.5GiB, or bytes)")
	f.IntVar(&m.maxTasks, "max-tasks-per-worker", 0, "replace a worker after it has run `N` inputs")
	f.Var(&m.idle, "idle-limit", "kill a worker that was stopped (SIGSTOP) for `TIME`")
	f.IntVar(&m.maxDeaths, "max-deaths", 0, "end the run when `N` workers in a row have died")
	f.IntVar(&m.window, "window", 0, "run at most `N` inputs ahead of the results that are written")
}

// registerInputs defines the flags that map and bench share: where inputs come
// from, how a Python function is found and called, and how much is told.
func (m *mapFlags) registerInputs(f *pflag.FlagSet) {
	m.set = f
	m.start, m.grace = duration(time.Minute), duration(time.Second)
	f.StringVarP(&m.inputs, "inputs", "i", "", "read inputs from `FILE` (- is standard input)")
	f.StringVar(&m.format, "input", "auto", "how inputs are read: auto, lines, json, jsonl, csv or nul")
	f.StringVar(&m.span, "range", "", "the whole numbers `A..B`, both included, as inputs")
	f.Int64Var(&m.repeat, "repeat", 1, "all inputs `N` times, one round after the other")
	f.BoolVar(&m.skip, "skip-invalid", false, "leave invalid inputs out and count them")
	f.BoolVar(&m.star, "star", false, "spread a list over the parameters, an object over keywords")
	f.StringArrayVar(&m.args, "arg", nil, "give `KEY=VALUE` as a keyword argument to every call")
	f.StringVar(&m.python, "python", "", "the Python interpreter at `PATH`")
	f.StringVar(&m.initialize, "init", "", "call the function `FUNC` once in each worker before its first input")
	f.Var(&m.start, "start-timeout", "give a worker `TIME` to start and to import the function")
	f.Var(&m.timeout, "timeout", "end an attempt after `TIME` (1.5s, 2m, or seconds)")
	f.Var(&m.grace, "grace", "kill what goes on `TIME` after it was told to stop")
	f.StringVar(&m.progress, "progress", "auto", "auto, tty, plain, json or none")
	f.BoolVarP(&m.quiet, "quiet", "q", false, "no progress, no summary")
}

// check says what is wrong with flags that can be judged by themselves.
func (m *mapFlags) check() error {
	if _, err := input.ParseFormat(m.format); err != nil {
		return usage(formatHint(m.format), "%s", err)
	}
	if err := among("model", m.model, models()); err != nil {
		return err
	}
	if err := among("kind of progress", m.progress, []string{"auto", "tty", "plain", "json", "none"}); err != nil {
		return err
	}
	switch {
	case m.repeat < 1:
		return usage("", "--repeat is 1 or more, got %d", m.repeat)
	case m.retries < 0 || m.retries > 1_000_000:
		return usage("", "--retries is from 0 to 1000000, got %d", m.retries)
	case m.window < 0:
		return usage("0 is the default window", "--window is 0 or more, got %d", m.window)
	case m.start == 0:
		return usage("such as --start-timeout 5m", "--start-timeout is more than 0")
	}
	if err := m.checkLimits(); err != nil {
		return err
	}
	return m.checkTogether()
}

// formatHint is what to do about a word that is no format: it may be a file.
func formatHint(word string) string {
	_, err := os.Stat(word)
	if word != "" && (err == nil || strings.ContainsAny(word, "./")) {
		return fmt.Sprintf("-i %s reads a file; --input is its format, such as auto or csv", word)
	}
	return oneOf(input.Formats())
}

// without is which flags are to be left out when the failed inputs are run
// again: their file is JSON Lines, and has each as often as it failed.
func (m *mapFlags) without() string {
	var flags []string
	switch input.Format(m.format) {
	case input.Lines, input.CSV, input.NUL:
		flags = append(flags, "--input "+m.format)
	}
	if m.repeat > 1 {
		flags = append(flags, "--repeat")
	}
	return strings.Join(flags, " and ")
}

func among(what, word string, words []string) error {
	for _, w := range words {
		if w == word {
			return nil
		}
	}
	return usage(nearest(word, words, oneOf(words)), "no such %s: %q", what, word)
}

func oneOf[S ~string](words []S) string {
	var b strings.Builder
	for i, w := range words {
		switch {
		case i == len(words)-1:
			b.WriteString(" or ")
		case i > 0:
			b.WriteString(", ")
		}
		b.WriteString(string(w))
	}
	return "it is one of " + b.String()
}
