//go:build !unix

package cli

import (
	"errors"
	"os"
	"syscall"
)

// ofWrites are the signals that come with an error of a write, and end the
// process unless somebody watches for them.
func ofWrites() []os.Signal { return []os.Signal{syscall.SIGPIPE} }

// diskFull is ERROR_DISK_FULL.
const diskFull = syscall.Errno(112)

func isFull(err error) bool { return errors.Is(err, diskFull) }

func isTooBig(error) bool { return false }

// usersOwn: a folder in the user's profile is.
func usersOwn(os.FileInfo) bool { return true }
