package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"slices"
	"strconv"
	"time"

	"github.com/outpace-run/outpace"
	"github.com/outpace-run/outpace/python"
)

// callsToWarm is how many calls come before those that are measured.
const callsToWarm = 200

// call is one call at a time.
func (p pythonProbe) call(ctx context.Context) (measurement, error) {
	return p.with(ctx, func(ex *outpace.Executor) (measurement, error) {
		same := python.Func[int, int](speedFunction("same"))
		return oneByOne(p.n, func(i int) error {
			v, err := outpace.Submit(ctx, ex, same, i).Result(ctx)
			if err == nil && v != i {
				err = fmt.Errorf("the result of %d is %d", i, v)
			}
			return err
		})
	})
}

// oneByOne measures n calls, each by itself.
func oneByOne(n int, call func(i int) error) (measurement, error) {
	for i := range min(callsToWarm, n) {
		if err := call(i); err != nil {
			return nil, err
		}
	}
	took := make([]time.Duration, n)
	begin := time.Now()
	for i := range n {
		start := time.Now()
		if err := call(i); err != nil {
			return nil, err
		}
		took[i] = time.Since(start)
	}
	seconds := time.Since(begin).Seconds()
	slices.Sort(took)
	return measurement{
		"seconds": seconds,
		"ops":     float64(n),
		"p50_us":  took[n/2].Seconds() * 1e6,
		"p99_us":  took[n*99/100].Seconds() * 1e6,
	}, nil
}

// echo is the floor for one call at a time: a loop of read and write in
// CPython, at the other end of two pipes.
func (p pythonProbe) echo(ctx context.Context) (measurement, error) {
	theirIn, to, err := os.Pipe()
	if err != nil {
		return nil, err
	}
	defer to.Close()
	from, theirOut, err := os.Pipe()
	if err != nil {
		return nil, errors.Join(err, theirIn.Close())
	}
	defer from.Close()
	cmd := exec.CommandContext(ctx, p.python, "benchmarks/speed/echo.py")
	cmd.Stderr = os.Stderr
	cmd.ExtraFiles = []*os.File{theirIn, theirOut} // descriptors 3 and 4
	if err := errors.Join(cmd.Start(), theirIn.Close(), theirOut.Close()); err != nil {
		return nil, err
	}
	m, err := oneByOne(p.n, func(i int) error { return echoed(to, from, i) })
	return m, errors.Join(err, to.Close(), cmd.Wait())
}

// echoed sends a line and reads it back.
func echoed(to, from *os.File, i int) error {
	var sent, got [32]byte
	line := append(strconv.AppendInt(sent[:0], int64(i), 10), '\n')
	if _, err := to.Write(line); err != nil {
		return err
	}
	n, err := from.Read(got[:])
	if err == nil && !bytes.Equal(got[:n], line) {
		err = fmt.Errorf("the echo of %q is %q", line, got[:n])
	}
	return err
}
