//go:build linux || darwin

package session

import "syscall"

// attempt writes as much of data as the pipe has room for, and does not wait. Our
// end of a channel does not block.
func (w *writer) attempt(data []byte) (n int) {
	raw, err := w.to.SyscallConn()
	if err != nil {
		return 0
	}
	_ = raw.Write(func(fd uintptr) (done bool) {
		n, _ = syscall.Write(int(fd), data)
		return true
	})
	return max(0, n)
}

// attempt reads what is there, and does not wait. It returns 0 where there is
// nothing, or the end, which is for Read to tell.
func (r *source) attempt(p []byte) (n int) {
	raw, err := r.process.From.SyscallConn()
	if err != nil {
		return 0
	}
	_ = raw.Read(func(fd uintptr) (done bool) {
		n, _ = syscall.Read(int(fd), p)
		return true
	})
	return max(0, n)
}
