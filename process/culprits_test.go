//go:build linux || darwin

package process_test

import (
	"context"
	"errors"
	"fmt"
	"math"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"runtime/debug"
	"slices"
	"syscall"
	"time"

	"github.com/outpace-run/outpace"
	"github.com/outpace-run/outpace/process"
)

// culprit is the input of a thousand at which each of the functions below does
// what its name says. Elsewhere they give twice their input.
const culprit = 500

// whereabouts is a folder in which tests and functions leave word for one
// another.
const whereabouts = "OUTPACE_TEST_DIR"

type self struct{ Next *self }

// deeds is what the culprit does, by name.
func deeds() map[string]func(context.Context) (any, error) {
	return map[string]func(context.Context) (any, error){
		"nothing":         func(context.Context) (any, error) { return 2 * culprit, nil },
		"an error":        func(context.Context) (any, error) { return nil, errors.New("bad row") },
		"a panic":         func(context.Context) (any, error) { panic("bad row") },
		"Goexit":          func(context.Context) (any, error) { runtime.Goexit(); return nil, nil },
		"os.Exit":         func(context.Context) (any, error) { os.Exit(3); return nil, nil },
		"SIGSEGV":         func(context.Context) (any, error) { return unmapped() },
		"SIGABRT":         func(context.Context) (any, error) { return nil, die(syscall.SIGABRT) },
		"map writes":      func(context.Context) (any, error) { return scribbled() },
		"stack overflow":  func(context.Context) (any, error) { debug.SetMaxStack(1 << 20); return deeper(1), nil },
		"an endless loop": func(context.Context) (any, error) { return spinning() },
		"much memory":     func(context.Context) (any, error) { return swollen(), nil },
		"setsid":          func(ctx context.Context) (any, error) { return detached(ctx) },
		"NaN":             func(context.Context) (any, error) { return math.NaN(), nil },
		"a channel":       func(context.Context) (any, error) { return make(chan int), nil },
		"a cycle":         func(context.Context) (any, error) { return cycle(), nil },
		"a wait":          func(context.Context) (any, error) { return 2 * culprit, meet("go") },
		"a child":         func(context.Context) (any, error) { return parent() },
	}
}

// culprits are the functions, and one of which only the last input is special.
func culprits() []outpace.AnyFunction {
	var all []outpace.AnyFunction
	for name := range deeds() {
		all = append(all, doing(name))
	}
	return append(all, lasting())
}

// doing is the function of a deed.
func doing(name string) outpace.Function[int, any] {
	deed := deeds()[name]
	return outpace.Func("culprit: "+name, func(ctx context.Context, x int) (any, error) {
		if x == culprit {
			return deed(ctx)
		}
		return 2 * x, nil
	})
}

// lasting takes its time, and for the last input as much as the test wants.
func lasting() outpace.Function[int, any] {
	return outpace.Func("culprit: the last", func(_ context.Context, x int) (any, error) {
		time.Sleep(12 * time.Millisecond) // sleeps: so that all workers have something in flight while some are killed
		if x == 1000 {
			return 2 * x, meet("go")
		}
		return 2 * x, nil
	})
}

// unmapped reads memory that is not there any more.
func unmapped() (any, error) {
	page, err := syscall.Mmap(-1, 0, 4096, syscall.PROT_READ, syscall.MAP_ANON|syscall.MAP_PRIVATE)
	if err != nil {
		return nil, err
	}
	if err := syscall.Munmap(page); err != nil {
		return nil, err
	}
	return page[0], nil
}

// scribbled writes to a map in several goroutines, until the runtime notices.
func scribbled() (any, error) {
	m := map[int]int{}
	for range 4 {
		go func() {
			for i := 0; ; i++ {
				m[i%100] = i
			}
		}()
	}
	select {}
}

func deeper(n int) int {
	if n < 0 {
		return 0
	}
	return 1 + deeper(n+1)
}

func spinning() (any, error) {
	for os.Getpid() > 0 {
	}
	return nil, nil
}

// swollen keeps ever more memory, and touches it.
func swollen() any {
	var held [][]byte
	for len(held) < 10_000 {
		held = append(held, slices.Repeat([]byte{1}, 5_000_000))
		time.Sleep(5 * time.Millisecond) // sleeps: as a real one it does something in between
	}
	return len(held)
}

// asleep is a process that lasts, with the mark of the test on its command line.
func asleep(session bool) error {
	cmd := exec.Command("sh", "-c", "sleep 1000; true", os.Getenv(marking))
	cmd.SysProcAttr = &syscall.SysProcAttr{Setsid: session}
	return cmd.Start()
}

func detached(context.Context) (any, error) {
	if err := asleep(true); err != nil {
		return nil, err
	}
	select {} // no loop: the other deed has that
}

func parent() (any, error) {
	if err := asleep(false); err != nil {
		return nil, err
	}
	return 2 * culprit, meet("never")
}

func cycle() any {
	s := &self{}
	s.Next = s
	return s
}

// meet leaves the id of this process, and waits until a file is there.
func meet(name string) error {
	dir := os.Getenv(whereabouts)
	met := filepath.Join(dir, "met")
	if err := os.WriteFile(met+".part", fmt.Append(nil, os.Getpid()), 0o666); err != nil {
		return err
	}
	if err := os.Rename(met+".part", met); err != nil {
		return err
	}
	for {
		if _, err := os.Stat(filepath.Join(dir, name)); err == nil {
			return nil
		}
		time.Sleep(5 * time.Millisecond) // sleeps: it is the test that ends this
	}
}

// marking is the variable that marks all processes of a test.
const marking = "OUTPACE_TEST_MARK"

// orphanage is the variable that makes this program one that uses workers until
// it is killed.
const orphanage = "TEST_ORPHANAGE"

// orphan is that program.
func orphan() int {
	ctx := context.Background()
	ex, err := outpace.New(ctx, process.Workers(2))
	if err != nil {
		fmt.Println(err)
		return 1
	}
	defer ex.Close()
	for _, err := range outpace.Map(ctx, ex, doing("a child"), upTo(1000)) {
		if err != nil {
			fmt.Println(err)
			return 1
		}
	}
	return 0
}

// upTo yields 1 to n.
func upTo(n int) func(func(int) bool) {
	return func(yield func(int) bool) {
		for x := 1; x <= n && yield(x); x++ {
		}
	}
}
