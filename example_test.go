package outpace_test

import (
	"context"
	"errors"
	"fmt"
	"log"
	"slices"
	"strings"
	"time"

	"github.com/outpace-run/outpace"
)

var errFlaky = errors.New("connection reset")

func Example() {
	ctx := context.Background()
	squares := outpace.Func("square", func(_ context.Context, n int) (int, error) { return n * n, nil })

	ex, err := outpace.New(ctx, outpace.Threads(8))
	if err != nil {
		log.Fatal(err)
	}
	defer ex.Close()

	for y, err := range outpace.Map(ctx, ex, squares, slices.Values([]int{1, 2, 3, 4})) {
		if err != nil {
			log.Fatal(err)
		}
		fmt.Println(y)
	}
	// Output:
	// 1
	// 4
	// 9
	// 16
}

func ExampleNew() {
	ex, err := outpace.New(context.Background(), outpace.Threads(2), outpace.Timeout(time.Minute), outpace.Retries(3))
	if err != nil {
		log.Fatal(err)
	}
	defer ex.Close()
	fmt.Println(ex.Plan())
	// Output: threads 1x2: 2 goroutines, as asked
}

func ExampleFunc() {
	length := outpace.Func("length", func(_ context.Context, s string) (int, error) { return len(s), nil })
	fmt.Println(length.Name(), length.Local())
	// Output: length true
}

func ExampleRemote() {
	// What package python does to name a function of another process.
	f := outpace.Remote[string, int]("text.py:count_words", nil)
	fmt.Println(f.Name(), f.Local())
	// Output: text.py:count_words false
}

func ExampleSerial() {
	ex, _ := outpace.New(context.Background(), outpace.Serial())
	defer ex.Close()
	hello := outpace.Func("hello", func(_ context.Context, who string) (string, error) { return "hello " + who, nil })
	fmt.Println(outpace.Submit(context.Background(), ex, hello, "world").Result(context.Background()))
	// Output: hello world <nil>
}

func ExampleAsync() {
	ctx := context.Background()
	ex, _ := outpace.New(ctx, outpace.Async(10_000)) // ten thousand wait at the same time
	defer ex.Close()
	wait := outpace.Func("wait", func(_ context.Context, n int) (int, error) {
		<-time.After(10 * time.Millisecond)
		return 1, nil
	})
	sum := 0
	for one, err := range outpace.Map(ctx, ex, wait, slices.Values(make([]int, 10_000))) {
		if err != nil {
			log.Fatal(err)
		}
		sum += one
	}
	fmt.Println(sum)
	// Output: 10000
}

func ExampleSubmit() {
	ctx := context.Background()
	ex, _ := outpace.New(ctx, outpace.Threads(2))
	defer ex.Close()
	square := outpace.Func("square", func(_ context.Context, n int) (int, error) { return n * n, nil })

	f := outpace.Submit(ctx, ex, square, 12)
	y, err := f.Result(ctx)
	fmt.Println(y, err, f.State())
	// Output: 144 <nil> done
}

func ExampleGo() {
	ctx := context.Background()
	ex, _ := outpace.New(ctx, outpace.Threads(2))
	if err := outpace.Go(ctx, ex, func(context.Context) error { return errors.New("disk full") }); err != nil {
		log.Fatal(err) // it could not be taken in
	}
	fmt.Println(ex.Shutdown(ctx))
	// Output: 1 tasks of Go failed, the first: disk full
}

func ExampleMap() {
	ctx := context.Background()
	ex, _ := outpace.New(ctx, outpace.Threads(4))
	defer ex.Close()
	half := outpace.Func("half", func(_ context.Context, n int) (int, error) {
		if n%2 == 1 {
			return 0, errors.New("odd")
		}
		return n / 2, nil
	})
	for y, err := range outpace.Map(ctx, ex, half, slices.Values([]int{10, 11, 12})) {
		fmt.Println(y, err) // a failed input is an error at its place; the loop goes on
	}
	// Output:
	// 5 <nil>
	// 0 half, input 1: odd
	// 6 <nil>
}

func ExampleMapItems() {
	ctx := context.Background()
	ex, _ := outpace.New(ctx, outpace.Threads(4))
	defer ex.Close()
	upper := outpace.Func("upper", func(_ context.Context, s string) (string, error) { return strings.ToUpper(s), nil })
	for item, err := range outpace.MapItems(ctx, ex, upper, slices.Values([]string{"a", "b"})) {
		if err != nil {
			log.Fatal(err) // the run as a whole
		}
		fmt.Println(item.Index, item.Input, item.Value, item.Attempts)
	}
	// Output:
	// 0 a A 1
	// 1 b B 1
}

func ExampleMapSpans() {
	ctx := context.Background()
	ex, _ := outpace.New(ctx, outpace.Threads(4))
	defer ex.Close()
	half := outpace.Func("half", func(_ context.Context, n int) (int, error) {
		if n%2 != 0 {
			return 0, errors.New("odd")
		}
		return n / 2, nil
	})
	sum, failed := 0, []int(nil)
	for span, err := range outpace.MapSpans(ctx, ex, half, slices.Values([]int{10, 11, 12})) {
		switch {
		case err != nil:
			log.Fatal(err) // the run as a whole
		case span.Err != nil:
			failed = append(failed, span.Inputs[0])
		}
		for _, v := range span.Values {
			sum += v
		}
	}
	fmt.Println(sum, failed)
	// Output:
	// 11 [11]
}

func ExampleMapUnordered() {
	ctx := context.Background()
	ex, _ := outpace.New(ctx, outpace.Threads(4))
	defer ex.Close()
	square := outpace.Func("square", func(_ context.Context, n int) (int, error) { return n * n, nil })
	for item, err := range outpace.MapUnordered(ctx, ex, square, slices.Values([]int{1, 2, 3})) {
		if err != nil {
			log.Fatal(err)
		}
		fmt.Println(item.Input, item.Value)
	}
	// Unordered output:
	// 2 4
	// 1 1
	// 3 9
}

func ExampleAsCompleted() {
	ctx := context.Background()
	ex, _ := outpace.New(ctx, outpace.Threads(2))
	defer ex.Close()
	square := outpace.Func("square", func(_ context.Context, n int) (int, error) { return n * n, nil })
	a, b := outpace.Submit(ctx, ex, square, 3), outpace.Submit(ctx, ex, square, 4)
	for f := range outpace.AsCompleted(ctx, a, b) {
		fmt.Println(f.Result(ctx)) // whichever is ready
	}
	// Unordered output:
	// 9 <nil>
	// 16 <nil>
}

func ExampleWait() {
	ctx := context.Background()
	ex, _ := outpace.New(ctx, outpace.Threads(2))
	defer ex.Close()
	sleep := outpace.Func("sleep", func(ctx context.Context, d time.Duration) (time.Duration, error) {
		select {
		case <-time.After(d):
			return d, nil
		case <-ctx.Done():
			return 0, context.Cause(ctx)
		}
	})
	quick, slow := outpace.Submit(ctx, ex, sleep, time.Millisecond), outpace.Submit(ctx, ex, sleep, time.Hour)
	done, pending := outpace.Wait(ctx, []*outpace.Future[time.Duration]{slow, quick}, outpace.FirstCompleted)
	fmt.Println(len(done), done[0] == quick, len(pending))
	// Output: 1 true 1
}

func ExampleGather() {
	ctx := context.Background()
	ex, _ := outpace.New(ctx, outpace.Threads(2))
	defer ex.Close()
	half := outpace.Func("half", func(_ context.Context, n int) (int, error) {
		if n%2 == 1 {
			return 0, fmt.Errorf("%d is odd", n)
		}
		return n / 2, nil
	})
	values, err := outpace.Gather(ctx, outpace.Submit(ctx, ex, half, 10), outpace.Submit(ctx, ex, half, 11), outpace.Submit(ctx, ex, half, 12))
	fmt.Println(values, err)
	// Output: [5 0 6] half: 11 is odd
}

func ExampleFuture_Cancel() {
	ctx := context.Background()
	ex, _ := outpace.New(ctx, outpace.Serial())
	defer ex.Close()
	wait := outpace.Func("wait", func(ctx context.Context, _ int) (int, error) { <-ctx.Done(); return 0, context.Cause(ctx) })
	_ = outpace.Submit(ctx, ex, wait, 1) // keeps the only slot busy
	pending := outpace.Submit(ctx, ex, wait, 2)
	fmt.Println(pending.Cancel(), pending.State(), errors.Is(pending.Err(), outpace.ErrCancelled))
	// Output: true cancelled true
}

func ExampleFuture_OnDone() {
	ctx := context.Background()
	ex, _ := outpace.New(ctx, outpace.Threads(2))
	square := outpace.Func("square", func(_ context.Context, n int) (int, error) { return n * n, nil })
	f := outpace.Submit(ctx, ex, square, 5)
	f.OnDone(func() { fmt.Println("done:", f.State()) })
	if err := ex.Shutdown(ctx); err != nil {
		log.Fatal(err)
	}
	// Output: done: done
}

func ExampleTimeout() {
	ctx := context.Background()
	ex, _ := outpace.New(ctx, outpace.Threads(1))
	defer ex.Close()
	wait := outpace.Func("wait", func(ctx context.Context, _ int) (int, error) { <-ctx.Done(); return 0, ctx.Err() })
	_, err := outpace.Submit(ctx, ex, wait, 1, outpace.Timeout(10*time.Millisecond)).Result(ctx)
	fmt.Println(err, errors.Is(err, outpace.ErrTimeout))
	// Output: wait: timed out after 10ms true
}

func ExampleRetries() {
	ctx := context.Background()
	ex, _ := outpace.New(ctx, outpace.Threads(1), outpace.Retries(3), outpace.Backoff(time.Millisecond, time.Second))
	defer ex.Close()
	tries := 0
	flaky := outpace.Func("flaky", func(context.Context, int) (string, error) {
		if tries++; tries < 3 {
			return "", errFlaky
		}
		return "third time lucky", nil
	})
	f := outpace.Submit(ctx, ex, flaky, 1)
	fmt.Println(f.Result(ctx))
	fmt.Println(f.Attempts())
	// Output:
	// third time lucky <nil>
	// 3
}

func ExampleRetryIf() {
	ctx := context.Background()
	ex, _ := outpace.New(ctx, outpace.Threads(1), outpace.Retries(3),
		outpace.RetryIf(func(err error) bool { return errors.Is(err, errFlaky) }))
	defer ex.Close()
	broken := outpace.Func("broken", func(context.Context, int) (int, error) { return 0, errors.New("no such table") })
	f := outpace.Submit(ctx, ex, broken, 1)
	_, err := f.Result(ctx)
	fmt.Println(err, f.Attempts())
	// Output: broken: no such table 1
}

func ExampleWindow() {
	ctx := context.Background()
	ex, _ := outpace.New(ctx, outpace.Threads(2))
	defer ex.Close()
	square := outpace.Func("square", func(_ context.Context, n int) (int, error) { return n * n, nil })
	pulled := 0
	source := func(yield func(int) bool) {
		for i := 0; ; i++ {
			if pulled++; !yield(i) {
				return
			}
		}
	}
	for y, err := range outpace.Map(ctx, ex, square, source, outpace.Window(10, 0)) {
		if err != nil || y == 9 {
			break
		}
	}
	fmt.Println(pulled <= 14) // the loop has taken 3, and 10 more were pulled at most
	// Output: true
}

func ExampleFailFast() {
	ctx := context.Background()
	ex, _ := outpace.New(ctx, outpace.Serial())
	defer ex.Close()
	check := outpace.Func("check", func(_ context.Context, n int) (int, error) {
		if n == 2 {
			return 0, errors.New("bad")
		}
		return n, nil
	})
	for y, err := range outpace.Map(ctx, ex, check, slices.Values([]int{1, 2, 3, 4}), outpace.FailFast()) {
		if errors.Is(err, outpace.ErrStopped) {
			fmt.Println(err)
			break
		}
		fmt.Println(y, err)
	}
	// Output:
	// 1 <nil>
	// 0 check, input 1: bad
	// stopped: check, input 1: bad
}

func ExampleObserve() {
	ctx := context.Background()
	finished := 0
	ex, _ := outpace.New(ctx, outpace.Threads(2), outpace.Observe(func(e outpace.Event) {
		if e.Kind == outpace.TaskFinished {
			finished += e.Count // one call at a time: no lock
		}
	}))
	square := outpace.Func("square", func(_ context.Context, n int) (int, error) { return n * n, nil })
	for range outpace.Map(ctx, ex, square, slices.Values(make([]int, 1000))) {
		continue
	}
	if err := ex.Close(); err != nil {
		log.Fatal(err)
	}
	fmt.Println(finished)
	// Output: 1000
}

func ExampleParseShape() {
	shape, err := outpace.ParseShape("4x2")
	fmt.Println(shape.Processes, shape.Tasks, shape.Workers(), err)
	_, err = outpace.ParseShape("four")
	fmt.Println(err)
	// Output:
	// 4 2 8 <nil>
	// invalid option: a shape is PxT, such as 4x2, got "four"
}

func ExampleExecutor_Shutdown() {
	ctx := context.Background()
	ex, _ := outpace.New(ctx, outpace.Threads(2))
	square := outpace.Func("square", func(_ context.Context, n int) (int, error) { return n * n, nil })
	f := outpace.Submit(ctx, ex, square, 7)

	patience, cancel := context.WithTimeout(ctx, 10*time.Second)
	defer cancel()
	if err := ex.Shutdown(patience); err != nil { // what was taken in finishes, unless it takes too long
		log.Fatal(err)
	}
	fmt.Println(f.Result(ctx))
	_, err := outpace.Submit(ctx, ex, square, 8).Result(ctx)
	fmt.Println(err)
	// Output:
	// 49 <nil>
	// square: executor closed
}
