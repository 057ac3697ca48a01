package cli

import (
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/pflag"
)

// benchFlags is what the flags of bench say: those that map has too, and its own.
type benchFlags struct {
	mapFlags

	also    []string
	models  []string
	widths  []string
	runs    int
	quick   bool
	cold    bool
	limit   duration
	seed    uint64
	ascii   bool
	reports reportFiles
	suite   suiteFlags
}

// The runs of each cell: an interval takes six.
const (
	defaultRuns = 7
	quickRuns   = 6
	mostRuns    = 10_000
)

// register defines the flags; benchFlagsHelp has the text for people.
func (b *benchFlags) register(f *pflag.FlagSet) {
	b.registerInputs(f)
	b.model = "auto"
	f.StringArrayVar(&b.also, "also", nil, "measure `FUNC` beside it: the same work, written another way")
	f.StringSliceVar(&b.models, "models", nil, "the models `NAME[,NAME...]`: serial, threads, processes, async, hybrid")
	f.StringSliceVarP(&b.widths, "workers", "j", nil, "`N[,N...]` tasks at once, each in a run of its own; PxT for hybrids")
	f.IntVar(&b.runs, "runs", defaultRuns, "runs of each cell")
	f.BoolVar(&b.quick, "quick", false, "6 runs, and fewer widths")
	f.BoolVar(&b.cold, "cold", false, "the start of the workers counts")
	f.Var(&b.limit, "time-limit", "end after `TIME` with what was measured until then")
	f.Uint64Var(&b.seed, "seed", 0, "the order of the runs, to have it again")
	f.BoolVar(&b.ascii, "ascii", false, "draw the table in ASCII")
	b.reports.register(f)
	b.suite.register(f)
	f.BoolVar(&b.force, "force", false, "overwrite the files named")
}

// check says what is wrong with the flags of bench.
func (b *benchFlags) check(args []string) error {
	if err := b.checkSuite(args); err != nil {
		return err
	}
	for _, name := range b.models {
		if err := among("model", name, models()[1:]); err != nil {
			return err
		}
	}
	if _, err := b.parseWidths(); err != nil {
		return err
	}
	switch {
	case b.runs < 1 || b.runs > mostRuns:
		return usage("7 is the default, 6 the fewest with an interval", "--runs is from 1 to %d, got %d", mostRuns, b.runs)
	case b.set.Changed("time-limit") && b.limit == 0:
		return usage("such as --time-limit 5m", "--time-limit is more than 0")
	case b.set.Changed("models") && len(b.models) == 0:
		return usage("is a variable empty?", "--models without a name")
	case b.set.Changed("workers") && len(b.widths) == 0:
		return usage("is a variable empty?", "--workers without a number")
	}
	if b.quick && !b.set.Changed("runs") {
		b.runs = quickRuns
	}
	if b.seed == 0 && !b.set.Changed("seed") {
		b.seed = uint64(time.Now().UnixNano())
	}
	if b.force && len(b.reports.forms()) == 0 {
		return usage("name the file, such as --report FILE", "--force without a file to overwrite")
	}
	if err := b.reports.check(&b.mapFlags); err != nil {
		return err
	}
	return b.mapFlags.check()
}

// parseWidths reads --workers; nil is the default.
func (b *benchFlags) parseWidths() ([]width, error) {
	var all []width
	for _, text := range b.widths {
		w, err := parseWidth(strings.TrimSpace(text))
		if err != nil || w == (width{}) {
			return nil, usage("such as --workers 1,2,4,8", "--workers is numbers from 1 to %d, got %q", maxWidth, text)
		}
		if !slices.Contains(all, w) {
			all = append(all, w)
		}
	}
	return all, nil
}

// defaultWidths is 2, 4, 8 ... up to 4 x cores, at least 8. One that is wider
// than the inputs ends the list: more would be idle. Width 1 is serial. Quick,
// it is cores and 4 x cores.
func defaultWidths(cores, inputs int, quick bool) []width {
	most := max(4*cores, 8)
	if quick {
		return []width{{workers: max(cores, 2)}, {workers: most}}
	}
	var all []width
	for n := 2; n <= most; n *= 2 {
		all = append(all, width{workers: n})
		if n >= inputs {
			break
		}
	}
	return all
}

// again is the command line that measures the same again: all flags that were
// given but for those of files, with the seed that it had. Inputs that would be
// taken for flags stand behind them.
func (b *benchFlags) again(args []string) []string {
	line, last := append([]string{"outpace", "bench"}, args...), []string(nil)
	if slices.ContainsFunc(args, func(a string) bool { return strings.HasPrefix(a, "-") }) {
		line, last = line[:3], append([]string{"--"}, args[1:]...)
	}
	b.set.Visit(func(f *pflag.Flag) {
		if slices.Contains([]string{"report", "json", "markdown", "csv", "svg", "force", "seed", "progress", "quiet", "ascii"}, f.Name) {
			return
		}
		values := []string{f.Value.String()}
		if list, ok := f.Value.(pflag.SliceValue); ok {
			values = list.GetSlice()
			if f.Value.Type() == "stringSlice" {
				values = []string{strings.Join(values, ",")}
			}
		}
		for _, v := range values {
			if f.Value.Type() == "bool" { // which takes no word of its own
				line = append(line, "--"+f.Name+strings.TrimPrefix("="+v, "=true"))
				continue
			}
			line = append(line, "--"+f.Name, v)
		}
	})
	return append(append(line, "--seed", strconv.FormatUint(b.seed, 10)), last...)
}
