package child

import (
	"os"
	"os/exec"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"
)

// runaway is a script that tells its process id, closes all and stays.
const runaway = `'echo $$; exec sleep 1000 <&- >/dev/null 2>&1 3>&- 4>&- 5>&-'`

// TestNothingEscapes: whatever way a process takes from its group, it is gone
// when the child is, whether that was killed or ended by itself.
func TestNothingEscapes(t *testing.T) {
	tests := []struct {
		name, script string
		adopted      bool // only Adopt gets hold of it after the child's own end
		lost         bool // only Adopt gets hold of it
	}{
		{name: "in the group", script: "sh -c " + runaway + " &"},
		{name: "a session of its own", script: "setsid sh -c " + runaway + " &"},
		{name: "two below", script: "setsid sh -c 'setsid sh -c \"$0\"; true' " + runaway + " &"},
		{name: "without an environment", script: "env -i setsid sh -c " + runaway + " &", adopted: true},
		{name: "an orphan", script: "(setsid sh -c " + runaway + " &)"},
		{name: "an orphan without an environment", script: "(env -i setsid sh -c " + runaway + " &)", lost: true},
		{name: "a dead first thread", script: "setsid python3 -c '" + firstThreadEnds + "' &"},
	}
	for _, end := range []string{"exit 3", "read x <&3"} {
		for _, adopt := range []bool{false, true} {
			for _, test := range tests {
				if !adopt && (test.lost || test.adopted && end == "exit 3") {
					continue
				}
				t.Run(strings.Join([]string{test.name, end, strconv.FormatBool(adopt)}, ", "), func(t *testing.T) {
					escape(t, test.script, end, adopt)
				})
			}
		}
	}
}

// firstThreadEnds is a program whose environment cannot be found at its process
// id, because that is a thread that has ended.
const firstThreadEnds = `
import ctypes, os, threading, time
def rest():
    while open(f"/proc/{os.getpid()}/stat").read().split(") ")[1][0] != "Z":
        time.sleep(0.001)
    print(os.getpid(), flush=True)
    time.sleep(1000)
threading.Thread(target=rest).start()
libc = ctypes.CDLL(None)
libc.syscall(60, 0)
`

// escape lets a process escape from a child that ends so, and expects it gone.
func escape(t *testing.T, script, end string, adopt bool) {
	family := (*Family)(nil)
	if adopt {
		family = adopted(t)
	}
	c, lines := sh(t, script+"\nread x <&3\n"+end, true)
	eventually(t, "it escapes", func() bool { return len(lines()) == 1 })
	escaped := number(t, lines()[0])
	if end == "exit 3" {
		_ = c.To.Close()
	} else {
		c.Kill()
	}
	<-c.Exited()
	if err := family.Close(); err != nil {
		t.Error(err)
	}
	defer func() { _ = syscall.Kill(escaped, syscall.SIGKILL) }()
	eventually(t, "it dies", func() bool { return gone(escaped) })
}

// TestChase: one that only starts another and ends, on and on, is caught.
func TestChase(t *testing.T) {
	script := t.TempDir() + "/chain"
	if err := os.WriteFile(script, []byte("#!/bin/sh\nsetsid \"$0\" <&- >/dev/null 2>&1 3>&- 4>&- 5>&- &\n"), 0o755); err != nil {
		t.Fatal(err)
	}
	for range 5 {
		c, lines := sh(t, script+"; echo go; read x <&3", true)
		eventually(t, "the chain has begun", func() bool { return len(lines()) == 1 })
		c.Kill()
		<-c.Exited()
		if left := marks(c.marker); len(left) > 0 {
			t.Errorf("%v are left", left)
			eventually(t, "they end", func() bool { sweep(c.marker, c.started); return len(marks(c.marker)) == 0 })
		}
	}
}

// TestExecLoop: one that executes itself again and again, and has no environment
// for part of that time, is caught.
func TestExecLoop(t *testing.T) {
	script := t.TempDir() + "/loop"
	if err := os.WriteFile(script, []byte("#!/bin/sh\nexec \"$0\"\n"), 0o755); err != nil {
		t.Fatal(err)
	}
	for range 30 {
		c, lines := sh(t, "setsid sh -c 'echo $$; exec \"$0\" <&- >/dev/null 2>&1 3>&- 4>&- 5>&-' "+script+" & read x <&3", true)
		eventually(t, "the loop has begun", func() bool { return len(lines()) == 1 })
		_ = c.To.Close()
		<-c.Exited()
		looping := number(t, lines()[0])
		defer func() { _ = syscall.Kill(looping, syscall.SIGKILL) }()
		eventually(t, "it dies", func() bool { return gone(looping) })
	}
}

// marks lists the processes with a marker.
func marks(marker string) []int {
	var found []int
	for _, pid := range numbers("/proc") {
		environ, _ := os.ReadFile(procFile(pid, "environ"))
		if carries(environ, marker) {
			found = append(found, pid)
		}
	}
	return found
}

// TestBystanders: what does not carry the marker is not touched, however alike
// its own is.
func TestBystanders(t *testing.T) {
	c, _ := sh(t, "sleep 1000", false)
	var bystanders []*exec.Cmd
	for _, environ := range [][]string{
		nil, {}, {markerName + "="}, {markerName + "=/"}, {markerName + "=" + c.marker[:len(c.marker)-1]},
		{markerName + "=" + c.marker + "x/y"}, {markerName + "=/outer" + c.marker}, {"X=" + markerName + "=" + c.marker},
	} {
		b := exec.Command("/bin/sleep", "1000")
		b.Env = environ
		if err := b.Start(); err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { _ = b.Process.Kill(); _ = b.Wait() })
		bystanders = append(bystanders, b)
	}
	marked := exec.Command("/bin/sleep", "1000")
	marked.Env = []string{markerName + "=" + c.marker + "/7-below"}
	if err := marked.Start(); err != nil {
		t.Fatal(err)
	}
	c.Kill()
	c.Wait()
	if err := marked.Wait(); err == nil || !strings.Contains(err.Error(), "killed") {
		t.Errorf("one below the child ended with %v", err)
	}
	for _, b := range bystanders {
		if gone(b.Process.Pid) {
			t.Errorf("%q was killed", b.Env)
		}
	}
}

// TestMarkersNest: a child of a child carries both names, and each environment
// has one marker.
func TestMarkersNest(t *testing.T) {
	t.Setenv(markerName, "/outer")
	c, lines := sh(t, "env | grep ^"+markerName+"=", false)
	d, other := sh(t, "env | grep ^"+markerName+"=", false)
	c.Wait()
	d.Wait()
	got, was := lines(), other()
	if len(got) != 1 || len(was) != 1 || got[0] == was[0] {
		t.Fatalf("%q and %q", got, was)
	}
	value, _ := strings.CutPrefix(got[0], markerName+"=")
	if name, ok := strings.CutPrefix(value, "/outer/"); !ok || name == "" || strings.Contains(name, "/") {
		t.Errorf("%q", value)
	}
	for _, outer := range []string{"/outer", value} {
		if !carries([]byte("A=b\x00"+got[0]+"\x00"), outer) {
			t.Errorf("%q is not below %q", got[0], outer)
		}
	}
	if carries([]byte(got[0]), "/oute") || carries([]byte(was[0]), value) {
		t.Errorf("%q is taken for another's", got[0])
	}
}

// TestKillIf: a killer that asks does not kill on a no, nor whom it
// cannot find.
func TestKillIf(t *testing.T) {
	c, _ := sh(t, "read x <&3", true)
	if killIf(c.Pid(), func(*os.Process) bool { return false }) || gone(c.Pid()) {
		t.Error("killed on a no")
	}
	if killIf(1<<30, func(*os.Process) bool { return true }) {
		t.Error("killed nobody")
	}
	if !killIf(c.Pid(), func(*os.Process) bool { return true }) {
		t.Error("not killed on a yes")
	}
	if s := c.Wait(); s.Signal != syscall.SIGKILL {
		t.Errorf("%+v", s)
	}
}

func BenchmarkSweep(b *testing.B) {
	for _, more := range []int{0, 900} {
		for range more {
			cmd := exec.Command("/bin/sleep", "1000")
			if err := cmd.Start(); err != nil {
				b.Fatal(err)
			}
			defer func() { _ = cmd.Process.Kill(); _ = cmd.Wait() }()
		}
		processes := strconv.Itoa(len(numbers("/proc"))) + " processes"
		for _, seen := range []bool{false, true} { // before the child was started
			name, started := processes+", none seen before", time.Now().Add(-time.Hour)
			if seen {
				name, started = processes+", all seen before", time.Now().Add(2*clockSlack)
			}
			b.Run(name, func(b *testing.B) {
				for b.Loop() {
					s := sweeper{marker: "/nobody", started: started, dead: map[int]bool{}}
					s.round()
				}
			})
		}
	}
}

func BenchmarkKill(b *testing.B) {
	for b.Loop() {
		b.StopTimer()
		c, err := Start(Config{Path: "/bin/sleep", Args: []string{"1000"}})
		if err != nil {
			b.Fatal(err)
		}
		b.StartTimer()
		c.Kill()
		b.StopTimer()
		c.Wait()
		b.StartTimer()
	}
}
