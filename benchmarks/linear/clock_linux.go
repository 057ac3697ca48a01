package linear

import (
	"syscall"
	"unsafe"
)

// now is the monotonic clock of the system in ns, which is the same for all
// processes: Python's time.monotonic_ns.
func now() int64 {
	const monotonic = 1
	var t syscall.Timespec
	_, _, _ = syscall.RawSyscall(syscall.SYS_CLOCK_GETTIME, monotonic, uintptr(unsafe.Pointer(&t)), 0) // has no error for this clock
	return t.Nano()
}

// clocks is whether now can be compared between processes.
const clocks = true
