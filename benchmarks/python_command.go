package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"slices"
	"strconv"
	"time"
)

// piped is the command in a pipe, start-up and end included, with n inputs and
// before that with a tenth of them: what the other nine tenths cost is the
// steady rate.
//
//	seq 0 N | outpace map benchmarks/speed/functions.py:same -j W > FILE
func (p pythonProbe) piped(ctx context.Context) (measurement, error) {
	tenth, err := p.pipe(ctx, max(1, p.n/10))
	if err != nil {
		return nil, err
	}
	m, err := p.pipe(ctx, p.n)
	if err != nil {
		return nil, err
	}
	m["tenth_ns"] = tenth["seconds"] / tenth["ops"] * 1e9
	m["steady_ns"] = (m["seconds"] - tenth["seconds"]) / (m["ops"] - tenth["ops"]) * 1e9
	return m, nil
}

// pipe runs the command over n inputs. What it wrote is checked when the clock
// has stopped.
func (p pythonProbe) pipe(ctx context.Context, n int) (measurement, error) {
	output, err := os.CreateTemp("", "outpace-piped")
	if err != nil {
		return nil, err
	}
	defer os.Remove(output.Name())
	defer output.Close()
	var said bytes.Buffer
	seq := exec.CommandContext(ctx, "seq", "0", strconv.Itoa(n-1))
	outpace := exec.CommandContext(ctx, p.outpace, "map", speedFunction("same"), "-j", strconv.Itoa(p.workers),
		"--python", p.python, "--progress", "none")
	outpace.Stdout, outpace.Stderr = output, &said
	start := time.Now()
	if err := startPiped(seq, outpace); err != nil {
		return nil, err
	}
	peak := watchPeak(outpace.Process.Pid)
	err = errors.Join(outpace.Wait(), seq.Wait())
	m := measurement{"seconds": time.Since(start).Seconds(), "ops": float64(n)}
	peak(m)
	if err != nil {
		return nil, fmt.Errorf("outpace map: %w: %s", err, &said)
	}
	return m, checkBelow(output, n)
}

// startPiped starts both, the output of one being the input of the other.
func startPiped(from, to *exec.Cmd) error {
	r, w, err := os.Pipe()
	if err != nil {
		return err
	}
	from.Stdout, to.Stdin = w, r
	if err = from.Start(); err == nil {
		if err = to.Start(); err != nil {
			err = errors.Join(err, from.Process.Kill(), from.Wait())
		}
	}
	return errors.Join(err, r.Close(), w.Close())
}

// checkBelow reads a file from its beginning: the numbers below n and nothing
// else, a line for each.
func checkBelow(file *os.File, n int) error {
	if _, err := file.Seek(0, io.SeekStart); err != nil {
		return err
	}
	read, want := make([]byte, 1<<20), make([]byte, 0, 1<<20)
	for i := 0; i < n; {
		want = want[:0]
		for ; i < n && len(want) < cap(want)-20; i++ {
			want = append(strconv.AppendInt(want, int64(i), 10), '\n')
		}
		if _, err := io.ReadFull(file, read[:len(want)]); err != nil {
			return fmt.Errorf("the results before %d: %w", i, err)
		}
		if !bytes.Equal(read[:len(want)], want) {
			return fmt.Errorf("a result before %d is wrong", i)
		}
	}
	if k, err := file.Read(read); k > 0 || !errors.Is(err, io.EOF) {
		return errors.New("there are more results than inputs")
	}
	return nil
}

// starts runs a program n times from its start to its end, one after the other;
// it must print want. The time of one is the median.
func starts(ctx context.Context, n int, want string, args ...string) (measurement, error) {
	took := make([]time.Duration, n)
	for i := -1; i < n; i++ { // the first one warms caches
		var printed, said bytes.Buffer
		cmd := exec.CommandContext(ctx, args[0], args[1:]...)
		cmd.Stdout, cmd.Stderr = &printed, &said
		start := time.Now()
		if err := cmd.Run(); err != nil {
			return nil, fmt.Errorf("%q: %w: %s", args, err, &said)
		}
		if printed.String() != want {
			return nil, fmt.Errorf("%q printed %q", args, &printed)
		}
		if i >= 0 {
			took[i] = time.Since(start)
		}
	}
	slices.Sort(took)
	return measurement{"seconds": took[n/2].Seconds() * float64(n), "ops": float64(n)}, nil
}
