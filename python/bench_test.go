//go:build linux || darwin

package python

import (
	"encoding/json"
	"fmt"
	"testing"

	"github.com/outpace-run/outpace"
)

// BenchmarkCall is a lone call there and back.
func BenchmarkCall(b *testing.B) {
	f := fn(module(b, "noop.py", "def noop(x): return x") + ":noop")
	w, _ := begin(b, Workers(1))
	call := batch(b, 1, f, 1)
	send(b, w, call)
	answers(b, w, 1)
	for b.Loop() {
		send(b, w, call)
		if _, err := w.Receive(); err != nil {
			b.Fatal(err)
		}
	}
}

// BenchmarkItems is a stream of batches, two on their way at a time.
func BenchmarkItems(b *testing.B) {
	f := fn(module(b, "noop.py", "def noop(x): return x") + ":noop")
	for _, size := range []int{1, 100, 1000, 4000} {
		b.Run(fmt.Sprint(size), func(b *testing.B) {
			w, _ := begin(b, Workers(1))
			values := make([]int, size)
			for i := range values {
				values[i] = 1_000_000 + i
			}
			inputs, err := json.Marshal(values)
			if err != nil {
				b.Fatal(err)
			}
			call := outpace.Batch{ID: 1, Func: f, N: size, Inputs: inputs}
			send(b, w, call)
			for b.Loop() {
				call.ID++
				send(b, w, call)
				if _, err := w.Receive(); err != nil {
					b.Fatal(err)
				}
			}
			b.ReportMetric(float64(size)*float64(b.N)/b.Elapsed().Seconds(), "items/s")
		})
	}
}

// BenchmarkStart is a worker from nothing to its hello, and its end.
func BenchmarkStart(b *testing.B) {
	usable, _ := pythons(b)
	leaveNothing(b)
	c := defaults()
	for b.Loop() {
		s, err := c.start(b.Context(), usable[0])
		if err != nil {
			b.Fatal(err)
		}
		if err := s.Abandon(); err != nil {
			b.Fatal(err)
		}
	}
}

// BenchmarkLock is an acquire and a release of a lock that nobody else wants, and
// a question that is answered: one journey there and back.
func BenchmarkLock(b *testing.B) {
	file := module(b, "share.py", `
import outpace

def pairs(n):
    lock = outpace.lock("db")
    for _ in range(n):
        lock.acquire()
        lock.release()

def reads(n):
    value = outpace.value("v", 0)
    for _ in range(n):
        value.get()
`)
	for _, name := range []string{"pairs", "reads"} {
		b.Run(name, func(b *testing.B) {
			ex, err := outpace.New(b.Context(), Workers(1))
			if err != nil {
				b.Fatal(err)
			}
			defer ex.Close()
			f := Func[int, any](file + ":" + name)
			for _, n := range []int{1, max(b.N, 1)} {
				b.ResetTimer()
				if _, err := outpace.Submit(b.Context(), ex, f, n).Result(b.Context()); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
