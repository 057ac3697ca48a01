package cores

import (
	"math/bits"
	"runtime"
	"syscall"
	"unsafe"
)

// affinity counts the cores of this process's affinity mask as it is now;
// runtime.NumCPU is what it was at the start.
func affinity() int {
	for size := 128; size <= 1<<16; size *= 2 { // a machine with more cores than bits refuses a short mask
		mask := make([]uint64, size)
		n, _, errno := syscall.RawSyscall(syscall.SYS_SCHED_GETAFFINITY, 0, uintptr(size*8), uintptr(unsafe.Pointer(&mask[0])))
		if errno == syscall.EINVAL {
			continue
		}
		if errno != 0 {
			break
		}
		cores := 0
		for _, word := range mask[:(n+7)/8] {
			cores += bits.OnesCount64(word)
		}
		return cores
	}
	return runtime.NumCPU()
}
