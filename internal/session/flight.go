package session

// flight is a batch on its way: n items, left of them unanswered.
type flight struct {
	n, left  int
	answered []uint64 // a bit for each item, once some were answered
}

// answer marks items as answered; false if they are not all waiting for it.
func (f *flight) answer(first, n uint32) bool {
	if n < 1 || int64(n) > int64(f.left) || int64(first)+int64(n) > int64(f.n) {
		return false
	}
	if int(n) == f.n && f.left == f.n {
		f.left = 0
		return true
	}
	if f.answered == nil {
		f.answered = make([]uint64, (f.n+63)/64)
	}
	for i := first; i < first+n; i++ {
		if f.has(i) {
			return false
		}
		f.answered[i/64] |= 1 << (i % 64)
	}
	f.left -= int(n)
	return true
}

func (f *flight) has(i uint32) bool { return f.answered != nil && f.answered[i/64]&(1<<(i%64)) != 0 }
