package main

import (
	"os/exec"
	"syscall"
)

// send sends a signal to a process.
func send(pid int, s syscall.Signal) error { return syscall.Kill(pid, s) }

// pause stops a process until resume.
func pause(pid int) { _ = syscall.Kill(pid, syscall.SIGSTOP) }

func resume(pid int) { _ = syscall.Kill(pid, syscall.SIGCONT) }

// spawn starts a process that outlives the task, perhaps in a session of its own.
func spawn(session bool) error {
	cmd := exec.Command("sleep", "100")
	cmd.SysProcAttr = &syscall.SysProcAttr{Setsid: session}
	return cmd.Start()
}
