//go:build unix

package main

import (
	"os"
	"runtime"
	"syscall"
)

// trialGroup makes a child lead a process group, so that it ends with all that
// it has started, and a Ctrl-C reaches the parent only.
func trialGroup() *syscall.SysProcAttr { return &syscall.SysProcAttr{Setpgid: true} }

// killTrial kills a child's process group.
func killTrial(p *os.Process) error { return syscall.Kill(-p.Pid, syscall.SIGKILL) }

// peakMB is the most memory that a child had, in MB. On Linux it is at least
// what the parent had when it started the child, which is why the parent does
// no work.
func peakMB(state *os.ProcessState) float64 {
	usage, ok := state.SysUsage().(*syscall.Rusage)
	switch {
	case !ok:
		return 0
	case runtime.GOOS == "darwin":
		return float64(usage.Maxrss) / 1e6
	}
	return float64(usage.Maxrss) * 1024 / 1e6
}
