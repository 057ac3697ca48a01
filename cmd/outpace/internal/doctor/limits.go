package doctor

import (
	"fmt"
	"runtime"

	"github.com/outpace-run/outpace/internal/room"
)

// What a run needs of descriptors: some for itself, and pipes for each worker.
const (
	filesOwn    = 20
	filesWorker = 5
)

// wide is how many workers nobody runs short of: what leaves room for fewer is
// worth a note.
const wide = 64

// atOnce is how many interpreters are asked at once where nothing forbids it.
const atOnce = 8

// files is the limits on open files; 0 is not known. A Go program raises its own
// to the hard limit, and gives what it starts the soft one.
type files struct{ soft, hard uint64 }

// width is for how many worker processes they suffice.
func (f files) width() int {
	if f.hard < filesOwn {
		return 0
	}
	return int(max(1, min(f.hard-filesOwn, 1<<30)/filesWorker))
}

// starts is how many interpreters may be asked at once without running short.
func (f files) starts() int {
	if f.hard == 0 {
		return 1
	}
	return min(atOnce, max(1, f.width()-1))
}

// threads is what the limits on processes and threads leave.
type threads struct {
	fit     int  // worker processes with one task
	left    int  // processes and threads
	limited bool // false: no limit is near, and the others mean nothing
	starts  int  // how many interpreters may be asked at once
	err     error
}

// look looks at those limits, and reserves what this process needs to start
// interpreters: without it a limit would end it with a dump.
func look() threads {
	const perWorker = 3 // a worker with one task
	var t threads
	t.fit, t.left, t.limited = room.Fit(perWorker)
	t.starts, t.err = room.Reserve(atOnce, perWorker)
	return t
}

// limits says what the system lets a run have.
func limits(f files, t threads, cores int) Section {
	found := []Finding{}
	if f.hard > 0 {
		found = append(found, f.finding(cores))
	}
	if t.limited || runtime.GOOS == "linux" {
		found = append(found, t.finding(cores))
	}
	found = append(found, resources()...)
	if len(found) == 0 {
		found = append(found, ok("limits", "this system tells none"))
	}
	return Section{"limits", found}
}

func (f files) finding(cores int) Finding {
	const name, hint = "open files", "ulimit -n 4096; if that is refused: ulimits of docker, LimitNOFILE= of systemd, limits.conf(5)"
	width := f.width()
	value := fmt.Sprintf("%d, enough for about %s", f.hard, plural(width, "worker process"))
	switch {
	case width == 0:
		return problem(name, fmt.Sprintf("%d, and a run with one worker process needs %d", f.hard, filesOwn), hint)
	case width < max(cores, wide):
		return note(name, value, hint)
	case f.soft > 0 && f.soft < f.hard:
		value += fmt.Sprintf("; %d in each worker", f.soft)
	}
	return ok(name, value)
}

func (t threads) finding(cores int) Finding {
	const name, hint = "processes", "ulimit -u, or the control group's pids.max: docker --pids-limit, TasksMax= of systemd"
	value := fmt.Sprintf("%d more processes and threads, enough for about %s", max(0, t.left), plural(t.fit, "worker process"))
	switch {
	case !t.limited:
		return ok(name, "no limit is near")
	case t.err != nil:
		return problem(name, fmt.Sprintf("%d more processes and threads, not enough for a worker process", max(0, t.left)), hint)
	case t.fit < max(cores, wide):
		return note(name, value, hint)
	}
	return ok(name, value)
}
