package share_test

import (
	"context"
	"fmt"
	"testing"

	"github.com/outpace-run/outpace/share"
)

// FuzzSpace: whatever four owners at two sites ask for, in whatever order, each
// request is answered once, no lock is held twice, no queue holds more than it
// may, and nothing that was put is lost or taken twice.
func FuzzSpace(f *testing.F) {
	f.Add([]byte("0a1a0b1b"))
	f.Add([]byte("\x00\x10\x20\x30\x01\x11\x21\x31\x02\x12\x22\x32\x03\x13\x23\x33"))
	f.Add([]byte("\x04\x15\x06\x16\x07\x18\x19\x29\x39\x0a\x1b"))
	f.Fuzz(func(t *testing.T, script []byte) {
		s := share.NewSpace(share.Config{})
		g := &game{t: t, space: s, held: map[string]int{}, taken: map[string]bool{}}
		sites := []*share.Site{s.NewSite("one"), s.NewSite("two")}
		for i := range g.owners {
			g.owners[i] = partyAt(t, sites[i%2], fmt.Sprint(i))
			g.mine[i] = map[string]int{}
		}
		for _, code := range script {
			g.step(int(code>>4)%len(g.owners), int(code&15))
		}
		for _, w := range g.waits {
			w.Withdraw()
		}
		rest := take(queueLimit, queueLimit)
		rest.Wait = 0
		g.do(g.owners[0], rest, g.takes)
		if len(g.taken) != g.in {
			t.Errorf("%d items were put, %d were taken", g.in, len(g.taken))
		}
		s.Close(context.Canceled)
		if g.asked != g.answered {
			t.Errorf("%d requests, %d answers", g.asked, g.answered)
		}
	})
}

// game is what the owners were told.
type game struct {
	t               *testing.T
	space           *share.Space
	owners          [4]party
	held            map[string]int
	mine            [4]map[string]int // of these, by owner
	asked, answered int
	put, in         int
	taken           map[string]bool
	credits         [2]int64
	waits           []*share.Wait
}

const queueLimit = 3

func (g *game) step(who, what int) {
	o := g.owners[who]
	switch what {
	case 0, 1:
		r := lock(what == 0)
		g.do(o, r, func(r share.Response) { g.got(who, "l", r, 1) })
	case 2:
		g.release(who, "l", unlock())
	case 3, 4:
		g.do(o, units("s", share.OpAcquire, what-2), func(r share.Response) { g.got(who, "s", r, what-2) })
	case 5:
		g.release(who, "s", units("s", share.OpRelease, 1))
	case 6, 7:
		r := put(queueLimit, fmt.Sprint(g.put), fmt.Sprint(g.put+1))
		g.put += 2
		r.Credit = what == 7
		g.do(o, r, func(r share.Response) {
			if r.Status == share.OK {
				g.in += 2
				g.credits[who%2] += r.Number
			} else {
				g.in += int(r.Number)
			}
		})
	case 8:
		r := put(0, fmt.Sprint(g.put))
		r.Op, r.Count = share.OpPaid, 1
		g.put++
		g.do(o, r, func(r share.Response) { g.paid(who%2, r) })
	case 9, 10:
		g.do(o, take(queueLimit, what-8), g.takes)
	case 11:
		g.do(o, share.Request{Op: share.OpRefund, Name: "q", Count: 1}, func(r share.Response) {
			if r.Status == share.OK && g.credits[who%2] > 0 {
				g.credits[who%2]--
			}
		})
	case 12:
		g.do(o, share.Request{Op: share.OpLen, Name: "q", Limit: queueLimit}, func(r share.Response) {
			if r.Number+g.credits[0]+g.credits[1] > queueLimit {
				g.t.Errorf("%d items and %v credits in a queue of %d", r.Number, g.credits, queueLimit)
			}
		})
	case 13:
		if len(g.waits) > 0 {
			g.waits[0].Withdraw()
			g.waits = g.waits[1:]
		}
	case 14:
		g.do(o, share.Request{Op: share.OpAcquire, Name: "m", Limit: 1, Count: 1, Wait: share.Forever}, func(share.Response) {})
	}
}

func (g *game) do(o party, r share.Request, done func(share.Response)) {
	g.asked++
	once := false
	w := o.Do(r, func(r share.Response) {
		if once {
			g.t.Error("answered twice")
		}
		once = true
		g.answered++
		done(r)
	})
	if w != nil {
		g.waits = append(g.waits, w)
	}
}

func (g *game) got(who int, name string, r share.Response, n int) {
	if r.Status != share.OK {
		return
	}
	g.mine[who][name] += n
	if g.held[name] += n; g.held[name] > map[string]int{"l": 1, "s": 2}[name] {
		g.t.Errorf("%d of %s are held", g.held[name], name)
	}
}

// release gives one unit back. Others may get it before we are told.
func (g *game) release(who int, name string, r share.Request) {
	want := share.Misuse
	if g.mine[who][name] > 0 {
		want = share.OK
		g.mine[who][name]--
		g.held[name]--
	}
	g.do(g.owners[who], r, func(r share.Response) {
		if r.Status != want && r.Status != share.Ended {
			g.t.Errorf("a release of %s: %+v", name, r)
		}
	})
}

func (g *game) paid(site int, r share.Response) {
	switch {
	case r.Status == share.OK && g.credits[site] < 1:
		g.t.Error("paid without a credit")
	case r.Status == share.OK:
		g.credits[site]--
		g.in++
	case r.Status != share.Misuse && r.Status != share.Ended:
		g.t.Errorf("%+v", r)
	}
}

func (g *game) takes(r share.Response) {
	if r.Status == share.Closed {
		g.t.Error("the queue is not closed")
	}
	for _, item := range r.Items {
		if g.taken[string(item)] {
			g.t.Errorf("%s is taken twice", item)
		}
		g.taken[string(item)] = true
	}
}
