package outpace_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/outpace-run/outpace"
	"github.com/outpace-run/outpace/share"
)

// sharingModels are the models of this process, which must not differ to those
// who share.
func sharingModels() map[string]outpace.Model {
	return map[string]outpace.Model{"serial": outpace.Serial(), "threads": outpace.Threads(8), "async": outpace.Async(1000)}
}

// numbers yields 0 to n-1.
func numbers(n int) []int {
	all := make([]int, n)
	for i := range all {
		all[i] = i
	}
	return all
}

// A read, a change and a write under a lock: nothing is lost, in a Map, in
// submitted tasks and in tasks of Go, with and without a time-out.
func TestShareLock(t *testing.T) {
	for name, model := range sharingModels() {
		t.Run(name, func(t *testing.T) {
			ex := open(t, model)
			total := 0
			add := func(ctx context.Context) error {
				lock := share.Lock(ctx, "total")
				if _, err := lock.Acquire(ctx); err != nil {
					return err
				}
				total++ // the race detector looks on
				return lock.Release()
			}
			fn := outpace.Func("add", func(ctx context.Context, _ int) (int, error) { return 0, add(ctx) })
			for _, err := range outpace.Map(t.Context(), ex, fn, slices.Values(numbers(2000))) {
				if err != nil {
					t.Fatal(err)
				}
			}
			for _, err := range outpace.Map(t.Context(), ex, fn, slices.Values(numbers(200)), outpace.Timeout(time.Minute), outpace.Retries(1)) {
				if err != nil {
					t.Fatal(err)
				}
			}
			for range 200 {
				if err := outpace.Go(t.Context(), ex, add); err != nil {
					t.Fatal(err)
				}
				outpace.Submit(t.Context(), ex, fn, 1)
				outpace.Submit(t.Context(), ex, fn, 1, outpace.Timeout(time.Minute))
				outpace.Submit(t.Context(), ex, fn, 1, outpace.Timeout(time.Minute), outpace.Retries(1))
			}
			if err := ex.Shutdown(t.Context()); err != nil {
				t.Fatal(err)
			}
			if total != 3000 {
				t.Errorf("%d, and not 3000", total)
			}
		})
	}
}

// What an attempt leaves locked is released with it, and the next is told of whom.
func TestShareAbandoned(t *testing.T) {
	for what, test := range map[string]struct {
		end  func(ctx context.Context) error
		opts []outpace.Option
		want string // of the abandonment
		warn bool
	}{
		"returns":  {func(context.Context) error { return nil }, nil, "returned without a release", true},
		"fails":    {func(context.Context) error { return errors.New("no luck") }, nil, "failed: no luck", false},
		"panics":   {func(context.Context) error { panic("bang") }, nil, "failed: panic: bang", false},
		"is late":  {func(ctx context.Context) error { <-ctx.Done(); return ctx.Err() }, []outpace.Option{outpace.Timeout(time.Second)}, "ran out of time", false},
		"is stuck": {func(ctx context.Context) error { select {} }, []outpace.Option{outpace.Timeout(time.Second)}, "ran out of time", false},
	} {
		for _, how := range []string{"map", "submit", "go"} {
			if what == "is stuck" {
				continue // a goroutine for ever would not let the bubble end
			}
			t.Run(what+"/"+how, func(t *testing.T) {
				synctest.Test(t, func(t *testing.T) {
					var warned []string
					watch := func(e outpace.Event) {
						if e.Kind == outpace.TaskWarned {
							warned = append(warned, e.Line)
						}
					}
					ex, err := outpace.New(t.Context(), outpace.Threads(2), outpace.Observe(watch))
					if err != nil {
						t.Fatal(err)
					}
					body := func(ctx context.Context) error {
						if _, err := share.Lock(ctx, "db").Acquire(ctx); err != nil {
							return err
						}
						return test.end(ctx)
					}
					fn := outpace.Func("holder", func(ctx context.Context, _ int) (int, error) { return 0, body(ctx) })
					switch how {
					case "map":
						for range outpace.Map(t.Context(), ex, fn, slices.Values([]int{7}), test.opts...) {
						}
					case "submit":
						outpace.Submit(t.Context(), ex, fn, 7, test.opts...)
					default:
						if err := outpace.Go(t.Context(), ex, body, test.opts...); err != nil {
							t.Fatal(err)
						}
					}
					ctx, leave := ex.Share(t.Context())
					synctest.Wait()
					time.Sleep(2 * time.Second)
					was, err := share.Lock(ctx, "db").Acquire(ctx)
					if err != nil || was == nil || !strings.Contains(was.Why, test.want) {
						t.Errorf("%+v, %v", was, err)
					}
					if how == "map" && was != nil && was.By != "holder, input 0 (7)" {
						t.Errorf("by %q", was.By)
					}
					leave()
					_ = ex.Close()
					if (len(warned) == 1) != test.warn {
						t.Errorf("warnings: %q", warned)
					}
				})
			})
		}
	}
}

// Two tasks that take two locks in opposite order: the younger is told, by name,
// as the circle closes; with a retry both end well.
func TestShareDeadlock(t *testing.T) {
	for retries, fails := range map[int]int{0: 1, 3: 0} {
		t.Run(fmt.Sprint(retries), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				ex, err := outpace.New(t.Context(), outpace.Threads(2), outpace.Backoff(time.Millisecond, time.Millisecond))
				if err != nil {
					t.Fatal(err)
				}
				defer ex.Close()
				names := []string{"A", "B"}
				var both sync.WaitGroup
				both.Add(2)
				var first [2]sync.Once
				fn := outpace.Func("transfer", func(ctx context.Context, i int) (int, error) {
					one, two := share.Lock(ctx, names[i]), share.Lock(ctx, names[1-i])
					if _, err := one.Acquire(ctx); err != nil {
						return 0, err
					}
					defer one.Release()
					first[i].Do(func() { both.Done(); both.Wait() })
					if _, err := two.Acquire(ctx); err != nil {
						return 0, err
					}
					return i, two.Release()
				})
				failed := 0
				for _, err := range outpace.Map(t.Context(), ex, fn, slices.Values([]int{0, 1}), outpace.Retries(retries)) {
					if err == nil {
						continue
					}
					failed++
					var dead *share.DeadlockError
					if !errors.As(err, &dead) {
						t.Fatal(err)
					}
					for _, want := range []string{"transfer, input 0 (0) holds lock \"A\" and waits for lock \"B\"", "transfer, input 1 (1) holds lock \"B\" and waits for lock \"A\""} {
						if !strings.Contains(dead.Text, want) {
							t.Errorf("%q is not in %q", want, dead.Text)
						}
					}
				}
				if failed != fails {
					t.Errorf("%d failed, and not %d", failed, fails)
				}
			})
		})
	}
}

// Tasks that all wait for what only a pending task would do are found once the
// caller has left, and the run goes on; while the caller may still do it, they
// wait.
func TestShareStuck(t *testing.T) {
	for name, model := range map[string]outpace.Model{"serial": outpace.Serial(), "threads": outpace.Threads(3), "async": outpace.Async(3)} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				ex, err := outpace.New(t.Context(), model)
				if err != nil {
					t.Fatal(err)
				}
				defer ex.Close()
				fn := outpace.Func("row", func(ctx context.Context, i int) (int, error) {
					rows := share.Queue[int](ctx, "rows", 10)
					if i == 3 {
						return i, rows.Put(ctx, i)
					}
					return rows.Get(ctx)
				})
				_, leave := ex.Share(t.Context())
				var values []int
				var failures []error
				ended := make(chan struct{})
				go func() {
					defer close(ended)
					for v, err := range outpace.Map(t.Context(), ex, fn, slices.Values([]int{0, 1, 2, 3})) {
						if err != nil {
							failures = append(failures, err)
						} else {
							values = append(values, v)
						}
					}
				}()
				time.Sleep(time.Hour)
				select {
				case <-ended:
					t.Error("the caller could still have put something")
				default:
				}
				leave()
				<-ended
				for _, err := range failures {
					var dead *share.DeadlockError
					if !errors.As(err, &dead) || !strings.Contains(dead.Text, `waits for an item of queue "rows"; nobody else can go on (hint: `) {
						t.Error(err)
					}
				}
				if len(failures) == 0 || len(values) < 1 || !slices.Contains(values, 3) {
					t.Errorf("%v, %v", values, failures)
				}
			})
		})
	}
}

// An item that waits does not hold back those that its slot has claimed behind it.
func TestShareShed(t *testing.T) {
	ex := open(t, outpace.Threads(2))
	const n = 100_000
	fn := outpace.Func("", func(ctx context.Context, i int) (int, error) {
		switch i {
		case n / 2:
			return share.Queue[int](ctx, "q", 1).Get(ctx)
		case n/2 + 1:
			return i, share.Queue[int](ctx, "q", 1).Put(ctx, i)
		}
		return i, nil
	})
	i := 0
	for v, err := range outpace.Map(t.Context(), ex, fn, slices.Values(numbers(n))) {
		if want := i; err != nil || v != want && i != n/2 {
			t.Fatal(i, v, err)
		}
		i++
	}
}

// Close wakes whoever waits.
func TestShareClose(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ex, err := outpace.New(t.Context(), outpace.Threads(2))
		if err != nil {
			t.Fatal(err)
		}
		ctx, leave := ex.Share(t.Context())
		defer leave()
		got := make(chan error, 1)
		go func() {
			_, err := share.Queue[int](ctx, "rows", 1).Get(context.WithoutCancel(ctx))
			got <- err
		}()
		synctest.Wait()
		_ = ex.Close()
		if err := <-got; !errors.Is(err, share.ErrClosed) {
			t.Error(err)
		}
		if err := share.Counter(ctx, "pages").Add("x", 1); !errors.Is(err, share.ErrClosed) {
			t.Error(err)
		}
	})
}
