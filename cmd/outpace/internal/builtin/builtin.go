// Package builtin holds the functions that the command brings along as go:NAME:
// enough to try it out, to measure it, and to compare Go with Python.
package builtin

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"math/big"
	"math/bits"
	"time"

	"github.com/outpace-run/outpace"
)

// Function is a function over JSON values.
type Function = outpace.Function[json.RawMessage, json.RawMessage]

// Entry is one function of the command.
type Entry struct {
	Name string // without the "go:"
	Help string // one line
	Func Function
}

// All returns the functions, in the order of the documentation.
func All() []Entry {
	web := newWeb()
	return []Entry{
		entry("count_primes", "K -> the number of primes in the K-th block of 50,000; as examples/primes.py", countPrimes),
		entry("fib", "N -> the N-th Fibonacci number, by plain recursion: 1.6 times the work each N", fib),
		entry("sum_of_squares", "N -> 0*0 + 1*1 + ... + (N-1)*(N-1), in a loop", sumOfSquares),
		entry("sum_integers", "N -> 1 + 2 + ... + N, one by one", sumIntegers),
		entry("sha256", "text -> the SHA-256 of its UTF-8 bytes, in hexadecimal", hash),
		entry("sleep", "SECONDS -> the same number, after so long; keeps no core busy", sleep),
		entry("hash_bytes", "N -> the SHA-256 of N zero bytes, in hexadecimal", hashBytes),
		entry("compress", "N -> the checksum of N bytes of text, which it compresses with zlib", compress),
		entry("half_and_half", "SECONDS -> the same number, after about half of it computing, and half asleep", halfAndHalf),
		entry("download", "URL -> bytes behind it, which go into a temporary file in chunks of 8,192", web.download),
		entry("fetch", "URL -> bytes behind it, which go into memory", web.fetch),
		entry("noop", "anything -> the same; measures the machinery", noop),
	}
}

// entry makes a function of one that takes and returns Go values.
func entry[In, Out any](name, help string, body func(context.Context, In) (Out, error)) Entry {
	f := func(ctx context.Context, raw json.RawMessage) (json.RawMessage, error) {
		var in In
		if err := json.Unmarshal(raw, &in); err != nil || string(raw) == "null" {
			return nil, fmt.Errorf("go:%s takes %s, not %s", name, wanted(in), raw)
		}
		out, err := body(ctx, in)
		if err != nil {
			return nil, err
		}
		return json.Marshal(out)
	}
	if noop, ok := any(body).(func(context.Context, json.RawMessage) (json.RawMessage, error)); ok {
		f = noop
	}
	return Entry{Name: name, Help: help, Func: outpace.Func("go:"+name, f)}
}

// wanted names what a JSON value must be to be read into in.
func wanted(in any) string {
	switch in.(type) {
	case int64:
		return "a whole number"
	case float64:
		return "a number"
	}
	return "a string"
}

func noop(_ context.Context, in json.RawMessage) (json.RawMessage, error) { return in, nil }

const block = 50_000

// countPrimes counts the primes in the k-th block of numbers, from 1, by
// dividing each by the odd numbers up to its root: examples/primes.py,
// statement by statement.
func countPrimes(ctx context.Context, k int64) (int64, error) {
	if k < 1 || k > 1_000_000_000 {
		return 0, fmt.Errorf("go:count_primes takes a block from 1 to 1000000000, not %d", k)
	}
	count := int64(0)
	for n := (k - 1) * block; n < k*block; n++ {
		if n%1024 == 0 && ctx.Err() != nil {
			return 0, context.Cause(ctx)
		}
		if isPrime(n) {
			count++
		}
	}
	return count, nil
}

func isPrime(n int64) bool {
	if n < 3 || n%2 == 0 {
		return n == 2
	}
	for d := int64(3); d*d <= n; d += 2 {
		if n%d == 0 {
			return false
		}
	}
	return true
}

func fib(ctx context.Context, n int64) (int64, error) {
	if n < 0 || n > 90 {
		return 0, fmt.Errorf("go:fib takes a number from 0 to 90, not %d", n)
	}
	if n < 2 {
		return n, nil
	}
	if n < 20 {
		return plainFib(n), nil
	}
	if ctx.Err() != nil {
		return 0, context.Cause(ctx)
	}
	a, err := fib(ctx, n-1)
	if err != nil {
		return 0, err
	}
	b, err := fib(ctx, n-2)
	return a + b, err
}

// plainFib is the part of the recursion that takes too little time to ask
// whether it should stop.
func plainFib(n int64) int64 {
	if n < 2 {
		return n
	}
	return plainFib(n-1) + plainFib(n-2)
}

func sumOfSquares(ctx context.Context, n int64) (*big.Int, error) {
	if n < 0 || n > 1<<40 {
		return nil, fmt.Errorf("go:sum_of_squares takes a number from 0 to 2^40, not %d", n)
	}
	var high, low uint64
	for i := range uint64(n) {
		if i%(1<<20) == 0 && ctx.Err() != nil {
			return nil, context.Cause(ctx)
		}
		h, l := bits.Mul64(i, i)
		var carry uint64
		low, carry = bits.Add64(low, l, 0)
		high += h + carry
	}
	sum := new(big.Int).SetUint64(high)
	return sum.Lsh(sum, 64).Add(sum, new(big.Int).SetUint64(low)), nil
}

func sumIntegers(ctx context.Context, n int64) (uint64, error) {
	if n < 0 || n > 1<<32 {
		return 0, fmt.Errorf("go:sum_integers takes a number from 0 to 2^32, not %d", n)
	}
	sum := uint64(0)
	for i := range uint64(n) {
		if i%(1<<20) == 0 && ctx.Err() != nil {
			return 0, context.Cause(ctx)
		}
		sum += i + 1
	}
	return sum, nil
}

func hash(_ context.Context, text string) (string, error) {
	sum := sha256.Sum256([]byte(text))
	return hex.EncodeToString(sum[:]), nil
}

func sleep(ctx context.Context, s float64) (float64, error) {
	if !(s >= 0 && s <= 1e9) {
		return 0, fmt.Errorf("go:sleep takes seconds from 0 to 1e9, not %v", s)
	}
	timer := time.NewTimer(time.Duration(s * float64(time.Second)))
	defer timer.Stop()
	select {
	case <-timer.C:
		return s, nil
	case <-ctx.Done():
		return 0, context.Cause(ctx)
	}
}
