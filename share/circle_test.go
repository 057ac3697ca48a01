package share_test

import (
	"fmt"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/outpace-run/outpace/share"
)

func units(name string, op share.Op, n int) share.Request {
	return share.Request{Op: op, Kind: share.KindSemaphore, Name: name, Limit: 2, Count: n, Wait: share.Forever}
}

func acquire(name string) share.Request {
	r := lock(true)
	r.Name = name
	return r
}

// Circles are found as they close, through locks and semaphores, and the youngest
// in them fails; those that wait outside of the circle do not.
func TestCircle(t *testing.T) {
	_, owner := space(t, share.Config{})
	a, b, c, outside := owner("a"), owner("b"), owner("c"), owner("outside")
	var got answers
	var text string
	a.Do(acquire("A"), got.to("a"))
	b.Do(units("S", share.OpAcquire, 2), got.to("b"))
	c.Do(acquire("C"), got.to("c"))
	outside.Do(acquire("A"), got.to("outside"))
	a.Do(units("S", share.OpAcquire, 1), got.to("a"))
	b.Do(acquire("C"), got.to("b"))
	c.Do(acquire("A"), func(r share.Response) { text = r.Text; got.to("c")(r) })
	if want := "[a 0 b 0 c 0 c 3]"; got.all() != want {
		t.Errorf("got %s, want %s", got.all(), want)
	}
	for _, want := range []string{`a holds lock "A" and waits for 1 of semaphore "S"`, `b holds semaphore "S" and waits for lock "C"`, `c holds lock "C" and waits for lock "A"`} {
		if !strings.Contains(text, want) {
			t.Errorf("%q is not in %q", want, text)
		}
	}
	if strings.Contains(text, "outside") {
		t.Error(text)
	}
	c.End("failed", false) // and all others get what they wait for
	b.End("returned", true)
	a.End("returned", true)
	if want := "[a 0 b 0 c 0 c 3 b 0 a 0 outside 0]"; got.all() != want {
		t.Errorf("got %s, want %s", got.all(), want)
	}
}

// No circle: somebody who could end it does not wait, or will not wait for ever.
func TestNoCircle(t *testing.T) {
	_, owner := space(t, share.Config{})
	a, b, free := owner("a"), owner("b"), owner("free")
	var got answers
	free.Do(units("S", share.OpAcquire, 1), got.to("free"))
	a.Do(units("S", share.OpAcquire, 1), got.to("a"))
	b.Do(acquire("B"), got.to("b"))
	a.Do(acquire("B"), got.to("a"))
	b.Do(units("S", share.OpAcquire, 1), got.to("b")) // from free
	free.End("returned", true)
	if want := "[free 0 a 0 b 0 b 0]"; got.all() != want {
		t.Errorf("got %s, want %s", got.all(), want)
	}
}

// A task that waits for units that it has itself waits for ever.
func TestSelf(t *testing.T) {
	_, owner := space(t, share.Config{})
	a := owner("a")
	var got answers
	a.Do(units("S", share.OpAcquire, 1), got.to("a"))
	a.Do(units("S", share.OpAcquire, 2), got.to("a"))
	if want := "[a 0 a 3]"; got.all() != want {
		t.Errorf("got %s, want %s", got.all(), want)
	}
}

// Thousands that have something and wait for the same, or one for the next, are
// looked through quickly, and an error names some of them.
func TestManyWait(t *testing.T) {
	const n = 3000
	_, owner := space(t, share.Config{})
	owner("who has it").Do(acquire("popular"), ignore)
	for i := range n {
		o := owner("popular")
		o.Do(acquire(fmt.Sprint("own ", i)), ignore)
		o.Do(acquire("popular"), ignore)
	}
	ring := make([]party, n)
	for i := range ring {
		ring[i] = owner(fmt.Sprint("ring ", i))
		ring[i].Do(acquire(fmt.Sprint(i)), ignore)
	}
	text := ""
	for i, o := range ring {
		o.Do(acquire(fmt.Sprint((i+1)%n)), func(r share.Response) { text = r.Text })
	}
	for _, want := range []string{`ring 2999 holds lock "2999" and waits for lock "0"`, "and 2980 more wait"} {
		if !strings.Contains(text, want) {
			t.Errorf("%q is not in %q", want, text)
		}
	}
}

func ignore(share.Response) {}

// Two that have a unit each and want one more wait for one another, and not each for
// itself: both are named, and the youngest fails.
func TestCircleOfOneSemaphore(t *testing.T) {
	_, owner := space(t, share.Config{})
	a, b := owner("a"), owner("b")
	var got answers
	var text string
	a.Do(units("S", share.OpAcquire, 1), got.to("a"))
	b.Do(units("S", share.OpAcquire, 1), got.to("b"))
	b.Do(units("S", share.OpAcquire, 1), func(r share.Response) { text = r.Text; got.to("b")(r) })
	a.Do(units("S", share.OpAcquire, 1), got.to("a"))
	if want := "[a 0 b 0 b 3]"; got.all() != want {
		t.Errorf("got %s, want %s", got.all(), want)
	}
	for _, want := range []string{`a holds semaphore "S" and waits`, `b holds semaphore "S" and waits`} {
		if !strings.Contains(text, want) {
			t.Errorf("%q is not in %q", want, text)
		}
	}
}

// Waits that nobody is left to end are found when the caller has left, and only
// while the executor has nothing else to run.
func TestStuck(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var others atomic.Bool
		others.Store(true)
		s, owner := space(t, share.Config{Others: func(map[*share.Site]int) bool { return others.Load() }})
		caller := s.Share(s.NewSite("here"), "the caller")
		var got answers
		a, b, c := owner("a"), owner("b"), owner("c")
		fails := func(name string, o party) func(share.Response) { // the task with it
			note := got.to(name)
			return func(r share.Response) { note(r); o.End("failed", false) }
		}
		a.Do(take(1, 1), fails("a", a))
		b.Do(acquire("L"), got.to("b"))
		b.Do(take(1, 1), fails("b", b))
		c.Do(acquire("L"), fails("c", c))
		time.Sleep(time.Minute)
		if want := "[b 0]"; got.all() != want {
			t.Errorf("the caller may put: got %s, want %s", got.all(), want)
		}
		s.Leave(caller)
		s.Leave(caller)
		time.Sleep(time.Minute)
		if want := "[b 0]"; got.all() != want {
			t.Errorf("another task may put: got %s, want %s", got.all(), want)
		}
		others.Store(false)
		time.Sleep(time.Second)
		if want := "[b 0 c 3 b 3 a 3]"; got.all() != want {
			t.Errorf("got %s, want %s", got.all(), want)
		}
	})
}
