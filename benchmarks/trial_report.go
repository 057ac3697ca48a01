package main

import (
	"fmt"
	"io"
	"math"
	"slices"
	"strings"
	"time"
)

// reportTrials writes the folder of results and prints the summary; what was
// measured in part is only printed.
func reportTrials(x experiment, s trialSettings, machine string, samples []trialSample, began time.Time, stdout io.Writer) error {
	text, missed := trialSummary(x, s, samples)
	if !s.partial() {
		if err := writeResults(s.results, x.name, machine, "raw.csv", rawTrials(samples), text, began); err != nil {
			return err
		}
	}
	fmt.Fprint(stdout, text)
	if len(missed) > 0 {
		return missed
	}
	return nil
}

// trialSummary returns the tables as Markdown, and what was missed or failed.
func trialSummary(x experiment, s trialSettings, samples []trialSample) (string, missedError) {
	var b strings.Builder
	var missed missedError
	r := collect(samples)
	fmt.Fprintf(&b, "# %s\n\n%s\n\nMade on %d cores by\n\n```text\n%s\n```\n", x.title, x.intro, s.cores, s.command(x.name))
	fmt.Fprintf(&b, "\nMedian [%.0f %% interval of the median] of the rounds; ratios are made round by round. Below 1, Outpace is ahead.\n", 100*confidence)
	if idle := disturbance(samples); idle != "" {
		fmt.Fprintf(&b, "%s\n", idle)
	}
	for _, t := range x.topics {
		fmt.Fprintf(&b, "\n## %s: %s\n", t.name, t.title)
		for _, w := range t.widths {
			r.table(&b, t, w, s.cores)
			r.compareSubjects(&b, t, w)
		}
		if t.note != "" {
			fmt.Fprintf(&b, "\n%s\n", t.note)
		}
		missed = append(missed, r.verdicts(&b, t, s.cores)...)
	}
	missed = append(missed, failures(&b, samples)...)
	return b.String(), missed
}

// command is what measures the same again.
func (s trialSettings) command(name string) string {
	args := []string{"go run ./benchmarks", name, "--rounds", fmt.Sprint(s.rounds), "--seed", fmt.Sprint(s.seed)}
	args = append(args, "--workers", strings.Trim(strings.ReplaceAll(fmt.Sprint(s.workers), " ", ","), "[]"))
	if s.quick {
		args = append(args, "--quick")
	}
	if len(s.only) > 0 {
		args = append(args, "--only", strings.Join(s.only, ","))
	}
	if len(s.peers) > 0 {
		args = append(args, "--peers", "'"+strings.Join(s.peers, ",")+"'")
	}
	return strings.Join(args, " ")
}

// table writes the table of a case at one number of workers, the fastest first.
func (r results) table(b *strings.Builder, t topic, workers, cores int) {
	columns := append([]metric{t.metric}, t.columns...)
	columns = slices.DeleteFunc(columns, func(m metric) bool {
		return !slices.ContainsFunc(t.entrants, func(e entrant) bool { return r.cell(t, e.name, workers, m).n > 0 })
	})
	serial, us := t.base(), t.subject()
	fmt.Fprintf(b, "\n%d workers:\n\n| peer |", workers)
	for _, m := range columns {
		fmt.Fprintf(b, " %s |", m.title())
	}
	if serial != "" {
		b.WriteString(" efficiency |")
	}
	fmt.Fprintf(b, " %s / it |\n|---|%s---|\n", us, strings.Repeat("---|", len(columns)+min(1, len(serial))))
	for _, e := range r.ranked(t, workers) {
		fmt.Fprintf(b, "| %s |", t.shown(e))
		for _, m := range columns {
			fmt.Fprintf(b, " %s |", r.shownCell(t, e, workers, m))
		}
		if serial != "" {
			share := summarize(r.paired(t, e.name, serial, workers, func(one, two measurement) float64 {
				return efficient("", 0).with(t.metric).value(one, two, cores, t.widthOf(e, workers))
			}))
			fmt.Fprintf(b, " %s |", percent(share.median))
		}
		fmt.Fprintf(b, " %s |\n", r.shownRatio(t, us, e, workers))
	}
}

// ranked is the entrants by their medians; those without any are last.
func (r results) ranked(t topic, workers int) []entrant {
	median := func(e entrant) float64 {
		m := r.cell(t, e.name, workers, t.metric).median
		if math.IsNaN(m) {
			return math.Inf(1)
		}
		return m
	}
	sorted := slices.Clone(t.entrants)
	slices.SortStableFunc(sorted, func(a, b entrant) int {
		switch x, y := median(a), median(b); {
		case x < y:
			return -1
		case x > y:
			return 1
		}
		return 0
	})
	return sorted
}

// shown is an entrant's name in a table.
func (t topic) shown(e entrant) string {
	switch e.role {
	case subject:
		return "**" + e.name + "**"
	case floor:
		return e.name + " (floor)"
	}
	return e.name
}

func (t topic) widthOf(e entrant, workers int) int {
	if e.lone {
		return 1
	}
	return workers
}

// base is the entrant that efficiency is relative to; "" for none.
func (t topic) base() string {
	for _, e := range t.entrants {
		if e.role == base {
			return e.name
		}
	}
	return ""
}

func (b bound) with(m metric) bound { b.metric = m; return b }

// shownCell is a metric's cell. Only the case's own has an interval, to keep
// the table narrow; and it says when rounds have failed.
func (r results) shownCell(t topic, e entrant, workers int, m metric) string {
	if m != t.metric {
		return r.shownMedian(t, e.name, workers, m)
	}
	i := r.cell(t, e.name, workers, m)
	all := r.of(t, e.name, workers)
	if failed := len(all) - i.n; failed > 0 {
		return fmt.Sprintf("%v, FAILED in %d of %d rounds", i, failed, len(all))
	}
	return i.String()
}

func (r results) shownMedian(t topic, name string, workers int, m metric) string {
	switch i := r.cell(t, name, workers, m); {
	case i.n == 0:
		return "-"
	case i.median < 0.01:
		return "0" // less than one in a hundred operations
	default:
		return digits(i.median)
	}
}

func (r results) shownRatio(t topic, us string, e entrant, workers int) string {
	if us == "" || e.name == us {
		return ""
	}
	return r.ratio(t, us, e.name, workers).String()
}

func percent(share float64) string {
	if math.IsNaN(share) {
		return "-"
	}
	return fmt.Sprintf("%.0f %%", 100*share)
}

// compareSubjects says of each subject how it stands against the best peer and
// against the best floor.
func (r results) compareSubjects(b *strings.Builder, t topic, workers int) {
	best := func(want role) string {
		for _, e := range r.ranked(t, workers) {
			if e.role == want && r.cell(t, e.name, workers, t.metric).n > 0 {
				return e.name
			}
		}
		return ""
	}
	for _, e := range t.entrants {
		if e.role != subject {
			continue
		}
		var parts []string
		for _, against := range []struct{ word, name string }{{"best peer", best(rival)}, {"floor", best(floor)}} {
			if against.name != "" {
				parts = append(parts, fmt.Sprintf("%s, %s: %v", against.word, against.name, r.ratio(t, e.name, against.name, workers)))
			}
		}
		if len(parts) > 0 {
			fmt.Fprintf(b, "\n%s vs %s\n", e.name, strings.Join(parts, "; vs "))
		}
	}
}

// verdicts writes what must hold in a case, and returns what does not.
func (r results) verdicts(b *strings.Builder, t topic, cores int) (missed missedError) {
	all := r.judge(t, cores)
	if len(all) == 0 {
		return nil
	}
	fmt.Fprintf(b, "\nMust hold (%s):\n\n", t.item)
	for _, v := range all {
		fmt.Fprintf(b, "- %v\n", v)
		if !v.ok {
			missed = append(missed, fmt.Sprintf("%s: %s", t.name, v.words()))
		}
	}
	return missed
}

// failures writes and returns the trials that have failed, each with the reason
// of its first time.
func failures(b *strings.Builder, samples []trialSample) (failed missedError) {
	count, first := map[place]int{}, map[place]trialSample{}
	var order []place
	for _, s := range samples {
		if s.Err == nil {
			continue
		}
		p := place{s.Case, s.Peer, s.Workers, 0}
		if count[p]++; count[p] == 1 {
			first[p], order = s, append(order, p)
		}
	}
	for _, p := range order {
		failed = append(failed, fmt.Sprintf("%v (in %d rounds)", first[p], count[p]))
	}
	if len(failed) > 0 {
		fmt.Fprintf(b, "\n## Failed\n\n- %s\n", strings.Join(failed, "\n- "))
	}
	return failed
}
