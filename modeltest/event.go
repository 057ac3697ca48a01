package modeltest

import (
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/outpace-run/outpace"
)

func eventTests() []test {
	return []test{
		{"Event/EveryInputOnce", testEventEveryInput},
		{"Event/Workers", testEventWorkers},
		{"Event/ObserverPanics", testEventObserverPanics},
		{"Event/OneAtATime", testEventOneAtATime},
	}
}

// recorder is an observer that keeps everything.
type recorder struct {
	mu     sync.Mutex
	events []outpace.Event
}

func (r *recorder) observe(e outpace.Event) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.events = append(r.events, e)
}

func (r *recorder) forget() {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.events = nil
}

// of returns the events of a kind.
func (r *recorder) of(kind outpace.EventKind) []outpace.Event {
	r.mu.Lock()
	defer r.mu.Unlock()
	return slices.DeleteFunc(slices.Clone(r.events), func(e outpace.Event) bool { return e.Kind != kind })
}

// tally counts the tasks that events of a kind were about, by input.
func (r *recorder) tally(t *testing.T, kind outpace.EventKind, n int) []int {
	t.Helper()
	counts := make([]int, n)
	for _, e := range r.of(kind) {
		if e.Index < 0 || e.Count < 1 || e.Index+e.Count > n {
			t.Fatalf("an event about inputs that are none: %+v", e)
		}
		for i := range e.Count {
			counts[e.Index+i]++
		}
	}
	return counts
}

// consistent checks the events of one Map over n inputs: each finished once, and
// started once for each attempt that was charged or not.
func (r *recorder) consistent(t *testing.T, n int) {
	t.Helper()
	started, finished := r.tally(t, outpace.TaskStarted, n), r.tally(t, outpace.TaskFinished, n)
	retried, requeued := r.tally(t, outpace.TaskRetried, n), r.tally(t, outpace.TaskRequeued, n)
	for i := range n {
		if finished[i] != 1 || started[i] != finished[i]+retried[i]+requeued[i] {
			t.Fatalf("input %d was started %d times, finished %d, retried %d, requeued %d",
				i, started[i], finished[i], retried[i], requeued[i])
		}
	}
}

// testEventEveryInput: counts add up, and the failed ones are told one by one.
func testEventEveryInput(t *testing.T, s *suite) {
	rec := &recorder{}
	ex := s.open(t, outpace.Observe(rec.observe), outpace.Backoff(0, time.Millisecond))
	const n = 3000
	for _, err := range outpace.Map(s.limit(t), ex, s.fns.Square, upTo(n)) {
		if err != nil {
			t.Fatal(err)
		}
	}
	rec.consistent(t, n)

	rec.forget()
	for _, err := range outpace.Map(s.limit(t), ex, s.fns.Fail, upTo(50), outpace.Retries(2)) {
		if err == nil {
			t.Fatal("no error")
		}
	}
	rec.consistent(t, 50)
	for _, e := range rec.of(outpace.TaskFinished) {
		if e.Err == nil || e.Count != 1 || e.Attempt != 3 {
			t.Fatalf("the end of a failed input: %+v", e)
		}
	}
	if got := len(rec.of(outpace.TaskRetried)); got != 100 {
		t.Errorf("%d retries told, want 100", got)
	}
}

// testEventWorkers: worker processes start when there is something to do, not
// before, and not for every task; none is told to be lost.
func testEventWorkers(t *testing.T, s *suite) {
	rec := &recorder{}
	ex := s.open(t, outpace.Observe(rec.observe))
	if n := len(rec.of(outpace.WorkerStarted)); n != 0 {
		t.Errorf("%d workers before there was a task", n)
	}
	for i := range 20 {
		want(t, s, outpace.Submit(s.limit(t), ex, s.fns.Square, i), i*i)
	}
	started := rec.of(outpace.WorkerStarted)
	if s.local && len(started) != 0 || !s.local && (len(started) < 1 || len(started) > s.plan.Shape.Processes) {
		t.Errorf("%d workers started for a shape of %v", len(started), s.plan.Shape)
	}
	for _, e := range started {
		if e.Worker < 1 || e.Worker > s.plan.Shape.Processes {
			t.Errorf("a worker of number %d", e.Worker)
		}
	}
	if err := ex.Close(); err != nil {
		t.Error(err)
	}
	if lost := rec.of(outpace.WorkerLost); len(lost) != 0 {
		t.Errorf("lost: %v", lost[0].Err)
	}
}

// testEventObserverPanics: an observer that panics harms no task, and is told so
// once.
func testEventObserverPanics(t *testing.T, s *suite) {
	rec := &recorder{}
	ex := s.open(t, outpace.Observe(func(e outpace.Event) {
		rec.observe(e)
		panic("observer")
	}))
	n := 0
	for v, err := range outpace.Map(s.limit(t), ex, s.fns.Square, upTo(100)) {
		if err != nil || v != n*n {
			t.Fatalf("result %d: %d, %v", n, v, err)
		}
		n++
	}
	if told := rec.of(outpace.ObserverPanic); n != 100 || len(told) != 1 || !mentions(told[0].Err, "observer") {
		t.Errorf("%d results, told %v", n, told)
	}
}

// testEventOneAtATime: the observer needs no lock of its own.
func testEventOneAtATime(t *testing.T, s *suite) {
	var inside, overlaps, count int // unguarded on purpose: the race detector looks on
	ex := s.open(t, outpace.Observe(func(outpace.Event) {
		inside++
		if inside != 1 {
			overlaps++
		}
		count++
		inside--
	}))
	for _, err := range outpace.MapUnordered(s.limit(t), ex, s.fns.Square, upTo(500)) {
		if err != nil {
			t.Fatal(err)
		}
	}
	if err := ex.Close(); err != nil {
		t.Error(err)
	}
	if overlaps != 0 || count == 0 {
		t.Errorf("%d of %d calls overlap", overlaps, count)
	}
}
