package share_test

import (
	"context"
	"fmt"
	"sync"
	"testing"

	"github.com/outpace-run/outpace/share"
)

// party is an owner in a space of this process.
type party struct {
	*share.Owner
	ctx context.Context
}

// space makes a space without an executor, and parties at one site of it.
func space(t testing.TB, c share.Config) (*share.Space, func(name string) party) {
	t.Helper()
	s := share.NewSpace(c)
	t.Cleanup(func() { s.Close(context.Canceled) })
	at := s.NewSite("here")
	return s, func(name string) party { return partyAt(t, at, name) }
}

func partyAt(t testing.TB, at *share.Site, name string) party {
	o := at.Owner(share.Who{Describe: func() string { return name }})
	return party{o, share.With(t.Context(), o)}
}

// answers keeps answers in the order in which they come.
type answers struct {
	mu   sync.Mutex
	list []string
}

// to returns a done that notes its answer under a name.
func (a *answers) to(name string) func(share.Response) {
	return func(r share.Response) {
		a.mu.Lock()
		defer a.mu.Unlock()
		text := fmt.Sprintf("%s %d", name, r.Status)
		for _, item := range r.Items {
			text += " " + string(item)
		}
		a.list = append(a.list, text)
	}
}

func (a *answers) all() string {
	a.mu.Lock()
	defer a.mu.Unlock()
	return fmt.Sprint(a.list)
}

func lock(wait bool) share.Request {
	r := share.Request{Op: share.OpAcquire, Name: "l", Limit: 1, Count: 1}
	if wait {
		r.Wait = share.Forever
	}
	return r
}

func unlock() share.Request {
	return share.Request{Op: share.OpRelease, Name: "l", Limit: 1, Count: 1}
}

func put(limit int, items ...string) share.Request {
	r := share.Request{Op: share.OpPut, Name: "q", Limit: limit, Wait: share.Forever}
	for _, item := range items {
		r.Items = append(r.Items, []byte(item))
	}
	return r
}

func take(limit, n int) share.Request {
	return share.Request{Op: share.OpTake, Name: "q", Limit: limit, Count: n, Wait: share.Forever}
}
