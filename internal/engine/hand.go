package engine

import "sync/atomic"

// Hand is the few items that a taker has taken from a queue and not begun. Its
// owner takes the first, and pays one atomic operation for it; others may take
// the last, one at a time. Who calls Fill, Last or Rest holds one lock, the same
// for all; Next needs none, since what others may touch of the items is what they
// have won by the word that both sides swap.
//
//	owner: Next ─►  first … last  ◄─ Last: others
//	                word = next item << 32 | items
type Hand[T any] struct {
	items []T
	word  atomic.Uint64
}

// Fill puts items into an empty hand, which keeps the slice.
func (h *Hand[T]) Fill(items []T) {
	h.items = items
	h.word.Store(uint64(len(items)))
}

// Len is how many items are left.
func (h *Hand[T]) Len() int {
	w := h.word.Load()
	return int(uint32(w)) - int(w>>32)
}

// Next takes the first item; more is how many are left. Only the owner calls it.
func (h *Hand[T]) Next() (v T, more int, ok bool) {
	for {
		w := h.word.Load()
		at, end := int(w>>32), int(uint32(w))
		if at >= end {
			return v, 0, false
		}
		if h.word.CompareAndSwap(w, w+1<<32) {
			v, h.items[at] = h.items[at], v
			return v, end - at - 1, true
		}
	}
}

// Last takes the last item.
func (h *Hand[T]) Last() (v T, ok bool) {
	for {
		w := h.word.Load()
		at, end := int(w>>32), int(uint32(w))
		if at >= end {
			return v, false
		}
		if h.word.CompareAndSwap(w, w-1) {
			v, h.items[end-1] = h.items[end-1], v
			return v, true
		}
	}
}

// Rest takes all items.
func (h *Hand[T]) Rest() (all []T) {
	for v, ok := h.Last(); ok; v, ok = h.Last() {
		all = append([]T{v}, all...)
	}
	return all
}
