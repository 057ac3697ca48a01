//go:build linux || darwin

package process

import (
	"fmt"
	"os"
	"syscall"
	"time"
)

// supported says that this system has what workers need.
const supported = true

// private is from which descriptor on ours are kept, out of the way of code
// that closes what it finds.
const private = 100

// isChannel reports whether descriptors 3 and 4 are pipes, as a worker inherits
// them.
func isChannel() bool {
	for fd := 3; fd <= 4; fd++ {
		var s syscall.Stat_t
		if err := syscall.Fstat(fd, &s); err != nil || s.Mode&syscall.S_IFMT != syscall.S_IFIFO {
			return false
		}
	}
	return true
}

// moved returns an end of the channel as a file that what functions start does
// not inherit. Go's poller waits for it: a goroutine that blocks in read would
// hold a thread, and a lone call would wait for another to wake up.
func moved(fd int) (*os.File, error) {
	if err := syscall.SetNonblock(fd, true); err != nil {
		return nil, err
	}
	high, err := copied(fd)
	if err == nil {
		_ = syscall.Close(fd)
	}
	return high, err
}

// copied returns a copy of a descriptor, out of the way, that is not inherited.
func copied(fd int) (*os.File, error) {
	high, errno := duplicate(fd, private)
	if errno == syscall.EINVAL { // the limit is lower
		high, errno = duplicate(fd, 5)
	}
	if errno != 0 {
		return nil, fmt.Errorf("descriptor %d: %w", fd, errno)
	}
	return os.NewFile(high, fmt.Sprintf("descriptor %d", fd)), nil
}

// duplicate returns a copy of a descriptor that is at least from.
func duplicate(fd, from int) (uintptr, syscall.Errno) {
	high, _, errno := syscall.Syscall(syscall.SYS_FCNTL, uintptr(fd), syscall.F_DUPFD_CLOEXEC, uintptr(from))
	return high, errno
}

// endGroup ends this process with all that it started and that stayed in its
// group.
func endGroup() {
	if pid := syscall.Getpid(); syscall.Getpgrp() == pid {
		_ = syscall.Kill(-pid, syscall.SIGKILL)
	}
	os.Exit(1)
}

// cpuTime is the CPU time of this process so far.
func cpuTime() time.Duration {
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		return 0
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}
