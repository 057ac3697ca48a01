package cgroup

import (
	"os"
	"runtime"
	"slices"
	"testing"
	"testing/fstest"
)

const (
	mounts = "22 1 254:0 / / rw,relatime - ext4 /dev/sda rw\n" +
		"31 22 0:28 / /sys/fs/cgroup/memory rw shared:9 - cgroup cgroup rw,memory\n" +
		"32 22 0:29 /box /sys/fs/cgroup/cpu,cpuacct rw - cgroup cgroup rw,cpu,cpuacct\n" +
		"33 22 0:30 / /sys/fs/cgroup/uni\\040fied rw - cgroup2 cgroup2 rw\n"
	groups = "5:memory:/a/b\n4:cpuacct,cpu:/box/in\n0::/s/t\n"
)

func TestOf(t *testing.T) {
	root := fstest.MapFS{
		"proc/7/cgroup":    {Data: []byte(groups)},
		"proc/7/mountinfo": {Data: []byte(mounts)},
		"proc/8/cgroup":    {Data: []byte("0::/../x\n:::\n\nx\n")},
		"proc/8/mountinfo": {Data: []byte("- - -\n\n1 2 - cgroup2\n" + mounts)},
	}
	unified := Group{Mount: "sys/fs/cgroup/uni fied", Dir: "sys/fs/cgroup/uni fied/s/t", V2: true}
	for _, test := range []struct {
		process, controller string
		want                []Group
	}{
		{"7", "memory", []Group{{Mount: "sys/fs/cgroup/memory", Dir: "sys/fs/cgroup/memory/a/b"}, unified}},
		{"7", "cpu", []Group{{Mount: "sys/fs/cgroup/cpu,cpuacct", Dir: "sys/fs/cgroup/cpu,cpuacct/in"}, unified}},
		{"7", "pids", []Group{unified}},
		{"8", "memory", []Group{{Mount: unified.Mount, Dir: unified.Mount, V2: true}}},
		{"9", "memory", nil},
	} {
		if got := Of(root, test.process, test.controller); !slices.Equal(got, test.want) {
			t.Errorf("%s of %s: %+v", test.controller, test.process, got)
		}
	}
}

func TestUp(t *testing.T) {
	got := slices.Collect(Group{Mount: "sys/c", Dir: "sys/c/a/b"}.Up())
	if !slices.Equal(got, []string{"sys/c/a/b", "sys/c/a", "sys/c"}) {
		t.Errorf("%q", got)
	}
	for dir := range (Group{Mount: "sys/c", Dir: "sys/c/a/b"}).Up() {
		if dir != "sys/c/a/b" {
			t.Errorf("%q after the loop was left", dir)
		}
		break
	}
	if got := slices.Collect(Group{Mount: "elsewhere", Dir: "a"}.Up()); !slices.Equal(got, []string{"a", "."}) {
		t.Errorf("a mount that is not above: %q", got)
	}
}

// On this machine, each group that is found is a directory.
func TestHere(t *testing.T) {
	if runtime.GOOS != "linux" {
		t.Skip("control groups are Linux's")
	}
	for _, g := range Of(os.DirFS("/"), "self", "memory") {
		if info, err := os.Stat("/" + g.Dir); err != nil || !info.IsDir() {
			t.Errorf("%+v: %v", g, err)
		}
	}
}
