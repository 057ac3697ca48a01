package main

import (
	"math/rand/v2"
	"os"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"
)

// outside are the faults that somebody else's signal makes.
func (b *bench) outside(t *testing.T) {
	for _, shape := range []string{"2x1", "1x4", "2x2"} {
		b.golden.order("kill -9 of a worker, ten times")
		t.Run("kill -9 of a worker, ten times/"+shape, func(t *testing.T) { t.Parallel(); b.killed(t, shape) })
		b.golden.order("a worker that is stopped, with a time-out")
		t.Run("a worker that is stopped, with a time-out/"+shape, func(t *testing.T) {
			t.Parallel()
			b.stopped(t, "a worker that is stopped, with a time-out", 1, shape, "--timeout", "1s")
		})
		b.golden.order("a worker that is stopped, without a time-out")
		t.Run("a worker that is stopped, without a time-out/"+shape, func(t *testing.T) {
			t.Parallel()
			b.stopped(t, "a worker that is stopped, without a time-out", 0, shape, "--idle-limit", "1s")
		})
		t.Run("kill -9 of the command/"+shape, func(t *testing.T) { t.Parallel(); b.orphaned(t, shape) })
	}
}

// killed: a worker that somebody kills costs no result. Its inputs are run again.
func (b *bench) killed(t *testing.T, shape string) {
	a := b.attempt(t, "lasts", "--range", "1..1000", "-j", shape).start(t)
	if !eventually(func() bool { return a.out.String() != "" }) {
		t.Fatalf("no result came; standard error:\n%s", a.told)
	}
	var dead []int
	if !eventually(func() bool {
		pause := 20 + rand.N(250)
		time.Sleep(time.Duration(pause) * time.Millisecond) // sleeps: a kill comes at any moment
		living := slices.DeleteFunc(a.workers(), func(pid int) bool { return slices.Contains(dead, pid) })
		if len(living) > 0 {
			pid := living[rand.N(len(living))]
			if syscall.Kill(pid, syscall.SIGKILL) == nil {
				dead = append(dead, pid)
			}
		}
		return len(dead) == 10
	}) {
		t.Fatalf("killed only %v", dead)
	}
	a.answer(t, "go")
	o := a.end(t)
	if o.code != 0 || o.out != doubles(1000, 0) {
		t.Errorf("exit code %d, %d results; standard error:\n%s", o.code, strings.Count(o.out, "\n"), o.told)
	}
	counts := regexp.MustCompile(`(\d+) workers? lost, (\d+) runs? repeated`).FindStringSubmatch(o.told)
	if counts == nil {
		t.Fatalf("the summary does not count what was lost:\n%s", o.told)
	}
	if lost, err := strconv.Atoi(counts[1]); err != nil || lost < 1 || lost > 10 {
		t.Errorf("%d workers were killed, the summary counts %s", len(dead), counts[1])
	}
	b.check(t, "kill -9 of a worker, ten times", shape, a, o)
}

// stopped: a worker that got SIGSTOP while an input runs there.
func (b *bench) stopped(t *testing.T, name string, code int, shape string, flags ...string) {
	a := b.attempt(t, "meets", append([]string{"--range", "1..1000", "-j", shape}, flags...)...).start(t)
	pid, err := strconv.Atoi(a.await(t, "met "))
	if err != nil {
		t.Fatal(err)
	}
	if err := syscall.Kill(pid, syscall.SIGSTOP); err != nil {
		t.Fatal(err)
	}
	a.answer(t, "go") // who runs it again is not held
	o := a.end(t)
	if o.code != code || o.out != doubles(1000, 500*code) {
		t.Errorf("exit code %d, %d results; standard error:\n%s", o.code, strings.Count(o.out, "\n"), o.told)
	}
	if told := "outpace: input 499 (500): " + timedOut; code == 1 && !strings.Contains(o.told, told) {
		t.Errorf("standard error has no %q:\n%s", told, o.told)
	}
	b.check(t, name, shape, a, o)
}

// orphaned: when the command itself is killed, its workers end and what they
// started with them. How quickly is told and not tested.
func (b *bench) orphaned(t *testing.T, shape string) {
	a := b.attempt(t, "parents", "--range", "1..1000", "-j", shape).start(t)
	a.await(t, "met ")
	if n := len(marked(a.mark)); n < 3 {
		t.Errorf("%d processes: there is no worker with a child", n)
	}
	if err := a.Process.Signal(os.Kill); err != nil {
		t.Fatal(err)
	}
	killed := time.Now()
	if !eventually(func() bool { return len(marked(a.mark)) == 0 }) {
		t.Errorf("left: %v", marked(a.mark))
	}
	t.Logf("the last process was gone %v after the command", time.Since(killed))
	a.end(t)
}
