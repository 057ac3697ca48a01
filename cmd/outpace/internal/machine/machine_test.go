package machine_test

import (
	"encoding/json"
	"os"
	"runtime"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/outpace-run/outpace/cmd/outpace/internal/machine"
	"github.com/outpace-run/outpace/internal/cores"
)

const (
	meminfo = "MemTotal:       16000000 kB\nMemFree:         1000000 kB\nMemAvailable:    8000000 kB\nSwapTotal:       2000000 kB\nSwapFree:        1500000 kB\nHugePages_Total:       0\n"
	mountV1 = "31 22 0:28 / /sys/fs/cgroup/memory rw shared:9 - cgroup cgroup rw,memory\n" +
		"32 22 0:29 / /sys/fs/cgroup/cpu rw shared:9 - cgroup cgroup rw,cpu\n"
	mountV2 = "30 23 0:26 / /sys/fs/cgroup rw,nosuid shared:4 - cgroup2 cgroup2 rw,nsdelegate\n"
)

// tree makes a file system of names and texts.
func tree(files ...string) fstest.MapFS {
	root := fstest.MapFS{}
	for i := 0; i < len(files); i += 2 {
		root[files[i]] = &fstest.MapFile{Data: []byte(files[i+1])}
	}
	return root
}

func TestRead(t *testing.T) {
	m := machine.Read(tree(
		"proc/cpuinfo", "processor\t: 0\nmodel\t\t: 17\nmodel name\t: Fast  Chip 9000\n\nprocessor\t: 1\nmodel name\t: Other\n",
		"sys/devices/system/cpu/online", "0-511,1000\n",
		"proc/sys/kernel/osrelease", "6.1.0\n",
		"proc/loadavg", "0.42 1.00 2.00 1/99 1234\n",
		"proc/meminfo", meminfo,
		"proc/self/cgroup", "0::/a/b\n", "proc/self/mountinfo", mountV2,
		"sys/fs/cgroup/a/cpu.max", "50000 100000\n",
		"sys/fs/cgroup/a/memory.max", "1000000000\n",
	))
	want := machine.Machine{CPU: "Fast Chip 9000", Cores: 1, Online: 513, Allowed: runtime.NumCPU(), Quota: 0.5, Memory: 1e9,
		System: runtime.GOOS + "/" + runtime.GOARCH, Kernel: "6.1.0", Load: 0.42, Go: runtime.Version()}
	if m != want {
		t.Errorf("%+v\nwant %+v", m, want)
	}
}

// A system that tells nothing, or nonsense, is described by what is known.
func TestReadNothing(t *testing.T) {
	n := runtime.NumCPU()
	for name, root := range map[string]fstest.MapFS{
		"empty": {},
		"nonsense": tree("proc/cpuinfo", ":\nmodel name\n", "sys/devices/system/cpu/online", "3-1", "proc/loadavg", "many",
			"proc/meminfo", "MemTotal: lots kB\nx\n", "proc/self/cgroup", "0::/\n", "proc/self/mountinfo", mountV2, "sys/fs/cgroup/memory.max", "-3"),
	} {
		m := machine.Read(root)
		if m.CPU != "" || m.Cores != n || m.Online != n || m.Allowed != n || m.Quota != 0 || m.Memory != 0 || m.Load != -1 {
			t.Errorf("%s: %+v", name, m)
		}
	}
}

func TestReadMemory(t *testing.T) {
	const kB = 1 << 10
	plain := machine.Memory{Total: 16000000 * kB, Available: 8000000 * kB, Swap: 2000000 * kB, SwapFree: 1500000 * kB}
	limited := func(limit, available, kills int64) machine.Memory {
		m := plain
		m.Limit, m.Available, m.Kills = limit, available, kills
		return m
	}
	v2 := []string{"proc/meminfo", meminfo, "proc/self/cgroup", "0::/a/b\n", "proc/self/mountinfo", mountV2}
	v1 := []string{"proc/meminfo", meminfo, "proc/self/cgroup", "4:memory:/a/b\n3:cpu:/c\n", "proc/self/mountinfo", mountV1}
	for _, test := range []struct {
		name  string
		files []string
		want  machine.Memory
	}{
		{"no groups", []string{"proc/meminfo", meminfo}, plain},
		{"v2, max", append(v2, "sys/fs/cgroup/a/b/memory.max", "max\n"), plain},
		{"v2", append(v2, "sys/fs/cgroup/a/b/memory.max", "1000000\n", "sys/fs/cgroup/a/b/memory.current", "900000\n",
			"sys/fs/cgroup/a/b/memory.stat", "anon 1\ninactive_file 200000\n", "sys/fs/cgroup/a/b/memory.events", "low 0\noom 5\noom_kill 3\n"), limited(1000000, 300000, 3)},
		{"v2, the limit is above", append(v2, "sys/fs/cgroup/a/b/memory.max", "5000000", "sys/fs/cgroup/a/memory.max", "700000",
			"sys/fs/cgroup/a/memory.current", "800000"), limited(700000, 0, 0)},
		{"v2, nobody says what is used", append(v2, "sys/fs/cgroup/a/memory.max", "700000"), limited(700000, plain.Available, 0)},
		{"v1, none", append(v1, "sys/fs/cgroup/memory/a/b/memory.limit_in_bytes", "9223372036854771712\n"), plain},
		{"v1", append(v1, "sys/fs/cgroup/memory/a/memory.limit_in_bytes", "1000000\n", "sys/fs/cgroup/memory/a/memory.usage_in_bytes", "600000",
			"sys/fs/cgroup/memory/a/memory.stat", "inactive_file 7\ntotal_inactive_file 100000\n",
			"sys/fs/cgroup/memory/a/b/memory.oom_control", "oom_kill_disable 0\nunder_oom 0\noom_kill 2\n"), limited(1000000, 500000, 2)},
		{"v1, another controller's", append(v1, "sys/fs/cgroup/memory/c/memory.limit_in_bytes", "1000000\n"), plain},
	} {
		if got := machine.ReadMemory(tree(test.files...)); got != test.want {
			t.Errorf("%s: %+v\nwant %+v", test.name, got, test.want)
		}
	}
}

// This machine: what it is made of is there, and who it is is not.
func TestDescribe(t *testing.T) {
	m := machine.Describe(t.Context())
	if m.Cores != cores.Available() || m.Cores > m.Allowed || m.Allowed > m.Online || !strings.HasPrefix(m.Go, "go") && !strings.HasPrefix(m.Go, "devel") {
		t.Errorf("%+v", m)
	}
	if runtime.GOOS == "linux" && (m.Memory < 1<<20 || m.Kernel == "" || m.Load < 0) {
		t.Errorf("%+v", m)
	}
	text, err := json.Marshal(m)
	if err != nil {
		t.Fatal(err)
	}
	host, err := os.Hostname()
	if err == nil && len(host) > 3 && strings.Contains(string(text), host) {
		t.Errorf("it names the host: %s", text)
	}
}
