package main

import (
	"fmt"
	"os"
	"strconv"
	"strings"
	"time"
)

// load is how much CPU time all programs of the machine have used, at a time.
type load struct {
	at   time.Time
	busy time.Duration
	ok   bool // the system tells (Linux)
}

// tick is the unit of /proc/stat, on every Linux that Go runs on.
const tick = 10 * time.Millisecond

// loadNow reads the load. What a virtual machine's host gave to others counts
// as used.
func loadNow() load {
	text, err := os.ReadFile("/proc/stat")
	return parseLoad(first(text, err), time.Now())
}

// parseLoad reads the line of all processors: user, nice, system, idle, iowait,
// irq, softirq, steal.
func parseLoad(line string, at time.Time) load {
	fields := strings.Fields(line)
	if len(fields) < 9 || fields[0] != "cpu" {
		return load{}
	}
	now := load{at: at, ok: true}
	for i, field := range fields[1:9] {
		ticks, err := strconv.ParseInt(field, 10, 64)
		if err != nil {
			return load{}
		}
		if i != 3 && i != 4 { // idle, iowait
			now.busy += time.Duration(ticks) * tick
		}
	}
	return now
}

// others is how many cores other programs have used since before, where a trial
// used cpu of its own. For a short one the ticks make it rough, and it may be
// below 0; the mean of many is right.
func (before load) others(now load, cpu time.Duration) float64 {
	return (now.busy - before.busy - cpu).Seconds() / now.at.Sub(before.at).Seconds()
}

// disturbance says how idle the machine was while the samples were taken; ""
// where the system does not tell.
func disturbance(samples []trialSample) string {
	sum, n := 0.0, 0
	for _, s := range samples {
		if o, ok := s.Measured["others"]; ok {
			sum, n = sum+o, n+1
		}
	}
	if n == 0 {
		return ""
	}
	cores := max(0, sum/float64(n))
	if cores > 0.1 {
		return fmt.Sprintf("**The machine was not idle**: other programs used %.2f cores on average. Do not quote these figures.", cores)
	}
	return fmt.Sprintf("The machine was idle otherwise: other programs used %.2f cores on average.", cores)
}
