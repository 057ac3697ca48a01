package bench

import (
	"sync"
	"time"

	"github.com/outpace-run/outpace"
)

// memoryEvery is how often memory is looked at: a look at a worker takes some
// 0.1 ms of a core.
const memoryEvery = 100 * time.Millisecond

// cpu returns the CPU time that this process and the workers have used.
func (t *team) cpu() time.Duration {
	sum := ownCPU()
	for _, w := range t.workers() {
		p, ok := w.(parent)
		if !ok {
			continue
		}
		used := processCPU(p.Child().Pid())
		if v, err := p.Child().Vitals(); err == nil {
			used = max(used, v.CPU) // in hundredths of a second, and with all below it
		}
		sum += used
	}
	return sum
}

// memory returns the bytes resident in all workers together, or in this process
// where there are none.
func (t *team) memory() int64 {
	workers := t.workers()
	if len(workers) == 0 && t.fn.Local() {
		return ownMemory()
	}
	sum := int64(0)
	for _, w := range workers {
		if watched, ok := w.(outpace.Watched); ok {
			if v, err := watched.Vitals(0); err == nil {
				sum += v.Memory
			}
		}
	}
	return sum
}

// memoryWatch looks at the memory of a team every so often, until its end.
type memoryWatch struct {
	team *team
	peak int64
	stop chan struct{}
	done sync.WaitGroup
}

func watchMemory(t *team) *memoryWatch {
	w := &memoryWatch{team: t, stop: make(chan struct{})}
	w.done.Go(func() {
		tick := time.NewTicker(memoryEvery)
		defer tick.Stop()
		for {
			select {
			case <-tick.C:
				w.peak = max(w.peak, t.memory())
			case <-w.stop:
				return
			}
		}
	})
	return w
}

// end takes a last look, ends the watch, and returns the peak.
func (w *memoryWatch) end() int64 {
	close(w.stop)
	w.done.Wait()
	return max(w.peak, w.team.memory())
}
