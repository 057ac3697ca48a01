package main

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"syscall"
	"testing"
)

// scarce are the faults of a machine that has no more to give. Sections of
// messages.md are for two of the limits each: too low, and low.
func (b *bench) scarce(t *testing.T) {
	python, err := exec.Command("python3", "-c", "import sys; print(sys.executable)").Output()
	if err != nil {
		t.Fatal(err)
	}
	run := []string{b.binary, "map", b.dir + "/faults.py:naps", "--range", "1..1000", "-j", "8x1", "--python", strings.TrimSpace(string(python))}
	for _, test := range []struct {
		limit string
		n     int
		name  string
		code  int
	}{
		{"nofile", 8, "no descriptors", 3}, {"nofile", 16, "", 0}, {"nofile", 32, "few descriptors", 0}, {"nofile", 48, "", 0},
		{"pids", 8, "no processes", 3}, {"pids", 20, "", 0}, {"pids", 32, "few processes", 0}, {"nproc", 12, "", 0}, {"nproc", 32, "", 0},
	} {
		if test.name != "" {
			b.golden.order(test.name)
		}
		t.Run(fmt.Sprintf("%s %d", test.limit, test.n), func(t *testing.T) {
			t.Parallel()
			var a *attempt
			script := fmt.Sprintf("ulimit -n %d", test.n)
			switch test.limit {
			case "nofile":
				a = b.shell(t, append([]string{"sh", "-c", script + `; exec "$0" "$@"`}, run...)...)
			case "pids":
				file := controlGroup(t, "pids", "pids.max", test.n)
				script = fmt.Sprintf("echo %d > pids.max", test.n)
				a = b.shell(t, append([]string{"sh", "-c", "echo $$ > " + file + `; exec "$0" "$@"`}, run...)...)
			case "nproc":
				a = b.asNobody(t, test.n, run[:7])
			}
			a.vague = true
			o := b.narrow(t, a)
			a.Args = append([]string{script + ";", "outpace"}, run[1:7]...)
			o.told = regexp.MustCompile(`\bprocesses \dx1\b`).ReplaceAllString(o.told, "processes Nx1")
			if test.name != "" && o.code == test.code {
				b.check(t, test.name, "", a, o)
			}
		})
	}
	const full = "memory beyond that of the control group"
	b.golden.order(full)
	t.Run(full, func(t *testing.T) {
		t.Parallel()
		group := controlGroup(t, "memory", "memory.limit_in_bytes", 300<<20)
		a := b.attempt(t, "floods", "--range", "1..1000", "-j", "2x1")
		a.Path, a.Args = "/bin/sh", append([]string{"sh", "-c", `echo $$ > ` + group + `; exec "$0" "$@"`}, a.Args...)
		o := a.run(t)
		if o.code != 1 || o.out != doubles(1000, 500) {
			t.Errorf("exit code %d, %d results", o.code, strings.Count(o.out, "\n"))
		}
		if told := "outpace: input 499 (500): worker killed by the kernel for want of memory"; !strings.Contains(o.told, told) {
			t.Errorf("standard error has no %q:\n%s", told, o.told)
		}
		a.Args = a.Args[3:]
		b.check(t, full, "", a, o)
	})
}

// asNobody has another user run a command, who may have so many processes and
// threads: root is held to no limit.
func (b *bench) asNobody(t *testing.T, processes int, run []string) *attempt {
	t.Helper()
	const python = "/usr/bin/python3"
	nobody := uint32(60_000 + processes) // the limit counts what all runs of a user have
	old := exec.Command(python, "-c", "import sys; sys.exit(sys.version_info < (3, 9))")
	old.SysProcAttr = &syscall.SysProcAttr{Credential: &syscall.Credential{Uid: nobody, Gid: nobody}}
	if err := old.Run(); err != nil {
		t.Skipf("no CPython 3.9 can be run as another user: %v", err)
	}
	script := "import os, resource, sys; n = int(sys.argv[1]); resource.setrlimit(resource.RLIMIT_NPROC, (n, n)); os.execv(sys.argv[2], sys.argv[2:])"
	a := b.shell(t, append(append([]string{python, "-c", script, strconv.Itoa(processes)}, run...), "--python", python)...)
	a.SysProcAttr, a.Dir = old.SysProcAttr, b.dir
	return a
}

// narrow: a run that is not given what it asked for goes on with less, and says
// so, or ends with a clear line.
func (b *bench) narrow(t *testing.T, a *attempt) outcome {
	o := a.run(t)
	switch {
	case o.code == 0 && o.out != doubles(1000, 0):
		t.Errorf("%d results", strings.Count(o.out, "\n"))
	case o.code == 3 && !strings.Contains("\n"+o.told, "\noutpace: "):
		t.Errorf("not told what is missing")
	case o.code != 0 && o.code != 3:
		t.Errorf("exit code %d", o.code)
	}
	t.Logf("exit code %d; standard error:\n%.500s", o.code, o.told)
	return o
}

// controlGroup makes a control group with a limit, and returns the file that
// takes the ids of its processes.
func controlGroup(t *testing.T, controller, file string, limit int) string {
	t.Helper()
	dir := filepath.Join("/sys/fs/cgroup", controller, fmt.Sprintf("outpace-test-%d-%d", os.Getpid(), limit))
	if err := os.Mkdir(dir, 0o755); err != nil {
		t.Skipf("no control group can be made: %v", err)
	}
	t.Cleanup(func() { eventually(func() bool { return os.Remove(dir) == nil }) })
	if err := os.WriteFile(filepath.Join(dir, file), fmt.Appendln(nil, limit), 0o644); err != nil {
		t.Skipf("the control group takes no limit: %v", err)
	}
	return filepath.Join(dir, "cgroup.procs")
}
