package cli

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"io/fs"
	"math"
	"os"
	"sync/atomic"

	"github.com/outpace-run/outpace/cmd/outpace/internal/input"
	"golang.org/x/term"
)

// inputs is where a run's inputs come from.
type inputs struct {
	source  input.Source
	total   int64 // -1: not known
	name    string
	file    *os.File     // nil where it is no file
	skipped atomic.Int64 // invalid ones that were left out
}

// openInputs finds the inputs that the arguments and flags name and makes sure
// that they can be read. Reading ends with the cause of ctx when that is done.
func (m *mapFlags) openInputs(ctx context.Context, args []string, stdin *os.File) (*inputs, error) {
	if err := m.oneSource(args); err != nil {
		return nil, err
	}
	in := &inputs{total: -1}
	var open func() (input.Source, error)
	switch {
	case len(args) > 0:
		if m.format == string(input.CSV) {
			return nil, usage("csv is for files: -i FILE", "arguments cannot be read as csv")
		}
		in.name, in.total = "arguments", int64(len(args))
		open = func() (input.Source, error) { return input.Args(args, input.Format(m.format)), nil }
	case m.span != "":
		span, err := input.ParseSpan(m.span)
		if err != nil {
			return nil, usage("such as --range 1..1000", "%s", err)
		}
		in.name, in.total = "the range", span.Len()
		open = func() (input.Source, error) { return input.Range(span), nil }
	default:
		var err error
		if open, err = m.openFile(ctx, in, stdin); err != nil {
			return nil, err
		}
	}
	in.total = times(in.total, m.repeat)
	in.source = input.Repeat(m.repeat, open)
	if m.skip {
		in.source = input.Skip(in.source, func(*input.InvalidError) { in.skipped.Add(1) })
	}
	return in, nil
}

func times(n, by int64) int64 {
	if n < 0 || n > math.MaxInt64/by {
		return -1
	}
	return n * by
}

func (m *mapFlags) oneSource(args []string) error {
	given := 0
	for _, is := range []bool{len(args) > 0, m.span != "", m.inputs != ""} {
		if is {
			given++
		}
	}
	if given > 1 {
		return usage("give arguments, --range or -i FILE, one of them", "inputs come from one place")
	}
	return nil
}

// openFile opens the file of -i, or standard input.
func (m *mapFlags) openFile(ctx context.Context, in *inputs, stdin *os.File) (func() (input.Source, error), error) {
	if m.inputs == "" && term.IsTerminal(int(stdin.Fd())) {
		return nil, usage("give them as arguments, with --range, with -i FILE or through a pipe", "no inputs")
	}
	in.name, in.file = "standard input", stdin
	if m.inputs != "" && m.inputs != "-" {
		f, err := openForReading(m.inputs)
		if err != nil {
			return nil, err
		}
		in.name, in.file = m.inputs, f
	}
	if m.repeat > 1 && !isRegular(in.file) {
		return nil, usage("save it in a file and name that with -i", "%s cannot be read twice, as --repeat asks", in.name)
	}
	format := input.Format(m.format).For(m.inputs)
	reader, first := input.Interruptible(ctx, in.file), true
	return func() (input.Source, error) {
		if !first {
			if _, err := in.file.Seek(0, io.SeekStart); err != nil {
				return nil, &input.ReadError{Name: in.name, Err: err}
			}
		}
		first = false
		return input.Read(reader, in.name, format), nil
	}, nil
}

func isRegular(f *os.File) bool {
	info, err := f.Stat()
	return err == nil && info.Mode().IsRegular()
}

func openForReading(name string) (*os.File, error) {
	f, err := os.Open(name)
	if err == nil {
		if info, statErr := f.Stat(); statErr == nil && info.IsDir() {
			_ = f.Close() // nothing was read or written
			return nil, usage("name a file in it", "cannot read inputs: %s is a directory", name)
		}
		return f, nil
	}
	if errors.Is(err, fs.ErrNotExist) {
		return nil, usage("inputs themselves are given without -i", "no such file: %s", name)
	}
	return nil, usage("", "cannot read inputs: %s: %s", name, reason(err))
}

// reason is an error of the file system without the name of the file.
func reason(err error) error {
	var path *fs.PathError
	if errors.As(err, &path) {
		return path.Err
	}
	return err
}

// ahead is a source whose first inputs were read already.
type ahead struct {
	input.Source
	read []json.RawMessage
	err  error // what came after them
}

// peek reads n inputs ahead, those that come with them, or all.
func peek(s input.Source, n int) *ahead {
	a := &ahead{Source: s}
	for len(a.read) < n && a.err == nil {
		var values []json.RawMessage
		values, a.err = s.Next()
		a.read = append(a.read, values...)
	}
	return a
}

// Next returns the inputs that were read ahead, and then further ones.
func (a *ahead) Next() ([]json.RawMessage, error) {
	if read := a.read; len(read) > 0 {
		a.read = nil
		return read, nil
	}
	if a.err != nil {
		return nil, a.err
	}
	return a.Source.Next()
}
