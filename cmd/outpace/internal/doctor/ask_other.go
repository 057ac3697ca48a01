//go:build !unix

package doctor

import (
	"context"
	"os/exec"
	"time"
)

// command is a command that is killed when ctx is done.
func command(ctx context.Context, path string, args ...string) *exec.Cmd {
	cmd := exec.CommandContext(ctx, path, args...)
	cmd.WaitDelay = 500 * time.Millisecond // what it started may hold its output open
	return cmd
}
