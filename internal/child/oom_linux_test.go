package child

import (
	"bytes"
	"encoding/json"
	"os"
	"os/exec"
	"path"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"testing/fstest"

	"github.com/outpace-run/outpace/internal/cgroup"
)

// memoryHog is a child that takes all the memory that it gets.
func memoryHog() Config { return Config{Path: "/bin/sh", Args: []string{"-c", "exec tail /dev/zero"}} }

const hogLimit = 128 * mib

// TestOutOfMemory lets the kernel kill children of a process of its own, in a
// control group with little memory.
func TestOutOfMemory(t *testing.T) {
	group := limitedGroup(t)
	parent := exec.Command(os.Args[0], "-test.run=^TestOutOfMemoryParent$", "-test.v")
	parent.Env = append(os.Environ(), "OUTPACE_TEST_GROUP="+group)
	out, err := parent.CombinedOutput()
	if err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	got := map[string]State{}
	for line := range bytes.Lines(out) {
		if text, found := bytes.CutPrefix(line, []byte("states ")); found {
			if err := json.Unmarshal(text, &got); err != nil {
				t.Fatal(err)
			}
		}
	}
	for name, oom := range map[string]bool{"hog": true, "again": true, "killed by us": false, "killed by itself": false, "exits": false} {
		s, ok := got[name]
		if !ok || s.OutOfMemory != oom || s.MemoryLimit != hogLimit {
			t.Errorf("%s: %+v, want out of memory %v, limit %d", name, s, oom, hogLimit)
		}
	}
	if got["hog"].Signal != syscall.SIGKILL || got["hog"].MaxRSS < hogLimit/4 {
		t.Errorf("the hog: %+v", got["hog"])
	}
}

// TestOutOfMemoryParent is the process in the group: it must live.
func TestOutOfMemoryParent(t *testing.T) {
	group := os.Getenv("OUTPACE_TEST_GROUP")
	if group == "" {
		t.Skip("run by TestOutOfMemory")
	}
	if err := os.WriteFile(group+"/cgroup.procs", []byte(strconv.Itoa(os.Getpid())), 0); err != nil {
		t.Fatal(err)
	}
	end := func(c *Child, err error) State {
		if err != nil {
			t.Fatal(err)
		}
		return c.Wait()
	}
	long, _ := sh(t, "exec sleep 1000", false)
	states := map[string]State{"hog": end(Start(memoryHog())), "again": end(Start(memoryHog()))}
	long.Kill() // kills were counted while it ran
	states["killed by us"] = long.Wait()
	states["killed by itself"] = end(Start(Config{Path: "/bin/sh", Args: []string{"-c", "kill -KILL $$"}}))
	states["exits"] = end(Start(Config{Path: "/bin/true"}))
	text, err := json.Marshal(states)
	if err != nil {
		t.Fatal(err)
	}
	_, _ = os.Stdout.WriteString("states " + string(text) + "\n")
}

// limitedGroup makes a control group with little memory, for the time of a test.
func limitedGroup(t *testing.T) string {
	t.Helper()
	var whynot []string
	for _, g := range cgroup.Of(os.DirFS("/"), "self", "memory") {
		dir := path.Join("/", g.Mount, "outpace-test-"+strconv.Itoa(os.Getpid()))
		limit, swap := "memory.limit_in_bytes", "memory.memsw.limit_in_bytes"
		if g.V2 {
			limit, swap = "memory.max", "memory.swap.max"
			_ = os.WriteFile(path.Join("/", g.Mount, "cgroup.subtree_control"), []byte("+memory"), 0)
		}
		err := os.Mkdir(dir, 0o755)
		if err == nil {
			t.Cleanup(func() { eventually(t, "the group can be removed", func() bool { return syscall.Rmdir(dir) == nil }) })
			err = os.WriteFile(dir+"/"+limit, []byte(strconv.Itoa(hogLimit)), 0)
		}
		if err == nil {
			_ = os.WriteFile(dir+"/"+swap, []byte(strconv.Itoa(hogLimit)), 0) // there is none without swap
			return dir
		}
		whynot = append(whynot, err.Error())
	}
	t.Skipf("no control group with a limit can be made here: %s", strings.Join(whynot, "; "))
	return ""
}

func TestOOMCounter(t *testing.T) {
	const (
		v1 = "sys/fs/cgroup/memory/"
		v2 = "sys/fs/cgroup/unified/"
	)
	own := map[string]string{
		"proc/self/cgroup": "4:memory:/a/b\n0::/s/t\n",
		"proc/self/mountinfo": "31 22 0:28 / /sys/fs/cgroup/memory rw - cgroup cgroup rw,memory\n" +
			"33 22 0:30 / /sys/fs/cgroup/unified rw - cgroup2 cgroup2 rw\n",
		"proc/vmstat": "nr_free_pages 5\noom_kill 7\n",
	}
	tests := []struct {
		name  string
		files map[string]string
		then  map[string]string // what changes while a child runs
		grew  bool
		limit int64
	}{
		{name: "nothing can be read"},
		{name: "the machine's counter", files: own, then: map[string]string{"proc/vmstat": "oom_kill 8\n"}, grew: true},
		{name: "the machine's counter stays", files: own},
		{name: "version 1", files: with(own, v1+"a/b/memory.oom_control", "oom_kill_disable 0\nunder_oom 0\noom_kill 3\n",
			v1+"a/b/memory.limit_in_bytes", "1000\n"), then: map[string]string{v1 + "a/b/memory.oom_control": "oom_kill 4\n"}, grew: true, limit: 1000},
		{name: "version 2", files: with(own, v2+"s/t/memory.events", "low 0\noom 2\noom_kill 3\noom_group_kill 0\n", v2+"s/t/memory.max", "max\n"),
			then: map[string]string{v2 + "s/t/memory.events": "low 0\noom 9\noom_kill 4\n"}, grew: true},
		{name: "no kill, just want", files: with(own, v2+"s/t/memory.events", "oom 2\noom_kill 3\n"),
			then: map[string]string{v2 + "s/t/memory.events": "oom 9\noom_kill 3\noom_group_kill 9\n", "proc/vmstat": "oom_kill 9"}},
		{name: "the group above", files: with(own, v1+"a/b/memory.oom_control", "oom_kill 0\n", v1+"a/memory.oom_control", "oom_kill 0\n",
			v1+"a/b/memory.limit_in_bytes", "9223372036854771712", v1+"a/memory.limit_in_bytes", "2000", v1+"memory.limit_in_bytes", "3000"),
			then: map[string]string{v1 + "a/memory.oom_control": "oom_kill 1\n"}, limit: 2000},
		{name: "garbage", files: with(own, v1+"a/b/memory.oom_control", "oom_kill many\n", v1+"a/b/memory.limit_in_bytes", "much", "proc/vmstat", "oom_kill")},
		{name: "no limit", files: with(own, v1+"a/b/memory.limit_in_bytes", "9223372036854771712", v2+"s/t/memory.max", "max")},
	}
	for _, test := range tests {
		root := fstest.MapFS{}
		write := func(files map[string]string) {
			for name, text := range files {
				root[name] = &fstest.MapFile{Data: []byte(text)}
			}
		}
		write(test.files)
		counter := oomCounterIn(root)
		if counter.grew() {
			t.Errorf("%s: grew at once", test.name)
		}
		write(test.then)
		if grew, limit := counter.grew(), counter.limit(); grew != test.grew || limit != test.limit {
			t.Errorf("%s: grew %v, limit %d", test.name, grew, limit)
		}
	}
}

// with adds files to some, in pairs of a name and a text.
func with(some map[string]string, files ...string) map[string]string {
	all := map[string]string{}
	for name, text := range some {
		all[name] = text
	}
	for i := 0; i < len(files); i += 2 {
		all[files[i]] = files[i+1]
	}
	return all
}

// TestYieldMemory: a child goes before us where memory runs out, but one that
// was to go sooner still does.
func TestYieldMemory(t *testing.T) {
	score := func(pid int) string { return cgroup.Read(os.DirFS("/"), "proc/"+strconv.Itoa(pid)+"/oom_score_adj") }
	ours := score(os.Getpid())
	if n := number(t, ours); n >= 300 {
		t.Skipf("this process has the score %d itself", n)
	}
	c, _ := sh(t, "exec sleep 1000", false)
	if got := score(c.Pid()); got != "300" {
		t.Errorf("the score of the child is %s", got)
	}
	set := func(score string) {
		if err := os.WriteFile("/proc/self/oom_score_adj", []byte(score), 0); err != nil {
			t.Fatal(err)
		}
	}
	set("400")
	defer set(ours)
	d, _ := sh(t, "exec sleep 1000", false)
	if got := score(d.Pid()); got != "400" {
		t.Errorf("the score of a child of one with 400 is %s", got)
	}
}
