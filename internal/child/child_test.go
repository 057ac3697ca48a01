//go:build linux || darwin

package child

import (
	"bufio"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"
)

// sh starts a shell script and collects its output.
func sh(t *testing.T, script string, channel bool) (*Child, func() []string) {
	t.Helper()
	var mu sync.Mutex
	var got []string
	c, err := Start(Config{Path: "/bin/sh", Args: []string{"-c", script}, Channel: channel, Log: func(line string) {
		mu.Lock()
		defer mu.Unlock()
		got = append(got, line)
	}})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		c.Kill()
		c.Wait()
		closeAll(c.To, c.From)
	})
	return c, func() []string { mu.Lock(); defer mu.Unlock(); return slices.Clone(got) }
}

// eventually polls until ok, for at most ten seconds.
func eventually(t *testing.T, what string, ok func() bool) {
	t.Helper()
	for deadline := time.Now().Add(10 * time.Second); !ok(); time.Sleep(time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatalf("not in ten seconds: %s", what)
		}
	}
}

// gone reports whether no process has the id, zombies counting as gone.
func gone(pid int) bool {
	if syscall.Kill(pid, 0) == syscall.ESRCH {
		return true
	}
	threads, _ := filepath.Glob(fmt.Sprintf("/proc/%d/task/*/stat", pid))
	for _, thread := range threads {
		if status, _ := os.ReadFile(thread); !strings.Contains(string(status), ") Z ") {
			return false
		}
	}
	return len(threads) > 0
}

func number(t *testing.T, text string) int {
	t.Helper()
	n, err := strconv.Atoi(text)
	if err != nil {
		t.Fatal(err)
	}
	return n
}

func TestStates(t *testing.T) {
	tests := []struct {
		script string
		code   int
		signal syscall.Signal
	}{
		{"exit 0", 0, 0},
		{"exit 3", 3, 0},
		{"kill -SEGV $$", -1, syscall.SIGSEGV},
		{"kill -KILL $$", -1, syscall.SIGKILL},
	}
	for _, test := range tests {
		c, _ := sh(t, test.script, false)
		s := c.Wait()
		if s.Code != test.code || s.Signal != test.signal || s.MaxRSS < 100<<10 || s.User+s.Sys < 0 {
			t.Errorf("%s: %+v", test.script, s)
		}
	}
}

func TestCPUTime(t *testing.T) {
	c, _ := sh(t, "i=0; while [ $i -lt 100000 ]; do i=$((i+1)); done", false)
	if s := c.Wait(); s.User+s.Sys < time.Millisecond {
		t.Errorf("100,000 turns in %v of CPU", s.User+s.Sys)
	}
}

func TestStartFails(t *testing.T) {
	text := t.TempDir() + "/text"
	if err := os.WriteFile(text, []byte("just text"), 0o755); err != nil {
		t.Fatal(err)
	}
	before := runtime.NumGoroutine()
	for _, config := range []Config{
		{Path: "/no/such/file"}, {Path: t.TempDir()}, {Path: text}, {Path: "/bin/sh", Dir: "/no/such/dir"}, {Path: "/bin/sh", Channel: true, Dir: text},
	} {
		if c, err := Start(config); err == nil {
			t.Errorf("%+v started: %v", config, c)
		}
	}
	eventually(t, "the goroutines end", func() bool { return runtime.NumGoroutine() <= before })
}

func TestOutput(t *testing.T) {
	c, lines := sh(t, `echo one; echo two >&2; printf 'three\r\n\n\377end'; env | grep -c ^HOME=`, false)
	s := c.Wait()
	if got := lines(); !slices.Equal(got, []string{"one", "two", "three", "", "\uFFFDend1"}) {
		t.Errorf("lines %q", got)
	}
	if s.Tail != "one\ntwo\nthree\r\n\n\uFFFDend1" {
		t.Errorf("tail %q", s.Tail)
	}
}

func TestChannel(t *testing.T) {
	c, _ := sh(t, `read x <&3; echo "$x, $x" >&4; read x <&3 || exit 5`, true)
	if _, err := io.WriteString(c.To, "hello\n"); err != nil {
		t.Fatal(err)
	}
	if line, err := bufio.NewReader(c.From).ReadString('\n'); line != "hello, hello\n" {
		t.Fatalf("%q, %v", line, err)
	}
	_ = c.To.Close()
	if s := c.Wait(); s.Code != 5 {
		t.Errorf("end of file on 3: %+v", s)
	}
}

// Kill takes the whole group, and a second one is harmless.
func TestKillGroup(t *testing.T) {
	c, lines := sh(t, "sleep 1000 & echo $!; wait", false)
	eventually(t, "the grandchild starts", func() bool { return len(lines()) == 1 })
	grandchild := number(t, lines()[0])
	c.Kill()
	c.Kill()
	if s := c.Wait(); s.Signal != syscall.SIGKILL {
		t.Errorf("%+v", s)
	}
	eventually(t, "the grandchild is gone", func() bool { return gone(grandchild) })
	c.Kill()
}

// What a child leaves in its group does not outlive it.
func TestLeftBehind(t *testing.T) {
	c, lines := sh(t, "sleep 1000 & echo $!; exit 7", false)
	if s := c.Wait(); s.Code != 7 {
		t.Errorf("%+v", s)
	}
	grandchild, _ := strconv.Atoi(lines()[0])
	eventually(t, "the grandchild is gone", func() bool { return gone(grandchild) })
}

// A process that cannot be found any more, and holds all pipes open, does not
// keep Wait or the channel waiting.
func TestHeldOpen(t *testing.T) {
	if _, err := exec.LookPath("setsid"); err != nil {
		t.Skip("no setsid here")
	}
	c, lines := sh(t, "(env -i setsid sh -c 'echo $$; exec sleep 1000' &); read x <&3", true)
	eventually(t, "it is out of reach", func() bool { return len(lines()) == 1 })
	lost := number(t, lines()[0])
	defer func() { _ = syscall.Kill(lost, syscall.SIGKILL) }()
	c.Kill()
	if s := c.Wait(); s.Signal != syscall.SIGKILL {
		t.Errorf("%+v", s)
	}
	if gone(lost) {
		t.Error("the process was in reach, so this tested nothing")
	}
	if n, err := c.From.Read(make([]byte, 1)); err == nil {
		t.Errorf("read %d bytes", n)
	}
	if n, err := c.To.Write(make([]byte, 1<<20)); err == nil {
		t.Errorf("wrote %d bytes", n)
	}
}

// TestDeathOfParent starts a parent of its own that dies in the worst way, and
// has a grandchild that holds none of our descriptors.
func TestDeathOfParent(t *testing.T) {
	if runtime.GOOS != "linux" {
		t.Skip("only Linux ties children to their parents")
	}
	parent := exec.Command(os.Args[0], "-test.run=^TestParent$", "-test.v")
	parent.Env = append(os.Environ(), "OUTPACE_TEST_PARENT=1")
	out, err := parent.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := parent.Start(); err != nil {
		t.Fatal(err)
	}
	var pids []int
	for scan := bufio.NewScanner(out); len(pids) < 2 && scan.Scan(); {
		if text, found := strings.CutPrefix(scan.Text(), "process "); found {
			pid, _ := strconv.Atoi(text)
			pids = append(pids, pid)
		}
	}
	_ = parent.Process.Kill()
	_ = parent.Wait()
	if len(pids) < 2 {
		t.Fatalf("the parent said %v", pids)
	}
	for _, pid := range pids {
		eventually(t, "the family dies with the parent", func() bool { return gone(pid) })
	}
}

// TestParent is the parent. Its child must live while threads come and go.
func TestParent(t *testing.T) {
	if os.Getenv("OUTPACE_TEST_PARENT") == "" {
		t.Skip("run by TestDeathOfParent")
	}
	c, lines := sh(t, "sleep 1000 3>&- 4>&- 5>&- >/dev/null 2>&1 & echo $!; while true; do :; done", true)
	eventually(t, "the grandchild starts", func() bool { return len(lines()) == 1 })
	var threads sync.WaitGroup
	for range 20 {
		threads.Go(runtime.LockOSThread) // a goroutine that ends locked takes its thread with it
	}
	threads.Wait()
	if gone(c.Pid()) {
		t.Fatal("the child died with a thread")
	}
	fmt.Printf("process %d\nprocess %s\n", c.Pid(), lines()[0])
	c.Wait()
}

// Where a part of the program waits for any process, how a child ended may be
// lost, but not that it did.
func TestWaitedForByAnother(t *testing.T) {
	for range 5 {
		c, _ := sh(t, "read x <&3; exit 5", true)
		thief := make(chan error)
		go func() {
			_, err := syscall.Wait4(c.Pid(), nil, 0, nil)
			thief <- err
		}()
		_ = c.To.Close()
		stolen := <-thief == nil
		if s := c.Wait(); s.Signal != 0 || (s.Code == -1) != stolen {
			t.Errorf("stolen %v: %+v", stolen, s)
		}
	}
}

func TestManyAtOnce(t *testing.T) {
	before := runtime.NumGoroutine()
	var all sync.WaitGroup
	for i := range 50 {
		all.Go(func() {
			c, err := Start(Config{Path: "/bin/sh", Args: []string{"-c", "echo x; exit $0", strconv.Itoa(i)}, Channel: true})
			if err != nil {
				t.Error(err)
				return
			}
			go c.Kill()
			if s := c.Wait(); s.Code != i && s.Signal != syscall.SIGKILL {
				t.Errorf("%+v", s)
			}
			closeAll(c.To, c.From)
		})
	}
	all.Wait()
	eventually(t, "the goroutines end", func() bool { return runtime.NumGoroutine() <= before })
}
