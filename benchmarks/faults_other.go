//go:build !unix

package main

import (
	"errors"
	"syscall"
)

// faults refuses to run here, so these are never reached.

func ownGroup() *syscall.SysProcAttr { return nil }

func pressCtrlC(int) error { return errors.ErrUnsupported }

func stopProcess(int) error { return errors.ErrUnsupported }
