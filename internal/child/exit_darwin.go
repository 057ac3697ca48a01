package child

import (
	"os"
	"time"
)

// noWait is WNOWAIT: leave the process to be waited for.
const noWait = 0x20

// lifeline ties a child to this process on Linux. Here a child sees the end of
// file on its channel.
type lifeline struct{ theirs *os.File }

func newLifeline() (lifeline, error) { return lifeline{}, nil }

func (lifeline) tie(int) {}

func (lifeline) cut() {}

// alive would tell a kill of ours from one of the kernel, which is not counted
// here.
func alive(int) bool { return true }

// killTree kills a process group. Who left it cannot be found here.
func killTree(leader int) { killGroup(leader) }

func sweep(string, time.Time) {}

// oomCounter counts kills for want of memory on Linux.
type oomCounter struct{}

func newOOMCounter() oomCounter { return oomCounter{} }

func (oomCounter) grew() bool { return false }

func (oomCounter) limit() int64 { return 0 }

func yieldMemory(int) {}
