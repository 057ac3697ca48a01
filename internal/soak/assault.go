package main

import (
	"os"
	"syscall"
	"time"
)

// assail kills or stops worker processes until done is closed. It kills none
// while no other has been started since: three starts in a row that fail end
// an executor, and should. After a while it has had enough, so that rounds end.
func (l *life) assail(done <-chan struct{}) {
	d := newDice(l.r.seed, -l.r.number)
	left := map[assault]int{killing: 10, pausing: 30, freezing: 3}[l.r.assault]
	for left > 0 && wait(done, d.ms(20, 400)) {
		workers := living(func(p entry) bool { return p.parent == os.Getpid() && p.has(l.mark) })
		if len(workers) == 0 {
			continue
		}
		left--
		pid := pick(d, workers...).pid
		l.mu.Lock()
		l.harmed[pid] = true
		l.mu.Unlock()
		started := l.started.Load()
		l.s.tally.harmed.Add(1)
		switch l.r.assault {
		case killing:
			_ = send(pid, syscall.SIGKILL)
			for l.started.Load() == started && wait(done, 10*time.Millisecond) {
			}
		case pausing:
			pause(pid)
			wait(done, d.ms(10, 300))
			resume(pid)
		case freezing:
			pause(pid)
			for end := time.Now().Add(3 * time.Second); time.Now().Before(end) && exists(pid) && wait(done, 20*time.Millisecond); {
			}
			resume(pid)
		}
	}
}

// wait waits for d, and reports false when done is closed first.
func wait(done <-chan struct{}, d time.Duration) bool {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return true
	case <-done:
		return false
	}
}
