// Package machine says what a measurement depends on, and what may narrow a
// run: processor, cores, memory, system, load. It names neither host nor user.
package machine

import (
	"context"
	"os"
	"runtime"
	"strings"

	"github.com/outpace-run/outpace/internal/cores"
)

// Machine is the machine that this process runs on, as far as it may use it.
type Machine struct {
	CPU    string  `json:"cpu"`             // the processor's name; "" where the system does not tell
	Cores  int     `json:"cores"`           // that we may use: the smallest of the next three, rounded up
	Online int     `json:"online"`          // that the machine has
	Quota  float64 `json:"quota,omitempty"` // of the control group; 0: none
	Memory int64   `json:"memory_bytes"`    // that we may use; 0: not known
	System string  `json:"system"`          // "linux/amd64"
	Kernel string  `json:"kernel"`          // its release; "" where the system does not tell
	Load   float64 `json:"load"`            // runnable tasks over the last minute; below 0: not known
	Go     string  `json:"go"`              // version that built this command
}

// Describe looks at the machine now. It reads a few small files.
func Describe(context.Context) Machine {
	m := Machine{Cores: cores.Available(), Online: runtime.NumCPU(), System: runtime.GOOS + "/" + runtime.GOARCH, Load: -1, Go: runtime.Version()}
	if text, err := os.ReadFile("/proc/sys/kernel/osrelease"); err == nil {
		m.Kernel = strings.TrimSpace(string(text))
	}
	return m
}
