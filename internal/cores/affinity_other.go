//go:build !linux

package cores

import "runtime"

// affinity is the number of cores of the machine.
func affinity() int { return runtime.NumCPU() }
