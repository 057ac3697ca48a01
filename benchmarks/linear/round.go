package linear

import (
	"context"
	_ "embed"
	"encoding/json"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/outpace-run/outpace"
	"github.com/outpace-run/outpace/share"
)

//go:embed work.py
var workInPython []byte

// round is random operations of clients of one executor, on objects that are
// its own.
type round struct {
	team   team
	ex     *outpace.Executor
	folder string
	name   string // of the round, and of its objects; the logs' names begin with it
	rnd    *rand.Rand
	each   int // operations of a client

	mu       sync.Mutex
	outcomes map[int]outcome // by client
}

// outcome is how a client's task ended, and when.
type outcome struct {
	err error
	at  int64
}

// callers is how many clients a round has beside its tasks.
const callers = 2

// run runs a round and returns what was done in it.
func (r *round) run(ctx context.Context) ([]attempt, error) {
	r.outcomes = map[int]outcome{}
	shared, leave := r.ex.Share(ctx)
	defer leave()
	gate := share.Lock(shared, r.name+"gate")
	if _, err := gate.Acquire(shared); err != nil {
		return nil, err
	}
	var tasks, others sync.WaitGroup
	for number := callers; number < callers+r.team.tasks; number++ {
		input := fmt.Sprint(number, " ", r.name, " ", r.rnd.Uint64()>>16, " ", r.each)
		tasks.Go(func() {
			_, err := outpace.Submit(ctx, r.ex, r.team.work(r.folder), input, outpace.Retries(3)).Result(ctx)
			r.ended(number, err)
		})
	}
	errs := make([]error, callers+2)
	errs[callers] = errors.Join(r.allHere(shared), gate.Release())
	for number := range callers {
		seed := r.rnd.Uint64() >> 16
		others.Go(func() { errs[number] = r.caller(ctx, number, seed) })
	}
	over := make(chan struct{})
	others.Go(func() { r.kill(over) })
	tasks.Wait()
	close(over)
	others.Wait()
	errs[callers+1] = r.last(ctx)
	if err := errors.Join(append(errs, r.failures()...)...); err != nil {
		return nil, err
	}
	return r.attempts()
}

// clean removes the logs.
func (r *round) clean() error {
	files, err := filepath.Glob(filepath.Join(r.folder, r.name+"*.log"))
	for _, file := range files {
		err = errors.Join(err, os.Remove(file))
	}
	return err
}

// allHere waits until every task has begun.
func (r *round) allHere(shared context.Context) error {
	here := share.Queue[json.RawMessage](shared, r.name+"here", 100)
	for range r.team.tasks {
		if _, err := here.Get(shared); err != nil {
			return err
		}
	}
	return nil
}

func (r *round) ended(number int, err error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.outcomes[number] = outcome{err, now()}
}

// caller is a client that is no task. The first of them closes the queue in some
// rounds.
func (r *round) caller(ctx context.Context, number int, seed uint64) error {
	shared, leave := r.ex.Share(ctx)
	c, err := newClient(shared, r.folder, number, r.name, seed, false)
	if err != nil {
		return err
	}
	err = c.work(r.each)
	if number == 0 && seed%3 == 0 {
		err = errors.Join(err, c.closeQueue(), c.work(r.each/4))
	}
	err = errors.Join(err, c.write(line{End: true}), c.close())
	leave()
	r.ended(number, nil)
	return err
}

func (c *client) closeQueue() error {
	return c.did(line{Call: "close"}, func(context.Context, *line) error { return c.queue.Close(c.ctx) })
}

// last is a client that looks at everything when all others have ended: what was
// lost shows.
func (r *round) last(ctx context.Context) error {
	shared, leave := r.ex.Share(ctx)
	c, err := newClient(shared, r.folder, r.team.tasks+callers, r.name, 0, false)
	if err != nil {
		return err
	}
	err = errors.Join(c.useLock(0), c.useCounter(3), c.useValue(0), c.closeQueue(), c.drain())
	err = errors.Join(err, c.write(line{End: true}), c.close())
	leave()
	r.ended(r.team.tasks+callers, nil)
	return err
}

// drain takes what is in the queue and is told that there is nothing more.
func (c *client) drain() error {
	for closed := false; !closed; {
		err := c.did(line{Call: "take", A: 1}, func(_ context.Context, back *line) (err error) {
			back.Items, err = c.queue.GetMany(c.ctx, 1)
			closed = err != nil
			return err
		})
		if err != nil {
			return err
		}
	}
	return nil
}

// failures are the errors of tasks that are no deaths.
func (r *round) failures() (errs []error) {
	for number, o := range r.outcomes {
		var lost *outpace.LostError
		if o.err != nil && !errors.As(o.err, &lost) {
			errs = append(errs, fmt.Errorf("client %d: %w", number, o.err))
		}
	}
	return errs
}

// attempts reads the logs of the round.
func (r *round) attempts() ([]attempt, error) {
	var all []attempt
	for number, o := range r.outcomes {
		mine, err := r.logs(number)
		if err != nil {
			return nil, err
		}
		for i, lines := range mine {
			a := attempt{label: r.label(number), lines: lines, over: o.at, returned: o.err == nil}
			if i+1 < len(mine) {
				a.over, a.returned = mine[i+1][0].At, false
			}
			all = append(all, a)
		}
	}
	return all, nil
}

// label is a part of what a client is called as who abandoned a lock.
func (r *round) label(number int) string {
	if number < callers || number == r.team.tasks+callers {
		return "the caller"
	}
	return fmt.Sprintf("(\"%d %s ", number, r.name)
}

// logs returns the lines of a client's attempts, in their order.
func (r *round) logs(number int) ([][]line, error) {
	files, err := filepath.Glob(filepath.Join(r.folder, fmt.Sprintf("%s%d.*.log", r.name, number)))
	if err != nil {
		return nil, err
	}
	var all [][]line
	for _, file := range files {
		lines, err := readLog(file)
		if err != nil {
			return nil, err
		}
		if lines != nil {
			all = append(all, lines)
		}
	}
	slices.SortFunc(all, func(a, b []line) int { return int(a[0].At - b[0].At) })
	return all, nil
}

// kill kills a worker now and then, until the round is over.
func (r *round) kill(over <-chan struct{}) {
	for range r.team.kills {
		select {
		case <-over:
			return
		case <-time.After(time.Duration(r.rnd.IntN(30_000)) * time.Microsecond):
		}
		if pids := r.workers(); len(pids) > 0 {
			if p, err := os.FindProcess(pids[r.rnd.IntN(len(pids))]); err == nil {
				_ = p.Kill() // it may have ended
			}
		}
	}
}

// workers are the processes that run an attempt of this round: who has begun a
// log, and is at work in the folder of the round, so no stranger.
func (r *round) workers() (pids []int) {
	files, err := filepath.Glob(filepath.Join(r.folder, r.name+"*.log"))
	if err != nil {
		return nil
	}
	for _, file := range files {
		parts := strings.Split(filepath.Base(file), ".")
		pid, err := strconv.Atoi(parts[1])
		if err != nil || pid == os.Getpid() || slices.Contains(pids, pid) {
			continue
		}
		if at, err := os.Readlink(fmt.Sprintf("/proc/%d/cwd", pid)); err == nil && at == r.folder {
			pids = append(pids, pid)
		}
	}
	return pids
}
