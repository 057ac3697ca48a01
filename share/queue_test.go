package share_test

import (
	"errors"
	"slices"
	"strings"
	"testing"

	"github.com/outpace-run/outpace/share"
)

func TestQueue(t *testing.T) {
	_, owner := space(t, share.Config{})
	o := owner("o")
	q := share.Queue[string](o.ctx, "q", 3)
	if n, err := q.PutMany(o.ctx, []string{"a", "b"}); n != 2 || err != nil {
		t.Error(n, err)
	}
	if ok, err := q.TryPut("c"); !ok || err != nil {
		t.Error(ok, err)
	}
	if ok, err := q.TryPut("d"); ok || err != nil {
		t.Error(ok, err)
	}
	if n, err := q.Len(o.ctx); n != 3 || err != nil {
		t.Error(n, err)
	}
	if xs, err := q.GetMany(o.ctx, 2); !slices.Equal(xs, []string{"a", "b"}) || err != nil {
		t.Error(xs, err)
	}
	if err := errors.Join(q.Close(o.ctx), q.Close(o.ctx)); err != nil {
		t.Error(err)
	}
	if err := q.Put(o.ctx, "x"); err != share.ErrQueueClosed {
		t.Error(err)
	}
	var rest []string
	for x, err := range q.All(o.ctx) {
		if err != nil {
			t.Error(err)
		}
		rest = append(rest, x)
	}
	if !slices.Equal(rest, []string{"c"}) {
		t.Error(rest)
	}
	if _, ok, err := q.TryGet(); ok || err != share.ErrQueueClosed {
		t.Error(ok, err)
	}
}

// Puts and takes that wait are served in order, a put of many as far as there is
// room, and a close wakes all.
func TestQueueLines(t *testing.T) {
	_, owner := space(t, share.Config{})
	var got answers
	a, b, c, d := owner("a"), owner("b"), owner("c"), owner("d")
	a.Do(put(2, "1", "2", "3", "4"), got.to("a"))
	b.Do(put(2, "5"), got.to("b"))
	c.Do(take(2, 3), got.to("c"))
	d.Do(take(2, 9), got.to("d"))
	d.Do(take(2, 9), got.to("e"))
	d.Do(take(2, 9), got.to("f"))
	b.Do(share.Request{Op: share.OpClose, Name: "q", Limit: 2}, got.to("close"))
	if want := "[a 0 c 0 1 2 b 0 d 0 3 4 e 0 5 f 2 close 0]"; strings.Join(strings.Fields(got.all()), " ") != want {
		t.Errorf("got  %s\nwant %s", got.all(), want)
	}
}

// Credits are room that is kept: nobody else gets it, and it comes back when it is
// refunded, or its site ends.
func TestCredits(t *testing.T) {
	s, owner := space(t, share.Config{})
	far := s.NewSite("worker 1")
	o, w := owner("o"), partyAt(t, far, "w")
	var credits int64
	r := put(10, "0")
	r.Credit = true
	w.Do(r, func(r share.Response) { credits = r.Number })
	if credits < 1 || credits > 8 {
		t.Fatalf("%d credits", credits)
	}
	var got answers
	n := 0
	for ok := true; ok; n++ {
		r := put(10, "1")
		r.Wait = 0
		o.Do(r, func(r share.Response) { ok = r.Status == share.OK })
	}
	if int64(n-1) != 9-credits {
		t.Errorf("%d items beside %d credits", n, credits)
	}
	paid := func(items ...string) share.Request {
		r := put(0, items...)
		r.Op = share.OpPaid
		r.Count = len(items)
		return r
	}
	w.Do(paid("2"), got.to("paid"))
	o.Do(put(10, "3"), got.to("put"))
	w.Do(share.Request{Op: share.OpRefund, Name: "q", Count: 1}, got.to("refund"))
	if want := "[paid 0 put 0 refund 0]"; got.all() != want {
		t.Errorf("got %s, want %s", got.all(), want)
	}
	o.Do(put(10, "4"), got.to("put"))
	far.End("was killed")
	w.Do(paid("5"), got.to("late"))
	if want := "[paid 0 put 0 refund 0 put 0 late 4]"; got.all() != want {
		t.Errorf("got %s, want %s", got.all(), want)
	}
	o.Do(paid("6"), got.to("without"))
	if !strings.HasSuffix(got.all(), "without 5]") {
		t.Error(got.all())
	}
}

// A queue that is closed tells nobody that it is empty while there are credits.
func TestCreditsClosed(t *testing.T) {
	s, owner := space(t, share.Config{})
	far := s.NewSite("worker 1")
	o, w := owner("o"), partyAt(t, far, "w")
	var got answers
	r := put(10, "0")
	r.Credit = true
	w.Do(r, got.to("put"))
	o.Do(share.Request{Op: share.OpClose, Name: "q"}, got.to("close"))
	o.Do(take(10, 5), got.to("take"))
	o.Do(take(10, 5), got.to("take"))
	w.Do(share.Request{Op: share.OpPaid, Name: "q", Count: 1, Items: [][]byte{[]byte("1")}}, got.to("paid"))
	o.Do(take(10, 5), got.to("take"))
	far.End("returned")
	if want := "[put 0 close 0 take 0 0 take 0 1 paid 0 take 2]"; got.all() != want {
		t.Errorf("got  %s\nwant %s", got.all(), want)
	}
}
