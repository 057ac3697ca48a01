package bench_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/outpace-run/outpace"
	"github.com/outpace-run/outpace/cmd/outpace/internal/bench"
)

// function makes a Go function of one over whole numbers.
func function(body func(ctx context.Context, n int) (int, error)) bench.Subject {
	f := outpace.Func("f", func(ctx context.Context, raw json.RawMessage) (json.RawMessage, error) {
		n, err := strconv.Atoi(string(raw))
		if err != nil {
			return nil, err
		}
		n, err = body(ctx, n)
		return json.RawMessage(strconv.Itoa(n)), err
	})
	return bench.Subject{Name: "f", Runtime: "go", Func: f, Model: func(model string, s outpace.Shape) outpace.Model {
		if model == "serial" {
			return outpace.Serial()
		}
		return outpace.Threads(s.Tasks)
	}}
}

// sleeper sleeps for a hundredth of a second.
func sleeper() bench.Subject {
	return function(func(_ context.Context, n int) (int, error) {
		<-time.After(10 * time.Millisecond)
		return n, nil
	})
}

// matrix is serial and some widths of threads over n inputs.
func matrix(s bench.Subject, n int, widths ...int) bench.Matrix {
	m := bench.Matrix{Subjects: []bench.Subject{s}, Cores: 2, Entries: []bench.Entry{{Model: "serial", Shape: outpace.Shape{Processes: 1, Tasks: 1}}}}
	for _, w := range widths {
		m.Entries = append(m.Entries, bench.Entry{Model: "threads", Shape: outpace.Shape{Processes: 1, Tasks: w}})
	}
	for i := range n {
		m.Inputs = append(m.Inputs, json.RawMessage(strconv.Itoa(i)))
	}
	return m
}

func measure(t *testing.T, m bench.Matrix, r bench.Rules) bench.Table {
	t.Helper()
	table, err := bench.Measure(t.Context(), m, r)
	if err != nil {
		t.Fatal(err)
	}
	return table
}

// TestMeasure: a function that sleeps, in fake time, has the times it must have.
func TestMeasure(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		table := measure(t, matrix(sleeper(), 16, 2, 4, 8), bench.Rules{Runs: 7, Seed: 1})
		for i, want := range []float64{0.16, 0.08, 0.04, 0.02} {
			c := table.Cells[i]
			f := c.Figures
			if f.Seconds.Median != want || f.SpeedUp.Median != 0.16/want || !f.SpeedUp.Known || len(c.Runs) != 7 || c.Problem != "" {
				t.Errorf("%s %d: %+v %q", c.Model, c.Workers, f, c.Problem)
			}
			if f.PerSecond != 16/want {
				t.Errorf("%s %d: %v tasks a second", c.Model, c.Workers, f.PerSecond)
			}
		}
		if !table.Compared || table.Rounds != 7 || table.Incomplete != "" || table.Failed != 0 {
			t.Errorf("%+v", table)
		}
		want := "Use 8 threads: 8.00x faster than one after the other (8.00–8.00). 8 is the most that was tried: more may gain more."
		if v := table.Verdict; v.Text != want || v.Model != "threads" || v.Workers != 8 || v.Function != "f" || table.Cells[3].Mark != bench.Use {
			t.Errorf("%+v", v)
		}
	})
}

// TestMeasureOrder: every cell runs once a round, in an order that the seed
// decides and that is not the same in each; the warm-up comes first.
func TestMeasureOrder(t *testing.T) {
	order := func(seed uint64) (rounds map[int][]int) {
		rounds = map[int][]int{}
		done := 0
		synctest.Test(t, func(t *testing.T) {
			measure(t, matrix(sleeper(), 8, 2, 4, 8, 16), bench.Rules{Runs: 6, Seed: seed, Tell: func(p bench.Progress) {
				if p.Done != done || p.Of != 3+6*5 || p.Rounds != 6 {
					t.Errorf("run %d: %+v", done, p)
				}
				done++
				rounds[p.Round] = append(rounds[p.Round], p.Cell.Workers)
			}})
		})
		return rounds
	}
	one := order(1)
	if fmt.Sprint(one[0]) != "[1 1 2]" {
		t.Errorf("warm-up: %v", one[0])
	}
	different := map[string]bool{}
	for round := 1; round <= 6; round++ {
		different[fmt.Sprint(one[round])] = true
		sum := 0
		for _, w := range one[round] {
			sum += w
		}
		if len(one[round]) != 5 || sum != 31 {
			t.Errorf("round %d ran %v", round, one[round])
		}
	}
	if len(different) < 3 {
		t.Errorf("always the same order: %v", one)
	}
	if same := order(1); fmt.Sprint(same) != fmt.Sprint(one) {
		t.Errorf("the seed does not decide: %v, %v", one, same)
	}
}

// TestMeasureEnough: what more workers than inputs, or than the best width, gain.
func TestMeasureEnough(t *testing.T) {
	for _, c := range []struct {
		inputs int
		widths []int
		want   string
	}{
		{4, []int{2, 4}, "Use 4 threads: 4.00x faster than one after the other (4.00–4.00). There are 4 inputs, so more cannot help."},
		{4, []int{2, 4, 8}, "Use 4 threads: 4.00x faster than one after the other (4.00–4.00). Nothing is gained past 4, one for each input."},
		{1, []int{2, 4}, "Run it one after the other: nothing is faster. Threads gain nothing that is proved (at best 1.00x at 2)."},
	} {
		synctest.Test(t, func(t *testing.T) {
			if got := measure(t, matrix(sleeper(), c.inputs, c.widths...), bench.Rules{Runs: 7}).Verdict.Text; got != c.want {
				t.Errorf("%d inputs, widths %v: %s", c.inputs, c.widths, got)
			}
		})
	}
}

// TestMeasureWrong: a function that shares what it must not gives other results
// among threads, and the report says so.
func TestMeasureWrong(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var scratch atomic.Int64
		table := measure(t, matrix(function(func(_ context.Context, n int) (int, error) {
			scratch.Store(int64(n))
			<-time.After(time.Millisecond)
			return int(scratch.Load()), nil
		}), 8, 4), bench.Rules{Runs: 7})
		c := table.Cells[1]
		if !c.Wrong || len(c.Runs) != 0 || !strings.Contains(c.Problem, "results differ from those of serial: input ") {
			t.Errorf("%+v", c)
		}
		if want := "Threads give other results than runs one after the other: do not use them."; !strings.Contains(table.Verdict.Text, want) || table.Verdict.Model != "serial" {
			t.Errorf("%+v", table.Verdict)
		}
	})
}

// TestMeasureRandom: a function whose own results differ is measured, and not
// compared.
func TestMeasureRandom(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var calls atomic.Int64
		table := measure(t, matrix(function(func(context.Context, int) (int, error) {
			<-time.After(10 * time.Millisecond)
			return int(calls.Add(1)), nil
		}), 8, 4), bench.Rules{Runs: 6})
		if table.Compared || !strings.Contains(table.Notes[0], "results are not compared") || table.Verdict.Workers != 4 {
			t.Errorf("%+v", table)
		}
	})
}

// TestMeasureSeldomRandom: a function whose own results differ only now and then
// is found out later, and no cell is blamed for it.
func TestMeasureSeldomRandom(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		passes := 0 // the warm-up has three: two of serial, one of threads
		s := function(func(_ context.Context, n int) (int, error) {
			<-time.After(10 * time.Millisecond)
			if passes > 2 {
				n += passes
			}
			return n, nil
		})
		healthy := s.Model
		s.Model = func(model string, shape outpace.Shape) outpace.Model {
			passes++
			return healthy(model, shape)
		}
		table := measure(t, matrix(s, 8, 4), bench.Rules{Runs: 8})
		if table.Compared || len(table.Notes) != 1 || !strings.Contains(table.Notes[0], "results are not compared") || table.Verdict.Workers != 4 {
			t.Errorf("%+v", table)
		}
		for _, c := range table.Cells {
			if c.Problem != "" || c.Wrong || len(c.Runs) < 7 {
				t.Errorf("%+v", c)
			}
		}
	})
}

// TestMeasureWithoutSerial: serial that cannot run any more is a problem to
// tell, as nothing can be compared with it.
func TestMeasureWithoutSerial(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		serials := 0
		s := sleeper()
		healthy := s.Model
		s.Model = func(model string, shape outpace.Shape) outpace.Model {
			if model == "serial" {
				serials++
			}
			if serials > 8 {
				return outpace.Threads(0) // no such width
			}
			return healthy(model, shape)
		}
		table := measure(t, matrix(s, 8, 1), bench.Rules{Runs: 7, Seed: 1})
		if table.Cells[0].Problem == "" || !strings.HasPrefix(table.Verdict.Text, "There is nothing to compare with") || table.Verdict.Model != "" {
			t.Errorf("%+v", table)
		}
	})
}

// TestMeasureEndedLate: an end that comes when all is done changes nothing, and
// one amid a round counts the rounds that were completed.
func TestMeasureEndedLate(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		for _, c := range []struct {
			done       int // the run before which, or 0 after the last, the end comes
			incomplete string
			verdict    string
		}{
			{3, "context canceled in round 1 of 6", "Nothing was measured"},
			{4, "context canceled in round 1 of 6", "Nothing is proved: no round was completed"},
			{14, "context canceled in round 6 of 6", "Nothing is proved by 5 runs of each cell"},
		} {
			ctx, cancel := context.WithCancel(t.Context())
			table, err := bench.Measure(ctx, matrix(sleeper(), 8, 4), bench.Rules{Runs: 6, Tell: func(p bench.Progress) {
				if p.Done == c.done {
					cancel()
				}
			}})
			cancel()
			if err != nil || table.Incomplete != c.incomplete || !strings.HasPrefix(table.Verdict.Text, c.verdict) {
				t.Errorf("%d: %v, %q, %q", c.done, err, table.Incomplete, table.Verdict.Text)
			}
		}
	})
}

// TestMeasureFailures: some failures are results like others; failures only are
// nothing to measure.
func TestMeasureFailures(t *testing.T) {
	failing := func(from int) bench.Subject {
		return function(func(_ context.Context, n int) (int, error) {
			<-time.After(time.Millisecond)
			if n >= from {
				return 0, fmt.Errorf("no %d", n)
			}
			return n, nil
		})
	}
	synctest.Test(t, func(t *testing.T) {
		table := measure(t, matrix(failing(6), 8, 4), bench.Rules{Runs: 6})
		if table.Failed != 2 || !table.Compared || table.Cells[1].Problem != "" || table.Notes[0] != "2 of 8 inputs fail: the first is input 6 (6): no 6" {
			t.Errorf("%+v", table)
		}
		_, err := bench.Measure(t.Context(), matrix(failing(0), 8, 4), bench.Rules{Runs: 6})
		var none *bench.FailedError
		if !errors.As(err, &none) || err.Error() != "every one of 8 inputs fails, so there is nothing to measure: input 0 (0): no 0" {
			t.Error(err)
		}
	})
}

// TestMeasureEnded: what was measured until the end comes back, marked.
func TestMeasureEnded(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		over := errors.New("enough")
		// A serial run takes 0.16 s, one of four threads 0.04: 0.36 s of warm-up,
		// rounds of 0.2 s.
		for _, c := range []struct {
			after      time.Duration
			incomplete string
			runs       int
			verdict    string
		}{
			{100 * time.Millisecond, "enough while warming up", 0, "Nothing was measured"},
			{370 * time.Millisecond, "enough in round 1 of 7", 0, ""},
			{970 * time.Millisecond, "enough in round 4 of 7", 3, "Nothing is proved by 3 runs of each cell"},
		} {
			ctx, cancel := context.WithTimeoutCause(t.Context(), c.after, over)
			table, err := bench.Measure(ctx, matrix(sleeper(), 16, 4), bench.Rules{Runs: 7})
			cancel()
			if err != nil || table.Incomplete != c.incomplete || table.Rounds != c.runs || len(table.Cells[0].Runs) < c.runs {
				t.Errorf("after %v: %v, %+v", c.after, err, table)
			}
			if !strings.HasPrefix(table.Verdict.Text, c.verdict) {
				t.Errorf("after %v: %s", c.after, table.Verdict.Text)
			}
		}
	})
}

// TestMeasureOneRun: one run proves nothing, and the verdict says why.
func TestMeasureOneRun(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		table := measure(t, matrix(sleeper(), 8, 4), bench.Rules{Runs: 1})
		want := "Nothing is proved by 1 run of each cell (an interval takes 6). Fastest was 4 threads, 4.00x."
		if table.Verdict.Text != want || table.Cells[1].Figures.SpeedUp.Known {
			t.Errorf("%+v", table.Verdict)
		}
	})
}

// TestMeasureCannot: a cell that cannot run is a cell's problem; that serial
// cannot is an error.
func TestMeasureCannot(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		broken := func(model string) bench.Subject {
			s := sleeper()
			healthy := s.Model
			s.Model = func(name string, shape outpace.Shape) outpace.Model {
				if name == model {
					return outpace.Threads(0) // no such width
				}
				return healthy(name, shape)
			}
			return s
		}
		table := measure(t, matrix(broken("threads"), 8, 4), bench.Rules{Runs: 6})
		if c := table.Cells[1]; !strings.HasPrefix(c.Problem, "it cannot run: ") || c.Wrong || !strings.Contains(table.Verdict.Text, "1 cell could not run") {
			t.Errorf("%+v: %s", c, table.Verdict.Text)
		}
		if _, err := bench.Measure(t.Context(), matrix(broken("serial"), 8, 4), bench.Rules{Runs: 6}); !errors.Is(err, outpace.ErrOption) {
			t.Error(err)
		}
	})
}
