package modeltest

import (
	"context"
	"errors"
	"slices"
	"testing"
	"time"

	"github.com/outpace-run/outpace"
)

func timeoutTests() []test {
	return []test{
		{"Timeout/Submit", testTimeoutSubmit},
		{"Timeout/InTime", testTimeoutInTime},
		{"Timeout/Retries", testTimeoutRetries},
		{"Timeout/Map", testTimeoutMap},
		{"Timeout/Stubborn", testTimeoutStubborn},
		{"Timeout/NotWhilePending", testTimeoutPending},
	}
}

// testTimeoutSubmit: an attempt that takes too long fails, and only that one.
func testTimeoutSubmit(t *testing.T, s *suite) {
	ex := s.open(t, outpace.Grace(time.Second))
	s.warm(t, ex)
	slow := outpace.Submit(context.Background(), ex, s.fns.SleepMS, forever, outpace.Timeout(100*time.Millisecond))
	quick := outpace.Submit(context.Background(), ex, s.fns.Square, 6)
	failure := ends(t, s, slow, outpace.Failed, outpace.ErrTimeout)
	var timeout *outpace.TimeoutError
	if !errors.As(failure, &timeout) || timeout.After != 100*time.Millisecond || timeout.Abandoned || failure.Attempts != 1 {
		t.Errorf("failure: %#v", failure.Err)
	}
	if took := slow.Finished().Sub(slow.Started()); took < 100*time.Millisecond {
		t.Errorf("it failed after %v", took)
	}
	want(t, s, quick, 36)
	want(t, s, outpace.Submit(context.Background(), ex, s.fns.Square, 7), 49)
}

// testTimeoutInTime: a time-out that is not reached changes nothing.
func testTimeoutInTime(t *testing.T, s *suite) {
	ex := s.open(t, outpace.Timeout(30*time.Second))
	want(t, s, outpace.Submit(context.Background(), ex, s.fns.SleepMS, 50), 50)
	n := 0
	for v, err := range outpace.Map(s.limit(t), ex, s.fns.Square, upTo(500)) {
		if err != nil || v != n*n {
			t.Fatalf("result %d: %d, %v", n, v, err)
		}
		n++
	}
}

// testTimeoutRetries: the limit is for each attempt.
func testTimeoutRetries(t *testing.T, s *suite) {
	ex := s.open(t, outpace.Timeout(50*time.Millisecond), outpace.Retries(2), outpace.Backoff(0, 0))
	f := outpace.Submit(context.Background(), ex, s.fns.SleepMS, forever)
	if failure := ends(t, s, f, outpace.Failed, outpace.ErrTimeout); failure.Attempts != 3 {
		t.Errorf("%d attempts, want 3", failure.Attempts)
	}
}

// testTimeoutMap: of many inputs the slow ones time out, at their places.
func testTimeoutMap(t *testing.T, s *suite) {
	ex := s.open(t)
	s.warm(t, ex)
	inputs := make([]int, 40)
	inputs[7], inputs[8], inputs[31] = forever, forever, forever
	i := 0
	for v, err := range outpace.Map(s.limit(t), ex, s.fns.SleepMS, slices.Values(inputs), outpace.Timeout(300*time.Millisecond)) {
		var failure *outpace.TaskError
		slow := i < len(inputs) && inputs[i] == forever
		if slow && (!errors.As(err, &failure) || failure.Index != i || failure.Attempts != 1 || !errors.Is(err, outpace.ErrTimeout)) {
			t.Errorf("input %d: %v", i, err)
		}
		if !slow && (err != nil || v != 0) {
			t.Errorf("input %d: %d, %v", i, v, err)
		}
		i++
	}
	if i != len(inputs) {
		t.Errorf("%d results", i)
	}
}

// testTimeoutStubborn: what does not listen is left behind, or killed with its
// process, and its slot is there for others.
func testTimeoutStubborn(t *testing.T, s *suite) {
	if s.fns.Stubborn.Name() == "" {
		t.Skip("no Stubborn")
	}
	ex := s.openRaw(t, outpace.Grace(100*time.Millisecond))
	defer ex.Close()
	s.warm(t, ex)
	var stuck []*outpace.Future[int]
	for range s.width {
		stuck = append(stuck, outpace.Submit(context.Background(), ex, s.fns.Stubborn, 20_000, outpace.Timeout(100*time.Millisecond)))
	}
	for _, f := range stuck {
		failure := ends(t, s, f, outpace.Failed, outpace.ErrTimeout)
		var timeout *outpace.TimeoutError
		if !errors.As(failure, &timeout) || timeout.Abandoned != s.local {
			t.Fatalf("failure: %#v", failure.Err)
		}
	}
	want(t, s, outpace.Submit(context.Background(), ex, s.fns.Square, 5), 25)
	err := ex.Close()
	var abandoned *outpace.AbandonedError
	if s.local && (!errors.As(err, &abandoned) || len(abandoned.Tasks) != s.width) {
		t.Errorf("Close with %d goroutines stuck: %v", s.width, err)
	}
	if s.local {
		<-time.After(time.Minute) // the bubble waits for them
	}
	if !s.local && err != nil {
		t.Errorf("Close: %v", err)
	}
}

// testTimeoutPending: the time in the queue does not count.
func testTimeoutPending(t *testing.T, s *suite) {
	ex := s.open(t)
	s.warm(t, ex)
	var fs []*outpace.Future[int]
	for range 5 * min(s.width, 8) {
		fs = append(fs, outpace.Submit(context.Background(), ex, s.fns.SleepMS, 200, outpace.Timeout(800*time.Millisecond)))
	}
	if _, err := outpace.Gather(s.limit(t), fs...); err != nil {
		t.Error(err)
	}
}
