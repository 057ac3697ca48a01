package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/outpace-run/outpace/benchmarks/probe"
)

// compareCommits measures two commits of Outpace side by side and prints the
// ratios:
//
//	BASE ──► worktree ─┐                ┌─► child of BASE ─┐
//	HEAD ──► worktree ─┴─ probe, as it ─┴─► child of HEAD ─┴─► rounds ──► head / base
//	                      is here, built
//	                      with each
//
// Without HEAD it is the working tree. It judges nothing: the error is that
// something cannot run.
func compareCommits(ctx context.Context, args []string, stdout, stderr io.Writer) (err error) {
	pace := probe.FindPace()
	folder, err := os.MkdirTemp("", "outpace-compare")
	if err != nil {
		return err
	}
	defer os.RemoveAll(folder)
	x := compareExperiment(folder, pace)
	s, err := parseTrialSettings(x, args, stderr)
	if err != nil {
		return err
	}
	if len(s.operands) == 0 {
		return usageError(stderr, "which commit? usage: scripts/perf-check [flags] BASE [HEAD]")
	}
	trees, err := buildSides(ctx, folder, s.operands, stderr)
	defer func() { err = errors.Join(err, removeWorktrees(trees)) }()
	if err != nil {
		return err
	}
	x = x.chosen(s)
	samples, err := runRounds(ctx, x.trials(s.quick), s.rounds, s.seed, stderr)
	if err != nil {
		return err
	}
	text, failed := compareSummary(x, s, samples)
	fmt.Fprint(stdout, text)
	if len(failed) > 0 {
		return failed
	}
	return nil
}

// sides are the two commits.
func sides() []string { return []string{"base", "head"} }

// compareExperiment has what pools and python measure of Outpace, without peers.
func compareExperiment(folder string, pace probe.Pace) experiment {
	cases := slices.Concat(probe.Cases(), probe.PythonCases())
	x := experiment{name: "compare", quickRounds: 6, operands: 2}
	topics := slices.DeleteFunc(append(executorTopics(), mapTopics()...), func(t topic) bool { return t.item == "item 3" })
	topics = append(topics,
		topic{name: "python-map", title: "1,000,000 integers to CPython and back, by Map", metric: nanoseconds()},
		topic{name: "python-call", title: "one call of CPython at a time, p50", metric: metric{"p50_us", "µs", 1}, widths: []int{1}})
	for _, t := range topics {
		t.entrants = []entrant{{name: "base"}, {name: "head", role: subject}}
		t.command = func(e entrant, workers int, quick bool) []string {
			return append([]string{filepath.Join(folder, e.name)}, probeArgs(cases, t.name, "Outpace", pace, workers, quick)...)
		}
		x.topics = append(x.topics, t)
	}
	return x
}

// buildSides builds a child for each side, and returns the worktrees that it
// made, also when it fails.
func buildSides(ctx context.Context, folder string, commits []string, stderr io.Writer) (trees []string, err error) {
	for i, side := range sides() {
		root := ".." // the working tree
		if i < len(commits) {
			root = filepath.Join(folder, side+"-tree")
			if err := addWorktree(ctx, root, commits[i]); err != nil {
				return trees, err
			}
			trees = append(trees, root)
		}
		fmt.Fprintf(stderr, "building the probe with %s\n", side)
		if err := buildProbe(ctx, folder, side, root); err != nil {
			return trees, err
		}
	}
	return trees, nil
}

// addWorktree checks a commit out into a folder.
func addWorktree(ctx context.Context, folder, commit string) error {
	output, err := exec.CommandContext(ctx, "git", "worktree", "add", "--detach", folder, commit).CombinedOutput()
	if err != nil {
		return fmt.Errorf("git worktree add %s: %w\n%s", commit, err, output)
	}
	return nil
}

// removeWorktrees does it also when the run was interrupted.
func removeWorktrees(folders []string) (err error) {
	for _, folder := range folders {
		output, failed := exec.Command("git", "worktree", "remove", "--force", folder).CombinedOutput()
		if failed != nil {
			err = errors.Join(err, fmt.Errorf("git worktree remove: %w\n%s", failed, output))
		}
	}
	return err
}

// buildProbe builds the probe of this checkout with the root module of another.
func buildProbe(ctx context.Context, folder, side, root string) error {
	mod, err := os.ReadFile("benchmarks/go.mod")
	if err != nil {
		return fmt.Errorf("%w; run this from the root of the repository", err)
	}
	sum, err := os.ReadFile("benchmarks/go.sum")
	if err != nil {
		return err
	}
	file := filepath.Join(folder, side+".mod")
	err = errors.Join(
		os.WriteFile(file, []byte(replaceRoot(string(mod), root)), 0o666),
		os.WriteFile(filepath.Join(folder, side+".sum"), sum, 0o666),
	)
	if err != nil {
		return err
	}
	cmd := exec.CommandContext(ctx, "go", "build", "-buildvcs=false", "-modfile", file, "-o", filepath.Join(folder, side), "./probe/outpace")
	cmd.Dir = "benchmarks"
	cmd.Env = append(os.Environ(), "GOWORK=off")
	if output, err := cmd.CombinedOutput(); err != nil {
		return fmt.Errorf("building the probe with %s: %w\n%s", side, err, output)
	}
	return nil
}

// replaceRoot has a go.mod find the root module in another folder.
func replaceRoot(mod, root string) string {
	line := regexp.MustCompile(`(?m)^replace github\.com/outpace-run/outpace => .*$`)
	return line.ReplaceAllLiteralString(mod, "replace github.com/outpace-run/outpace => "+strconv.Quote(root))
}

// compareSummary returns a table of all cases, and the trials that have failed.
func compareSummary(x experiment, s trialSettings, samples []trialSample) (string, missedError) {
	var b strings.Builder
	r := collect(samples)
	names := append(slices.Clone(s.operands), "the working tree")
	fmt.Fprintf(&b, "head (%s) against base (%s): %d rounds on %d cores, seed %d. Below 1, head is faster; ~ where the interval has 1 in it.\n\n",
		names[1], names[0], s.rounds, s.cores, s.seed)
	b.WriteString("| case | workers | unit | base | head | head / base | | allocs |\n|---|---|---|---|---|---|---|---|\n")
	for _, t := range x.topics {
		for _, w := range t.widths {
			ratio := r.ratio(t, "head", "base", w)
			fmt.Fprintf(&b, "| %s | %d | %s | %s | %s | %v | %s | %s → %s |\n", t.name, w, t.metric.title(),
				digits(r.cell(t, "base", w, t.metric).median), digits(r.cell(t, "head", w, t.metric).median), ratio, ratio.mark(),
				r.shownMedian(t, "base", w, allocations()), r.shownMedian(t, "head", w, allocations()))
		}
	}
	if idle := disturbance(samples); idle != "" {
		fmt.Fprintf(&b, "\n%s\n", idle)
	}
	failed := failures(&b, samples)
	return b.String(), failed
}

// mark is "~" where it is not known whether a ratio is above or below 1.
func (i interval) mark() string {
	switch {
	case i.lo > 1:
		return "slower"
	case i.hi < 1:
		return "faster"
	}
	return "~"
}
