package share

import "fmt"

// gate is a lock or a semaphore: a number of units, who has them, and who waits
// for some, the first first.
type gate struct {
	gateKey
	limit, free int
	line        line
	holders     []*Owner     // each once
	abandoned   *Abandonment // of units that nobody has acquired since
}

type gateKey struct {
	kind Kind
	name string
}

// String names the gate in messages.
func (k gateKey) String() string {
	if k.kind == KindLock {
		return fmt.Sprintf("lock %q", k.name)
	}
	return fmt.Sprintf("semaphore %q", k.name)
}

// gate returns the gate of a name, which is made at its first use. The lock is
// held.
func (s *Space) gate(key gateKey, limit int) *gate {
	g := s.gates[key]
	if g == nil {
		g = &gate{gateKey: key, limit: limit, free: limit}
		s.gates[key] = g
	}
	return g
}

// useGate acquires or releases.
func (s *Space) useGate(o *Owner, r *Request, done func(Response)) (Response, *Wait) {
	key := gateKey{r.Kind, r.Name}
	if r.Op == OpRelease {
		if r.Unused {
			o.untold(s.gates[key])
		}
		return s.release(o, s.gates[key], key, r.Count), nil
	}
	limit := r.Limit
	if r.Kind == KindLock {
		limit = 1
	}
	g := s.gate(key, limit)
	switch {
	case g.limit != limit:
		return misuse("%v has %d units, and now it is to have %d (hint: use the same number everywhere)", key, g.limit, limit), nil
	case r.Count > limit:
		return misuse("%d units of %v are asked for, which has %d", r.Count, key, limit), nil
	case r.Kind == KindLock && o.has(g) > 0:
		return Response{Status: Held, Text: fmt.Sprintf("%s holds %v already, and it is not re-entrant (hint: release it first)", o.String(), key)}, nil
	case g.line.head == nil && g.free >= r.Count:
		return Response{Abandoned: s.take(o, g, r.Count)}, nil
	case r.Wait == 0:
		return Response{Status: No}, nil
	}
	return Response{}, s.enqueue(&Wait{owner: o, req: *r, done: done, gate: g})
}

// take gives units to an owner.
func (s *Space) take(o *Owner, g *gate, n int) (was *Abandonment) {
	g.free -= n
	was, g.abandoned = g.abandoned, nil
	for i := range o.held {
		if h := &o.held[i]; h.gate == g {
			h.n += n
			h.was = was
			return was
		}
	}
	o.held = append(o.held, holding{g, n, was})
	g.holders = append(g.holders, o)
	return was
}

// untold has whoever gets the owner's units next be told what the owner was: it gave
// up as they came, and nobody has heard of it.
func (o *Owner) untold(g *gate) {
	for _, h := range o.held {
		if h.gate == g && h.was != nil {
			g.abandoned = h.was
		}
	}
}

// release gives units back that an owner has.
func (s *Space) release(o *Owner, g *gate, key gateKey, n int) Response {
	if g == nil || o.has(g) < n {
		had := 0
		if g != nil {
			had = o.has(g)
		}
		return misuse("%s releases %d of %v and holds %d (hint: only who acquired it can release it, once)", o.String(), n, key, had)
	}
	s.changes++
	s.giveBack(o, g, n)
	return Response{}
}

// giveBack is release without a check.
func (s *Space) giveBack(o *Owner, g *gate, n int) {
	for i := range o.held {
		if h := &o.held[i]; h.gate == g {
			if h.n -= n; h.n == 0 {
				last := len(o.held) - 1
				o.held[i] = o.held[last]
				o.held[last] = holding{}
				o.held = o.held[:last]
				g.forget(o)
			}
			break
		}
	}
	g.free += n
	if g.line.head != nil {
		s.grant(g)
	}
}

// forget takes an owner out of the holders.
func (g *gate) forget(o *Owner) {
	for i, h := range g.holders {
		if h == o {
			last := len(g.holders) - 1
			g.holders[i] = g.holders[last]
			g.holders[last] = nil
			g.holders = g.holders[:last]
			return
		}
	}
}

// grant gives units to those who wait, as far as they go.
func (s *Space) grant(g *gate) {
	for w := g.line.head; w != nil && g.free >= w.req.Count; w = g.line.head {
		s.finish(w, Response{Abandoned: s.take(w.owner, g, w.req.Count)})
	}
}

// has is how many units of a gate the owner holds.
func (o *Owner) has(g *gate) int {
	for i := range o.held {
		if o.held[i].gate == g {
			return o.held[i].n
		}
	}
	return 0
}
