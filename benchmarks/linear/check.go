package linear

import (
	"context"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/outpace-run/outpace"
	"github.com/outpace-run/outpace/process"
	"github.com/outpace-run/outpace/python"
)

// Config is what [Check] does. The zero value does nothing.
type Config struct {
	Seed   uint64        // of what is drawn; timing is not drawn
	Rounds int           // for each way to run tasks …
	Time   time.Duration // … or as many as fit in here together, where it is above 0
	Each   int           // operations of each client in a round
	Python string        // the interpreter; "" for the usual
	Log    io.Writer     // a line for each way to run tasks
}

// team is one way to run the tasks of a round.
type team struct {
	name  string
	model outpace.Model
	tasks int
	kills int // at most, in a round
	work  func(folder string) outpace.Function[string, any]
}

// teams are the ways to run tasks. Workers are at work in the folder of the logs.
func (c Config) teams(folder string) []team {
	inPython := func(name string) func(string) outpace.Function[string, any] {
		return func(folder string) outpace.Function[string, any] {
			return python.Func[string, any](filepath.Join(folder, "work.py") + ":" + name)
		}
	}
	at := []python.Option{python.Interpreter(c.Python), python.Dir(folder)}
	return []team{
		{"Python processes", python.Workers(3, at...), 3, 3, inPython("work")},
		{"Python processes with threads", python.Workers(2, append(slices.Clone(at), python.Threads(2))...), 4, 2, inPython("work")},
		{"Python processes with event loops", python.Workers(2, append(slices.Clone(at), python.Async(2))...), 4, 2, inPython("work_async")},
		{"Go children", process.Workers(3, process.Dir(folder)), 3, 3, func(string) outpace.Function[string, any] { return Work("") }},
		{"goroutines", outpace.Threads(4), 4, 0, Work},
	}
}

// WrongError is a round whose histories cannot be explained.
type WrongError struct {
	Round     string
	Histories []string // each with its operations
}

// Error lists the histories.
func (e *WrongError) Error() string { return e.Round + ": " + strings.Join(e.Histories, "\n") }

// tally is what was checked of a team.
type tally struct{ rounds, operations, deaths, undecided int }

// Check runs rounds and checks them. The error says which histories cannot be
// explained, and lists them; or why a round could not be run. It blocks until all
// rounds are over, or ctx is done.
func Check(ctx context.Context, c Config) error {
	if !clocks {
		return errors.New("linear needs Linux, for a clock that all processes share")
	}
	folder, err := os.MkdirTemp("", "outpace-linear")
	if err != nil {
		return err
	}
	defer os.RemoveAll(folder)
	if folder, err = filepath.EvalSymlinks(folder); err != nil {
		return err
	}
	if err := os.WriteFile(filepath.Join(folder, "work.py"), workInPython, 0o666); err != nil {
		return err
	}
	teams := c.teams(folder)
	for i, t := range teams {
		n, err := c.check(ctx, t, folder, uint64(i), c.Time/time.Duration(len(teams)))
		fmt.Fprintf(c.Log, "%s: %d rounds, %d operations, %d deaths, %d objects undecided\n", t.name, n.rounds, n.operations, n.deaths, n.undecided)
		if err != nil {
			return fmt.Errorf("%s, seed %d: %w", t.name, c.Seed, err)
		}
	}
	return nil
}

// check checks a team.
func (c Config) check(ctx context.Context, t team, folder string, stream uint64, limit time.Duration) (n tally, err error) {
	ex, err := outpace.New(ctx, t.model)
	if err != nil {
		return n, err
	}
	defer func() { err = errors.Join(err, ex.Close()) }()
	rnd := rand.New(rand.NewPCG(c.Seed, stream))
	began := time.Now()
	for i := 0; i < c.Rounds || time.Since(began) < limit; i++ {
		r := round{team: t, ex: ex, folder: folder, name: fmt.Sprintf("team-%d-round-%d-", stream, i), rnd: rnd, each: c.Each}
		attempts, err := r.run(ctx)
		if err = errors.Join(err, r.clean()); err != nil {
			return n, fmt.Errorf("%s: %w", r.name, err)
		}
		v := judge(attempts, 2*time.Second)
		n.rounds++
		n.operations += v.operations
		n.undecided += v.undecided
		n.deaths += deaths(attempts)
		if len(v.wrong) > 0 {
			return n, &WrongError{r.name, v.wrong}
		}
	}
	return n, nil
}

// deaths counts the attempts that have no end.
func deaths(attempts []attempt) (n int) {
	for _, a := range attempts {
		if !a.lines[len(a.lines)-1].End {
			n++
		}
	}
	return n
}
