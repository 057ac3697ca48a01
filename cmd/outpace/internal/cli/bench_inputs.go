package cli

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"os"
)

// The most inputs that a bench holds in memory, and the most bytes of them.
const (
	mostInputs     = 1_000_000
	mostInputBytes = 256 << 20
)

// collect reads all inputs: they are run again and again. What done ends is
// there for as long as the inputs are used.
func (b *benchFlags) collect(ctx context.Context, args []string, stdin *os.File) (all []json.RawMessage, done func(), err error) {
	if b.suite.pages > 0 {
		return b.pageInputs(ctx, args)
	}
	in, err := b.openInputs(ctx, args, stdin)
	if err != nil {
		return nil, nil, err
	}
	if in.file != nil && in.file != stdin {
		defer func() { _ = in.file.Close() }() // it was only read
	}
	size := 0
	for err == nil {
		var some []json.RawMessage
		some, err = in.source.Next()
		for _, value := range some {
			size += len(value)
			all = append(all, value)
		}
		if len(all) > mostInputs || size > mostInputBytes {
			return nil, nil, usage("a part of them will do, such as the first 1000",
				"bench holds its inputs in memory: at most %d, of %d MiB together", mostInputs, mostInputBytes>>20)
		}
	}
	switch {
	case !errors.Is(err, io.EOF):
		return nil, nil, inputFault(err)
	case len(all) == 0 && in.skipped.Load() > 0:
		return nil, nil, usage("", "no inputs: all of %s are invalid", in.name)
	case len(all) == 0:
		return nil, nil, usage("is it the right file? outpace bench --help tells how inputs are read", "no inputs: %s is empty", in.name)
	}
	return all, func() {}, nil
}
