package room

import (
	"io/fs"
	"os"
	"path"
	"strconv"
	"strings"

	"github.com/outpace-run/outpace/internal/cgroup"
)

// plenty is a limit that nobody comes near to: what there is now is not counted.
const plenty = 20_000

// left is how many processes and threads this process and those that it starts
// may add, if there is a limit that matters.
func left() (n int, limited bool) {
	root := os.DirFS("/")
	n = groupsLeft(root)
	if uid := os.Getuid(); uid != 0 { // who may change the limit is not held to it
		n = min(n, userLeft(root, strconv.Itoa(uid)))
	}
	return n, n < plenty
}

// threads is how many this process has.
func threads() int {
	tasks, err := os.ReadDir("/proc/self/task")
	if err != nil {
		return 0
	}
	return len(tasks)
}

// groupsLeft is what the control groups leave.
func groupsLeft(root fs.FS) int {
	n := plenty
	for _, g := range cgroup.Of(root, "self", "pids") {
		for dir := range g.Up() {
			most, err1 := strconv.Atoi(cgroup.Read(root, path.Join(dir, "pids.max"))) // or "max"
			now, err2 := strconv.Atoi(cgroup.Read(root, path.Join(dir, "pids.current")))
			if err1 == nil && err2 == nil {
				n = min(n, most-now)
			}
		}
	}
	return n
}

// userLeft is what the limit of a user leaves, whose threads it counts.
func userLeft(root fs.FS, uid string) int {
	most := plenty
	for line := range strings.Lines(cgroup.Read(root, "proc/self/limits")) {
		if rest, ok := strings.CutPrefix(line, "Max processes"); ok {
			if soft, err := strconv.Atoi(strings.Fields(rest + " -")[0]); err == nil { // or "unlimited"
				most = min(most, soft)
			}
		}
	}
	if most == plenty {
		return plenty
	}
	files, _ := fs.Glob(root, "proc/[0-9]*/status")
	for _, file := range files {
		fields := status(cgroup.Read(root, file))
		if threads, err := strconv.Atoi(fields["Threads"]); err == nil && fields["Uid"] == uid {
			most -= threads
		}
	}
	return most
}

// status is the first value of each line of a process's status.
func status(text string) map[string]string {
	fields := map[string]string{}
	for line := range strings.Lines(text) {
		name, rest, _ := strings.Cut(line, ":")
		fields[name] = strings.Fields(rest + " -")[0]
	}
	return fields
}
