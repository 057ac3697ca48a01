package engine

import (
	"math"
	"testing"
	"time"
)

// FuzzSpans adds the spans of a cut-up chunk in an order made of the bytes, and
// compares with a plain list.
func FuzzSpans(f *testing.F) {
	f.Add([]byte{3, 1, 2, 9, 200})
	f.Add([]byte{1, 1, 1, 1, 1, 1})
	f.Add([]byte{255, 0, 7, 7, 31, 2})
	f.Fuzz(func(t *testing.T, bytes []byte) {
		spans := cut(bytes)
		var s Spans
		for range 2 {
			done := make([]bool, 9*len(bytes)+1)
			for len(spans) > 0 {
				k := 0
				if len(bytes) > 0 {
					k = int(bytes[len(spans)%len(bytes)]) % len(spans)
				}
				sp := spans[k]
				spans = append(spans[:k:k], spans[k+1:]...)
				s.Add(sp[0], sp[1])
				for i := sp[0]; i < sp[1]; i++ {
					done[i] = true
				}
				want := 0
				for done[want] {
					want++
				}
				if s.Prefix() != want {
					t.Fatalf("after %v the prefix is %d, want %d", sp, s.Prefix(), want)
				}
			}
			s.Reset()
			spans = cut(bytes)
		}
		if s.Prefix() != 0 {
			t.Errorf("a prefix of %d after Reset", s.Prefix())
		}
	})
}

// cut makes neighbouring spans with the lengths 1 to 8.
func cut(bytes []byte) (spans [][2]int) {
	at := 0
	for _, b := range bytes {
		spans = append(spans, [2]int{at, at + 1 + int(b%8)})
		at += 1 + int(b%8)
	}
	return spans
}

// TestGrainGrows: from one item to about the target, fourfold at most.
func TestGrainGrows(t *testing.T) {
	g := &Grain{Target: time.Millisecond, Most: 8192}
	if g.Known() || g.Size() != 1 || g.Fit(time.Second, 100) != 1 || g.Cost() != 0 {
		t.Error("an unmeasured grain is not one item")
	}
	for last := 1; g.Size() < 1000; last = g.Size() {
		g.Observe(g.Size(), time.Duration(g.Size())*time.Microsecond)
		if g.Size() > 4*last || g.Size() <= last {
			t.Fatalf("from %d to %d", last, g.Size())
		}
	}
	if g.Size() != 1000 || g.Cost() != time.Microsecond || g.Fit(5*time.Microsecond, 100) != 5 || g.Fit(time.Second, 100) != 100 {
		t.Errorf("size %d, cost %v", g.Size(), g.Cost())
	}
}

// TestGrainFalls: one slow chunk is enough.
func TestGrainFalls(t *testing.T) {
	g := &Grain{Target: time.Millisecond, Most: 8192}
	for range 20 {
		g.Observe(g.Size(), time.Duration(g.Size())*100)
	}
	if g.Size() != 8192 {
		t.Errorf("size %d for items of 100 ns, want the most", g.Size())
	}
	g.Observe(1, time.Second)
	if g.Size() != 1 || g.Cost() != time.Second {
		t.Errorf("size %d, cost %v after a slow item", g.Size(), g.Cost())
	}
}

// FuzzGrain: whatever it is told, a size is from 1 to the most, and so is a fit.
func FuzzGrain(f *testing.F) {
	f.Add(1, int64(1000), 5, int64(-3))
	f.Add(math.MaxInt, int64(0), -1, int64(math.MaxInt64))
	f.Add(0, int64(math.MinInt64), 3, int64(7))
	f.Fuzz(func(t *testing.T, n1 int, d1 int64, n2 int, d2 int64) {
		g := &Grain{Target: 5 * time.Millisecond, Most: 100}
		for range 5 {
			g.Observe(n1, time.Duration(d1))
			g.Observe(n2, time.Duration(d2))
			if s := g.Size(); s < 1 || s > 100 {
				t.Fatalf("size %d", s)
			}
			if k := g.Fit(time.Millisecond, 64); k < 1 || k > 64 {
				t.Fatalf("fit %d", k)
			}
			if g.Cost() < 0 {
				t.Fatalf("cost %v", g.Cost())
			}
		}
	})
}

// FuzzBackoff: a wait is never negative, nor above its two bounds.
func FuzzBackoff(f *testing.F) {
	f.Add(int64(time.Millisecond), int64(time.Second), 3)
	f.Add(int64(0), int64(0), 1)
	f.Add(int64(0), int64(time.Second), 78)
	f.Add(int64(1), int64(math.MaxInt64), 100)
	f.Add(int64(math.MaxInt64), int64(math.MaxInt64), 1)
	f.Fuzz(func(t *testing.T, base, limit int64, attempt int) {
		if base < 0 || limit < base || attempt < 1 {
			t.Skip("the options refuse it")
		}
		wait := Backoff(time.Duration(base), time.Duration(limit), attempt)
		if wait < 0 || wait > time.Duration(limit) {
			t.Fatalf("a wait of %v", wait)
		}
		if exact := float64(base) * math.Pow(2, float64(attempt-1)); float64(wait) > exact*1.001+1 {
			t.Fatalf("a wait of %v, above %v x 2^%d", wait, time.Duration(base), attempt-1)
		}
	})
}

// TestBackoffSpreads: full jitter goes from nothing to the ceiling.
func TestBackoffSpreads(t *testing.T) {
	low, high := time.Hour, time.Duration(0)
	for range 2000 {
		wait := Backoff(time.Millisecond, time.Second, 4)
		low, high = min(low, wait), max(high, wait)
	}
	if low > time.Millisecond || high < 7*time.Millisecond || high > 8*time.Millisecond {
		t.Errorf("from %v to %v, want 0 to 8ms", low, high)
	}
}
