package probe

import (
	"errors"
	"fmt"
	"sync"
	"time"
)

// Pace is how often the spin loop turns in a microsecond. It is found once for
// all peers of an experiment, so that an item costs all of them the same.
type Pace float64

// spin computes for a while, in registers: it waits for nothing and touches no
// memory. It never returns 0, which the compiler does not know.
//
//go:noinline
func spin(turns int) uint64 {
	x := uint64(88172645463325252)
	for range turns {
		x ^= x << 13
		x ^= x >> 7
		x ^= x << 17
	}
	return x
}

// FindPace measures the pace: the best of some runs, because other programs
// only slow it.
func FindPace() Pace {
	const turns = 20_000
	w := Work{costs: true, turns: turns}
	best := time.Hour
	for x := range 200 {
		start := time.Now()
		w.Do(x)
		best = min(best, time.Since(start))
	}
	return Pace(turns / (float64(best.Nanoseconds()) / 1e3))
}

// turns is how often the loop turns in d.
func (p Pace) turns(d time.Duration) int {
	return max(1, int(float64(p)*float64(d.Nanoseconds())/1e3))
}

// Work is what is done to each item of a Map: it is squared, after a while.
type Work struct {
	costs bool // more than the square
	turns int  // of the spin loop
	slow  int  // turns for one item in a hundred; 0: it is like the others
	sleep time.Duration
}

// Do returns x*x.
func (w *Work) Do(x int) int {
	if w.costs {
		return w.cost(x)
	}
	return x * x
}

func (w *Work) cost(x int) int {
	turns := w.turns
	if w.slow > 0 && x%100 == 37 {
		turns = w.slow
	}
	if w.sleep > 0 {
		time.Sleep(w.sleep) // the task is one that waits
	}
	if spin(turns) == 0 {
		return -1
	}
	return x * x
}

// Results takes the results of a Map and checks them.
type Results struct {
	taken int
	wrong int
}

// Take takes the next result.
func (r *Results) Take(v int) {
	if v != r.taken*r.taken {
		r.wrong++
	}
	r.taken++
}

// check tells whether the results are n squares in their order.
func (r *Results) check(n int) error {
	if r.taken != n || r.wrong > 0 {
		return fmt.Errorf("%d results of %d, %d of them wrong or in another order", r.taken, n, r.wrong)
	}
	return nil
}

// Count yields the numbers below n, as a source that holds none of them.
func Count(n int) func(yield func(int) bool) {
	return func(yield func(int) bool) {
		for i := range n {
			if !yield(i) {
				return
			}
		}
	}
}

// sumOfSquares is that of the numbers below n.
func sumOfSquares(n int) int { return (n - 1) * n * (2*n - 1) / 6 }

func checkSum(n, sum int, err error) error {
	if err == nil && sum != sumOfSquares(n) {
		err = fmt.Errorf("the sum of %d squares is %d, not %d", n, sum, sumOfSquares(n))
	}
	return err
}

// Share has each of some producers do its part of n, [from, to), at the same
// time, and adds what they return. One producer is the caller itself.
func Share(n, producers int, part func(from, to int) (int, error)) (int, error) {
	if producers == 1 {
		return part(0, n)
	}
	sums, errs := make([]int, producers), make([]error, producers)
	var all sync.WaitGroup
	for p := range producers {
		all.Go(func() { sums[p], errs[p] = part(p*n/producers, (p+1)*n/producers) })
	}
	all.Wait()
	total := 0
	for _, sum := range sums {
		total += sum
	}
	return total, errors.Join(errs...)
}
