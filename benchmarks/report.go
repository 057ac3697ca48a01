package main

import (
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"
)

// missedError is a result that is out of its bounds.
type missedError []string

// Error names what was missed.
func (e missedError) Error() string { return "missed: " + strings.Join(e, "; ") }

// ratios is the time of one worker by that of a contest, of each round, sorted.
type ratios []float64

func (r ratios) median() float64 {
	n := len(r)
	return (r[(n-1)/2] + r[n/2]) / 2
}

// compare pairs the runs of each round: what slows the machine for a while
// slows both.
func compare(samples []sample, base, name string) ratios {
	wall := func(round int, name string) float64 {
		i := slices.IndexFunc(samples, func(s sample) bool { return s.round == round && s.name == name })
		if i < 0 {
			return 0
		}
		return samples[i].timing.wall.Seconds()
	}
	var r ratios
	for round := 1; wall(round, base) > 0; round++ {
		r = append(r, wall(round, base)/wall(round, name))
	}
	slices.Sort(r)
	return r
}

// baseOf is the run with one worker that a contest is compared with.
func baseOf(c contest) string {
	language, _, _ := strings.Cut(c.name, ",")
	return language + ", one worker"
}

// verdict says what the median must reach and whether it does.
func (c contest) verdict(r ratios, cores int) (must string, ok bool) {
	switch {
	case c.least > 0:
		least := c.least * float64(cores)
		return fmt.Sprintf("≥ %.2f (%.2f x %d)", least, c.least, cores), r.median() >= least
	case c.most > 0:
		return fmt.Sprintf("≤ %.2f", c.most), r.median() <= c.most
	}
	return "", true
}

// report writes the folder of results and prints the summary.
func report(s settings, machine string, samples []sample, now time.Time, stdout io.Writer) error {
	text, missed := summary(s, samples)
	if err := writeResults(s.results, "scaling", machine, "raw.csv", raw(samples), text, now); err != nil {
		return err
	}
	fmt.Fprint(stdout, text)
	if len(missed) > 0 {
		return missed
	}
	return nil
}

// writeResults writes the folder of an experiment's results, over that of an
// earlier run of the same day.
func writeResults(results, name, machine, rawName, raw, summary string, now time.Time) error {
	folder := filepath.Join(results, now.Format("2006-01-02")+"-"+name)
	if err := os.MkdirAll(folder, 0o777); err != nil {
		return err
	}
	return errors.Join(
		os.WriteFile(filepath.Join(folder, "machine.txt"), []byte(machine), 0o666),
		os.WriteFile(filepath.Join(folder, rawName), []byte(raw), 0o666),
		os.WriteFile(filepath.Join(folder, "summary.md"), []byte(summary), 0o666),
	)
}

// summary returns the table as Markdown, and what was missed.
func summary(s settings, samples []sample) (string, missedError) {
	var b strings.Builder
	var missed missedError
	fmt.Fprintf(&b, "# Scaling\n\n"+
		"%d inputs of about %v s each, on %d cores, %d rounds in an order drawn anew. The ratio is the time of one\n"+
		"worker by the time of as many workers as cores, of the same round; start-up counts. Made by\n\n"+
		"```text\ngo run ./benchmarks scaling --seconds %v --inputs %d --rounds %d\n```\n\n"+
		"| run | least | median | most | must be | |\n|---|---|---|---|---|---|\n",
		s.inputs, s.seconds, s.cores, s.rounds, s.seconds, s.inputs, s.rounds)
	for _, c := range contests() {
		r := compare(samples, baseOf(c), c.name)
		must, ok := c.verdict(r, s.cores)
		word := "yes"
		if !ok {
			word = "no"
			missed = append(missed, fmt.Sprintf("%s: %.3f, must be %s", c.name, r.median(), must))
		}
		fmt.Fprintf(&b, "| %s | %.3f | %.3f | %.3f | %s | %s |\n", c.name, r[0], r.median(), r[len(r)-1], must, word)
	}
	b.WriteString("\nThe runs:\n\n```text\n")
	for _, sample := range samples {
		if sample.round == 1 {
			fmt.Fprintf(&b, "%-20s %s\n", sample.name, sample.job)
		}
	}
	b.WriteString("```\n")
	return b.String(), missed
}

// raw returns every run as CSV: seconds of wall, user and system time.
func raw(samples []sample) string {
	var b strings.Builder
	w := csv.NewWriter(&b)
	rows := [][]string{{"round", "order", "run", "function", "input", "inputs", "workers", "wall_s", "user_s", "system_s"}}
	seconds := func(d time.Duration) string { return strconv.FormatFloat(d.Seconds(), 'f', 4, 64) }
	for _, s := range samples {
		rows = append(rows, []string{
			strconv.Itoa(s.round), strconv.Itoa(s.order), s.name, s.job.function, strconv.Itoa(s.job.input),
			strconv.Itoa(s.job.n), strconv.Itoa(s.job.workers),
			seconds(s.timing.wall), seconds(s.timing.user), seconds(s.timing.system),
		})
	}
	w.WriteAll(rows) // a strings.Builder takes everything
	return b.String()
}
