package modeltest

import (
	"context"
	"errors"
	"slices"
	"sync/atomic"
	"testing"
	"time"

	"github.com/outpace-run/outpace"
	"github.com/outpace-run/outpace/share"
)

func shareTests() []test {
	tests := []test{
		{"Share/Lock", testShareLock},
		{"Share/Semaphore", testShareSemaphore},
		{"Share/Counter", testShareCounter},
		{"Share/Value", testShareValue},
		{"Share/Queue", testShareQueue},
		{"Share/QueueBack", testShareQueueBack},
		{"Share/Misuse", testShareMisuse},
		{"Share/Left", testShareLeft},
		{"Share/Failed", testShareFailed},
		{"Share/Died", testShareDied},
		{"Share/TimedOut", testShareTimedOut},
		{"Share/Circle", testShareCircle},
		{"Share/Stuck", testShareStuck},
		{"Share/Close", testShareClose},
	}
	for i, c := range tests {
		tests[i].fn = func(t *testing.T, s *suite) {
			if s.fns.Share.Name() == "" {
				t.Skip("its functions do not share")
			}
			c.fn(t, s)
		}
	}
	return tests
}

// submit submits steps.
func (s *suite) submit(ex *outpace.Executor, steps ...Step) *outpace.Future[[]string] {
	return outpace.Submit(context.Background(), ex, s.fns.Share, steps)
}

// results checks what steps came to.
func (s *suite) results(t *testing.T, f *outpace.Future[[]string], want ...string) {
	t.Helper()
	if got, err := f.Result(s.limit(t)); err != nil || !slices.Equal(got, want) {
		t.Errorf("got %q, %v; want %q", got, err, want)
	}
}

// all runs n tasks of the same steps, which must not fail.
func (s *suite) all(t *testing.T, ex *outpace.Executor, n int, steps ...Step) [][]string {
	t.Helper()
	inputs := make([][]Step, n)
	for i := range inputs {
		inputs[i] = steps
	}
	var results [][]string
	for got, err := range outpace.Map(s.limit(t), ex, s.fns.Share, slices.Values(inputs)) {
		if err != nil {
			t.Fatal(err)
		}
		results = append(results, got)
	}
	return results
}

// caller is the context of the caller's side.
func (s *suite) caller(t *testing.T, ex *outpace.Executor) context.Context {
	ctx, leave := ex.Share(s.limit(t))
	t.Cleanup(leave)
	return ctx
}

// testShareLock: a read, a change and a write under a lock lose nothing.
func testShareLock(t *testing.T, s *suite) {
	ex := s.open(t)
	n := min(2*s.width, 8)
	s.all(t, ex, n, Step{Do: "increment", Name: "n", N: 10})
	ctx := s.caller(t, ex)
	if got, err := share.Value(ctx, "n", 0).Get(ctx); got != 10*n || err != nil {
		t.Errorf("%d increments, and %d are left (%v)", 10*n, got, err)
	}
	s.results(t, s.submit(ex, Step{Do: "acquire", Name: "n"}, Step{Do: "release", Name: "n"}, Step{Do: "try", Name: "n"}, Step{Do: "release", Name: "n"}),
		"ok", "ok", "true", "ok")
	if _, err := share.Lock(ctx, "n").Acquire(ctx); err != nil {
		t.Error(err)
	}
	s.results(t, s.submit(ex, Step{Do: "try", Name: "n"}), "false")
}

// testShareSemaphore: no more than its units are held at once.
func testShareSemaphore(t *testing.T, s *suite) {
	ex := s.open(t)
	for _, got := range s.all(t, ex, min(2*s.width, 8), Step{Do: "acquire2", Name: "s", N: 1}, Step{Do: "sum", Name: "in", N: 1},
		Step{Do: "sleep", N: 1}, Step{Do: "sum", Name: "in", N: -1}, Step{Do: "release2", Name: "s", N: 1}) {
		if got[1] > "2" {
			t.Errorf("%s are in", got[1])
		}
	}
	s.results(t, s.submit(ex, Step{Do: "acquire2", Name: "s", N: 2}, Step{Do: "try2", Name: "s", N: 1}, Step{Do: "release2", Name: "s", N: 1},
		Step{Do: "try2", Name: "s", N: 1}, Step{Do: "release2", Name: "s", N: 2}), "ok", "false", "ok", "true", "ok")
}

// testShareCounter: adds that nobody waits for are there before the task's next
// question, and before its result.
func testShareCounter(t *testing.T, s *suite) {
	ex := s.open(t)
	s.all(t, ex, 20, Step{Do: "add", Name: "pages", Key: "a", N: 2}, Step{Do: "add", Name: "pages", Key: "é", N: -1})
	ctx := s.caller(t, ex)
	if all, err := share.Counter(ctx, "pages").Snapshot(ctx); len(all) != 2 || all["a"] != 40 || all["é"] != -20 || err != nil {
		t.Error(all, err)
	}
	s.results(t, s.submit(ex, Step{Do: "add", Name: "pages", Key: "a", N: 1}, Step{Do: "count", Name: "pages", Key: "a"},
		Step{Do: "sum", Name: "pages", Key: "é", N: 20}, Step{Do: "snapshot", Name: "pages"}), "ok", "41", "0", `{"a":41,"é":0}`)
}

// testShareValue: updates that meet are made again.
func testShareValue(t *testing.T, s *suite) {
	ex := s.open(t)
	ctx := s.caller(t, ex)
	n := min(2*s.width, 8)
	s.all(t, ex, n, Step{Do: "update", Name: "v", N: 1}, Step{Do: "update", Name: "v", N: 1}, Step{Do: "update", Name: "v", N: 1})
	v := share.Value(ctx, "v", -1)
	if got, err := v.Update(ctx, func(x int) (int, error) { return x - 3*n, nil }); got != 0 || err != nil {
		t.Error(got, err)
	}
	s.results(t, s.submit(ex, Step{Do: "cas", Name: "v", Old: 5, N: 7}, Step{Do: "cas", Name: "v", N: 7}, Step{Do: "get", Name: "v"},
		Step{Do: "set", Name: "v", N: 8}), "false", "true", "7", "ok")
	if got, err := v.Get(ctx); got != 8 || err != nil {
		t.Error(got, err)
	}
}

// testShareQueue: results leave tasks while they run, in order, and the caller
// gets all of them; a full queue holds them up.
func testShareQueue(t *testing.T, s *suite) {
	ex := s.open(t)
	ctx := s.caller(t, ex)
	const n = 100
	f := s.submit(ex, Step{Do: "fill", Name: "rows", N: n}, Step{Do: "close", Name: "rows"}, Step{Do: "sleep", N: 1})
	got := 0
	for x, err := range share.Queue[int](ctx, "rows", 10).All(ctx) {
		if err != nil || x != got {
			t.Fatalf("got %d, %v in place of %d", x, err, got)
		}
		got++
	}
	if got != n {
		t.Errorf("%d items, want %d", got, n)
	}
	s.results(t, f, "ok", "ok", "ok")
	if _, err := s.submit(ex, Step{Do: "put", Name: "rows"}).Result(s.limit(t)); !mentions(err, "closed") {
		t.Error(err)
	}
	if _, err := s.submit(ex, Step{Do: "take", Name: "rows"}).Result(s.limit(t)); !mentions(err, "closed") {
		t.Error(err)
	}
}

// testShareQueueBack: what the caller puts arrives in tasks, once.
func testShareQueueBack(t *testing.T, s *suite) {
	ex := s.open(t)
	ctx := s.caller(t, ex)
	q := share.Queue[int](ctx, "work", 10)
	var fs []*outpace.Future[[]string]
	for range 12 {
		fs = append(fs, s.submit(ex, Step{Do: "take", Name: "work"}))
	}
	for i := range 12 {
		if err := q.Put(ctx, i); err != nil {
			t.Fatal(err)
		}
	}
	seen := map[string]bool{}
	for _, f := range fs {
		got, err := f.Result(s.limit(t))
		if err != nil || seen[got[0]] {
			t.Fatal(got, err)
		}
		seen[got[0]] = true
	}
}

// testShareMisuse: what makes no sense is an error of the task, at once.
func testShareMisuse(t *testing.T, s *suite) {
	ex := s.open(t)
	_, err := s.submit(ex, Step{Do: "acquire", Name: "l"}, Step{Do: "acquire", Name: "l"}).Result(s.limit(t))
	if !mentions(err, "not re-entrant") {
		t.Error(err)
	}
	_, err = s.submit(ex, Step{Do: "acquire2", Name: "s", N: 3}).Result(s.limit(t))
	if !mentions(err, "which has 2") {
		t.Error(err)
	}
}

// testShareLeft: what a task that returned has left locked is released, with a
// warning.
func testShareLeft(t *testing.T, s *suite) {
	var warnings atomic.Int32
	ex := s.open(t, outpace.Observe(func(e outpace.Event) {
		if e.Kind == outpace.TaskWarned {
			warnings.Add(1)
		}
	}))
	s.results(t, s.submit(ex, Step{Do: "acquire", Name: "l"}), "ok")
	s.results(t, s.submit(ex, Step{Do: "acquire", Name: "l"}, Step{Do: "release", Name: "l"}), "abandoned", "ok")
	s.results(t, s.submit(ex, Step{Do: "acquire", Name: "l"}, Step{Do: "release", Name: "l"}), "ok", "ok")
	if n := warnings.Load(); n != 1 {
		t.Errorf("%d warnings", n)
	}
}

// testShareFailed: what a task that failed has left locked is released, and whoever
// waits for it is told.
func testShareFailed(t *testing.T, s *suite) {
	ex := s.open(t)
	ctx := s.caller(t, ex)
	f := s.submit(ex, Step{Do: "acquire", Name: "l"}, Step{Do: "put", Name: "ready"}, Step{Do: "take", Name: "go"}, Step{Do: "fail", N: 1})
	if _, err := share.Queue[int](ctx, "ready", 10).Get(ctx); err != nil {
		t.Fatal(err)
	}
	if err := share.Queue[int](ctx, "go", 10).Put(ctx, 1); err != nil {
		t.Fatal(err)
	}
	s.abandoned(t, ctx, "bad 1")
	if _, err := f.Result(s.limit(t)); err == nil {
		t.Error("it did not fail")
	}
}

// abandoned acquires the lock l, which must have been abandoned because of why.
func (s *suite) abandoned(t *testing.T, ctx context.Context, why string) {
	t.Helper()
	was, err := share.Lock(ctx, "l").Acquire(ctx)
	if err != nil || was == nil || !mentions(errors.New(was.Why), why) || !mentions(errors.New(was.By), s.fns.Share.Name()) {
		t.Errorf("got %+v, %v; want one abandoned because of %q", was, err, why)
	}
}

// testShareDied: a worker that is killed while it holds a lock gives it back at
// once.
func testShareDied(t *testing.T, s *suite) {
	if s.local {
		t.Skip("it has no workers to kill")
	}
	ex := s.open(t)
	ctx := s.caller(t, ex)
	f := s.submit(ex, Step{Do: "acquire", Name: "l"}, Step{Do: "put", Name: "ready"}, Step{Do: "take", Name: "go"}, Step{Do: "die"})
	ready, ahead := share.Queue[int](ctx, "ready", 10), share.Queue[int](ctx, "go", 10)
	for range 4 { // a death by SIGKILL may be anybody's: it is charged at the third of one that runs alone since the first
		if _, err := ready.Get(ctx); err != nil {
			t.Fatal(err)
		}
		if err := ahead.Put(ctx, 1); err != nil {
			t.Fatal(err)
		}
		s.abandoned(t, ctx, "SIGKILL")
		if err := share.Lock(ctx, "l").Release(); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := f.Result(s.limit(t)); !errors.As(err, new(*outpace.LostError)) {
		t.Error(err)
	}
}

// testShareTimedOut: likewise a task that is out of time.
func testShareTimedOut(t *testing.T, s *suite) {
	ex := s.open(t, outpace.Grace(10*time.Millisecond))
	ctx := s.caller(t, ex)
	s.warm(t, ex)
	f := outpace.Submit(context.Background(), ex, s.fns.Share, []Step{{Do: "acquire", Name: "l"}, {Do: "put", Name: "ready"}, {Do: "sleep", N: forever}},
		outpace.Timeout(300*time.Millisecond))
	if _, err := share.Queue[int](ctx, "ready", 10).Get(ctx); err != nil {
		t.Fatal(err, f.Err())
	}
	s.abandoned(t, ctx, "")
	if _, err := f.Result(s.limit(t)); !errors.Is(err, outpace.ErrTimeout) {
		t.Error(err)
	}
}

// testShareCircle: tasks that take two locks in opposite order: one gets an error
// that names both, or is run again; the run goes on.
func testShareCircle(t *testing.T, s *suite) {
	if s.width < 2 {
		t.Skip("one task at a time does not meet another")
	}
	ex := s.open(t)
	steps := func(one, two string) []Step {
		return []Step{{Do: "acquire", Name: one}, {Do: "put", Name: "have " + one}, {Do: "take", Name: "have " + two},
			{Do: "acquire", Name: two}, {Do: "release", Name: two}, {Do: "release", Name: one}}
	}
	failed := 0
	for got, err := range outpace.Map(s.limit(t), ex, s.fns.Share, slices.Values([][]Step{steps("A", "B"), steps("B", "A")})) {
		if err == nil {
			if got[3] != "abandoned" {
				t.Errorf("%q: the other failed with the lock", got)
			}
			continue
		}
		failed++
		for _, want := range []string{"eadlock", "input 0", "input 1", `holds lock "A"`, `waits for lock "A"`, `holds lock "B"`, `waits for lock "B"`} {
			if !mentions(err, want) {
				t.Errorf("%q is not in %v", want, err)
			}
		}
	}
	if failed != 1 {
		t.Errorf("%d of 2 failed", failed)
	}
	s.results(t, s.submit(ex, Step{Do: "acquire", Name: "A"}, Step{Do: "acquire", Name: "B"}, Step{Do: "release", Name: "A"}, Step{Do: "release", Name: "B"}),
		"ok", "ok", "ok", "ok")
}

// testShareStuck: when all slots wait for what only a pending task would do, and
// the caller has left, the youngest gets an error until the others can go on.
func testShareStuck(t *testing.T, s *suite) {
	if s.width > 100 {
		t.Skip("too wide to be filled")
	}
	ex := s.open(t)
	_, leave := ex.Share(context.Background())
	var fs []*outpace.Future[[]string]
	for range s.width {
		fs = append(fs, s.submit(ex, Step{Do: "take", Name: "q"}))
	}
	last := s.submit(ex, Step{Do: "fill", Name: "q", N: 10})
	leave()
	s.results(t, last, "ok")
	failed := 0
	for _, f := range fs {
		if _, err := f.Result(s.limit(t)); mentions(err, "eadlock") {
			failed++
		} else if err != nil {
			t.Error(err)
		}
	}
	if failed < 1 {
		t.Error("nobody was told")
	}
}

// testShareClose: Close wakes the caller, and ends tasks that wait.
func testShareClose(t *testing.T, s *suite) {
	ex := s.openRaw(t)
	ctx := s.caller(t, ex)
	f := s.submit(ex, Step{Do: "put", Name: "ready"}, Step{Do: "take", Name: "never"})
	if _, err := share.Queue[int](ctx, "ready", 10).Get(ctx); err != nil {
		t.Fatal(err)
	}
	woken := make(chan error, 1)
	go func() {
		_, err := share.Queue[int](ctx, "never", 10).Get(ctx)
		woken <- err
	}()
	if err := ex.Close(); err != nil {
		t.Error(err)
	}
	if err := <-woken; !errors.Is(err, share.ErrClosed) {
		t.Error(err)
	}
	if _, err := f.Result(s.limit(t)); !errors.Is(err, outpace.ErrClosed) {
		t.Error(err)
	}
}
