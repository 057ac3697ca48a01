package room

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
	"testing/fstest"
)

// begun is the variable with which this program reserves, and tells how that
// went, rather than to run tests.
const begun = "TEST_ROOM"

func TestMain(m *testing.M) {
	if os.Getenv(begun) == "" {
		os.Exit(m.Run())
	}
	fit, err := Reserve(8, 4)
	fmt.Println(threads(), fit, err)
	os.Exit(0)
}

// TestReserve: threads are there where there is a limit, and no more than it
// leaves room for beside the workers; where that is too little it is an error.
func TestReserve(t *testing.T) {
	for most, want := range map[int]struct {
		least, most int // threads
		few, many   int // workers
		err         string
	}{
		100 + runtime.GOMAXPROCS(0): {16, 100, 8, 8, "<nil>"},
		30 + runtime.GOMAXPROCS(0):  {7, 26 + runtime.GOMAXPROCS(0), 1, 5, "<nil>"},
		10:                          {1, 10, 0, 0, "are needed"},
	} {
		dir := filepath.Join("/sys/fs/cgroup/pids", fmt.Sprintf("outpace-room-%d-%d", os.Getpid(), most))
		if err := os.Mkdir(dir, 0o755); err != nil {
			t.Skipf("no control group can be made: %v", err)
		}
		t.Cleanup(func() { _ = os.Remove(dir) })
		if err := os.WriteFile(filepath.Join(dir, "pids.max"), fmt.Append(nil, most), 0o644); err != nil {
			t.Skipf("the control group takes no limit: %v", err)
		}
		cmd := exec.Command("sh", "-c", `echo $$ > "$0"/cgroup.procs; exec "$1"`, dir, os.Args[0])
		cmd.Env = append(os.Environ(), begun+"=1", "GORACE=atexit_sleep_ms=0")
		out, err := cmd.Output()
		if err != nil {
			t.Fatalf("%d: %v", most, err)
		}
		var threads, fit int
		if _, err := fmt.Sscan(string(out), &threads, &fit); err != nil || !strings.Contains(string(out), want.err) {
			t.Errorf("%d: %s", most, out)
		}
		if threads < want.least || threads > want.most || fit < want.few || fit > want.many {
			t.Errorf("%d: %d threads, want %d to %d; %d workers, want %d to %d", most, threads, want.least, want.most, fit, want.few, want.many)
		}
	}
}

func TestError(t *testing.T) {
	err := fmt.Errorf("cannot start: %w", &Error{Left: -2, Needs: 17})
	var own *Error
	if !errors.As(err, &own) || !strings.Contains(err.Error(), "room for 0 more") {
		t.Error(err)
	}
}

// A file system as a container sees it, with both versions of control groups.
func TestGroups(t *testing.T) {
	file := func(text string) *fstest.MapFile { return &fstest.MapFile{Data: []byte(text)} }
	v1 := fstest.MapFS{
		"proc/self/cgroup":                    file("3:pids:/a/b\n"),
		"proc/self/mountinfo":                 file("1 2 3:4 / /sys/fs/cgroup/pids rw - cgroup cgroup rw,pids\n"),
		"sys/fs/cgroup/pids/a/b/pids.max":     file("max\n"),
		"sys/fs/cgroup/pids/a/b/pids.current": file("3\n"),
		"sys/fs/cgroup/pids/a/pids.max":       file("50\n"),
		"sys/fs/cgroup/pids/a/pids.current":   file("8\n"),
	}
	v2 := fstest.MapFS{
		"proc/self/cgroup":             file("0::/x\n"),
		"proc/self/mountinfo":          file("1 2 3:4 / /sys/fs/cgroup rw - cgroup2 cgroup2 rw\n"),
		"sys/fs/cgroup/x/pids.max":     file("20\n"),
		"sys/fs/cgroup/x/pids.current": file("13\n"),
	}
	for want, root := range map[int]fstest.MapFS{42: v1, 7: v2, plenty: {}} {
		if got := groupsLeft(root); got != want {
			t.Errorf("%d, want %d", got, want)
		}
	}
}

// The limit of a user counts what all processes of that user have.
func TestUser(t *testing.T) {
	file := func(text string) *fstest.MapFile { return &fstest.MapFile{Data: []byte(text)} }
	root := fstest.MapFS{
		"proc/self/limits": file("Limit                     Soft Limit           Hard Limit           Units\nMax processes             100                  200                  processes\n"),
		"proc/7/status":    file("Name:\ta\nUid:\t1000\t1000\t1000\t1000\nThreads:\t4\n"),
		"proc/8/status":    file("Name:\tb: c\nUid:\t1000\t0\t0\t0\nThreads:\t1\n"),
		"proc/9/status":    file("Uid:\t1001\t0\t0\t0\nThreads:\t50\n"),
	}
	if got := userLeft(root, "1000"); got != 95 {
		t.Errorf("%d, want 95", got)
	}
	root["proc/self/limits"] = file("Max processes             unlimited            unlimited            processes\n")
	if got := userLeft(root, "1000"); got != plenty {
		t.Errorf("%d without a limit", got)
	}
}
