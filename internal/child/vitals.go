package child

import "time"

// Vitals is what a process looks like from outside.
type Vitals struct {
	// Memory is the resident size in bytes, of the child and of all below it.
	// Pages that processes share count in each, so it is an upper bound: see
	// ExactMemory.
	Memory int64

	// Stopped says that the child itself was stopped, by a signal or a
	// debugger: it does nothing until somebody lets it go on.
	Stopped bool

	// CPU is the time that the child and all below it used, with the children
	// that they waited for, in hundredths of a second.
	CPU time.Duration
}

// Vitals looks at the child and at all that descends from it and has a living
// parent. It takes about 60 microseconds for each process and 20 for each
// further thread. All is zero when the child has ended. On systems other than
// Linux it returns an error with ErrUnsupported.
func (c *Child) Vitals() (Vitals, error) {
	if c.ended() {
		return Vitals{}, nil
	}
	v, err := vitals(c.pid)
	if c.ended() { // what we saw may have been another's
		return Vitals{}, err
	}
	return v, err
}

// ExactMemory returns the resident size in bytes of the child and of all below
// it, where n processes that share a page count it as an nth each. The kernel
// walks through all of their pages for that: some 20 milliseconds for each
// gigabyte. Where it does not tell, a process counts as in Vitals. It is zero
// when the child has ended. On systems other than Linux it returns an error
// with ErrUnsupported.
func (c *Child) ExactMemory() (int64, error) {
	if c.ended() {
		return 0, nil
	}
	n, err := exactMemory(c.pid)
	if c.ended() {
		return 0, err
	}
	return n, err
}

func (c *Child) ended() bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.reaped
}
