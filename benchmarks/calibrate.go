package main

import (
	"context"
	"fmt"
	"math"
	"time"
)

// calibrate finds the input for which one call of function takes about want:
// it doubles the input until a call takes a good part of that, and from the
// last two it tells how the time grows. Start-up is subtracted.
func calibrate(ctx context.Context, c command, function string, want time.Duration) (int, error) {
	least, err := call(ctx, c, function, 1)
	if err != nil {
		return 0, err
	}
	before := time.Duration(0)
	for input := 2; input < 1<<30; input *= 2 {
		took, err := call(ctx, c, function, input)
		if err != nil {
			return 0, err
		}
		took -= least
		if took >= want/2 && before > 0 {
			return extrapolate(input, before, took, want), nil
		}
		before = took
	}
	return 0, fmt.Errorf("no input makes %s take %v", function, want)
}

// extrapolate returns the input that takes want, where half of input took
// half, input took full, and the time grows as a power of the input.
func extrapolate(input int, half, full, want time.Duration) int {
	power := math.Log2(float64(full) / float64(half))
	power = min(max(power, 0.5), 4)
	return max(1, int(math.Round(float64(input)*math.Pow(float64(want)/float64(full), 1/power))))
}

// call returns how long outpace takes for one input, at best of two runs.
func call(ctx context.Context, c command, function string, input int) (time.Duration, error) {
	j := job{function: function, input: input, n: 1, workers: 1}
	one, _, err := c.run(ctx, j)
	if err != nil {
		return 0, err
	}
	two, _, err := c.run(ctx, j)
	return min(one.wall, two.wall), err
}
