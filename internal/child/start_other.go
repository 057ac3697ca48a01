//go:build !linux && !darwin

package child

import (
	"fmt"
	"syscall"
)

// Start returns an error with ErrUnsupported.
func Start(Config) (*Child, error) {
	return nil, fmt.Errorf("worker processes need Linux or macOS: %w", ErrUnsupported)
}

func alive(int) bool { return false }

func killTree(int) {}

type lifeline struct{}

type oomCounter struct{}

// Signal does nothing: there are no children.
func (c *Child) Signal(syscall.Signal) {}
