//go:build unix

package main

import "syscall"

// ownGroup makes a command lead a process group, as a shell does.
func ownGroup() *syscall.SysProcAttr { return &syscall.SysProcAttr{Setpgid: true} }

// pressCtrlC does to a group what a terminal does.
func pressCtrlC(leader int) error { return syscall.Kill(-leader, syscall.SIGINT) }

// stopProcess stops a process as SIGSTOP does.
func stopProcess(pid int) error { return syscall.Kill(pid, syscall.SIGSTOP) }
