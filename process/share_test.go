//go:build linux || darwin

package process_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/outpace-run/outpace"
	"github.com/outpace-run/outpace/process"
	"github.com/outpace-run/outpace/share"
)

// sharing does in a worker what its input says, and returns what came of it.
func sharing(ctx context.Context, what string) (string, error) {
	lock := share.Lock(ctx, "lock")
	switch what {
	case "withdraw": // the caller has the lock
		_, err := acquire(ctx, lock, time.Millisecond)
		ok, _, _ := lock.TryAcquire()
		return fmt.Sprint(errors.Is(err, context.DeadlineExceeded), ok), nil
	case "parts":
		return inParts(ctx)
	case "posts":
		for range 100 {
			if err := share.Counter(ctx, "posts").Add("k", 1); err != nil {
				return "", err
			}
		}
		n, err := share.Counter(ctx, "posts").Get(ctx, "k")
		return fmt.Sprint(n), err
	case "deep":
		err := share.Queue[any](ctx, "deep", 1).Put(ctx, nest(10_000))
		n, _ := share.Queue[any](ctx, "deep", 1).Len(ctx)
		return fmt.Sprint(errors.Is(err, share.ErrMisuse), n), nil
	case "outlive":
		go func() {
			<-ctx.Done() // the batch is answered
			err := share.Counter(ctx, "late").Add("k", 1)
			_, err2 := acquire(context.WithoutCancel(ctx), lock, time.Minute)
			fmt.Println("late:", err, errors.Is(err2, share.ErrOver))
		}()
	case "leave": // a goroutine that nobody waits for has the lock, or is about to
		_, err := lock.Acquire(ctx)
		return "left", err
	case "many":
		return many(ctx)
	}
	return "", nil
}

func acquire(ctx context.Context, lock *share.SharedLock, within time.Duration) (*share.Abandonment, error) {
	ctx, cancel := context.WithTimeout(ctx, within)
	defer cancel()
	return lock.Acquire(ctx)
}

// inParts has goroutines of one task wait for one another.
func inParts(ctx context.Context) (string, error) {
	var all sync.WaitGroup
	n := 0
	for range 4 {
		all.Go(func() {
			mine := share.Part(ctx)
			lock := share.Lock(mine, "part")
			for range 25 {
				if _, err := lock.Acquire(mine); err != nil {
					return
				}
				n++
				_ = lock.Release()
			}
		})
	}
	all.Wait()
	return fmt.Sprint(n), nil
}

// many waits with more goroutines than may wait at once, and releases all the same.
func many(ctx context.Context) (string, error) {
	const goroutines = 200
	gate := share.Semaphore(ctx, "many", 2)
	var all sync.WaitGroup
	for range goroutines {
		all.Go(func() {
			if _, err := gate.Acquire(ctx, 1); err == nil {
				_ = gate.Release(1)
			}
		})
	}
	all.Wait()
	ok, _, err := gate.TryAcquire(2)
	return fmt.Sprint(ok), err
}

func TestSharing(t *testing.T) {
	var mu sync.Mutex
	var lines []string
	ex := open(t, process.Workers(1), outpace.Observe(func(e outpace.Event) {
		mu.Lock()
		defer mu.Unlock()
		lines = append(lines, e.Line)
	}))
	said := func(what string) func() bool {
		return func() bool {
			mu.Lock()
			defer mu.Unlock()
			return strings.Contains(strings.Join(lines, "\n"), what)
		}
	}
	do := func(what, want string) {
		t.Helper()
		got, err := outpace.Submit(t.Context(), ex, shares, what).Result(t.Context())
		if err != nil || got != want {
			t.Errorf("%s: %q, %v; want %q", what, got, err, want)
		}
	}
	mine, leave := ex.Share(t.Context())
	defer leave()
	lock := share.Lock(mine, "lock")
	if _, err := lock.Acquire(mine); err != nil {
		t.Fatal(err)
	}
	do("withdraw", "true false")
	if err := lock.Release(); err != nil {
		t.Error(err)
	}
	do("parts", "100")
	do("posts", "100")
	do("deep", "true 0")
	do("many", "true")
	do("outlive", "")
	eventually(t, "it is told", said("late: <nil> true"))
	eventually(t, "and what was not done", said(`outpace: "late" was not done: share: the task is over`))
	// What returned with a lock does not keep it because its answer waits for others.
	n := 0
	for got, err := range outpace.Map(t.Context(), ex, shares, repeat("leave", 40)) {
		if n++; err != nil || got != "left" {
			t.Fatalf("%q, %v", got, err)
		}
	}
	if was, err := lock.Acquire(mine); n != 40 || err != nil || was == nil || !strings.Contains(was.By, "sharing") {
		t.Errorf("%d, %v, %v", n, was, err)
	}
}

func repeat(s string, n int) func(func(string) bool) {
	return func(yield func(string) bool) {
		for range n {
			if !yield(s) {
				return
			}
		}
	}
}

// BenchmarkLock is a lock that nobody else wants, from a worker.
func BenchmarkLock(b *testing.B) {
	ex := open(b, process.Workers(1))
	if _, err := outpace.Submit(b.Context(), ex, locks, 1).Result(b.Context()); err != nil {
		b.Fatal(err)
	}
	b.ResetTimer()
	if _, err := outpace.Submit(b.Context(), ex, locks, b.N).Result(b.Context()); err != nil {
		b.Fatal(err)
	}
}
