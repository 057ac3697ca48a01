package report_test

import (
	"math"
	"math/rand/v2"
	"time"

	"github.com/outpace-run/outpace/cmd/outpace/internal/bench"
	"github.com/outpace-run/outpace/cmd/outpace/internal/machine"
)

// times is a cell to be made: how long a run takes, about.
type times struct {
	function     string
	model        string
	procs, tasks int
	seconds, cpu float64
	mark         bench.Mark
	problem      string
	guide        float64
}

// tableOf makes a table with runs that differ by up to 2 % from what they are
// about. The first cell is serial.
func tableOf(rounds int, made []times) bench.Table {
	random := rand.New(rand.NewPCG(1, 2))
	t := bench.Table{
		Functions: []string{made[0].function}, Runtimes: []string{"CPython 3.11.7"}, Inputs: 8, Sample: []string{"27", "27", "27"},
		Runs: rounds, Rounds: rounds, Seed: 42, Compared: true, Computes: 0.98, GIL: true,
	}
	for _, m := range made {
		c := bench.Cell{
			Function: m.function, Model: m.model, Workers: m.procs * m.tasks, Processes: m.procs, Tasks: m.tasks,
			Problem: m.problem, Mark: m.mark,
		}
		for round := range rounds {
			if m.seconds == 0 {
				break
			}
			s := m.seconds * (1 + 0.02*random.Float64())
			c.Runs = append(c.Runs, bench.Run{Round: round + 1, Seconds: s, CPU: m.cpu * s, Start: 0.0213 * float64(m.procs), Memory: int64(m.procs) * 12_300_000})
		}
		if m.guide > 0 {
			c.Guide = &bench.Guide{Seconds: m.guide, SpeedUp: made[0].guide / m.guide}
		}
		t.Cells = append(t.Cells, c)
	}
	for i := range t.Cells {
		t.Cells[i].Figures = figuresOf(t, t.Cells[i])
	}
	return t
}

func figuresOf(t bench.Table, c bench.Cell) bench.Figures {
	var seconds []float64
	for _, r := range c.Runs {
		seconds = append(seconds, r.Seconds)
	}
	if len(seconds) == 0 {
		return bench.Figures{}
	}
	f := bench.Figures{Seconds: bench.Estimated(seconds), SpeedUp: bench.Ratio(t.Cells[0], c), Memory: c.Runs[0].Memory, Start: c.Runs[0].Start}
	f.CPU = c.Runs[0].CPU
	f.CPUShare = f.CPU / f.Seconds.Median / 4
	f.PerSecond = float64(t.Inputs) / f.Seconds.Median
	f.Efficiency = f.SpeedUp.Median / float64(c.Workers)
	return f
}

func reportOf(tables ...bench.Table) bench.Report {
	return bench.Report{
		Format: bench.Format, Version: "v0.9.0", Command: []string{"outpace", "bench", "fib.py:fib", "27", "it's"},
		Began: time.Date(2026, 11, 21, 20, 0, 0, 0, time.UTC), Took: 41.5, LoadAfter: 0.92,
		Machine: machine.Machine{CPU: "Example CPU 9000", Cores: 4, Online: 16, Memory: 8_000_000_000, System: "linux/amd64", Kernel: "6.1.0", Load: 0.31, Go: "go1.26.8"},
		Tables:  tables,
	}
}

// computing is a table of a function of Python that computes.
func computing(rounds int) bench.Table {
	f := "fib.py:fib"
	t := tableOf(rounds, []times{
		{function: f, model: "serial", procs: 1, tasks: 1, seconds: 1.234, cpu: 1},
		{function: f, model: "threads", procs: 1, tasks: 2, seconds: 1.29, cpu: 1},
		{function: f, model: "threads", procs: 1, tasks: 4, seconds: 1.33, cpu: 1.02},
		{function: f, model: "threads", procs: 1, tasks: 8, seconds: 1.37, cpu: 1.03},
		{function: f, model: "processes", procs: 2, tasks: 1, seconds: 0.63, cpu: 1.98},
		{function: f, model: "processes", procs: 4, tasks: 1, seconds: 0.331, cpu: 3.91, mark: bench.Use},
		{function: f, model: "processes", procs: 8, tasks: 1, seconds: 0.329, cpu: 3.95, mark: bench.Tie},
		{function: f, model: "hybrid", procs: 4, tasks: 2, seconds: 0.334, cpu: 3.95, mark: bench.Tie},
	})
	t.Verdict = bench.Verdict{
		Text:     "Use 4 processes: 3.7x faster than one (3.5–3.8). Threads only lose (0.91x at 8): the function holds the GIL. Nothing is gained past 4.",
		Function: f, Model: "processes", Workers: 4,
	}
	return t
}

// sleeping is a table of a function that waits, and of its twin with async.
func sleeping() bench.Table {
	f, also := "examples/wait.py:doze", "examples/wait.py:doze_async"
	t := tableOf(7, []times{
		{function: f, model: "serial", procs: 1, tasks: 1, seconds: 3.2, cpu: 0.002},
		{function: f, model: "threads", procs: 1, tasks: 4, seconds: 0.804, cpu: 0.01},
		{function: f, model: "threads", procs: 1, tasks: 16, seconds: 0.205, cpu: 0.04},
		{function: f, model: "processes", procs: 4, tasks: 1, seconds: 0.812, cpu: 0.02},
		{function: also, model: "async", procs: 1, tasks: 4, seconds: 0.802, cpu: 0.01},
		{function: also, model: "async", procs: 1, tasks: 16, seconds: 0.2021, cpu: 0.02, mark: bench.Use},
	})
	t.Functions, t.Runtimes = []string{f, also}, []string{"CPython 3.11.7", "CPython 3.11.7"}
	t.Computes, t.Inputs, t.GIL = 0.002, 32, true
	t.Verdict.Text = "Use async with 16 tasks at once: 15.8x faster than one (15.6–16.0)."
	return t
}

// guided is a table of a suite, with figures of a guide.
func guided() bench.Table {
	f := "examples/sums.py:total"
	t := tableOf(7, []times{
		{function: f, model: "serial", procs: 1, tasks: 1, seconds: 0.361, cpu: 1, guide: 77.34},
		{function: f, model: "threads", procs: 1, tasks: 12, seconds: 0.38, cpu: 1, guide: 82.52},
		{function: f, model: "processes", procs: 12, tasks: 1, seconds: 0.11, cpu: 3.6, guide: 26.43, mark: bench.Use},
	})
	t.Title, t.Guide = "cpu: 20 x sum_of_squares(500,000), scale 0.005", "the tutorial's own figures, on its author's machine with 4 cores"
	t.Inputs, t.Verdict.Text = 20, "Use 12 processes: 3.3x faster than one (3.2–3.4)."
	return t
}

// troubled is a table in which much went wrong: it was interrupted in its first
// round, its names are long and hostile, and some figures are no numbers.
func troubled() bench.Table {
	f := "a_folder_with_a_long_name/and_another_one/計算する模組.py:\x1b[31mfunction_with_a_very_long_name\n_of_two_lines\u202e"
	t := tableOf(1, []times{
		{function: f, model: "serial", procs: 1, tasks: 1, seconds: 0.0000123, cpu: 1},
		{function: f, model: "threads", procs: 1, tasks: 4, seconds: 0.0000111, cpu: 1, problem: "input 3 gave other results than serial: \"[1, 2, 3]\" and not \"[1, 2, 4]\"; \x07threads share what the function changes"},
		{function: f, model: "processes", procs: 16, tasks: 1},
		{function: f, model: "hybrid", procs: 16, tasks: 64, seconds: 1.2e-5, cpu: 1},
		{function: f, model: "hybrid", procs: 128, tasks: 64, seconds: 1.1e-5, cpu: 1},
	})
	t.Cells[4].Figures = bench.Figures{
		Seconds: bench.Estimate{Median: math.NaN(), Lo: math.Inf(-1), Hi: math.Inf(1), Known: true}, SpeedUp: bench.Estimate{Median: math.Inf(1), Known: true},
		CPUShare: math.NaN(), PerSecond: math.Inf(1), Start: math.NaN(),
	}
	t.Runs, t.Compared, t.Incomplete, t.Computes = 7, false, "interrupted", 0.5
	t.Notes = []string{"serial gave other results the second time, so results are not compared: " + f, "one\ttwo"}
	t.Verdict.Text = "Nothing is proved: intervals take 6 rounds."
	return t
}

// fixtures are the reports of the tests, by name.
func fixtures() map[string]bench.Report {
	return map[string]bench.Report{
		"computing": reportOf(computing(7)),
		"sleeping":  reportOf(sleeping()),
		"troubled":  reportOf(troubled()),
		"suite":     reportOf(guided(), computing(1)),
		"empty":     {},
	}
}
