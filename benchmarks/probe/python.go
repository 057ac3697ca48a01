package probe

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"time"

	"github.com/outpace-run/outpace"
	"github.com/outpace-run/outpace/python"
)

// PythonCases lists the cases of CPython workers, which only Outpace does: it is
// compared with itself.
func PythonCases() []Case {
	return []Case{
		{"python-map", 1_000_000, pythonMap},
		{"python-call", 5000, pythonCall},
	}
}

// same is the function of these cases; it does nothing.
const same = "def same(n):\n    return n\n"

// withPython gives measure an executor with workers of python3 that know the
// function.
func withPython(ctx context.Context, workers int, measure func(*outpace.Executor, outpace.Function[int, int]) (Reading, error)) (Reading, error) {
	folder, err := os.MkdirTemp("", "outpace-probe")
	if err != nil {
		return nil, err
	}
	defer os.RemoveAll(folder)
	if err := os.WriteFile(filepath.Join(folder, "same.py"), []byte(same), 0o666); err != nil {
		return nil, err
	}
	ex, err := outpace.New(ctx, python.Workers(workers, python.Interpreter("python3"), python.Dir(folder)))
	if err != nil {
		return nil, err
	}
	reading, err := measure(ex, python.Func[int, int]("same.py:same"))
	return reading, errors.Join(err, ex.Close())
}

// pythonMap measures a Map over n integers.
func pythonMap(ctx context.Context, _ Peer, r Request) (Reading, error) {
	return withPython(ctx, r.Workers, func(ex *outpace.Executor, f outpace.Function[int, int]) (Reading, error) {
		return measured(r.N, func(n int) error {
			next := 0
			for y, err := range outpace.Map(ctx, ex, f, Count(n)) {
				if err != nil {
					return err
				}
				if y != next {
					return fmt.Errorf("result %d is %d", next, y)
				}
				next++
			}
			if next != n {
				return fmt.Errorf("%d results of %d", next, n)
			}
			return nil
		})
	})
}

// pythonCall measures one call at a time, each from its submit to its result.
// It adds p50_us and p99_us.
func pythonCall(ctx context.Context, _ Peer, r Request) (Reading, error) {
	return withPython(ctx, r.Workers, func(ex *outpace.Executor, f outpace.Function[int, int]) (Reading, error) {
		var times []time.Duration
		reading, err := measured(r.N, func(n int) error {
			times = make([]time.Duration, n)
			for i := range n {
				start := time.Now()
				y, err := outpace.Submit(ctx, ex, f, i).Result(ctx)
				times[i] = time.Since(start)
				if err != nil {
					return err
				}
				if y != i {
					return fmt.Errorf("call %d gives %d", i, y)
				}
			}
			return nil
		})
		if err != nil {
			return nil, err
		}
		slices.Sort(times)
		reading["p50_us"] = times[len(times)/2].Seconds() * 1e6
		reading["p99_us"] = times[len(times)*99/100].Seconds() * 1e6
		return reading, nil
	})
}
