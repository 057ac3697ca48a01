package main

import (
	"context"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"sync/atomic"
	"syscall"
	"time"

	"github.com/outpace-run/outpace"
)

// remoteName is the name of the function in Go child processes.
const remoteName = "soak"

// remote is the function for Go child processes.
func remote() outpace.Function[input, output] {
	return outpace.Func(remoteName, func(ctx context.Context, in input) (output, error) {
		if in.Do == "encoding" {
			nan := math.NaN()
			return output{NaN: &nan}, nil
		}
		err := act(ctx, in)
		if err == nil {
			err = actOutside(in)
		}
		return value(in), err
	})
}

// home is what a function of this process knows that one of a child does not.
type home struct {
	ex      *outpace.Executor
	running atomic.Int64 // calls under way
}

// local is the function for this process.
func (h *home) local() outpace.Function[input, output] {
	return outpace.Func("soak local", func(ctx context.Context, in input) (output, error) {
		h.running.Add(1)
		defer h.running.Add(-1)
		err := act(ctx, in)
		switch {
		case err != nil:
		case in.Do == "nest":
			err = h.nest(ctx)
		case in.Do == "nestmap":
			err = h.nestMap(ctx)
		}
		return value(in), err
	})
}

// nest waits for tasks of the executor that its own task runs on.
func (h *home) nest(ctx context.Context) error {
	a := outpace.Submit(ctx, h.ex, h.local(), input{ID: 1, Do: "value"})
	b := outpace.Submit(ctx, h.ex, h.local(), input{ID: 2, Do: "sleep", MS: 1})
	got, err := outpace.Gather(ctx, a, b)
	if err == nil && (got[0].Text != "value 1" || got[1].Text != "sleep 2") {
		return fmt.Errorf("nested tasks gave %v", got)
	}
	return err
}

// nestMap runs a Map on the executor that its own task runs on.
func (h *home) nestMap(ctx context.Context) error {
	ins := []input{{ID: 0, Do: "value"}, {ID: 1, Do: "sleep", MS: 1}, {ID: 2, Do: "value"}}
	n := 0
	for v, err := range outpace.Map(ctx, h.ex, h.local(), slices.Values(ins)) {
		if err != nil {
			return err
		}
		if v.ID != n {
			return fmt.Errorf("result %d of a nested Map is %v", n, v)
		}
		n++
	}
	if n != len(ins) {
		return fmt.Errorf("a nested Map gave %d results", n)
	}
	return nil
}

// act does what an input says, where that is the same in any process.
func act(ctx context.Context, in input) error {
	switch in.Do {
	case "sleep":
		return rest(ctx, time.Duration(in.MS)*time.Millisecond)
	case "ignore", "stubborn":
		time.Sleep(time.Duration(in.MS) * time.Millisecond)
	case "error":
		return badError{"bad", in.ID}
	case "flaky":
		return flaky(in)
	case "panic":
		panic(in.ID)
	case "goexit":
		runtime.Goexit()
	case "hang":
		return rest(ctx, time.Hour)
	}
	return nil
}

func rest(ctx context.Context, d time.Duration) error {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}

// flaky fails the first times that it is called. Files count them: each call
// may be in another process.
func flaky(in input) error {
	for n := range in.Times {
		name := filepath.Join(in.Dir, fmt.Sprintf("%d.%d", in.ID, n))
		f, err := os.OpenFile(name, os.O_CREATE|os.O_EXCL, 0o600)
		if err != nil {
			continue
		}
		_ = f.Close()
		return badError{"flaky", in.ID}
	}
	return nil
}

// actOutside does what only a process of its own can bear.
func actOutside(in input) error {
	switch in.Do {
	case "say":
		fmt.Printf("soak: %s says %d.\n", in.Call, in.ID)
	case "spawn", "session":
		return spawn(in.Do == "session")
	case "exit":
		os.Exit(3)
	case "segv":
		return die(syscall.SIGSEGV)
	case "abort":
		return die(syscall.SIGABRT)
	case "kill":
		return die(syscall.SIGKILL)
	case "spin":
		for time.Now().Unix() > 0 {
		}
	case "grow":
		grow(in.Size)
	}
	return nil
}

func die(s syscall.Signal) error {
	err := send(os.Getpid(), s)
	time.Sleep(time.Minute)
	return err
}

// grow takes memory little by little, and keeps it until it is killed.
func grow(size int) {
	const step = 4 << 20
	var held [][]byte
	for range size / step {
		piece := make([]byte, step)
		for i := 0; i < step; i += 4096 {
			piece[i] = 1
		}
		held = append(held, piece)
		time.Sleep(2 * time.Millisecond)
	}
	time.Sleep(time.Minute)
	runtime.KeepAlive(held)
}
