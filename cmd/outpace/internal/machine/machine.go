// Package machine says what a measurement depends on, and what may narrow a
// run: processor, cores, memory, system, load. It names neither host nor user.
//
//	/proc, /sys ──────────────► Read ──► Machine
//	control groups, all above ─► ReadMemory ─┘
//	what macOS tells ─► Describe, there
package machine

import (
	"context"
	"io/fs"
	"math"
	"os"
	"path"
	"runtime"
	"strconv"
	"strings"

	"github.com/outpace-run/outpace/internal/cgroup"
	"github.com/outpace-run/outpace/internal/cores"
)

// Machine is the machine that this process runs on, as far as it may use it.
type Machine struct {
	CPU     string  `json:"cpu"`             // the processor's name; "" where the system does not tell
	Cores   int     `json:"cores"`           // that we may use: the smallest of the next three, rounded up
	Online  int     `json:"online"`          // that the machine has
	Allowed int     `json:"allowed"`         // by this process's affinity mask
	Quota   float64 `json:"quota,omitempty"` // of the control group; 0: none
	Memory  int64   `json:"memory_bytes"`    // that we may use; 0: not known
	System  string  `json:"system"`          // "linux/amd64"
	Kernel  string  `json:"kernel"`          // its release; "" where the system does not tell
	Load    float64 `json:"load"`            // runnable tasks over the last minute; below 0: not known
	Go      string  `json:"go"`              // version that built this command
}

// Describe looks at the machine now. It reads a few small files. What the
// system does not tell is left at its zero, or at what the field says.
func Describe(context.Context) Machine {
	m := Read(os.DirFS("/"))
	ask(&m)
	return m
}

// Read describes the machine by the files of root (proc and sys as in /), and
// by this process's affinity mask.
func Read(root fs.FS) Machine {
	m := Machine{
		CPU:     processor(cgroup.Read(root, "proc/cpuinfo")),
		Online:  span(cgroup.Read(root, "sys/devices/system/cpu/online")),
		Allowed: runtime.NumCPU(),
		Memory:  ReadMemory(root).Usable(),
		System:  runtime.GOOS + "/" + runtime.GOARCH,
		Kernel:  cgroup.Read(root, "proc/sys/kernel/osrelease"),
		Load:    load(cgroup.Read(root, "proc/loadavg")),
		Go:      runtime.Version(),
	}
	m.Online = max(m.Online, m.Allowed) // no file: what we may use is all we know
	m.Cores = m.Allowed
	if quota := cores.Quota(root); !math.IsInf(quota, 1) {
		m.Quota = quota
		m.Cores = max(1, min(m.Cores, int(math.Ceil(quota))))
	}
	return m
}

// processor is the name of the first processor; systems differ in what they
// call it.
func processor(cpuinfo string) string {
	for _, key := range []string{"model name", "Model", "Hardware", "cpu", "uarch"} {
		for line := range strings.Lines(cpuinfo) {
			name, value, _ := strings.Cut(line, ":")
			if value = strings.Join(strings.Fields(value), " "); strings.TrimSpace(name) == key && value != "" {
				return value
			}
		}
	}
	return ""
}

// span counts the numbers of a list such as 0-3,8; 0 for what is none.
func span(list string) int {
	n := 0
	for part := range strings.SplitSeq(list, ",") {
		from, to, ranged := strings.Cut(part, "-")
		if !ranged {
			to = from
		}
		a, err1 := strconv.Atoi(from)
		b, err2 := strconv.Atoi(to)
		if err1 != nil || err2 != nil || b < a {
			return 0
		}
		n += b - a + 1
	}
	return n
}

// load is the first number of /proc/loadavg, -1 where there is none.
func load(text string) float64 {
	first, _, _ := strings.Cut(text, " ")
	if n, err := strconv.ParseFloat(first, 64); err == nil && n >= 0 {
		return n
	}
	return -1
}

// Memory is the memory of the machine and what the control groups let us have
// of it, in bytes. What is not known is 0.
type Memory struct {
	Total     int64 `json:"total_bytes"`
	Available int64 `json:"available_bytes"` // without swapping, within the limit
	Limit     int64 `json:"limit_bytes"`     // the smallest of our control group and all above it; 0: none, or none below Total
	Swap      int64 `json:"swap_bytes"`
	SwapFree  int64 `json:"swap_free_bytes"`
	Kills     int64 `json:"oom_kills"` // processes of our control group that the kernel killed for want of memory
}

// Usable is what we may use: the limit, or else all that the machine has.
func (m Memory) Usable() int64 {
	if m.Limit > 0 {
		return m.Limit
	}
	return m.Total
}

// ReadMemory reads the memory that the files of root (proc and sys as in /)
// tell of.
func ReadMemory(root fs.FS) Memory {
	info := numbers(cgroup.Read(root, "proc/meminfo"))
	m := Memory{
		Total: info["MemTotal"] << 10, Available: info["MemAvailable"] << 10,
		Swap: info["SwapTotal"] << 10, SwapFree: info["SwapFree"] << 10,
	}
	for _, g := range cgroup.Of(root, "self", "memory") {
		limit, used, inactive, kills := "memory.limit_in_bytes", "memory.usage_in_bytes", "total_inactive_file", "memory.oom_control"
		if g.V2 {
			limit, used, inactive, kills = "memory.max", "memory.current", "inactive_file", "memory.events"
		}
		m.Kills += numbers(cgroup.Read(root, path.Join(g.Dir, kills)))["oom_kill"]
		for dir := range g.Up() {
			most, err := strconv.ParseInt(cgroup.Read(root, path.Join(dir, limit)), 10, 64)
			if err != nil || most <= 0 || m.Total > 0 && most >= m.Total { // "max", or v1's number that means it
				continue
			}
			if m.Limit == 0 || most < m.Limit {
				m.Limit = most
			}
			if now, err := strconv.ParseInt(cgroup.Read(root, path.Join(dir, used)), 10, 64); err == nil {
				now -= numbers(cgroup.Read(root, path.Join(dir, "memory.stat")))[inactive] // the kernel gives up what it only remembers of files
				m.Available = max(0, min(m.Available, most-now))
			}
		}
	}
	return m
}

// numbers reads lines of a name and a number, such as those of /proc/meminfo.
func numbers(text string) map[string]int64 {
	found := map[string]int64{}
	for line := range strings.Lines(text) {
		fields := strings.Fields(line)
		if len(fields) < 2 {
			continue
		}
		if n, err := strconv.ParseInt(fields[1], 10, 64); err == nil {
			found[strings.TrimSuffix(fields[0], ":")] = n
		}
	}
	return found
}
