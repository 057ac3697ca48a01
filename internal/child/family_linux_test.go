package child

import (
	"errors"
	"os"
	"os/exec"
	"slices"
	"sync"
	"syscall"
	"testing"
	"time"
)

// adopted adopts for the time of a test.
func adopted(t *testing.T) *Family {
	t.Helper()
	f, err := Adopt()
	if errors.Is(err, ErrUnsupported) {
		t.Skip(err)
	}
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = f.Close() }) // where the test did not get that far
	return f
}

// TestZombies: orphans that end while a child runs are waited for; one that
// lives is left alone, because that child may need it.
func TestZombies(t *testing.T) {
	f := adopted(t)
	c, lines := sh(t, `
		(env -i setsid sh -c 'echo $$; exec true' &)
		(env -i setsid sh -c 'echo $$; exec sleep 1000' &)
		read x <&3; read x <&3`, true)
	eventually(t, "both start", func() bool { return len(lines()) == 2 })
	eventually(t, "one is waited for", func() bool {
		return slices.ContainsFunc(lines(), func(pid string) bool { return syscall.Kill(number(t, pid), 0) == syscall.ESRCH })
	})
	lives := slices.DeleteFunc(lines(), func(pid string) bool { return gone(number(t, pid)) })
	if len(lives) != 1 {
		t.Fatalf("of %v there are %v", lines(), lives)
	}
	c.Kill()
	c.Wait()
	eventually(t, "the other goes with the last child", func() bool { return syscall.Kill(number(t, lives[0]), 0) == syscall.ESRCH })
	if err := f.Close(); err != nil {
		t.Error(err)
	}
}

// TestFamilyLeavesChildren: no child that was started here is ever taken for an
// orphan, in the midst of its start or its end neither; nor one that was there
// before.
func TestFamilyLeavesChildren(t *testing.T) {
	before := stranger(t)
	defer func() { _ = syscall.Kill(before, syscall.SIGKILL); _, _ = syscall.Wait4(before, nil, 0, nil) }()
	f := adopted(t)
	lives := exec.Command("/bin/sleep", "1000")
	if err := lives.Start(); err != nil {
		t.Fatal(err)
	}
	stop := make(chan struct{})
	var looks, starts sync.WaitGroup
	looks.Go(func() {
		for {
			select {
			case <-stop:
				return
			default:
				f.look(true)
			}
		}
	})
	for range 4 {
		starts.Go(func() {
			for range 50 {
				if err := exec.Command("/bin/true").Run(); err != nil {
					t.Error(err)
				}
				_ = exec.Command("/no/such/file").Run()
				c, err := Start(Config{Path: "/bin/sh", Args: []string{"-c", "exit 5"}})
				if err != nil {
					t.Error(err)
				} else if s := c.Wait(); s.Code != 5 {
					t.Errorf("%+v", s)
				}
			}
		})
	}
	starts.Wait()
	close(stop)
	looks.Wait()
	if err := f.Close(); err != nil {
		t.Error(err)
	}
	if gone(lives.Process.Pid) || gone(before) {
		t.Error("a child was killed")
	}
	_ = lives.Process.Kill()
	if err := lives.Wait(); errors.Is(err, syscall.ECHILD) {
		t.Error(err)
	}
}

// stranger starts a process that the os package does not know of.
func stranger(t *testing.T) int {
	t.Helper()
	pid, err := syscall.ForkExec("/bin/sleep", []string{"sleep", "1000"}, &syscall.ProcAttr{Env: os.Environ()})
	if err != nil {
		t.Fatal(err)
	}
	return pid
}

// TestCloseFamily: Close ends what lives, at any time, and adopts no more.
func TestCloseFamily(t *testing.T) {
	f := adopted(t)
	pid := stranger(t)
	start := time.Now()
	if err := f.Close(); err != nil {
		t.Error(err)
	}
	if err := syscall.Kill(pid, 0); err != syscall.ESRCH {
		t.Errorf("after %v: %v", time.Since(start), err)
	}
	if err := f.Close(); err != nil {
		t.Errorf("closed again: %v", err)
	}
	if was, err := subreaper(false); was || err != nil {
		t.Errorf("adopts %v, %v", was, err)
	}
}
