//go:build linux || darwin

package process_test

import (
	"context"
	"fmt"
	"os"
	"runtime"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/outpace-run/outpace"
	"github.com/outpace-run/outpace/modeltest"
	"github.com/outpace-run/outpace/process"
)

func TestMain(m *testing.M) {
	if os.Getenv("TEST_WITHOUT_MAIN") != "" {
		os.Exit(withoutMain())
	}
	process.Main(slices.Concat(functions(), conforming(), culprits())...)
	if os.Getenv(orphanage) != "" {
		os.Exit(orphan())
	}
	// A process under the race detector would linger for a second at its end.
	if err := os.Setenv("GORACE", "atexit_sleep_ms=0"); err != nil {
		panic(err)
	}
	if os.Getenv("TEST_REMOVED") != "" {
		os.Exit(removed())
	}
	os.Exit(m.Run())
}

// removed is a program that runs a function after its own file was removed.
func removed() int {
	_ = os.Remove(os.Args[0])
	ctx := context.Background()
	ex, err := outpace.New(ctx, process.Workers(1))
	if err != nil {
		fmt.Println(err)
		return 1
	}
	defer ex.Close()
	fmt.Println(outpace.Submit(ctx, ex, double, 21).Result(ctx))
	return 0
}

// withoutMain is a program that does not call Main.
func withoutMain() int {
	_, err := outpace.New(context.Background(), process.Workers(1))
	fmt.Println(err)
	return 3
}

// suite is the functions of modeltest.
func suite() modeltest.Functions {
	f := modeltest.GoFunctions()
	f.Exit = outpace.Func("exit", func(_ context.Context, n int) (int, error) {
		if n < 0 {
			os.Exit(-n)
		}
		return n, nil
	})
	f.Crash = outpace.Func("crash", func(_ context.Context, n int) (int, error) {
		if n < 0 {
			return 0, die(syscall.Signal(-n))
		}
		return n, nil
	})
	return f
}

func conforming() []outpace.AnyFunction {
	f := suite()
	return []outpace.AnyFunction{f.Square, f.SleepMS, f.Fail, f.Big, f.Stubborn, f.Exit, f.Crash, f.Share}
}

// die ends this process by a signal. Go's runtime handles some in its own way,
// so a shell takes the process's place first.
func die(s syscall.Signal) error {
	return syscall.Exec("/bin/sh", []string{"sh", "-c", fmt.Sprintf("kill -%d $$", s)}, os.Environ())
}

// eventually polls until ok, for at most twenty seconds.
func eventually(t testing.TB, what string, ok func() bool) {
	t.Helper()
	for deadline := time.Now().Add(20 * time.Second); !ok(); time.Sleep(time.Millisecond) {
		if time.Now().After(deadline) {
			stacks := make([]byte, 1<<20)
			t.Fatalf("not in twenty seconds: %s\n%s", what, stacks[:runtime.Stack(stacks, true)])
		}
	}
}

// open makes an executor that is closed with the test.
func open(t testing.TB, m outpace.Model, opts ...outpace.Option) *outpace.Executor {
	t.Helper()
	before := runtime.NumGoroutine()
	ex, err := outpace.New(context.Background(), m, opts...)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := ex.Close(); err != nil {
			t.Error(err)
		}
		eventually(t, "all goroutines end", func() bool { return runtime.NumGoroutine() <= before })
	})
	return ex
}

// result runs one task.
func result[In, Out any](t testing.TB, ex *outpace.Executor, f outpace.Function[In, Out], in In) (Out, error) {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	return outpace.Submit(ctx, ex, f, in).Result(ctx)
}

// TestConformance runs the suite that every model passes, on real processes.
func TestConformance(t *testing.T) {
	for _, s := range []outpace.Shape{{Processes: 2, Tasks: 1}, {Processes: 1, Tasks: 4}, {Processes: 2, Tasks: 2}} {
		t.Run(s.String(), func(t *testing.T) {
			modeltest.Run(t, func() outpace.Model { return process.Workers(s.Processes, process.Threads(s.Tasks)) }, suite())
		})
	}
}

func mentions(err error, words ...string) bool {
	for _, w := range words {
		if err == nil || !strings.Contains(err.Error(), w) {
			return false
		}
	}
	return true
}
