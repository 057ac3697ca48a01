package report

import (
	"cmp"
	"fmt"
	"strings"

	"github.com/outpace-run/outpace/cmd/outpace/internal/bench"
)

// methodFacts tells how a table was measured.
func methodFacts(t bench.Table) []fact {
	var facts []fact
	for i, f := range t.Functions {
		runtime := ""
		if i < len(t.Runtimes) {
			runtime = ", " + clean(t.Runtimes[i])
		}
		facts = append(facts, fact{"Function", clean(f) + runtime})
	}
	inputs := fmt.Sprint(t.Inputs)
	if len(t.Sample) > 0 {
		inputs += ": " + sample(t.Sample)
	}
	facts = append(facts,
		fact{"Inputs", inputs},
		fact{"Runs", fmt.Sprintf("%d of %s completed. In a round every cell runs once, in an order shuffled anew; seed %d.", t.Rounds, count(t.Runs, "round"), t.Seed)},
		fact{"Clock", clock(t)},
		fact{"Results", results(t)},
		fact{"The work", work(t)},
	)
	return facts
}

func sample(inputs []string) string {
	const most, letters = 5, 60
	var parts []string
	for i, s := range inputs {
		if i == most {
			parts = append(parts, "…")
			break
		}
		parts = append(parts, shortened(clean(s), letters))
	}
	return strings.Join(parts, ", ")
}

func clock(t bench.Table) string {
	if t.Cold {
		return "The start of the workers is part of the time."
	}
	return "Workers are started before the clock; their start-up is shown apart."
}

func results(t bench.Table) string {
	if t.Compared {
		return "Those of every run were compared with the serial results."
	}
	return "Not compared with the serial results."
}

// work says what the function does with its time.
func work(t bench.Table) string {
	text := fmt.Sprintf("One input after the other, it keeps %s of a core busy", cmp.Or(shareText(t.Computes), "nothing"))
	switch {
	case t.Computes >= 0.9:
		text += ": it computes."
	case t.Computes <= 0.1:
		text += ": it waits."
	default:
		text += ": it computes and waits."
	}
	if t.GIL {
		text += " Its threads share the lock of one interpreter (GIL)."
	}
	return text
}

// readingFacts explains what the figures are.
func readingFacts() []fact {
	return []fact{
		{"Figures", "Medians of the runs. A 95 % interval of a median comes from the order of the runs, so nothing is assumed of how they are distributed; it takes six of them."},
		{"Speed-up", "Each run by the serial run of the same round: what slows the machine for a while slows both. Its interval is made of these ratios."},
		{"Tie (=)", "Not proved to be slower than the fastest. Of ties, the one with the fewest workers is to be used (★), threads before processes."},
		{"Ideal", "As many times as fast as there are workers, but no more than there are inputs, or than the cores allow for work that computes."},
		{"CPU share", "Of all cores that may be used, over the time of the run. Memory is the peak of all workers together; efficiency is speed-up by workers."},
	}
}

// machineFacts tells on what a report was measured.
func machineFacts(r bench.Report) []fact {
	m := r.Machine
	cores := fmt.Sprintf("%d may be used, of %d", m.Cores, m.Online)
	if m.Quota > 0 {
		cores += fmt.Sprintf("; the control group allows %.3g", m.Quota)
	}
	facts := []fact{{"Processor", orUnknown(clean(m.CPU))}, {"Cores", cores}}
	if m.Memory > 0 {
		facts = append(facts, fact{"Memory", Bytes(m.Memory) + " may be used"})
	}
	return append(facts,
		fact{"System", strings.TrimSpace(clean(m.System) + " " + clean(m.Kernel))},
		fact{"Load", load(m.Load) + " before, " + load(r.LoadAfter) + " after"},
		fact{"Made by", "outpace " + clean(r.Version) + ", built with " + orUnknown(clean(m.Go))},
		fact{"Took", Seconds(r.Took)},
	)
}

func load(v float64) string {
	if v < 0 {
		return "unknown"
	}
	return fmt.Sprintf("%.2f", v)
}

// shellLine writes a command so that a shell reads the same words.
func shellLine(words []string) string {
	quoted := make([]string, len(words))
	for i, w := range words {
		quoted[i] = shellWord(w)
	}
	return strings.Join(quoted, " ")
}

func shellWord(w string) string {
	const plain = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-+=./:,@%"
	switch {
	case w != "" && strings.Trim(w, plain) == "":
		return w
	case clean(w) != w:
		// Only $'…' can hold what cannot be seen, and it reads our escapes.
		return "$'" + clean(strings.NewReplacer(`\`, `\\`, `'`, `\'`).Replace(w)) + "'"
	}
	return "'" + strings.ReplaceAll(w, "'", `'\''`) + "'"
}
