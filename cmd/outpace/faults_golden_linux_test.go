package main

import (
	"flag"
	"fmt"
	"os"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"
)

var update = flag.Bool("update", false, "write testdata/faults/messages.md anew")

const (
	goldenFile = "testdata/faults/messages.md"
	goldenHead = `# What a user reads

Standard error of each fault of docs/failures.md, as ` + "`outpace`" + ` wrote it, on 2x1 where the command does not say otherwise;
` + "`go test ./cmd/outpace -run TestFaults -update`" + ` writes this file. N stands for a number that is another each time.
`
)

// golden is the file of all messages: a section for each fault.
type golden struct {
	known map[string]string
	mu    sync.Mutex
	names []string // in the order of the file
	rows  []string // in the order of the table, as far as its groups run
	got   map[string]string
}

func readGolden(t *testing.T) *golden {
	t.Helper()
	g := &golden{known: map[string]string{}, got: map[string]string{}}
	text, err := os.ReadFile(goldenFile)
	if err != nil && !*update {
		t.Fatal(err)
	}
	for _, section := range strings.Split(string(text), "\n## ")[1:] {
		name, rest, _ := strings.Cut(section, "\n")
		g.known[name] = strings.Trim(rest, "\n")
		g.names = append(g.names, name)
	}
	return g
}

// check compares what a run told with the section of its fault. Runs of one
// fault on other shapes tell the same, but for the summary.
func (b *bench) check(t *testing.T, name, shape string, a *attempt, o outcome) {
	t.Helper()
	got := b.section(a, o)
	want := b.golden.known[name]
	if shape != "" && shape != "2x1" {
		got, want = withoutSummary(got), withoutSummary(want)
	}
	switch {
	case !*update && got != want:
		t.Errorf("standard error is not as in %s (-update writes it anew)\ngot:\n%s\nwant:\n%s\nall of it:\n%.2000s", goldenFile, got, want, o.told)
	case *update && (shape == "" || shape == "2x1"):
		b.golden.mu.Lock()
		b.golden.got[name] = got
		b.golden.mu.Unlock()
	}
}

// order notes the place of a section. It is called before any test runs beside.
func (g *golden) order(name string) {
	if !slices.Contains(g.rows, name) {
		g.rows = append(g.rows, name)
	}
}

// end writes the file with what was got, where that is asked for. whole says
// that all groups of the table have run, so that other sections are of no row.
func (g *golden) end(t *testing.T, whole bool) {
	t.Helper()
	if whole && !*update && !slices.Equal(g.names, g.rows) {
		t.Errorf("%s has the sections\n%q, want those of the table\n%q", goldenFile, g.names, g.rows)
	}
	if !*update {
		return
	}
	for _, name := range g.rows {
		if !slices.Contains(g.names, name) {
			g.names = append(g.names, name)
		}
	}
	if whole {
		g.names = g.rows
	}
	var b strings.Builder
	b.WriteString(goldenHead)
	for _, name := range g.names {
		text := g.known[name]
		if got, ok := g.got[name]; ok {
			text = got
		}
		fmt.Fprintf(&b, "\n## %s\n\n%s\n", name, text)
	}
	if err := os.WriteFile(goldenFile, []byte(b.String()), 0o666); err != nil {
		t.Fatal(err)
	}
}

// section is what a run told, as it stands in the file.
func (b *bench) section(a *attempt, o outcome) string {
	command := strings.ReplaceAll(strings.Join(a.Args, " "), b.dir+"/", "")
	return fmt.Sprintf("```\n$ %s\n%s```\n\nExit code %d.", command, b.still(a, o.told), o.code)
}

// still takes out of a text what is another each time.
func (b *bench) still(a *attempt, text string) string {
	text = strings.NewReplacer(b.dir, "/home/me", a.here, "/home/me").Replace(text)
	for _, r := range []struct{ pattern, with string }{
		{`(?m)^ +[~^]+\n`, ""}, // CPython 3.11 and newer point at the expression
		{`(?m)^ +File "[^"]*/lib/python3[^"]*", line \d+ in \w+\n`, ""}, // where the library is, and where in it
		{`depth exceeded in comparison`, "depth exceeded"},              // CPython 3.10 and 3.9
		{`Previous line repeated \d+ more`, "Previous line repeated N more"},
		{`\bw\d+\]`, "wN]"},
		{`\bworker \d+\b`, "worker N"},
		{`\bpid \d+`, "pid N"},
		{`\bmet \d+`, "met N"},
		{`\bhad [\d.]+ [GM]B`, "had N MB"},
		{`\bin ([\d.]+ s|\d+ min \d+ s) on\b`, "in N s on"},
		{`, \d+ runs? repeated`, ""}, // where no worker was lost they may be none
		{`\d+ workers? lost`, "N workers lost, N runs repeated"},
	} {
		text = regexp.MustCompile(r.pattern).ReplaceAllString(text, r.with)
	}
	text = strings.ReplaceAll(text, "[wN] met N\n[wN] met N\n", "[wN] met N\n") // whoever was killed at it was there before
	if !a.vague {
		return text
	}
	for _, r := range []struct{ pattern, with string }{
		{`\b\d+ (done|failed|cancelled),`, "N $1,"},
		{`\bgoes on with \d+`, "goes on with N"},
		{`\b\d+ of 8 could`, "N of 8 could"},
		{`\b\d+ more processes`, "N more processes"},
		{`at least \d+ are needed`, "at least N are needed"},
		{`be started \(.*too many open files\)`, "be started (…: too many open files)"}, // whatever needed one
		{`\S+/bin/python[\d.]*`, "/usr/bin/python3"},
	} {
		text = regexp.MustCompile(r.pattern).ReplaceAllString(text, r.with)
	}
	return strings.Join(slices.Compact(strings.SplitAfter(text, "\n")), "")
}

// withoutSummary leaves out the command and what depends on the shape.
func withoutSummary(section string) string {
	return regexp.MustCompile(`(?m)^(\$ |outpace: (\d+|N) done, ).*\n`).ReplaceAllString(section, "")
}
