//go:build !darwin

package machine

// ask has nothing to add to what the files say.
func ask(*Machine) {}
