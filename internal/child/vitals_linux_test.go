package child

import (
	"os/exec"
	"strconv"
	"syscall"
	"testing"
	"time"
)

const mib = 1 << 20

// python starts CPython on a program that prints "ready" when it is.
func python(tb testing.TB, program string) *Child {
	tb.Helper()
	path, err := exec.LookPath("python3")
	if err != nil {
		tb.Fatal("python3 is needed on PATH: ", err)
	}
	ready := make(chan string, 16)
	c, err := Start(Config{Path: path, Args: []string{"-c", program}, Log: func(line string) { ready <- line }})
	if err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(func() { c.Kill(); c.Wait() })
	select {
	case line := <-ready:
		if line != "ready" {
			tb.Fatal(line)
		}
	case <-time.After(30 * time.Second):
		tb.Fatal("python3 is not ready in 30 seconds")
	}
	return c
}

// between checks a size in MiB.
func between(t *testing.T, what string, bytes, low, high int64) {
	t.Helper()
	if bytes < low*mib || bytes > high*mib {
		t.Errorf("%s: %d MiB, not from %d to %d", what, bytes/mib, low, high)
	}
}

func TestVitals(t *testing.T) {
	c := python(t, "import time; b = bytearray(200 << 20); print('ready', flush=True); time.sleep(1000)")
	v, err := c.Vitals()
	if err != nil || v.Stopped || v.CPU < 10*time.Millisecond {
		t.Errorf("%+v, %v", v, err)
	}
	exact, err := c.ExactMemory()
	if err != nil {
		t.Error(err)
	}
	between(t, "memory", v.Memory, 200, 260)
	between(t, "exact", exact, 200, 260)
	stopped := func(want bool) func() bool {
		return func() bool { v, err := c.Vitals(); return err == nil && v.Stopped == want }
	}
	_ = syscall.Kill(c.Pid(), syscall.SIGSTOP)
	eventually(t, "it is stopped", stopped(true))
	_ = syscall.Kill(c.Pid(), syscall.SIGCONT)
	eventually(t, "it goes on", stopped(false))
	c.Kill()
	c.Wait()
	if v, err := c.Vitals(); v != (Vitals{}) || err != nil {
		t.Errorf("after its end: %+v, %v", v, err)
	}
	if n, err := c.ExactMemory(); n != 0 || err != nil {
		t.Errorf("after its end: %d, %v", n, err)
	}
}

// TestSharedMemory: what two processes share counts twice in the quick sum, once
// in the exact one; a process that left the group counts as well.
func TestSharedMemory(t *testing.T) {
	c := python(t, `
import os, time
b = bytearray(200 << 20)
if os.fork() == 0:
    os.setsid()
    print("ready", flush=True)
time.sleep(1000)`)
	v, err := c.Vitals()
	if err != nil {
		t.Error(err)
	}
	exact, err := c.ExactMemory()
	if err != nil {
		t.Error(err)
	}
	between(t, "memory", v.Memory, 400, 520)
	between(t, "exact", exact, 200, 260)
}

// TestVitalsOfMany: processes that come and go meanwhile do no harm, and the
// time of those that were waited for counts.
func TestVitalsOfMany(t *testing.T) {
	c, _ := sh(t, "while true; do /bin/true; (/bin/true & /bin/true); done", false)
	eventually(t, "their CPU time adds up", func() bool {
		v, err := c.Vitals()
		if err != nil {
			t.Error(err)
		}
		if _, err := c.ExactMemory(); err != nil {
			t.Error(err)
		}
		return v.CPU > 200*time.Millisecond
	})
}

func BenchmarkVitals(b *testing.B) {
	for _, threads := range []int{0, 50} {
		c := python(b, `
import threading, time
b = bytearray(200 << 20)
for _ in range(`+strconv.Itoa(threads)+`): threading.Thread(target=time.sleep, args=(1000,)).start()
print('ready', flush=True)
time.sleep(1000)`)
		for name, look := range map[string]func() error{
			"quick": func() error { _, err := c.Vitals(); return err },
			"exact": func() error { _, err := c.ExactMemory(); return err },
		} {
			b.Run(name+", 200 MB, "+strconv.Itoa(threads+1)+" threads", func(b *testing.B) {
				for b.Loop() {
					if err := look(); err != nil {
						b.Fatal(err)
					}
				}
			})
		}
	}
}
