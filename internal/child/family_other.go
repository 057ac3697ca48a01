//go:build !linux

package child

import "fmt"

// Family is what descends from this process, on Linux. Here it has nobody.
type Family struct{}

// Adopt needs Linux: it returns nil and an error with ErrUnsupported.
func Adopt() (*Family, error) {
	return nil, fmt.Errorf("adopting orphans needs Linux: %w", ErrUnsupported)
}

// Close does nothing.
func (*Family) Close() error { return nil }
