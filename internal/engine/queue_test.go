package engine

import (
	"context"
	"errors"
	"runtime"
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"
)

// reference is a queue that is too simple to be wrong.
type reference struct {
	items, urgent []int
	bound         int
	closed        bool
}

func (r *reference) take(n, share int) (got []int) {
	n = min(n, (len(r.urgent)+len(r.items)+share-1)/share)
	for len(got) < n && len(r.urgent) > 0 {
		got, r.urgent = append(got, r.urgent[0]), r.urgent[1:]
	}
	k := n - len(got)
	got, r.items = append(got, r.items[:k]...), r.items[k:]
	return got
}

// FuzzQueue does the same to a queue and to the reference, an operation a byte.
func FuzzQueue(f *testing.F) {
	f.Add([]byte{0, 1, 2, 0x13, 4, 5, 6})
	f.Add([]byte{0, 0, 0, 0, 0x43, 0, 0, 2, 0x73, 5, 1, 0x33})
	f.Add(slices.Repeat([]byte{0, 1, 1, 1, 0x13}, 60))
	f.Fuzz(func(t *testing.T, ops []byte) {
		const bound = 20
		q, ref := NewQueue[int](bound), &reference{bound: bound}
		for v, op := range ops {
			step(t, q, ref, v, op&7, int(op>>4)+1)
			if q.Len() != len(ref.items)+len(ref.urgent) {
				t.Fatalf("step %d: length %d, want %d", v, q.Len(), len(ref.items)+len(ref.urgent))
			}
		}
	})
}

// step does operation op with value v and number k to both.
func step(t *testing.T, q *Queue[int], ref *reference, v int, op byte, k int) {
	t.Helper()
	switch op {
	case 0:
		_, ok, err := q.TryPut(v)
		want := len(ref.items) < ref.bound && !ref.closed
		if ok != want || (err != nil) != ref.closed {
			t.Fatalf("TryPut: %v, %v; want %v", ok, err, want)
		}
		if ok {
			ref.items = append(ref.items, v)
		}
	case 1:
		q.PutOver(v)
		ref.items = append(ref.items, v)
	case 2:
		q.PutUrgent(v)
		ref.urgent = append(ref.urgent, v)
	case 3, 4:
		share := int(op)*4 - 11 // 1 or 5
		buf := make([]int, k)
		n, alone := q.Take(buf, share)
		got := buf[:n]
		if want := ref.take(k, share); !slices.Equal(got, want) {
			t.Fatalf("Take(%d, %d): %v, want %v", k, share, got, want)
		}
		if more := len(got) > 0 && q.Len() > 0; alone != more {
			t.Fatalf("Take(%d, %d): %v, %d are left, and the taker is alone: %v", k, share, got, q.Len(), alone)
		}
	case 5:
		got, ok := q.TakeIf(func(v int) bool { return v%2 == k%2 })
		if want := len(ref.urgent) == 0 && len(ref.items) > 0 && ref.items[0]%2 == k%2; ok != want {
			t.Fatalf("TakeIf: %v, want %v", ok, want)
		}
		if ok && got != ref.take(1, 1)[0] {
			t.Fatalf("TakeIf: %d", got)
		}
	case 6:
		if k == 16 {
			q.Close()
			ref.closed = true
		}
	}
}

// TestQueuePut: Put waits for room, for its context, and for Close.
func TestQueuePut(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		q := NewQueue[int](1)
		put := func(ctx context.Context, v int) chan error {
			done := make(chan error, 1)
			go func() { _, err := q.Put(ctx, v); done <- err }()
			synctest.Wait()
			return done
		}
		if err := <-put(context.Background(), 1); err != nil {
			t.Fatal(err)
		}
		cause := errors.New("no patience")
		ctx, cancel := context.WithCancelCause(context.Background())
		second, third, fourth := put(ctx, 2), put(context.Background(), 3), put(context.Background(), 4)
		cancel(cause)
		if err := <-second; err != cause {
			t.Errorf("a context that is done: %v", err)
		}
		var one [1]int
		if n, _ := q.Take(one[:], 1); n != 1 || one[0] != 1 {
			t.Errorf("took %v", one)
		}
		if err := <-third; err != nil {
			t.Error(err)
		}
		q.Close()
		if err := <-fourth; err != ErrClosed {
			t.Errorf("a closed queue: %v", err)
		}
		if n, _ := q.Take(one[:], 1); n != 1 || one[0] != 3 {
			t.Errorf("took %v of a closed queue", one)
		}
	})
}

// TestQueueTurnPassedOn: a putter that was called and gave up at the same moment
// does not take the call with it.
func TestQueueTurnPassedOn(t *testing.T) {
	for range 200 {
		q := NewQueue[int](1)
		_, _, _ = q.TryPut(0)
		ctx, cancel := context.WithCancel(context.Background())
		var all sync.WaitGroup
		all.Go(func() { _, _ = q.Put(ctx, 1) })
		second := make(chan error, 1)
		all.Go(func() { _, err := q.Put(context.Background(), 2); second <- err })
		all.Go(cancel)
		deadline := time.After(30 * time.Second)
		for taken, through := 0, false; !through; {
			var one [1]int
			n, _ := q.Take(one[:], 1)
			taken += n
			select {
			case <-second:
				through = true
			case <-deadline:
				t.Fatalf("a putter is stuck with %d in the queue, %d taken", q.Len(), taken)
			default:
				runtime.Gosched()
			}
		}
		all.Wait()
	}
}

// TestQueueWakes: every item finds a taker although takers sleep, and nobody
// sleeps on.
func TestQueueWakes(t *testing.T) {
	const takers, items = 8, 20_000
	q := NewQueue[int](64)
	var all sync.WaitGroup
	var mu sync.Mutex
	seen := make([]bool, items)
	for range takers {
		all.Go(func() { takeAll(q, func(v int) { mu.Lock(); seen[v] = true; mu.Unlock() }) })
	}
	for v := range items {
		if _, err := q.Put(context.Background(), v); err != nil {
			t.Fatal(err)
		}
		if v%100 == 0 {
			q.WakeOne() // a call without an item harms nothing
		}
	}
	for range takers {
		q.PutUrgent(-1)
	}
	all.Wait()
	if i := slices.Index(seen, false); i >= 0 {
		t.Errorf("item %d was not taken", i)
	}
	if q.Sleeping() {
		t.Error("somebody sleeps")
	}
}

// takeAll takes items until it gets a negative one, but leaves that to others
// until the queue is empty.
func takeAll(q *Queue[int], see func(int)) {
	bed := NewSleeper()
	var buf [3]int
	ends := 0
	for {
		n, _ := q.TakeOrSleep(buf[:], 8, bed)
		for _, v := range buf[:n] {
			if v < 0 {
				ends++
				continue
			}
			see(v)
		}
		if n == 0 && ends > 0 {
			q.Rise(bed)
			for range ends - 1 {
				q.PutUrgent(-1)
			}
			return
		}
		if n == 0 && q.Search() {
			for i := 0; i < 20 && q.Len() == 0; i++ {
				runtime.Gosched()
			}
			q.Found()
		} else if n == 0 {
			<-bed.Wake()
		}
	}
}

// TestQueueRouseAll: at the end everybody wakes.
func TestQueueRouseAll(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		q := NewQueue[int](1)
		for range 5 {
			go func() {
				bed := NewSleeper()
				if n, _ := q.TakeOrSleep(nil, 1, bed); n == 0 {
					<-bed.Wake()
				}
			}()
		}
		synctest.Wait()
		if !q.Sleeping() {
			t.Error("nobody sleeps")
		}
		q.RouseAll()
	})
}
