package engine

// Pad keeps the fields before it and after it on different cache lines, so that
// a goroutine that writes one side does not slow down another that reads the
// other (false sharing). Lines are 64 bytes on the processors that matter here.
type Pad [64]byte
