package cores

import (
	"math"
	"runtime"
	"strings"
	"testing"
	"testing/fstest"
)

const (
	mountV2 = "30 23 0:26 / /sys/fs/cgroup rw,nosuid shared:4 - cgroup2 cgroup2 rw,nsdelegate\n"
	mountV1 = "32 31 0:29 / /sys/fs/cgroup/cpu,cpuacct rw,relatime shared:9 - cgroup cgroup rw,cpu,cpuacct\n" +
		"36 31 0:33 / /sys/fs/cgroup/cpuset rw - cgroup cgroup rw,cpuset\n"
	mountOther = "22 1 254:0 / / rw,relatime - ext4 /dev/sda rw\n24 22 0:5 / /proc rw - proc proc rw\n"
)

func TestCount(t *testing.T) {
	tests := []struct {
		name  string
		files map[string]string
		want  int // of 8 cores
	}{
		{"no files", nil, 8},
		{"not mounted", map[string]string{"proc/self/cgroup": "0::/a\n", "proc/self/mountinfo": mountOther}, 8},
		{"v2, no limit", v2("0::/a\n", "sys/fs/cgroup/a/cpu.max", "max 100000\n"), 8},
		{"v2, three cores", v2("0::/a\n", "sys/fs/cgroup/a/cpu.max", "300000 100000\n"), 3},
		{"v2, one and a half", v2("0::/a\n", "sys/fs/cgroup/a/cpu.max", "150000 100000\n"), 2},
		{"v2, half a core", v2("0::/a\n", "sys/fs/cgroup/a/cpu.max", "50000 100000\n"), 1},
		{"v2, more than there are", v2("0::/a\n", "sys/fs/cgroup/a/cpu.max", "9900000 100000\n"), 8},
		{"v2, the limit is above", v2("0::/a/b/c\n", "sys/fs/cgroup/a/cpu.max", "200000 100000", "sys/fs/cgroup/a/b/cpu.max", "max 100000",
			"sys/fs/cgroup/a/b/c/cpu.max", "400000 100000"), 2},
		{"v2, at the mount", v2("0::/\n", "sys/fs/cgroup/cpu.max", "200000 50000\n"), 4},
		{"v2, a sibling's limit", v2("0::/ab\n", "sys/fs/cgroup/a/cpu.max", "100000 100000\n"), 8},
		{"v2, outside the namespace", v2("0::/../../x\n", "sys/fs/cgroup/cpu.max", "200000 100000\n"), 2},
		{"v2, garbage", v2("0::/a\n", "sys/fs/cgroup/a/cpu.max", "lots\n"), 8},
		{"v2, no period", v2("0::/a\n", "sys/fs/cgroup/a/cpu.max", "100000 0\n"), 8},
		{"v1", v1("4:cpu,cpuacct:/a\n2:cpuset:/z\n", "a/cpu.cfs_quota_us", "250000\n", "a/cpu.cfs_period_us", "100000\n"), 3},
		{"v1, no limit", v1("4:cpu,cpuacct:/a\n", "a/cpu.cfs_quota_us", "-1\n", "a/cpu.cfs_period_us", "100000\n"), 8},
		{"v1, the limit is above", v1("4:cpuacct,cpu:/a/b\n", "a/cpu.cfs_quota_us", "100000", "a/cpu.cfs_period_us", "100000",
			"a/b/cpu.cfs_quota_us", "-1", "a/b/cpu.cfs_period_us", "100000"), 1},
		{"v1, in another group", v1("2:cpuset:/a\n", "a/cpu.cfs_quota_us", "100000", "a/cpu.cfs_period_us", "100000"), 8},
		{"v1 and v2", with(v1("4:cpu:/a\n0::/s\n", "a/cpu.cfs_quota_us", "300000", "a/cpu.cfs_period_us", "100000"),
			"proc/self/mountinfo", mountV1+"41 31 0:38 / /sys/fs/cgroup/unified rw - cgroup2 cgroup2 rw\n"), 3},
		{"the mount is of a group", with(v2("0::/docker/x/in\n", "sys/fs/cgroup/in/cpu.max", "200000 100000"),
			"proc/self/mountinfo", strings.Replace(mountV2, " / ", " /docker/x ", 1)), 2},
		{"the group is elsewhere", with(v2("0::/user\n", "sys/fs/cgroup/cpu.max", "200000 100000"),
			"proc/self/mountinfo", strings.Replace(mountV2, " / ", " /docker/x ", 1)), 2},
		{"a blank in the path", map[string]string{"proc/self/cgroup": "0::/a\n",
			"proc/self/mountinfo": strings.Replace(mountV2, "/sys/fs/cgroup", `/my\040groups`, 1), "my groups/a/cpu.max": "200000 100000"}, 2},
		{"a broken mountinfo", map[string]string{"proc/self/cgroup": "0::/a\n:::\n\nx\n", "proc/self/mountinfo": "- - -\n\n1 2 - cgroup2\n"}, 8},
	}
	for _, test := range tests {
		root := fstest.MapFS{}
		for name, text := range test.files {
			root[name] = &fstest.MapFile{Data: []byte(text)}
		}
		if got := count(8, root); got != test.want {
			t.Errorf("%s: %d cores, want %d", test.name, got, test.want)
		}
	}
}

func v2(own string, files ...string) map[string]string {
	return with(map[string]string{"proc/self/cgroup": own, "proc/self/mountinfo": mountOther + mountV2}, files...)
}

func v1(own string, files ...string) map[string]string {
	m := map[string]string{"proc/self/cgroup": own, "proc/self/mountinfo": mountOther + mountV1}
	for i := 0; i < len(files); i += 2 {
		m["sys/fs/cgroup/cpu,cpuacct/"+files[i]] = files[i+1]
	}
	return m
}

func with(m map[string]string, files ...string) map[string]string {
	for i := 0; i < len(files); i += 2 {
		m[files[i]] = files[i+1]
	}
	return m
}

func TestAvailable(t *testing.T) {
	if n := Available(); n < 1 || n > runtime.NumCPU() {
		t.Errorf("%d cores available of %d", n, runtime.NumCPU())
	}
	if q := Quota(fstest.MapFS{}); !math.IsInf(q, 1) {
		t.Errorf("a quota of %v without files", q)
	}
}
