package main

import (
	"context"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"sync"
	"sync/atomic"
	"time"
)

const (
	stretch  = 8 * time.Second  // of rounds between two looks at what was left behind
	standing = 60 * time.Second // without any result or event: something hangs
)

// soak runs rounds until its time is over.
//
//	draw(seed, 1, 2, 3 …) ──► some rounds at once ──► problems
//	                          ▲        │ every 8 s all are over: leaks, memory
//	                          └────────┘
type soak struct {
	seed   uint64
	only   int // the only round, again and again; 0: all
	atOnce int // rounds
	out    io.Writer
	site   *site

	tally tally
	moves atomic.Int64 // results and events: something moves

	mu     sync.Mutex
	number int // of the last round
	runs   int // rounds begun
	failed []string
	under  map[*round]bool // rounds that have begun and not ended
}

// run runs rounds until ctx is done, or something is wrong, and returns what is.
func (s *soak) run(ctx context.Context) (problems []string) {
	stop := s.watch()
	defer stop()
	s.site.note()
	for ctx.Err() == nil && s.sound() {
		s.rounds(ctx)
		for _, left := range s.site.leaks() {
			s.fail("left behind after round %d: %s", s.number, left)
		}
		for _, race := range s.site.races() {
			s.fail("rounds up to %d: %s", s.number, race)
		}
		now := s.site.weigh()
		fmt.Fprintf(s.out, "soak: %d rounds, %d results, %d failures; heap %s, resident %s\n",
			s.tally.rounds.Load(), s.tally.results.Load(), s.tally.failures.Load(), mb(now.heap), mb(now.resident))
	}
	return s.failed
}

// rounds runs rounds, several at once, for a while.
func (s *soak) rounds(ctx context.Context) {
	ctx, cancel := context.WithTimeout(ctx, stretch)
	defer cancel()
	var all sync.WaitGroup
	for range s.atOnce {
		all.Go(func() {
			for ctx.Err() == nil && s.sound() {
				s.round()
			}
		})
	}
	all.Wait()
}

// sound reports whether nothing has been wrong so far.
func (s *soak) sound() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return len(s.failed) == 0
}

func (s *soak) fail(format string, args ...any) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.failed = append(s.failed, fmt.Sprintf(format, args...))
}

// round runs the next round.
func (s *soak) round() {
	s.mu.Lock()
	s.number++
	s.runs++
	if s.only > 0 {
		s.number = s.only
	}
	number, run := s.number, s.runs
	s.mu.Unlock()
	r := draw(s.seed, number)
	s.underWay(r, true)
	defer s.underWay(r, false)
	begun := time.Now()
	if err := s.play(r, run); err != nil {
		r.wrong("%v", err)
	}
	s.tally.round(r, time.Since(begun))
	if r.wrongs > 0 {
		text := r.String()
		for _, p := range r.problems {
			text += "\n  WRONG: " + p
		}
		if more := r.wrongs - len(r.problems); more > 0 {
			text += fmt.Sprintf("\n  … and %d more", more)
		}
		s.fail("%s", text)
	}
}

// underWay notes that a round has begun or ended.
func (s *soak) underWay(r *round, yes bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if !yes {
		delete(s.under, r)
		return
	}
	if s.under == nil {
		s.under = map[*round]bool{}
	}
	s.under[r] = true
}

// play runs one round.
func (s *soak) play(r *round, run int) error {
	counts := filepath.Join(s.site.dir, fmt.Sprintf("flaky-%d", run))
	defer os.RemoveAll(counts)
	mark := fmt.Sprintf("%s=%d", roundVariable, run)
	model := r.model(mark)
	for _, calls := range r.calls {
		l := &life{s: s, r: r, calls: calls, function: s.site.function(r.place), mark: mark,
			said: map[string]bool{}, harmed: map[int]bool{}, charges: map[int]string{}, reruns: map[int]int{}}
		for _, c := range calls {
			dir := filepath.Join(counts, c.name())
			if err := os.MkdirAll(dir, 0o700); err != nil {
				return err
			}
			for i := range c.inputs {
				c.inputs[i].Dir = dir
			}
			s.count(c)
		}
		l.live(model)
	}
	return nil
}

// count counts a call.
func (s *soak) count(c *call) {
	s.tally.calls.Add(1)
	if c.ending != natural || c.r.ending != natural {
		s.tally.endings.Add(1)
	}
}

// moved is told that a result or an event came.
func (s *soak) moved() { s.moves.Add(1) }

// watch ends everything when nothing moves for long. What it returns ends it.
func (s *soak) watch() (stop func()) {
	done := make(chan struct{})
	var watching sync.WaitGroup
	watching.Go(func() {
		last, since := int64(-1), time.Now()
		for wait(done, time.Second) {
			if now := s.moves.Load(); now != last {
				last, since = now, time.Now()
			}
			if time.Since(since) > standing {
				s.abort("nothing has moved for %v", standing)
			}
		}
	})
	return func() { close(done); watching.Wait() }
}

// within ends everything when what it returns is not called in time.
func (s *soak) within(d time.Duration, r *round, what string) (stop func()) {
	timer := time.AfterFunc(d, func() { s.abort("%s, for %v, in round %d", what, d, r.number) })
	return func() { timer.Stop() }
}

// abort says what hangs and what all goroutines do, and ends the process.
func (s *soak) abort(format string, args ...any) {
	fmt.Fprintf(s.out, "soak: FAILED: "+format+"\n\n%s\n", append(args, stacks())...)
	s.mu.Lock()
	for r := range s.under {
		fmt.Fprintf(s.out, "soak: under way: %s\n", r)
	}
	s.site.clear()
	os.Exit(1)
}
