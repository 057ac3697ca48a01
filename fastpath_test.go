package outpace_test

import (
	"context"
	"errors"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/outpace-run/outpace"
)

// These are promises that the short cuts for tiny tasks must not break.

// TestGoContextEnds: whoever a task of Go passed its context on to learns of its
// end, whether the channel was asked for during the task or after it.
func TestGoContextEnds(t *testing.T) {
	ex := open(t, outpace.Threads(2))
	for range 200 {
		early, late := make(chan context.Context, 1), make(chan context.Context, 1)
		err := outpace.Go(context.Background(), ex, func(ctx context.Context) error {
			_ = ctx.Done()
			early <- ctx
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
		if err := outpace.Go(context.Background(), ex, func(ctx context.Context) error { late <- ctx; return nil }); err != nil {
			t.Fatal(err)
		}
		for _, ctx := range []context.Context{<-early, <-late} {
			select {
			case <-ctx.Done():
			case <-limit(t).Done():
				t.Fatal("the context of a task that has returned is not done")
			}
			if ctx.Err() == nil || context.Cause(ctx) == nil {
				t.Fatalf("done, with error %v and cause %v", ctx.Err(), context.Cause(ctx))
			}
		}
	}
}

// TestGoContextStays: a context is not done before its task returns, whatever
// tasks before and after it do on the same worker.
func TestGoContextStays(t *testing.T) {
	ex := open(t, outpace.Threads(2))
	var wrong atomic.Int32
	var all sync.WaitGroup
	for i := range 5_000 {
		all.Add(1)
		err := outpace.Go(context.Background(), ex, func(ctx context.Context) error {
			defer all.Done()
			if i%3 == 0 {
				_ = ctx.Done()
			}
			if ctx.Err() != nil {
				wrong.Add(1)
			}
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	all.Wait()
	if n := wrong.Load(); n > 0 {
		t.Errorf("%d tasks found their context done", n)
	}
}

// TestGoOfManyCallers: each task gets the values and the end of its own caller's
// context, also where contexts take turns.
func TestGoOfManyCallers(t *testing.T) {
	type key struct{}
	ex := open(t, outpace.Serial())
	gone, cancel := context.WithCancelCause(context.Background())
	cancel(errors.New("hung up"))
	var got []any
	for i := range 6 {
		ctx := context.WithValue(context.Background(), key{}, i)
		if i == 2 {
			ctx = gone
		}
		if err := outpace.Go(ctx, ex, func(ctx context.Context) error { got = append(got, ctx.Value(key{})); return nil }); err != nil {
			t.Fatal(err)
		}
	}
	if err := ex.Shutdown(limit(t)); err != nil {
		t.Fatal(err)
	}
	if !slices.Equal(got, []any{0, 1, 3, 4, 5}) {
		t.Errorf("values of the callers: %v", got)
	}
}

// oddContext is of a type that cannot be compared.
type oddContext struct {
	context.Context
	notes []string
}

func TestSubmitOddContext(t *testing.T) {
	ex := open(t, outpace.Threads(1))
	for range 3 {
		want(t, outpace.Submit(context.Background(), ex, square(), 2), 4)
		want(t, outpace.Submit(oddContext{context.Background(), []string{"a"}}, ex, square(), 3), 9)
		want(t, outpace.Submit(struct{ context.Context }{oddContext{Context: context.Background()}}, ex, square(), 4), 16)
	}
}

// TestGoFailuresAmongMany: errors, panics and retries keep to their own tasks.
func TestGoFailuresAmongMany(t *testing.T) {
	ex, err := outpace.New(context.Background(), outpace.Threads(2), outpace.Retries(1), outpace.Backoff(0, 0))
	if err != nil {
		t.Fatal(err)
	}
	const tasks = 3_000
	calls := make([]atomic.Int32, tasks)
	for i := range tasks {
		err := outpace.Go(context.Background(), ex, func(context.Context) error {
			n := calls[i].Add(1)
			switch {
			case i%10 == 3 && n == 1:
				return errors.New("at first")
			case i%10 == 5:
				panic("always")
			}
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	if err := ex.Shutdown(limit(t)); !mentions(err, "300 tasks") {
		t.Errorf("Shutdown: %v", err)
	}
	for i := range calls {
		want := int32(1)
		if i%10 == 3 || i%10 == 5 {
			want = 2
		}
		if n := calls[i].Load(); n != want {
			t.Fatalf("task %d was called %d times, want %d", i, n, want)
		}
	}
}

// TestWaitersOfOneTask: all who wait are woken, those whose context is done before
// the others, and nobody twice.
func TestWaitersOfOneTask(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ex := open(t, outpace.Threads(1))
		f := outpace.Submit(context.Background(), ex, sleeper(), 1_000)
		var all sync.WaitGroup
		for i := range 50 {
			all.Go(func() {
				ctx := context.Background()
				if i%2 == 1 {
					short, cancel := context.WithTimeout(ctx, time.Duration(i)*10*time.Millisecond)
					defer cancel()
					ctx = short
				}
				_, err := f.Result(ctx)
				if early := i%2 == 1; early != errors.Is(err, context.DeadlineExceeded) {
					t.Errorf("waiter %d: %v", i, err)
				}
				want(t, f, 1_000)
			})
		}
		all.Wait()
	})
}

// TestAsCompletedAtOnce: several may collect the same futures at the same time,
// and each gets each of them once.
func TestAsCompletedAtOnce(t *testing.T) {
	ex := open(t, outpace.Threads(2))
	for range 50 {
		var fs []*outpace.Future[int]
		for i := range 40 {
			fs = append(fs, outpace.Submit(context.Background(), ex, square(), i))
		}
		twice := append(slices.Clone(fs), fs[:20]...)
		var all sync.WaitGroup
		for range 4 {
			all.Go(func() {
				seen := map[*outpace.Future[int]]int{}
				for f := range outpace.AsCompleted(limit(t), twice...) {
					seen[f]++
				}
				if len(seen) != len(fs) {
					t.Errorf("%d futures, want %d", len(seen), len(fs))
				}
				for _, n := range seen {
					if n != 1 {
						t.Errorf("a future came %d times", n)
					}
				}
			})
		}
		all.Wait()
	}
}

// TestSubmitManyProducers: a full queue loses nothing and keeps the order of each
// producer on one worker.
func TestSubmitManyProducers(t *testing.T) {
	ex := open(t, outpace.Serial(), outpace.Queue(8))
	const producers, tasks = 8, 500
	var mu sync.Mutex
	got := make([][]int, producers)
	note := outpace.Func("", func(_ context.Context, v [2]int) (struct{}, error) {
		mu.Lock()
		defer mu.Unlock()
		got[v[0]] = append(got[v[0]], v[1])
		return struct{}{}, nil
	})
	var all sync.WaitGroup
	for p := range producers {
		all.Go(func() {
			var fs []*outpace.Future[struct{}]
			for i := range tasks {
				fs = append(fs, outpace.Submit(context.Background(), ex, note, [2]int{p, i}))
			}
			if _, err := outpace.Gather(limit(t), fs...); err != nil {
				t.Error(err)
			}
		})
	}
	all.Wait()
	for p := range got {
		if len(got[p]) != tasks || !slices.IsSorted(got[p]) {
			t.Errorf("producer %d: %d tasks, in order: %v", p, len(got[p]), slices.IsSorted(got[p]))
		}
	}
}
