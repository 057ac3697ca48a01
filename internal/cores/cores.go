// Package cores says how many processor cores this process may use: the
// smaller of its affinity mask and the CPU quota of its control groups
// (cgroup v1 and v2), which is what a container is given.
package cores

import (
	"io/fs"
	"math"
	"os"
	"path"
	"strconv"
	"strings"

	"github.com/outpace-run/outpace/internal/cgroup"
)

// Available returns the number of cores, at least 1. A quota of one and a half
// cores counts as 2. It reads a few small files; nothing is remembered.
func Available() int {
	return count(affinity(), os.DirFS("/"))
}

// count is the smaller of n and the quota below root, rounded up, at least 1.
func count(n int, root fs.FS) int {
	if quota := Quota(root); quota < float64(n) {
		n = int(math.Ceil(quota))
	}
	return max(1, n)
}

// Quota returns the CPU quota in cores that the files of root (proc and sys as
// in /) set for this process: the smallest of its own control group and all
// above it. It is +Inf where there is none, or none that can be read.
func Quota(root fs.FS) float64 {
	quota := math.Inf(1)
	for _, g := range cgroup.Of(root, "self", "cpu") {
		for dir := range g.Up() {
			quota = min(quota, limit(root, dir, g.V2))
		}
	}
	return quota
}

// limit reads the quota of one group.
func limit(root fs.FS, dir string, v2 bool) float64 {
	var quota, period string
	if v2 {
		quota, period, _ = strings.Cut(cgroup.Read(root, path.Join(dir, "cpu.max")), " ")
	} else {
		quota = cgroup.Read(root, path.Join(dir, "cpu.cfs_quota_us"))
		period = cgroup.Read(root, path.Join(dir, "cpu.cfs_period_us"))
	}
	q, err1 := strconv.ParseFloat(quota, 64)
	p, err2 := strconv.ParseFloat(period, 64)
	if err1 != nil || err2 != nil || q <= 0 || p <= 0 { // "max", -1, or no file
		return math.Inf(1)
	}
	return q / p
}
