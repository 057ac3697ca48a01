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

// usersOwn reports whether a folder belongs to the user, and nobody else can write to it.
func usersOwn(dir os.FileInfo) bool {
	found, ok := dir.Sys().(*syscall.Stat_t)
	return ok && int(found.Uid) == os.Geteuid() && dir.Mode().Perm()&0o022 == 0
}
