package main

import (
	"fmt"
	"runtime"
	"runtime/debug"
	"slices"
	"time"
)

// sample is how much memory there is in use between rounds.
type sample struct{ heap, resident int64 }

// weigh notes how much memory is in use, with all rounds over. Timers of the
// last grace periods may hold some for a moment, so it looks again where there
// is much.
func (s *site) weigh() sample {
	now := use()
	for range 15 {
		if len(s.samples) == 0 || now.heap <= 2*s.samples[0].heap {
			break
		}
		time.Sleep(200 * time.Millisecond)
		now = use()
	}
	s.samples = append(s.samples, now)
	return now
}

func use() sample {
	debug.FreeOSMemory() // which collects garbage first
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return sample{int64(m.HeapAlloc), resident()}
}

// memory is how much was in use over the time: medians, the most, and the last.
type memory struct{ first, last, peak, final sample }

// growth compares the first third of the samples with the last. The problem is
// empty where there are too few, or memory stays as it is.
func (s *site) growth() (m memory, problem string) {
	third := (len(s.samples) + 2) / 3
	if third == 0 {
		return m, ""
	}
	m.first, m.last = median(s.samples[:third]), median(s.samples[len(s.samples)-third:])
	m.final = s.samples[len(s.samples)-1]
	for _, each := range s.samples {
		m.peak = sample{max(m.peak.heap, each.heap), max(m.peak.resident, each.resident)}
	}
	switch {
	case len(s.samples) < 6:
	case m.last.heap > m.first.heap+m.first.heap/4+1<<20:
		problem = fmt.Sprintf("the heap grows: %s in the first third of the time, %s in the last", mb(m.first.heap), mb(m.last.heap))
	case m.last.resident > m.first.resident+m.first.resident/2+64<<20:
		problem = fmt.Sprintf("resident memory grows: %s in the first third of the time, %s in the last", mb(m.first.resident), mb(m.last.resident))
	}
	return m, problem
}

func median(some []sample) sample {
	of := func(get func(sample) int64) int64 {
		var all []int64
		for _, s := range some {
			all = append(all, get(s))
		}
		slices.Sort(all)
		return all[len(all)/2]
	}
	return sample{of(func(s sample) int64 { return s.heap }), of(func(s sample) int64 { return s.resident })}
}

func mb(bytes int64) string { return fmt.Sprintf("%.1f MB", float64(bytes)/1e6) }
