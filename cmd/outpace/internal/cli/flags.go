package cli

import (
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/outpace-run/outpace"
	"github.com/outpace-run/outpace/cmd/outpace/internal/input"
	"github.com/spf13/pflag"
)

// mapFlags is what the flags of map say.
type mapFlags struct {
	inputs   string
	format   string
	span     string
	repeat   int64
	star     bool
	args     []string
	workers  string
	model    string
	timeout  duration
	retries  int
	failFast bool
	disorder bool
	output   string
	force    bool
	records  bool
	progress string
	quiet    bool
	dry      bool
	python   string
	skip     bool
	start    duration
	window   int
	grace    duration
}

// register defines the flags; mapFlagsHelp has the text for people.
func (m *mapFlags) register(f *pflag.FlagSet) {
	m.start, m.grace = duration(time.Minute), duration(time.Second)
	f.StringVarP(&m.inputs, "inputs", "i", "", "read inputs from `FILE` (- is standard input)")
	f.StringVar(&m.format, "input", "auto", "how inputs are read: auto, lines, json, jsonl, csv or nul")
	f.StringVar(&m.span, "range", "", "the whole numbers `FIRST..LAST`, both included, as inputs")
	f.Int64Var(&m.repeat, "repeat", 1, "all inputs `N` times, one round after the other")
	f.BoolVar(&m.star, "star", false, "spread a list over the parameters, an object over keywords")
	f.StringArrayVar(&m.args, "arg", nil, "give `KEY=VALUE` as a keyword argument to every call")
	f.StringVarP(&m.workers, "workers", "j", "", "`N` tasks at once, or PxT: P processes with T tasks each")
	f.StringVar(&m.model, "model", "auto", "auto, serial, threads, processes, async or hybrid")
	f.Var(&m.timeout, "timeout", "end an attempt after `TIME` (1.5s, 2m, or seconds)")
	f.IntVar(&m.retries, "retries", 0, "try a failed input up to `N` times more")
	f.BoolVar(&m.failFast, "fail-fast", false, "start nothing more after the first failure")
	f.BoolVar(&m.disorder, "unordered", false, "write results as they come")
	f.StringVarP(&m.output, "output", "o", "", "write results to `FILE`")
	f.BoolVar(&m.force, "force", false, "overwrite the file of -o")
	f.BoolVar(&m.records, "records", false, "write a whole record for every input, also for a failed one")
	f.StringVar(&m.progress, "progress", "auto", "auto, tty, plain, json or none")
	f.BoolVarP(&m.quiet, "quiet", "q", false, "no progress, no summary")
	f.BoolVar(&m.dry, "dry-run", false, "tell the plan and the first inputs; run nothing")
	f.StringVar(&m.python, "python", "", "the Python interpreter at `PATH`")
	f.BoolVar(&m.skip, "skip-invalid", false, "leave invalid inputs out and count them")
	f.Var(&m.start, "start-timeout", "give a worker `TIME` to start and to import the function")
	f.IntVar(&m.window, "window", 0, "run at most `N` inputs ahead of the results that are written")
	f.Var(&m.grace, "grace", "kill what goes on `TIME` after it was told to stop")
}

// check says what is wrong with flags that can be judged by themselves.
func (m *mapFlags) check() error {
	if _, err := input.ParseFormat(m.format); err != nil {
		return usage(oneOf(input.Formats()), "%s", err)
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
	case m.retries < 0:
		return usage("", "--retries is 0 or more, got %d", m.retries)
	case m.window < 0:
		return usage("0 is the default window", "--window is 0 or more, got %d", m.window)
	case m.force && m.output == "":
		return usage("name the file with -o FILE", "--force without a file to overwrite")
	}
	return nil
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

// duration is a flag of a time: 1.5s, 2m, or a number of seconds.
type duration time.Duration

func (d *duration) String() string { return time.Duration(*d).String() }

// Type is for the generated texts.
func (d *duration) Type() string { return "time" }

// Set reads the flag's value.
func (d *duration) Set(text string) error {
	parsed, err := time.ParseDuration(text)
	if seconds, notNumber := strconv.ParseFloat(text, 64); notNumber == nil {
		parsed, err = time.Duration(seconds*float64(time.Second)), nil
		if !(seconds >= 0 && seconds < 9e9) {
			return fmt.Errorf("a time is 0 or more")
		}
	}
	if err != nil {
		return fmt.Errorf("a time is a number of seconds, or a number with a unit such as 250ms, 1.5s or 2m")
	}
	if parsed < 0 {
		return fmt.Errorf("a time is 0 or more")
	}
	*d = duration(parsed)
	return nil
}

// width is what --workers says: nothing, a number, or a shape.
type width struct {
	workers int           // 0: not a number
	shape   outpace.Shape // zero: not a shape
}

func parseWidth(text string) (width, error) {
	if text == "" {
		return width{}, nil
	}
	if strings.Contains(text, "x") {
		shape, err := outpace.ParseShape(text)
		if err != nil {
			return width{}, usage("such as -j 4 or -j 4x2, each 1 or more", "no such shape: %q", text)
		}
		return width{shape: shape}, nil
	}
	n, err := strconv.Atoi(text)
	if err != nil || n < 1 || n > 1_000_000 {
		return width{}, usage("such as -j 4 or -j 4x2", "the number of workers is from 1 to 1000000, got %q", text)
	}
	return width{workers: n}, nil
}
