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
	for _, g := range groups(root) {
		for dir := g.dir; ; dir = path.Dir(dir) {
			quota = min(quota, g.limit(root, dir))
			if dir == g.mount || dir == "." {
				break
			}
		}
	}
	return quota
}

// group is a control group that this process is in: its directory, and the
// mount point at or above it. Both are relative to the root.
type group struct {
	mount, dir string
	v2         bool
}

// limit reads the quota of one directory.
func (g group) limit(root fs.FS, dir string) float64 {
	var quota, period string
	if g.v2 {
		quota, period, _ = strings.Cut(read(root, path.Join(dir, "cpu.max")), " ")
	} else {
		quota = read(root, path.Join(dir, "cpu.cfs_quota_us"))
		period = read(root, path.Join(dir, "cpu.cfs_period_us"))
	}
	q, err1 := strconv.ParseFloat(quota, 64)
	p, err2 := strconv.ParseFloat(period, 64)
	if err1 != nil || err2 != nil || q <= 0 || p <= 0 { // "max", -1, or no file
		return math.Inf(1)
	}
	return q / p
}

// groups finds the mounted control groups that can limit this process's CPU.
func groups(root fs.FS) []group {
	v1, v2 := paths(read(root, "proc/self/cgroup"))
	var found []group
	for line := range strings.Lines(read(root, "proc/self/mountinfo")) {
		m, ok := parseMount(line)
		if !ok {
			continue
		}
		own := v1
		if m.v2 {
			own = v2
		}
		if own != "" {
			found = append(found, group{mount: m.point, dir: path.Join(m.point, below(own, m.root)), v2: m.v2})
		}
	}
	return found
}

// paths reads /proc/self/cgroup: the group of the v1 cpu controller and that
// of the v2 hierarchy, empty where there is none.
func paths(text string) (v1, v2 string) {
	for line := range strings.Lines(text) {
		parts := strings.SplitN(strings.TrimSuffix(line, "\n"), ":", 3)
		if len(parts) != 3 {
			continue
		}
		switch {
		case parts[0] == "0" && parts[1] == "":
			v2 = parts[2]
		case has(parts[1], "cpu"):
			v1 = parts[2]
		}
	}
	return v1, v2
}

// mount is a line of mountinfo that mounts control groups.
type mount struct {
	root  string // the group that is mounted
	point string // where, relative to the root
	v2    bool
}

// parseMount reads a line of mountinfo (proc_pid_mountinfo(5)); ok is false
// for one that mounts something else.
func parseMount(line string) (m mount, ok bool) {
	left, right, _ := strings.Cut(line, " - ")
	place, kind := strings.Fields(left), strings.Fields(right)
	if len(place) < 5 || len(kind) < 3 {
		return m, false
	}
	m = mount{root: unescape(place[3]), point: strings.Trim(unescape(place[4]), "/"), v2: kind[0] == "cgroup2"}
	return m, m.v2 || kind[0] == "cgroup" && has(kind[2], "cpu")
}

// below returns the path of group own inside a mount of group root. A group
// outside of it (seen through a namespace) counts as the mount itself.
func below(own, root string) string {
	if strings.HasPrefix(own, "/..") {
		return ""
	}
	rest, inside := strings.CutPrefix(own, strings.TrimSuffix(root, "/"))
	if !inside || rest != "" && rest[0] != '/' {
		return ""
	}
	return rest
}

// has reports whether a list with commas holds the word.
func has(list, word string) bool {
	for part := range strings.SplitSeq(list, ",") {
		if part == word {
			return true
		}
	}
	return false
}

// unescape undoes mountinfo's octal escapes of blanks and backslashes.
func unescape(s string) string {
	return strings.NewReplacer(`\040`, " ", `\011`, "\t", `\012`, "\n", `\134`, `\`).Replace(s)
}

// read returns a small file without the white space around it, or nothing.
func read(root fs.FS, name string) string {
	text, err := fs.ReadFile(root, name)
	if err != nil {
		return ""
	}
	return strings.TrimSpace(string(text))
}
