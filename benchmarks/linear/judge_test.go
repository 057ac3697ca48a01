package linear

import (
	"testing"
	"time"
)

// does is an operation that was called and answered at some time.
type does struct {
	call       line
	back       line
	begin, end int64
}

// attemptOf makes the log of an attempt that ends at 100. One with an operation
// that has no end was killed.
func attemptOf(label string, all ...does) attempt {
	a := attempt{label: label, lines: []line{{Pid: 1}}, over: 100, returned: true}
	for _, d := range all {
		d.call.At, d.back.At = d.begin, d.end
		a.lines = append(a.lines, d.call)
		if d.end == 0 {
			a.returned = false
			return a
		}
		a.lines = append(a.lines, d.back)
	}
	return a
}

// TestJudge: what cannot be is found, and what may be is not.
func TestJudge(t *testing.T) {
	ok := line{OK: true}
	acquire, release := line{Call: "acquire"}, line{Call: "release", Soft: true}
	hurried := line{Call: "acquire", Cancel: true}
	update := line{Call: "update", A: 1}
	add := line{Call: "add", Key: "a", A: 1, Soft: true}
	snapshot := func(a int64) line { return line{Counts: map[string]int64{"a": a}} }
	put := func(x int64) line { return line{Call: "put", A: x, Soft: true} }
	take := line{Call: "take", A: 1}
	var full []does
	for i := range int64(places + 1) {
		full = append(full, does{put(i + 1), ok, 2 * i, 2*i + 1})
	}
	for name, test := range map[string]struct {
		right    bool
		attempts []attempt
	}{
		"a lost update":    {false, []attempt{attemptOf("a", does{update, line{N: 1}, 1, 5}), attemptOf("b", does{update, line{N: 1}, 2, 6})}},
		"two updates":      {true, []attempt{attemptOf("a", does{update, line{N: 2}, 1, 5}), attemptOf("b", does{update, line{N: 1}, 2, 6})}},
		"an old value":     {false, []attempt{attemptOf("a", does{update, line{N: 1}, 1, 2}), attemptOf("b", does{line{Call: "get"}, line{}, 3, 4})}},
		"a killed update":  {true, []attempt{attemptOf("a", does{update, line{}, 1, 0}), attemptOf("b", does{line{Call: "get"}, line{}, 3, 4}, does{line{Call: "get"}, line{N: 1}, 5, 6})}},
		"a kill undone":    {false, []attempt{attemptOf("a", does{update, line{}, 1, 0}), attemptOf("b", does{line{Call: "get"}, line{N: 1}, 3, 4}, does{line{Call: "get"}, line{}, 5, 6})}},
		"held by two":      {false, []attempt{attemptOf("a", does{acquire, ok, 1, 2}, does{release, line{}, 8, 9}), attemptOf("b", does{acquire, ok, 3, 4})}},
		"one by one":       {true, []attempt{attemptOf("a", does{acquire, ok, 1, 2}, does{release, line{}, 8, 9}), attemptOf("b", does{acquire, ok, 3, 40}, does{release, line{}, 50, 60})}},
		"not told of":      {false, []attempt{attemptOf("a", does{acquire, ok, 1, 2}), attemptOf("b", does{acquire, ok, 3, 99})}},
		"told of":          {true, []attempt{attemptOf("a", does{acquire, ok, 1, 2}), attemptOf("b", does{acquire, line{OK: true, By: "it was a"}, 3, 99})}},
		"told of another":  {false, []attempt{attemptOf("a", does{acquire, ok, 1, 2}), attemptOf("b", does{acquire, line{OK: true, By: "c"}, 3, 99})}},
		"hurried":          {true, []attempt{attemptOf("a", does{acquire, ok, 1, 2}), attemptOf("b", does{hurried, line{}, 3, 50}), attemptOf("c", does{acquire, line{OK: true, By: "a"}, 4, 60})}},
		"nobody was told":  {false, []attempt{attemptOf("a", does{acquire, ok, 1, 2}), attemptOf("b", does{hurried, line{}, 3, 50}), attemptOf("c", does{acquire, ok, 4, 60})}},
		"nobody has it":    {false, []attempt{attemptOf("a", does{line{Call: "try"}, line{}, 1, 2})}},
		"a lost add":       {false, []attempt{attemptOf("a", does{add, line{}, 1, 2}, does{line{Call: "get"}, line{}, 3, 4}), attemptOf("b", does{line{Call: "snapshot"}, snapshot(0), 5, 6})}},
		"an add on way":    {true, []attempt{attemptOf("a", does{add, line{}, 1, 2}), attemptOf("b", does{line{Call: "snapshot"}, snapshot(0), 5, 6}, does{line{Call: "snapshot"}, snapshot(1), 7, 8})}},
		"one's own add":    {false, []attempt{attemptOf("a", does{add, line{}, 1, 2}, does{line{Call: "snapshot"}, snapshot(0), 5, 6})}},
		"added twice":      {false, []attempt{attemptOf("a", does{add, line{}, 1, 2}, does{line{Call: "snapshot"}, snapshot(2), 5, 6})}},
		"in order":         {true, []attempt{attemptOf("a", does{put(1), ok, 1, 2}, does{put(2), ok, 3, 4}), attemptOf("b", does{take, line{Items: []int64{1}}, 5, 6}, does{take, line{Items: []int64{2}}, 7, 8})}},
		"out of order":     {false, []attempt{attemptOf("a", does{put(1), ok, 1, 2}, does{put(2), ok, 3, 4}), attemptOf("b", does{take, line{Items: []int64{2}}, 5, 6})}},
		"taken twice":      {false, []attempt{attemptOf("a", does{put(1), ok, 1, 2}), attemptOf("b", does{take, line{Items: []int64{1}}, 3, 4}, does{take, line{Items: []int64{1}}, 5, 6})}},
		"lost in a queue":  {false, []attempt{attemptOf("a", does{put(1), ok, 1, 2}, does{line{Call: "close"}, line{}, 3, 4}, does{take, line{Closed: true}, 5, 6})}},
		"lost with a kill": {true, []attempt{attemptOf("a", does{put(1), ok, 1, 2}, does{line{Call: "get"}, line{}, 3, 0}), attemptOf("b", does{line{Call: "close"}, line{}, 3, 4}, does{take, line{Closed: true}, 5, 6})}},
		"too many places":  {false, []attempt{attemptOf("a", full...)}},
	} {
		if v := judge(test.attempts, time.Minute); (len(v.wrong) == 0) != test.right || v.undecided > 0 {
			t.Errorf("%s: %+v", name, v)
		}
	}
}
