package session

import "github.com/outpace-run/outpace"

var _ outpace.Watched = (*Session)(nil)

// Vitals looks at the process: see outpace.Watched. It needs Linux.
func (s *Session) Vitals(limit int64) (outpace.Vitals, error) {
	seen, err := s.process.Vitals()
	if err == nil && seen.Memory > limit && limit > 0 { // perhaps only since shared pages count more than once
		seen.Memory, err = s.process.ExactMemory()
	}
	return outpace.Vitals{Memory: seen.Memory, Stopped: seen.Stopped}, err
}
