//go:build linux || darwin

package doctor

import (
	"context"
	"fmt"
	"os/exec"
	"strconv"
	"strings"
	"time"

	"golang.org/x/sys/unix"
)

// workers is whether there are worker processes.
const workers = true

// endless is above every limit that means something.
const endless = 1 << 62

// openFiles reads the limits on open files. What the Go runtime made of the soft
// one is ours alone, so a shell tells what a child gets, if it may be started.
func openFiles(ctx context.Context, start bool) files {
	var f files
	var limit unix.Rlimit
	if unix.Getrlimit(unix.RLIMIT_NOFILE, &limit) == nil {
		f.hard = limit.Cur // raised to what we may have
	}
	if !start {
		return f
	}
	ctx, cancel := context.WithTimeout(ctx, time.Second)
	defer cancel()
	if text, err := exec.CommandContext(ctx, "/bin/sh", "-c", "ulimit -Sn").Output(); err == nil {
		f.soft, _ = strconv.ParseUint(strings.TrimSpace(string(text)), 10, 64) // or "unlimited"
	}
	return f
}

// resource is a limit of setrlimit(2) that most do not have.
type resource struct {
	kind    int
	name    string
	enough  uint64 // no note from here on
	seconds bool   // it counts seconds, not bytes
	hint    string
}

// resources are the other limits on a process, those that are set.
func resources() []Finding {
	var found []Finding
	for _, r := range []resource{
		{unix.RLIMIT_STACK, "stack", 1 << 20, false, "deep recursion crashes a worker: ulimit -s 8192"},
		{unix.RLIMIT_AS, "address space", endless, false, "an allocation over it fails with MemoryError, and threads take a part of it: ulimit -v unlimited"},
		{unix.RLIMIT_DATA, "data", endless, false, "an allocation over it fails with MemoryError: ulimit -d unlimited"},
		{unix.RLIMIT_FSIZE, "file size", endless, false, "results that get larger are refused: ulimit -f unlimited"},
		{unix.RLIMIT_CPU, "CPU time", endless, true, "a worker that has used so much is killed: ulimit -t unlimited, or --max-tasks-per-worker"},
	} {
		var limit unix.Rlimit
		if unix.Getrlimit(r.kind, &limit) != nil || limit.Cur >= endless {
			continue
		}
		value := fmt.Sprintf("%d KiB for a process", limit.Cur>>10)
		if r.seconds {
			value = fmt.Sprintf("%d s for a process", limit.Cur)
		}
		if limit.Cur < r.enough {
			found = append(found, note(r.name, value, r.hint))
			continue
		}
		found = append(found, ok(r.name, value))
	}
	return found
}
