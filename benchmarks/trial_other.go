//go:build !unix

package main

import (
	"os"
	"syscall"
)

// trialGroup adds nothing: there are no process groups here.
func trialGroup() *syscall.SysProcAttr { return nil }

// killTrial kills a child.
func killTrial(p *os.Process) error { return p.Kill() }

// peakMB is not known here, unless the child tells.
func peakMB(*os.ProcessState) float64 { return 0 }
