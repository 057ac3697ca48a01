package share_test

import (
	"context"
	"errors"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/outpace-run/outpace/share"
)

// Who waits is served in the order of arrival, and who gives up, runs out of time
// or ends leaves the line at once.
func TestLine(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		_, owner := space(t, share.Config{})
		var got answers
		holder := owner("holder")
		holder.Do(lock(true), got.to("holder"))
		names := []string{"a", "b", "c", "d", "e"}
		waits := map[string]*share.Wait{}
		owners := map[string]party{}
		for _, name := range names {
			owners[name] = owner(name)
			r := lock(true)
			if name == "b" {
				r.Wait = time.Second
			}
			waits[name] = owners[name].Do(r, got.to(name))
		}
		waits["a"].Withdraw()
		waits["a"].Withdraw()
		time.Sleep(2 * time.Second)
		owners["d"].End("was killed", false)
		holder.Post(unlock())
		owners["c"].Post(unlock())
		synctest.Wait()
		if want := "[holder 0 a 6 b 1 d 4 c 0 e 0]"; got.all() != want {
			t.Errorf("got  %s\nwant %s", got.all(), want)
		}
	})
}

// What makes no sense is answered at once, in words, and changes nothing.
func TestMisuse(t *testing.T) {
	_, owner := space(t, share.Config{})
	o, other := owner("one"), owner("other")
	for _, test := range []struct {
		do   func() error
		is   error
		want string
	}{
		{func() error { return share.Lock(o.ctx, "").Release() }, share.ErrMisuse, "a name has 1 to 1024 bytes"},
		{func() error { _, err := share.Lock(o.ctx, "l").Acquire(o.ctx); return err }, nil, ""},
		{func() error { _, err := share.Lock(o.ctx, "l").Acquire(o.ctx); return err }, share.ErrHeld, "one holds lock \"l\" already"},
		{func() error { return share.Lock(other.ctx, "l").Release() }, share.ErrMisuse, "other releases 1 of lock \"l\" and holds 0"},
		{func() error { return share.Semaphore(o.ctx, "s", 0).Release(1) }, share.ErrMisuse, ""},
		{func() error { _, err := share.Semaphore(o.ctx, "s", 2).Acquire(o.ctx, 3); return err }, share.ErrMisuse, "which has 2"},
		{func() error { _, err := share.Semaphore(o.ctx, "s", 3).Acquire(o.ctx, 1); return err }, share.ErrMisuse, "has 2 units, and now it is to have 3"},
		{func() error { return share.Queue[int](o.ctx, "q", 0).Put(o.ctx, 1) }, share.ErrMisuse, "room for 0"},
		{func() error { return share.Queue[int](o.ctx, "q", 1).Put(o.ctx, 1) }, nil, ""},
		{func() error { return share.Queue[int](o.ctx, "q", 2).Put(o.ctx, 1) }, share.ErrMisuse, "has the capacity 1, and now it is to have 2"},
		{func() error { _, err := share.Queue[string](o.ctx, "q", 1).Get(o.ctx); return err }, share.ErrMisuse, "is no *string"},
		{func() error { return share.Queue[func()](o.ctx, "q", 1).Put(o.ctx, nil) }, share.ErrMisuse, "cannot be carried as JSON"},
		{func() error { return share.Counter(t.Context(), "c").Add("k", 1) }, share.ErrOutside, ""},
		{func() error { _, err := share.Lock(t.Context(), "l").Acquire(t.Context()); return err }, share.ErrOutside, ""},
	} {
		if err := test.do(); !errors.Is(err, test.is) || err != nil && !strings.Contains(err.Error(), test.want) {
			t.Errorf("got %v, want %v with %q", err, test.is, test.want)
		}
	}
}

// A wait ends with the context, and the caller's cause is told; the lock is not
// taken by one who has gone.
func TestCancel(t *testing.T) {
	_, owner := space(t, share.Config{})
	holder, waiter, last := owner("holder"), owner("waiter"), owner("last")
	if _, err := share.Lock(holder.ctx, "l").Acquire(holder.ctx); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancelCause(waiter.ctx)
	why := errors.New("no longer wanted")
	cancel(why)
	if _, err := share.Lock(ctx, "l").Acquire(ctx); err != why {
		t.Error(err)
	}
	ok, _, err := share.Lock(last.ctx, "l").TryAcquire()
	if ok || err != nil {
		t.Error(ok, err)
	}
	if err := share.Lock(holder.ctx, "l").Release(); err != nil {
		t.Error(err)
	}
	if ok, was, err := share.Lock(last.ctx, "l").TryAcquire(); !ok || was != nil || err != nil {
		t.Error(ok, was, err)
	}
}

// Whoever gets the lock of a killed worker is told of the task that had it, not of
// those that waited for it there.
func TestSiteEnd(t *testing.T) {
	s, owner := space(t, share.Config{})
	worker := s.NewSite("worker 1")
	has := partyAt(t, worker, "who had it")
	has.Do(lock(false), ignore)
	for range 5 {
		partyAt(t, worker, "who waited").Do(lock(true), ignore)
	}
	var was *share.Abandonment
	owner("next").Do(lock(true), func(r share.Response) { was = r.Abandoned })
	worker.End("was killed")
	if want := (share.Abandonment{By: "who had it", Why: "was killed"}); was == nil || *was != want {
		t.Errorf("got %v, want %v", was, want)
	}
}

// Parts of one task hold locks against each other, and what they hold ends with it.
func TestPart(t *testing.T) {
	_, owner := space(t, share.Config{})
	o, next := owner("task"), owner("next")
	part := share.Part(o.ctx)
	if _, err := share.Lock(part, "l").Acquire(part); err != nil {
		t.Fatal(err)
	}
	if ok, _, err := share.Lock(o.ctx, "l").TryAcquire(); ok || err != nil {
		t.Error(ok, err)
	}
	o.End("was killed", false)
	ok, was, err := share.Lock(next.ctx, "l").TryAcquire()
	if !ok || err != nil || was == nil || was.Why != "was killed" {
		t.Error(ok, was, err)
	}
	if _, err := share.Lock(part, "m").Acquire(part); !errors.Is(err, share.ErrOver) || strings.Count(err.Error(), "is over") != 1 {
		t.Error(err)
	}
}

// A semaphore: whoever wants many is not overtaken.
func TestSemaphore(t *testing.T) {
	_, owner := space(t, share.Config{})
	var got answers
	units := func(op share.Op, n int) share.Request {
		return share.Request{Op: op, Kind: share.KindSemaphore, Name: "s", Limit: 3, Count: n, Wait: share.Forever}
	}
	a, b, c := owner("a"), owner("b"), owner("c")
	a.Do(units(share.OpAcquire, 2), got.to("a"))
	b.Do(units(share.OpAcquire, 3), got.to("b"))
	c.Do(units(share.OpAcquire, 1), got.to("c"))
	a.Post(units(share.OpRelease, 1))
	if want := "[a 0]"; got.all() != want {
		t.Errorf("got %s, want %s", got.all(), want)
	}
	a.Post(units(share.OpRelease, 1))
	b.Post(units(share.OpRelease, 1))
	if want := "[a 0 b 0 c 0]"; got.all() != want {
		t.Errorf("got %s, want %s", got.all(), want)
	}
}

func TestCounter(t *testing.T) {
	_, owner := space(t, share.Config{})
	o := owner("o")
	c := share.Counter(o.ctx, "pages")
	for _, n := range []int64{1, 2, -5, 1 << 62, 1 << 62, 1 << 62} {
		if err := c.Add("a", n); err != nil {
			t.Fatal(err)
		}
	}
	if n, err := c.Get(o.ctx, "a"); n != 1<<63-1 || err != nil {
		t.Error(n, err)
	}
	if n, err := c.Sum(o.ctx, "b", 7); n != 7 || err != nil {
		t.Error(n, err)
	}
	if all, err := c.Snapshot(o.ctx); len(all) != 2 || all["b"] != 7 || err != nil {
		t.Error(all, err)
	}
}

func TestValue(t *testing.T) {
	_, owner := space(t, share.Config{})
	o := owner("o")
	type best struct {
		Score float64           `json:"score"`
		By    map[string]string `json:"by"`
	}
	v := share.Value(o.ctx, "best", best{Score: 1, By: map[string]string{"a": "x", "b": "y"}})
	if x, err := v.Get(o.ctx); x.Score != 1 || err != nil {
		t.Error(x, err)
	}
	if x, err := v.Update(o.ctx, func(b best) (best, error) { b.Score++; return b, nil }); x.Score != 2 || err != nil {
		t.Error(x, err)
	}
	if _, err := v.Update(o.ctx, func(b best) (best, error) { return b, context.Canceled }); err != context.Canceled {
		t.Error(err)
	}
	raw := share.Value[any](o.ctx, "best", nil)
	same := map[string]any{"by": map[string]any{"b": "y", "a": "x"}, "score": 2}
	if ok, err := raw.CompareAndSet(o.ctx, map[string]any{"score": 3}, 0); ok || err != nil {
		t.Error(ok, err)
	}
	if ok, err := raw.CompareAndSet(o.ctx, same, "done"); !ok || err != nil {
		t.Error(ok, err)
	}
	if x, err := raw.Get(o.ctx); x != "done" || err != nil {
		t.Error(x, err)
	}
	if err := raw.Set(o.ctx, 5); err != nil {
		t.Error(err)
	}
	n := share.Value(o.ctx, "best", 0)
	if _, err := n.Update(o.ctx, func(n int) (int, error) { // somebody is in between, once
		if n == 5 {
			return 1, raw.Set(o.ctx, 6)
		}
		return n + 1, nil
	}); err != nil {
		t.Error(err)
	}
	if x, err := n.Get(o.ctx); x != 7 || err != nil {
		t.Error(x, err)
	}
}

// Who gave up as a lock came gives it back, and the next is told what the one who
// gave up was.
func TestUnused(t *testing.T) {
	_, owner := space(t, share.Config{})
	told := func(o party) (by string) {
		o.Do(lock(false), func(r share.Response) {
			if r.Abandoned != nil {
				by = r.Abandoned.By
			}
		})
		return by
	}
	dead := owner("dead")
	told(dead)
	dead.End("was killed", false)
	hasty, next := owner("hasty"), owner("next")
	if by := told(hasty); by != "dead" {
		t.Errorf("the first is told of %q", by)
	}
	unused := unlock()
	unused.Unused = true
	hasty.Post(unused)
	if by := told(next); by != "dead" {
		t.Errorf("the next is told of %q", by)
	}
	next.Post(unlock())
	if by := told(hasty); by != "" {
		t.Errorf("the one after that is told of %q", by)
	}
	hasty.Post(unused)
	if by := told(next); by != "" {
		t.Errorf("where nothing was abandoned, one is told of %q", by)
	}
}
