//go:build unix

package doctor

import (
	"context"
	"os/exec"
	"syscall"
	"time"
)

// command is a command that is killed with its process group when ctx is done:
// an interpreter may be a script that starts one.
func command(ctx context.Context, path string, args ...string) *exec.Cmd {
	cmd := exec.CommandContext(ctx, path, args...)
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	cmd.Cancel = func() error { return syscall.Kill(-cmd.Process.Pid, syscall.SIGKILL) }
	cmd.WaitDelay = 500 * time.Millisecond // what left the group may hold its output open
	return cmd
}
