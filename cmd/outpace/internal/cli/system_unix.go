//go:build unix

package cli

import (
	"errors"
	"os"
	"syscall"
)

// ofWrites are the signals that come with an error of a write, and end the
// process unless somebody watches for them.
func ofWrites() []os.Signal { return []os.Signal{syscall.SIGPIPE, syscall.SIGXFSZ} }

func isFull(err error) bool {
	return errors.Is(err, syscall.ENOSPC) || errors.Is(err, syscall.EDQUOT)
}

func isTooBig(err error) bool { return errors.Is(err, syscall.EFBIG) }
