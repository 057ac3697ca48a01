package machine

import (
	"encoding/binary"

	"golang.org/x/sys/unix"
)

// ask fills in what macOS tells by sysctl(3) rather than in files.
func ask(m *Machine) {
	m.CPU, _ = unix.Sysctl("machdep.cpu.brand_string")
	m.Kernel, _ = unix.Sysctl("kern.osrelease")
	if n, err := unix.SysctlUint64("hw.memsize"); err == nil {
		m.Memory = int64(n)
	}
	// struct loadavg: three numbers of 32 bits, and the number that is 1.
	if raw, err := unix.SysctlRaw("vm.loadavg"); err == nil && len(raw) >= 24 {
		if one := binary.LittleEndian.Uint64(raw[16:]); one > 0 {
			m.Load = float64(binary.LittleEndian.Uint32(raw)) / float64(one)
		}
	}
}
