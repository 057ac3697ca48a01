//go:build !linux

package child

import "syscall"

// Handled reports whether a signal that was sent to the child has been dealt
// with. This system does not tell.
func (c *Child) Handled(syscall.Signal) bool { return false }
