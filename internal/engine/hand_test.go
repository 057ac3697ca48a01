package engine

import (
	"slices"
	"sync"
	"testing"
)

// TestHandShared: an owner and thieves get each item once, the owner in order.
func TestHandShared(t *testing.T) {
	const rounds, size, thieves = 2_000, 16, 3
	var h Hand[int]
	var lock sync.Mutex
	var all sync.WaitGroup
	stolen := make([][]int, thieves)
	over := false
	for i := range stolen {
		all.Go(func() {
			for {
				lock.Lock()
				v, ok := h.Last()
				end := over
				lock.Unlock()
				if ok {
					stolen[i] = append(stolen[i], v)
				} else if end {
					return
				}
			}
		})
	}
	var mine []int
	items := make([]int, size)
	for r := range rounds {
		lock.Lock()
		for i := range items {
			items[i] = r*size + i
		}
		h.Fill(items)
		lock.Unlock()
		for {
			v, more, ok := h.Next()
			if !ok {
				break
			}
			if more < 0 || more >= size {
				t.Fatalf("%d are left", more)
			}
			mine = append(mine, v)
		}
	}
	lock.Lock()
	over = true
	lock.Unlock()
	all.Wait()
	if !slices.IsSorted(mine) {
		t.Error("the owner's items are not in order")
	}
	got := slices.Sorted(slices.Values(slices.Concat(append(stolen, mine)...)))
	if len(got) != rounds*size {
		t.Fatalf("%d items, want %d", len(got), rounds*size)
	}
	for i, v := range got {
		if v != i {
			t.Fatalf("item %d was taken twice, or not at all", i)
		}
	}
}

func TestHandRest(t *testing.T) {
	var h Hand[string]
	if _, _, ok := h.Next(); ok || h.Len() != 0 {
		t.Error("the zero value is not empty")
	}
	h.Fill([]string{"a", "b", "c", "d"})
	if v, more, ok := h.Next(); v != "a" || more != 3 || !ok {
		t.Error(v, more, ok)
	}
	if v, ok := h.Last(); v != "d" || !ok {
		t.Error(v, ok)
	}
	if rest := h.Rest(); !slices.Equal(rest, []string{"b", "c"}) || h.Len() != 0 {
		t.Error(rest, h.Len())
	}
}
