package child

import (
	"io/fs"
	"os"
	"path"
	"strconv"
	"strings"

	"github.com/outpace-run/outpace/internal/cgroup"
)

// oomCounter reads how many processes the kernel killed for want of memory. The
// counter of a control group has those in it alone, whosever memory ran out;
// that of the machine is used where there is no such group.
type oomCounter struct {
	root   fs.FS
	groups []cgroup.Group
	file   string // that has the counter; "": there is none
	start  int64  // what it was
}

// newOOMCounter begins to count in the group of this process: a child is born
// into it.
func newOOMCounter() oomCounter { return oomCounterIn(os.DirFS("/")) }

func oomCounterIn(root fs.FS) oomCounter {
	o := oomCounter{root: root, groups: cgroup.Of(root, "self", "memory")}
	var files []string
	for _, g := range o.groups {
		files = append(files, memoryFile(g, g.Dir, "memory.events", "memory.oom_control"))
	}
	for _, file := range append(files, "proc/vmstat") {
		if n, ok := oomKills(root, file); ok {
			o.file, o.start = file, n
			break
		}
	}
	return o
}

// grew reports whether there was such a kill since the beginning.
func (o oomCounter) grew() bool {
	n, ok := oomKills(o.root, o.file)
	return ok && n > o.start
}

// limit returns the smallest limit that holds for the group, or 0.
func (o oomCounter) limit() int64 {
	const unlimited = 1 << 62 // version 1 has a number for it: all pages that there could be
	limit := int64(unlimited)
	for _, g := range o.groups {
		for dir := range g.Up() {
			text := cgroup.Read(o.root, memoryFile(g, dir, "memory.max", "memory.limit_in_bytes"))
			if n, err := strconv.ParseInt(text, 10, 64); err == nil { // no number: "max"
				limit = min(limit, n)
			}
		}
	}
	return limit % unlimited
}

// memoryFile returns the path of a file of a group, by the group's version.
func memoryFile(g cgroup.Group, dir, v2, v1 string) string {
	if g.V2 {
		return path.Join(dir, v2)
	}
	return path.Join(dir, v1)
}

// oomKills reads the line oom_kill of a file.
func oomKills(root fs.FS, file string) (int64, bool) {
	for line := range strings.Lines(cgroup.Read(root, file)) {
		if value, ok := strings.CutPrefix(line, "oom_kill "); ok {
			n, err := strconv.ParseInt(strings.TrimSpace(value), 10, 64)
			return n, err == nil
		}
	}
	return 0, false
}

// yieldMemory makes a process one that the kernel ends before us when memory
// runs out: we hold the results. What was said already to be ended even sooner
// stays so.
func yieldMemory(pid int) {
	const score = 300 // as if it used 30 % of all memory more than it does
	ours, err := strconv.Atoi(cgroup.Read(os.DirFS("/"), "proc/self/oom_score_adj"))
	if err == nil && ours < score {
		_ = os.WriteFile(procFile(pid, "oom_score_adj"), []byte(strconv.Itoa(score)), 0)
	}
}
