package outpace_test

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"runtime"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/outpace-run/outpace"
)

// TestMapWindow: what is pulled and not yielded stays within the window, at any
// moment and for any mix of fast and slow items.
func TestMapWindow(t *testing.T) {
	for _, window := range []int{1, 3, 64, 1000} {
		for _, workers := range []int{1, 3} {
			synctest.Test(t, func(t *testing.T) {
				ex := open(t, outpace.Threads(workers), outpace.Window(window, 0))
				var pulled, yielded, most atomic.Int64
				source := func(yield func(int) bool) {
					for i := range 3000 {
						most.Store(max(most.Load(), pulled.Add(1)-yielded.Load()))
						if !yield(i) {
							return
						}
					}
				}
				f := outpace.Func("f", func(ctx context.Context, n int) (int, error) {
					if n%500 == 3 {
						time.Sleep(time.Second)
					}
					return n, nil
				})
				i := 0
				for v, err := range outpace.Map(context.Background(), ex, f, source) {
					if err != nil || v != i {
						t.Fatalf("result %d: %d, %v", i, v, err)
					}
					i++
					yielded.Add(1)
				}
				if i != 3000 || most.Load() > int64(window) {
					t.Errorf("window %d, %d workers: %d results, %d ahead", window, workers, i, most.Load())
				}
			})
		}
	}
}

// TestMapSlowHead: a slow first item does not idle the workers until a window of
// results waits behind it.
func TestMapSlowHead(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ex := open(t, outpace.Threads(2), outpace.Window(100, 0))
		var done atomic.Int64
		f := outpace.Func("f", func(_ context.Context, n int) (int, error) {
			if n == 0 {
				time.Sleep(time.Hour)
			} else {
				time.Sleep(time.Second)
			}
			done.Add(1)
			return n, nil
		})
		go func() {
			time.Sleep(90*time.Second + time.Millisecond)
			if n := done.Load(); n != 90 {
				t.Errorf("%d items done in 90 s behind a slow one, want 90", n)
			}
			time.Sleep(time.Minute)
			if n := done.Load(); n != 99 {
				t.Errorf("%d items done, want 99: the window less the slow one", n)
			}
		}()
		i := 0
		for v, err := range outpace.Map(context.Background(), ex, f, count(150)) {
			if err != nil || v != i {
				t.Fatalf("result %d: %d, %v", i, v, err)
			}
			i++
		}
		if i != 150 {
			t.Errorf("%d results", i)
		}
	})
}

// TestMapSlowInChunk: among many tiny items a slow one holds none of its
// neighbours: another slot takes them.
func TestMapSlowInChunk(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ex := open(t, outpace.Threads(2))
		f := outpace.Func("f", func(_ context.Context, n int) (int, error) {
			if n == 10_000 {
				time.Sleep(time.Hour)
			}
			return n, nil
		})
		begin := time.Now()
		n := 0
		for item, err := range outpace.MapUnordered(context.Background(), ex, f, count(20_000)) {
			if err != nil || item.Err != nil {
				t.Fatal(err, item.Err)
			}
			// What its slot has finished of the same chunk (8192 items at most) waits with it.
			if n++; n == 11_500 && time.Since(begin) > time.Minute {
				t.Errorf("after %v", time.Since(begin))
			}
		}
		if n != 20_000 {
			t.Errorf("%d results", n)
		}
	})
}

// TestMapRetriesOnce: with failures, panics and time-outs at random, every input
// has exactly one result, the right one.
func TestMapRetriesOnce(t *testing.T) {
	for _, workers := range []int{1, 4} {
		synctest.Test(t, func(t *testing.T) {
			var rec recorder
			ex := open(t, outpace.Threads(workers), outpace.Observe(rec.observe), outpace.Grace(time.Second))
			var tries [2000]atomic.Int32
			f := outpace.Func("flaky", func(ctx context.Context, n int) (int, error) {
				if tries[n].Add(1) > 2 {
					return n, nil
				}
				switch rand.IntN(6) {
				case 0:
					panic("flaky")
				case 1:
					runtime.Goexit()
				case 2:
					return 0, errors.New("flaky")
				case 3:
					return sleepMS(ctx, 5000) // over the time-out
				case 4:
					return sleepMS(procLike(ctx), 5000) // and deaf
				}
				return n, nil
			})
			i := 0
			for v, err := range outpace.Map(context.Background(), ex, f, count(len(tries)),
				outpace.Retries(2), outpace.Timeout(time.Second), outpace.Backoff(time.Millisecond, time.Second)) {
				if err != nil || v != i {
					t.Fatalf("result %d: %d, %v", i, v, err)
				}
				i++
			}
			if n := rec.tasks(outpace.TaskFinished); i != len(tries) || n != i {
				t.Errorf("%d results, %d finished", i, n)
			}
			if started, retried := rec.tasks(outpace.TaskStarted), rec.tasks(outpace.TaskRetried); started < i+retried {
				t.Errorf("%d started, %d retried", started, retried)
			}
			time.Sleep(10 * time.Second) // the deaf ones come back
		})
	}
}

// procLike is a context without the end of ctx.
func procLike(ctx context.Context) context.Context { return context.WithoutCancel(ctx) }

// TestMapOrderAfterStop: results in front of what was skipped are yielded, those
// behind it are not: they would be at wrong places.
func TestMapOrderAfterStop(t *testing.T) {
	for range 50 {
		synctest.Test(t, func(t *testing.T) {
			ex := open(t, outpace.Threads(4))
			bad := rand.IntN(3000)
			f := outpace.Func("f", func(_ context.Context, n int) (int, error) {
				if n == bad {
					return 0, errors.New("bad")
				}
				if rand.IntN(200) == 0 {
					time.Sleep(time.Second)
				}
				return n, nil
			})
			i := 0
			var last error
			for v, err := range outpace.Map(context.Background(), ex, f, count(5000), outpace.FailFast()) {
				if last = err; err == nil && v != i {
					t.Fatalf("result %d is %d", i, v)
				}
				i++
			}
			if !errors.Is(last, outpace.ErrStopped) || !mentions(last, fmt.Sprintf("input %d:", bad)) {
				t.Errorf("the end: %v", last)
			}
		})
	}
}

// TestMapCancelNeverLooksComplete: a Map that was cut short says so, however the
// cut falls.
func TestMapCancelNeverLooksComplete(t *testing.T) {
	ex := open(t, outpace.Threads(2))
	cause := errors.New("cut")
	for i := 1; i < 300; i++ {
		ctx, cancel := context.WithCancelCause(context.Background())
		n := 0
		var last error
		for _, err := range outpace.Map(ctx, ex, square(), endless(), outpace.Window(i, 0)) {
			if last = err; err == nil {
				n++
			}
			if n == i {
				cancel(cause)
			}
		}
		cancel(nil)
		if last != cause {
			t.Fatalf("cut after %d: ended after %d with %v", i, n, last)
		}
	}
}

// TestMapSourceLingers: an input that is not followed by another is not kept
// waiting for company.
func TestMapSourceLingers(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ex := open(t, outpace.Threads(1))
		var gaveAt atomic.Int64
		begin := time.Now()
		source := func(yield func(int) bool) {
			for i := range 100 {
				gaveAt.Store(int64(time.Since(begin)))
				if !yield(i) {
					return
				}
				time.Sleep(time.Second)
			}
		}
		for _, err := range outpace.Map(context.Background(), ex, square(), source) {
			late := time.Since(begin) - time.Duration(gaveAt.Load())
			if err != nil || late > 10*time.Millisecond {
				t.Fatalf("a result %v after its input, %v", late, err)
			}
		}
	})
}

// TestMapIdleSource: a source that waits between inputs, for longer and shorter
// than anything else, loses none of them.
func TestMapIdleSource(t *testing.T) {
	for range 20 {
		synctest.Test(t, func(t *testing.T) {
			ex := open(t, outpace.Threads(3))
			source := func(yield func(int) bool) {
				for i := range 1000 {
					time.Sleep(time.Duration(rand.IntN(4)) * 600 * time.Microsecond)
					if !yield(i) {
						return
					}
				}
			}
			i := 0
			for v, err := range outpace.Map(context.Background(), ex, square(), source) {
				if err != nil || v != i*i {
					t.Fatalf("result %d: %d, %v", i, v, err)
				}
				if i++; rand.IntN(50) == 0 {
					time.Sleep(3 * time.Millisecond)
				}
			}
			if i != 1000 {
				t.Errorf("%d results", i)
			}
		})
	}
}

// TestMapStress: many Maps at once, short and long, some left early, on one
// executor, in real time.
func TestMapStress(t *testing.T) {
	ex := open(t, outpace.Threads(4))
	ended := make(chan error)
	for k := range 8 {
		go func() { ended <- stressMaps(ex, k) }()
	}
	for range 8 {
		if err := <-ended; err != nil {
			t.Error(err)
		}
	}
}

func stressMaps(ex *outpace.Executor, k int) error {
	for round := range 40 {
		n, i := 1+(k*37+round*101)%5000, 0
		for v, err := range outpace.Map(context.Background(), ex, square(), count(n), outpace.Window(1+round*20, 0)) {
			if err != nil || v != i*i {
				return fmt.Errorf("result %d of %d: %d, %w", i, n, v, err)
			}
			if i++; round%5 == 4 && i == n/2 {
				break
			}
		}
		if round%5 != 4 && i != n {
			return fmt.Errorf("%d results of %d", i, n)
		}
	}
	return nil
}
