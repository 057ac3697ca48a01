//go:build linux

package python

import (
	"context"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/outpace-run/outpace"
)

// TestTimeoutTellsWhere: the failure of what ran out of time holds the Python
// stack, of C code that keeps the GIL too, and no frame of the worker.
func TestTimeoutTellsWhere(t *testing.T) {
	file := module(t, "stuck.py", `
import re
def spins(x):
    return deeper(x)
def deeper(x):
    while True: pass
def matches(x):
    return re.match(r"(a+)+$", "a" * 40 + "b")
async def awaits(x):
    return deeper(x)
`)
	for _, test := range []struct {
		function, inner string
		options         []Option
	}{
		{"spins", "line 6 in deeper", nil},
		{"matches", "line 8 in matches", nil},
		{"matches", "line 8 in matches", []Option{Threads(4)}},
		{"awaits", "line 6 in deeper", []Option{Async(4)}},
	} {
		ex, err := outpace.New(context.Background(), Workers(1, test.options...), outpace.Timeout(500*time.Millisecond), outpace.Grace(500*time.Millisecond))
		if err != nil {
			t.Fatal(err)
		}
		_, err = outpace.Submit(context.Background(), ex, Func[int, int](file+":"+test.function), 1).Result(context.Background())
		var late *outpace.TimeoutError
		if !errors.As(err, &late) || !strings.Contains(late.Stderr, test.inner) || strings.Contains(late.Stderr, "outpace_worker") {
			t.Errorf("%s: %v\n%+v", test.function, err, late)
		}
		if err := ex.Close(); err != nil {
			t.Error(err)
		}
	}
}

// TestBlockedLoop: one task that blocks its event loop fails, and not those that
// could not go on beside it; one that ignores its cancel costs no other a run.
func TestBlockedLoop(t *testing.T) {
	file := module(t, "blocks.py", `
import asyncio, time
async def visit(x):
    if x == 7: time.sleep(1000)
    while x == 8:
        try: await asyncio.sleep(1000)
        except asyncio.CancelledError: pass
    await asyncio.sleep(0.05)
    return x
`)
	for _, culprit := range []int{7, 8} {
		ex, err := outpace.New(context.Background(), Workers(1, Async(10)), outpace.Timeout(time.Second), outpace.Grace(500*time.Millisecond))
		if err != nil {
			t.Fatal(err)
		}
		inputs := func(yield func(int) bool) {
			for x := range 20 {
				if (x == culprit || x != 7 && x != 8) && !yield(x) {
					return
				}
			}
		}
		for item, err := range outpace.MapItems(context.Background(), ex, Func[int, int](file+":visit"), inputs) {
			if err != nil || (item.Err != nil) != (item.Input == culprit) || item.Err != nil && !errors.Is(item.Err, outpace.ErrTimeout) {
				t.Errorf("culprit %d, input %d: %v, %v", culprit, item.Input, item.Err, err)
			}
		}
		if err := ex.Close(); err != nil {
			t.Error(err)
		}
	}
}
