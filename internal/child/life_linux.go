package child

import (
	"os"
	"syscall"
)

// lifeline is a pipe that nobody writes to. The child holds the end to read,
// we hold the other; when that is closed, because this process ends in
// whatever way, the kernel itself kills the child's process group: SIGKILL is
// set as the signal for input on the pipe (fcntl(2), F_SETSIG), and its end of
// file is input.
//
// The death signal of prctl(2) would end the child alone, and leave what it
// started behind. It is also sent when the thread ends that started the child
// (golang/go#27505).
type lifeline struct{ ours, theirs *os.File }

func newLifeline() (lifeline, error) {
	theirs, ours, err := os.Pipe()
	return lifeline{ours: ours, theirs: theirs}, err
}

// tie ties the process group to the lifeline. Where the system cannot do that,
// a child still sees the end of file on its channel.
func (l lifeline) tie(group int) {
	const setSignal = 10 // F_SETSIG
	pipe := l.theirs.Fd()
	flags, _, errno := syscall.Syscall(syscall.SYS_FCNTL, pipe, syscall.F_GETFL, 0)
	if errno == 0 {
		_, _, _ = syscall.Syscall(syscall.SYS_FCNTL, pipe, syscall.F_SETOWN, uintptr(-group))
		_, _, _ = syscall.Syscall(syscall.SYS_FCNTL, pipe, setSignal, uintptr(syscall.SIGKILL))
		_, _, _ = syscall.Syscall(syscall.SYS_FCNTL, pipe, syscall.F_SETFL, flags|syscall.O_ASYNC)
	}
}

// cut gives our end up.
func (l lifeline) cut() { closeAll(l.ours) }
