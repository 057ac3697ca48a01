package engine

import (
	"math"
	"math/rand/v2"
	"time"
)

// Backoff is the wait after the attempt-th failure (from 1): a random time from
// 0 to the smaller of limit and base x 2^(attempt-1), "full jitter" in Marc
// Brooker's "Exponential Backoff And Jitter", AWS Architecture Blog, 2015. A
// base of 0 is no wait.
func Backoff(base, limit time.Duration, attempt int) time.Duration {
	ceiling := limit
	if shift := attempt - 1; shift < 63 && base <= limit>>shift {
		ceiling = base << shift
	}
	if base <= 0 || ceiling <= 0 {
		return 0
	}
	return rand.N(min(ceiling, math.MaxInt64-1) + 1)
}
