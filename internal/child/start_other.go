//go:build !linux && !darwin

package child

// Start returns ErrUnsupported.
func Start(Config) (*Child, error) { return nil, ErrUnsupported }

func killGroup(int) {}

type lifeline struct{}
