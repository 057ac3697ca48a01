package share_test

import (
	"context"
	"sync"
	"testing"

	"github.com/outpace-run/outpace/share"
)

// BenchmarkLock is an acquire and a release: alone, and by eight goroutines that
// want the same lock.
func BenchmarkLock(b *testing.B) {
	_, owner := space(b, share.Config{})
	b.Run("alone", func(b *testing.B) {
		o := owner("o")
		lock := share.Lock(o.ctx, "l")
		for b.Loop() {
			_, _ = lock.Acquire(o.ctx)
			_ = lock.Release()
		}
	})
	b.Run("handle", func(b *testing.B) {
		o := owner("o")
		for b.Loop() {
			lock := share.Lock(o.ctx, "l")
			_, _ = lock.Acquire(o.ctx)
			_ = lock.Release()
		}
	})
	b.Run("mutex", func(b *testing.B) {
		var lock sync.Mutex
		n := 0
		for b.Loop() {
			lock.Lock()
			n++
			lock.Unlock()
		}
	})
	b.Run("contended", func(b *testing.B) { contend(b, owner) })
}

func contend(b *testing.B, owner func(name string) party) {
	var all sync.WaitGroup
	n := b.N/8 + 1
	for range 8 {
		o := owner("o")
		all.Go(func() {
			lock := share.Lock(o.ctx, "l")
			for range n {
				_, _ = lock.Acquire(context.Background())
				_ = lock.Release()
			}
		})
	}
	all.Wait()
}

func BenchmarkCounter(b *testing.B) {
	_, owner := space(b, share.Config{})
	c := share.Counter(owner("o").ctx, "pages")
	for b.Loop() {
		_ = c.Add("a", 1)
	}
}

func BenchmarkQueue(b *testing.B) {
	_, owner := space(b, share.Config{})
	o := owner("o")
	q := share.Queue[int](o.ctx, "q", 100)
	for b.Loop() {
		_ = q.Put(o.ctx, 1)
		_, _ = q.Get(o.ctx)
	}
}
