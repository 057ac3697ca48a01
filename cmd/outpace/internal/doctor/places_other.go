//go:build !linux && !darwin

package doctor

// space is not known here.
func space(string) (free int64, known bool) { return 0, false }

// writable is not known here; workers, which are what needs it, do not run.
func writable(string) error { return nil }
