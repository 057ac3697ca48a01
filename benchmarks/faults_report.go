package main

import (
	"encoding/json"
	"fmt"
	"io"
	"slices"
	"strings"
	"time"
)

// column is a peer of a table.
type column struct{ name, title string }

// mainColumns are the peers that send items one by one, each as its
// documentation says to get the most.
func mainColumns() []column {
	return []column{
		{"executor", "ProcessPoolExecutor"},
		{"pool", "multiprocessing.Pool"},
		{"joblib", "joblib (loky)"},
		{"outpace", "**outpace map**"},
	}
}

// chunkColumns are the peers that send items by the hundred.
func chunkColumns() []column {
	return []column{
		{"executor-100", "ProcessPoolExecutor.map, chunksize=100"},
		{"pool-100", "Pool.imap, chunksize=100"},
		{"joblib-100", "joblib, batch_size=100"},
	}
}

// reportFaults writes the folder of results and prints the summary; a run of
// some culprits is only printed.
func reportFaults(s faultSettings, i interpreter, machine string, outcomes []outcome, now time.Time, stdout io.Writer) error {
	text, missed := faultSummary(s, i, outcomes)
	if len(s.only) == 0 {
		if err := writeFaults(s, machine, text, outcomes, now); err != nil {
			return err
		}
	}
	fmt.Fprint(stdout, text)
	if len(missed) > 0 {
		return missed
	}
	return nil
}

func writeFaults(s faultSettings, machine, summary string, outcomes []outcome, now time.Time) error {
	raw, err := json.MarshalIndent(outcomes, "", " ")
	if err != nil {
		return err
	}
	return writeResults(s.results, "faults", machine, "raw.json", string(raw)+"\n", summary, now)
}

// faultSummary returns the tables as Markdown, and what Outpace missed.
func faultSummary(s faultSettings, i interpreter, outcomes []outcome) (string, missedError) {
	var b strings.Builder
	fmt.Fprintf(&b, "# Faults\n\n%d items, the culprit is number %d, 2 workers, CPython %s, joblib %s; [how](../../README.md#faults). Made by\n\n"+
		"```text\ngo run ./benchmarks faults --limit %v\n```\n\n", faultItems, culpritIndex, i.version, i.joblib, s.limit)
	rows := s.culprits()
	table(&b, "culprit", rows, mainColumns(), outcomes, func(o outcome) string { return o.Result })
	b.WriteString(faultLegend)
	b.WriteString("\nWhere chunks of 100 items make a difference:\n\n")
	table(&b, "culprit", differing(rows, outcomes), chunkColumns(), outcomes, func(o outcome) string { return o.Result })
	b.WriteString("\nWhat the user is told about the culprit:\n\n")
	table(&b, "culprit", rows, mainColumns(), outcomes, func(o outcome) string { return code(o.message()) })
	b.WriteString("\nSeconds from start to end, start-up and what was printed included (runs share the machine, so roughly):\n\n")
	table(&b, "culprit", rows, mainColumns(), outcomes, seconds)
	var missed missedError
	for _, c := range rows {
		if o, ok := find(outcomes, c.name, "outpace"); ok && o.fault(c) != "" {
			missed = append(missed, c.name+": "+o.fault(c))
		}
	}
	return b.String(), missed
}

const faultLegend = `
"999 + 1 named": 999 correct results, and an error that says which item is the culprit. "501 fail alike": these
items have the same error, the culprit among them. "Run ends": no further results, and no item is named. "Hangs": not over after
the limit. "Left", "leaves": living processes two seconds after the end (one, where the parent was killed), or after Ctrl-C.
`

// table writes a table of the outcomes: a row for each culprit.
func table(b *strings.Builder, corner string, rows []culprit, columns []column, outcomes []outcome, cell func(outcome) string) {
	b.WriteString("| " + corner)
	for _, c := range columns {
		b.WriteString(" | " + c.title)
	}
	b.WriteString(" |\n|---" + strings.Repeat("|---", len(columns)) + "|\n")
	for _, row := range rows {
		b.WriteString("| " + row.title)
		for _, c := range columns {
			o, _ := find(outcomes, row.name, c.name)
			b.WriteString(" | " + cell(o))
		}
		b.WriteString(" |\n")
	}
}

// differing returns the culprits for which a peer does other than without chunks.
func differing(rows []culprit, outcomes []outcome) []culprit {
	return slices.DeleteFunc(slices.Clone(rows), func(c culprit) bool {
		for _, column := range chunkColumns() {
			chunked, _ := find(outcomes, c.name, column.name)
			single, _ := find(outcomes, c.name, strings.TrimSuffix(column.name, "-100"))
			if chunked.Result != single.Result {
				return false
			}
		}
		return true
	})
}

func find(outcomes []outcome, culprit, peer string) (outcome, bool) {
	i := slices.IndexFunc(outcomes, func(o outcome) bool { return o.Culprit == culprit && o.Peer == peer })
	if i < 0 {
		return outcome{}, false
	}
	return outcomes[i], true
}

// seconds is how long a run took, where it came to an end by itself.
func seconds(o outcome) string {
	if o.State != ended {
		return "–"
	}
	return fmt.Sprintf("%.1f", o.Seconds)
}

// code makes a text a cell that shows it as it is.
func code(text string) string {
	if text == "" {
		return "–"
	}
	return "`" + strings.NewReplacer("`", "'", "|", "\\|").Replace(text) + "`"
}
