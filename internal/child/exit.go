//go:build linux || darwin

package child

import (
	"syscall"
	"unsafe"
)

// awaitExit waits until the process has ended, and leaves it to be waited for.
func awaitExit(pid int) {
	const (
		onePid = 1 // P_PID
		exited = 4 // WEXITED
	)
	var info [16]uint64 // siginfo_t
	for {
		_, _, errno := syscall.Syscall6(syscall.SYS_WAITID, onePid, uintptr(pid), uintptr(unsafe.Pointer(&info[0])), exited|noWait, 0, 0)
		if errno != syscall.EINTR {
			return
		}
	}
}
