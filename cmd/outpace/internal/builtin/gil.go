package builtin

import (
	"bytes"
	"compress/zlib"
	"context"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"fmt"
)

// The functions of examples/suites/gil.py in Go, which has no lock that threads
// could hold. Their results are those of the Python ones.

const maxBytes = 1 << 30 // that hash_bytes and compress work through

func hashBytes(ctx context.Context, n int64) (string, error) {
	if n < 0 || n > maxBytes {
		return "", fmt.Errorf("go:hash_bytes takes a number from 0 to 2^30, not %d", n)
	}
	sum := sha256.New()
	err := repeat(ctx, n, make([]byte, sampleSize), sum.Write)
	return hex.EncodeToString(sum.Sum(nil)), err
}

// compress returns the checksum that ends the output: it is the same whatever
// zlib is used, while the length of the output is not.
func compress(ctx context.Context, n int64) (int64, error) {
	if n < 0 || n > maxBytes {
		return 0, fmt.Errorf("go:compress takes a number from 0 to 2^30, not %d", n)
	}
	var out bytes.Buffer
	packer := zlib.NewWriter(&out)
	if err := repeat(ctx, n, letters(), packer.Write); err != nil {
		return 0, err
	}
	if err := packer.Close(); err != nil {
		return 0, err
	}
	return int64(binary.BigEndian.Uint32(out.Bytes()[out.Len()-4:])), nil
}

// repeat writes n bytes, sample after sample.
func repeat(ctx context.Context, n int64, sample []byte, write func([]byte) (int, error)) error {
	for ; n > 0; n -= int64(len(sample)) {
		if ctx.Err() != nil {
			return context.Cause(ctx)
		}
		if _, err := write(sample[:min(n, int64(len(sample)))]); err != nil {
			return err
		}
	}
	return nil
}

// sampleSize is twice as long as zlib looks back: what is repeated is nothing
// that it could find.
const sampleSize = 1 << 16

// letters returns bytes that look like text to a compressor: common letters come often.
func letters() []byte {
	state, text := uint32(1), make([]byte, sampleSize)
	for i := range text {
		state = (state*1103515245 + 12345) & 0x7FFFFFFF
		text[i] = "eeeeettttaaaooiinnsshr   dlucm.,"[state>>16&31]
	}
	return text
}

// turns is how many turns of halfAndHalf's loop take about a second of a core.
// The number is fixed, as in Python: a loop that ended when a clock says so would
// do less work where cores are shared.
const turns = 500_000_000

// halfAndHalf computes for about half of the seconds, and sleeps for the other half.
func halfAndHalf(ctx context.Context, seconds float64) (float64, error) {
	if !(seconds >= 0 && seconds <= 1e6) {
		return 0, fmt.Errorf("go:half_and_half takes seconds from 0 to 1e6, not %v", seconds)
	}
	x := uint64(1)
	for i := range uint64(seconds / 2 * turns) {
		if i%(1<<20) == 0 && ctx.Err() != nil {
			return 0, context.Cause(ctx)
		}
		x ^= x << 13 // each step needs the one before: no compiler shortens it
		x ^= x >> 7
		x ^= x << 17
	}
	if x == 0 {
		return 0, errors.New("go:half_and_half came to 0, which its steps cannot") // asked so that x is needed
	}
	_, err := sleep(ctx, seconds/2)
	return seconds, err
}
