//go:build linux || darwin

package session

import (
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/outpace-run/outpace/internal/wire"
	"github.com/outpace-run/outpace/share"
)

// owners returns a space, and owners in it for items of batch 1 and their parts,
// and for the worker itself.
func owners(t testing.TB) (*share.Space, OwnerFunc) {
	space := share.NewSpace(share.Config{})
	t.Cleanup(func() { space.Close(errors.New("the test is over")) })
	site := space.NewSite("worker 1")
	all := map[string]*share.Owner{}
	return space, func(batch uint32, item, part int) *share.Owner { // called by who reads, one at a time
		name := fmt.Sprintf("item %d, part %d", item, part)
		switch {
		case batch == wire.Outside:
			name = "the worker"
		case batch != 1:
			return nil
		}
		if all[name] == nil {
			all[name] = site.Owner(share.Who{Describe: func() string { return name }})
		}
		return all[name]
	}
}

// What a worker wants is done, and answered; what nobody waits for is told where
// it fails.
func TestOperations(t *testing.T) {
	_, owner := owners(t)
	w, lines := beginFor(t, liar(`
        said = []
        def ask(*args, **kw):
            op(7, *args, **kw)
            got = outcome()
            assert got[0] == 7
            said.append(" ".join(str(x) for x in got[1:4]) + " " + got[4].decode())
        ask(1, "db", limit=1, count=1, wait=-1)
        ask(1, "db", limit=1, count=1, part=1)
        ask(1, "db", limit=1, count=1)
        op(0, 2, "db", limit=1, count=1)
        ask(1, "db", limit=1, count=1, part=1)
        op(0, 3, "pages", b"k", number=2)
        ask(3, "pages", b"k", number=3, item=(2**32 - 1, 0))
        ask(5, "pages")
        ask(6, "best", b"1")
        ask(8, "best", b"2", version=1)
        ask(8, "best", b"[1,3]")
        ask(9, "rows", b"[1,[2]]", limit=4, count=2, number=1)
        op(0, 10, "rows", b"[3]", count=1)
        ask(12, "rows", limit=4, count=9)
        ask(4, "pages", b"k", item=(1, 3))
        ask(4, "pages", b"k", item=(2, 0))
        op(0, 2, "db", limit=1, count=1)
        op(8, 1, "db", limit=1, count=1, wait=-1)
        op(8, 15, "")
        said.append(str(outcome()[:2]))
        results(batch, 0, 1, json.dumps(said).join("[]").encode())
        ask(4, "pages", b"k")
        results(batch, 1, 2, json.dumps(said[-1:]).encode()[:-1] + b",2]")`), owner)
	send(t, w, batch(t, 1, fn("f"), 1, 2, 3))
	got := answers(t, w, 3)
	want := `["0 0 0 ","1 0 0 ","7 0 0 item 0, part 0 holds lock \"db\" already, and it is not re-entrant (hint: release it first)",` +
		`"0 0 0 ","0 5 0 ","0 0 0 {\"k\":5}","0 0 1 1","0 0 2 2","1 0 2 2","0 1 0 ","0 3 0 [1,[2],3]",` +
		`"4 1 0 NOBODY","4 1 0 NOBODY","(8, 6)"]`
	const nobody = "it is for no task that runs (hint: use what is shared in a task, and before that returns)"
	if said := strings.ReplaceAll(got["1.0"], `", "`, `","`); said != strings.ReplaceAll(want, "NOBODY", nobody) {
		t.Errorf("%s\nwant\n%s", said, want)
	}
	if got["1.1"] != `"4 1 0 `+nobody+`"` {
		t.Errorf("after the answer: %s", got["1.1"])
	}
	if said := strings.Join(lines.all(), "\n"); !strings.Contains(said, `outpace: "db" was not done: item 0, part 0 releases 1 of lock "db" and holds 0`) {
		t.Errorf("told: %s", said)
	}
}

// Outcomes that the pipe has no room for are written when it has, each as a whole,
// and nobody waits for that.
func TestOutcomesWait(t *testing.T) {
	_, owner := owners(t)
	w, _ := beginFor(t, liar(`
        if batch == 1: op(0, 7, "v", b'"' + b"x" * 100000 + b'"')
        for i in range(1, 30): op(i, 6, "v", b"0", item=(1, 1))
        if batch == 2: time.sleep(1000)
        op(99, 15, "")
        frame(b"s", struct.pack("<IIQ", batch, 0, 0))
        got = sorted((o[0], o[1], len(o[4])) for o in [outcome() for i in range(1, 30)])
        results(batch, 0, 1, json.dumps([got == [(i, 0, 100002) for i in range(1, 30)]]).encode())`), owner)
	send(t, w, batch(t, 1, fn("f"), 1, 2))
	if got := answers(t, w, 1); got["1.0"] != "true" {
		t.Errorf("%v", got)
	}
	w.shared.most = 1000
	send(t, w, batch(t, 2, fn("f"), 1))
	if got := lost(t, w); !strings.Contains(fmt.Sprint(got), "more than 1000 bytes of outcomes are not read") {
		t.Errorf("%+v", got)
	}
}

// What a worker must not say is a fault.
func TestOperationLies(t *testing.T) {
	for lie, why := range map[string]string{
		`op(1, 1, "db", limit=1, count=1); op(2, 1, "db", limit=1, count=1, part=1, wait=-1); op(2, 4, "pages")`: "ticket 2 is not answered yet",
		`op(0, 10, "rows", b"[1]", count=1)`: "no credits",
		`op(0, 10, "rows", b"[1]", count=1, item=(9, 0)); op(1, 9, "rows", b"[1]", limit=2, count=1); op(0, 10, "rows", b"[1]", count=1)`: "paid with 0 credits",
	} {
		_, owner := owners(t)
		w, _ := beginFor(t, liar(lie), owner)
		send(t, w, batch(t, 1, fn("f"), 1))
		if got := lost(t, w); !errors.Is(got, wire.ErrFrame) || !strings.Contains(fmt.Sprint(got), why) {
			t.Errorf("%s: %v", lie, got)
		}
	}
}

// What a lost worker waits for is given up, and nobody answers it.
func TestLostWhileWaiting(t *testing.T) {
	space, owner := owners(t)
	w, _ := beginFor(t, liar(`
        op(1, 1, "db", limit=1, count=1, wait=-1, part=1)
        frame(b"p", b"")
        time.sleep(1000)`), owner)
	other := share.With(t.Context(), space.NewSite("here").Owner(share.Who{Describe: func() string { return "the test" }}))
	lock := share.Lock(other, "db")
	if _, err := lock.Acquire(t.Context()); err != nil {
		t.Fatal(err)
	}
	waits := func() bool { // whoever reads has got to the operation
		w.shared.mu.Lock()
		defer w.shared.mu.Unlock()
		return len(w.shared.open) == 1 && w.shared.open[1].wait != nil
	}
	ended := make(chan error, 1)
	send(t, w, batch(t, 1, fn("f"), 1))
	go func() {
		_, err := w.Receive()
		ended <- err
	}()
	eventually(t, "it waits", waits)
	w.Kill()
	if err := <-ended; err == nil {
		t.Error("a reply")
	}
	if err := lock.Release(); err != nil {
		t.Error(err)
	}
	if ok, _, err := lock.TryAcquire(); !ok || err != nil {
		t.Errorf("the lock is free: %v, %v", ok, err)
	}
}
