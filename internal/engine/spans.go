package engine

// Spans keeps which items of a chunk are finished, told in spans that may come
// in any order. The zero value knows of none. It is not safe for concurrent use.
type Spans struct {
	prefix int
	later  [][2]int // finished spans behind a gap, in no order
}

// Add says that the items from a up to b (exclusive) are finished. Each item is
// added once.
func (s *Spans) Add(a, b int) {
	if a != s.prefix {
		s.later = append(s.later, [2]int{a, b})
		return
	}
	s.prefix = b
	for i := 0; i < len(s.later); {
		if s.later[i][0] != s.prefix {
			i++
			continue
		}
		s.prefix = s.later[i][1]
		last := len(s.later) - 1
		s.later[i] = s.later[last]
		s.later = s.later[:last]
		i = 0
	}
}

// Prefix is how many items are finished from the first on without a gap.
func (s *Spans) Prefix() int { return s.prefix }

// Reset forgets everything and keeps the memory.
func (s *Spans) Reset() { s.prefix, s.later = 0, s.later[:0] }
