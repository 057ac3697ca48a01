// Package cgroup finds the control groups that a process is in, v1 and v2, and
// where their files are.
//
//	/proc/PID/cgroup     which group      ┐
//	                                      ├─► Of ──► Group ──► Up: its directory and all above it
//	/proc/PID/mountinfo  what is mounted  ┘
package cgroup

import (
	"io/fs"
	"iter"
	"path"
	"strings"
)

// Group is a control group: its directory, and the mount point at or above it.
// Both are relative to the root that it was found in.
type Group struct {
	Mount, Dir string
	V2         bool
}

// Of returns the mounted groups of a process that can belong to a controller,
// such as "cpu" or "memory". The process is "self" or an id; root is a / with
// its proc and sys. A version 2 group is returned whether it has the controller
// or not: whether its files are there tells. It returns nothing where nothing
// can be read.
func Of(root fs.FS, process, controller string) []Group {
	v1, v2 := paths(Read(root, "proc/"+process+"/cgroup"), controller)
	var found []Group
	for line := range strings.Lines(Read(root, "proc/"+process+"/mountinfo")) {
		m, ok := parseMount(line, controller)
		if !ok {
			continue
		}
		own := v1
		if m.v2 {
			own = v2
		}
		if own != "" {
			found = append(found, Group{Mount: m.point, Dir: path.Join(m.point, below(own, m.root)), V2: m.v2})
		}
	}
	return found
}

// Up yields the group's directory and each above it, up to the mount point: a
// limit may be set at any of them.
func (g Group) Up() iter.Seq[string] {
	return func(yield func(string) bool) {
		for dir := g.Dir; yield(dir) && dir != g.Mount && dir != "."; dir = path.Dir(dir) {
		}
	}
}

// Read returns a small file without the white space around it, or "" where it
// cannot be read.
func Read(root fs.FS, name string) string {
	text, err := fs.ReadFile(root, name)
	if err != nil {
		return ""
	}
	return strings.TrimSpace(string(text))
}

// paths reads /proc/PID/cgroup: the group of the v1 controller and that of the
// v2 hierarchy, empty where there is none.
func paths(text, controller string) (v1, v2 string) {
	for line := range strings.Lines(text) {
		parts := strings.SplitN(strings.TrimSuffix(line, "\n"), ":", 3)
		if len(parts) != 3 {
			continue
		}
		switch {
		case parts[0] == "0" && parts[1] == "":
			v2 = parts[2]
		case has(parts[1], controller):
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
func parseMount(line, controller string) (m mount, ok bool) {
	left, right, _ := strings.Cut(line, " - ")
	if !strings.HasPrefix(right, "cgroup") { // there may be thousands of them
		return m, false
	}
	place, kind := strings.Fields(left), strings.Fields(right)
	if len(place) < 5 || len(kind) < 3 {
		return m, false
	}
	m = mount{root: unescape(place[3]), point: strings.Trim(unescape(place[4]), "/"), v2: kind[0] == "cgroup2"}
	return m, m.v2 || kind[0] == "cgroup" && has(kind[2], controller)
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
	if !strings.Contains(s, `\`) {
		return s
	}
	return strings.NewReplacer(`\040`, " ", `\011`, "\t", `\012`, "\n", `\134`, `\`).Replace(s)
}
