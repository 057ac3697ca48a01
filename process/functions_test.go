//go:build linux || darwin

package process_test

import (
	"bytes"
	"context"
	"encoding/gob"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"math"
	"os"
	"os/exec"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"time"

	"github.com/outpace-run/outpace"
	"github.com/outpace-run/outpace/process"
	"github.com/outpace-run/outpace/share"
)

// What the workers of these tests can be asked for.
var (
	double  = outpace.Func("double", func(_ context.Context, n int) (int, error) { return 2 * n, nil })
	noop    = outpace.Func("noop", func(_ context.Context, n int) (int, error) { return n, nil })
	pid     = outpace.Func("pid", func(context.Context, int) (int, error) { return os.Getpid(), nil })
	fails   = outpace.Func("fails", failing)
	panics  = outpace.Func("panics", panicking)
	goexits = outpace.Func("goexits", func(_ context.Context, n int) (int, error) {
		if n < 0 {
			runtime.Goexit()
		}
		return n, nil
	})
	blows = outpace.Func("blows", func(context.Context, int) (int, error) {
		go panic("boom in a goroutine")
		select {}
	})
	half   = outpace.Func("half", func(_ context.Context, n int) (float64, error) { return 1 / float64(n), nil })
	deep   = outpace.Func("deep", func(_ context.Context, n int) (json.RawMessage, error) { return nest(n), nil })
	raw    = outpace.Func("raw", func(_ context.Context, x json.RawMessage) (int, error) { return len(x), nil })
	echo   = outpace.Func("echo", func(_ context.Context, s string) (string, error) { return s, nil })
	says   = outpace.Func("says", saying)
	closes = outpace.Func("closes", closing)
	waits  = outpace.Func("waits", waiting)
	runs   = outpace.Func("runs", running)
	spins  = outpace.Func("spins", func(_ context.Context, ms int) (int, error) {
		for begun := time.Now(); time.Since(begun) < time.Duration(ms)*time.Millisecond; {
		}
		return ms, nil
	})
	spread = outpace.Func("spread", spreading)
	table  = outpace.Func("table", func(_ context.Context, m map[float64]complex128) (map[float64]complex128, error) {
		m[math.Inf(1)] = complex(math.NaN(), 1)
		return m, nil
	}, outpace.UseCodec(gobs{}))
	blob = outpace.Func("blob", func(_ context.Context, n int) ([]byte, error) {
		b := make([]byte, n)
		b[0], b[n-1] = 1, 2
		return b, nil
	}, outpace.UseCodec(asTheyAre{}))
	shares = outpace.Func("sharing", sharing)
	locks  = outpace.Func("locks", func(ctx context.Context, n int) (int, error) {
		lock := share.Lock(ctx, "bench")
		for range n {
			if _, err := lock.Acquire(ctx); err != nil {
				return 0, err
			}
			if err := lock.Release(); err != nil {
				return 0, err
			}
		}
		return n, nil
	})
	once = outpace.Func("once", func(context.Context, int) (int, error) { return counted(), nil })
)

func functions() []outpace.AnyFunction {
	twin := outpace.Func("twin", func(context.Context, int) (int, error) { return 0, nil })
	return []outpace.AnyFunction{cube, reciprocal, double, noop, pid, fails, panics, goexits, blows, half, deep, raw, echo, says, closes, waits, runs,
		spins, spread, table, blob, once, shares, locks, twin, twin, nil, outpace.Remote[int, int]("elsewhere", 1)}
}

// gobs is a codec that is not JSON.
type gobs struct{}

func (gobs) Append(dst []byte, v any) ([]byte, error) {
	b := bytes.NewBuffer(dst)
	err := gob.NewEncoder(b).Encode(v)
	return b.Bytes(), err
}

func (gobs) Decode(data []byte, into any) error {
	return gob.NewDecoder(bytes.NewReader(data)).Decode(into)
}

// asTheyAre is a codec of bytes, and numbers.
type asTheyAre struct{}

func (asTheyAre) Append(dst []byte, v any) ([]byte, error) {
	if b, ok := v.([]byte); ok {
		return append(dst, b...), nil
	}
	return outpace.JSON{}.Append(dst, v)
}

func (asTheyAre) Decode(data []byte, into any) error {
	if b, ok := into.(*[]byte); ok {
		*b = bytes.Clone(data)
		return nil
	}
	return outpace.JSON{}.Decode(data, into)
}

// badRow is an error with a type of its own.
type badRow struct{ row int }

func (e *badRow) Error() string { return "bad row " + strconv.Itoa(e.row) }

func (e *badRow) Unwrap() error { return &fs.PathError{Op: "read", Path: "rows", Err: syscall.EIO} }

func failing(_ context.Context, how string) (int, error) {
	switch how {
	case "typed":
		return 0, fmt.Errorf("while reading: %w", &badRow{7})
	case "remote":
		return 0, &outpace.RemoteError{Type: "ValueError", Message: "from Python", Cause: "exception", Traceback: "there", Hint: "try"}
	case "evil":
		return 0, evil{}
	case "long":
		return 0, errors.New(strings.Repeat("x", 1<<20))
	}
	return 0, errors.New(how)
}

// evil is an error whose methods panic.
type evil struct{}

func (evil) Error() string { panic("no message") }

func (evil) Unwrap() error { panic("no cause") }

func panicking(_ context.Context, how string) (int, error) {
	switch how {
	case "error":
		panic(&badRow{8})
	case "twice":
		defer func() { panic("second") }()
		panic("first")
	case "deep":
		return bottomless(1000), nil
	}
	var empty []int
	return empty[5], nil
}

func bottomless(n int) int {
	if n == 0 {
		panic("the bottom")
	}
	return bottomless(n-1) + 1
}

func nest(n int) json.RawMessage {
	return json.RawMessage(strings.Repeat("[", n) + strings.Repeat("]", n))
}

func saying(_ context.Context, text string) (int, error) {
	fmt.Println(text)
	fmt.Fprintln(os.Stderr, text)
	n, err := io.Copy(io.Discard, os.Stdin)
	return int(n), err
}

func closing(_ context.Context, upTo int) (int, error) {
	_, _ = os.Stdin.Close(), os.Stdout.Close()
	for fd := range upTo {
		_ = syscall.Close(fd)
	}
	return upTo, nil
}

// waiting writes a file with its process id, and waits for its context or for
// another file.
func waiting(ctx context.Context, path string) (string, error) {
	if err := os.WriteFile(path, []byte(strconv.Itoa(os.Getpid())), 0o644); err != nil {
		return "", err
	}
	for ctx.Err() == nil {
		if _, err := os.Stat(path + ".go"); err == nil {
			return "went on", nil
		}
		time.Sleep(time.Millisecond) // sleeps: it polls
	}
	if _, err := os.Stat(path + ".mind"); err == nil {
		return "", context.Cause(ctx)
	}
	return context.Cause(ctx).Error(), nil
}

// running runs a shell command and returns what it prints.
func running(_ context.Context, command string) (string, error) {
	out, err := exec.Command("sh", "-c", command).CombinedOutput()
	return string(out), err
}

// spreading uses workers of its own.
func spreading(ctx context.Context, n int) (sum int, err error) {
	ex, err := outpace.New(ctx, process.Workers(2))
	if err != nil {
		return 0, err
	}
	defer ex.Close()
	for y, err := range outpace.Map(ctx, ex, double, slices.Values(make([]int, n))) {
		if err != nil {
			return 0, err
		}
		sum += y + 1
	}
	return sum, nil
}

var setUps int

var counted = sync.OnceValue(func() int { setUps++; return setUps })
