package linear

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"path/filepath"
	"time"

	"github.com/outpace-run/outpace"
	"github.com/outpace-run/outpace/share"
)

// places is how many items the queue of a round holds.
const places = 8

// line is what a client writes: the pid, then a call and what came back for each
// operation, then the end. A call of which nothing came back is the last.
type line struct {
	At     int64            `json:"at"` // the monotonic clock, in ns
	Pid    int              `json:"pid,omitempty"`
	End    bool             `json:"end,omitempty"`
	Call   string           `json:"call,omitempty"`   // the operation, by the names in model.go
	Soft   bool             `json:"soft,omitempty"`   // nobody waits for its answer
	Cancel bool             `json:"cancel,omitempty"` // it may be cancelled by the client: then it is not OK
	Key    string           `json:"key,omitempty"`
	A      int64            `json:"a,omitempty"` // what to add, set or put, how many to take
	B      int64            `json:"b,omitempty"` // what swap expects
	OK     bool             `json:"ok,omitempty"`
	Closed bool             `json:"closed,omitempty"`
	N      int64            `json:"n,omitempty"`     // a number that came back; of items put at once, how many are in
	By     string           `json:"by,omitempty"`    // who abandoned the lock
	Items  []int64          `json:"items,omitempty"` // that are put at once, or came out
	Counts map[string]int64 `json:"counts,omitempty"`
}

// Work is the function of Go clients. Its input is the number of the client, the
// name of the round, a seed and how many operations. The logs are files of the
// folder; "" is the current directory. A program whose child processes are to run it
// registers Work("").
func Work(folder string) outpace.Function[string, any] {
	return outpace.Func("linear", func(ctx context.Context, text string) (any, error) {
		var number, n int
		var round string
		var seed uint64
		if _, err := fmt.Sscan(text, &number, &round, &seed, &n); err != nil {
			return nil, err
		}
		if err := begin(ctx, number, round); err != nil {
			return nil, err
		}
		c, err := newClient(ctx, folder, number, round, seed, folder == "")
		if err != nil {
			return nil, err
		}
		return nil, errors.Join(c.work(n), c.write(line{End: true}), c.close())
	})
}

// begin says that a client is here, and waits until all are.
func begin(ctx context.Context, number int, round string) error {
	if err := share.Queue[int](ctx, round+"here", 100).Put(ctx, number); err != nil {
		return err
	}
	gate := share.Lock(ctx, round+"gate")
	if _, err := gate.Acquire(ctx); err != nil {
		return err
	}
	return gate.Release()
}

// client does random operations, one after the other.
type client struct {
	ctx     context.Context
	rnd     *rand.Rand
	lock    *share.SharedLock
	counter *share.SharedCounter
	value   *share.SharedValue[int64]
	queue   *share.SharedQueue[int64]
	log     io.WriteCloser
	soft    bool  // what nobody waits for is on its way when the call has returned
	held    bool  // it has the lock
	seen    int64 // of the value
	item    int64 // that it put last
}

func newClient(ctx context.Context, folder string, number int, round string, seed uint64, soft bool) (*client, error) {
	name := fmt.Sprintf("%s%d.%d.%d.log", round, number, os.Getpid(), now())
	log, err := os.OpenFile(filepath.Join(folder, name), os.O_CREATE|os.O_EXCL|os.O_WRONLY|os.O_APPEND, 0o666)
	if err != nil {
		return nil, err
	}
	c := &client{
		ctx: ctx, rnd: rand.New(rand.NewPCG(seed, 0)), log: log, soft: soft,
		lock:    share.Lock(ctx, round+"lock"),
		counter: share.Counter(ctx, round+"counter"),
		value:   share.Value(ctx, round+"value", int64(0)),
		queue:   share.Queue[int64](ctx, round+"queue", places),
		item:    int64(number*4194304+os.Getpid()) * 1000,
	}
	return c, c.write(line{Pid: os.Getpid()})
}

func (c *client) close() error { return c.log.Close() }

// write writes a line by one system call: what is written outlives a kill.
func (c *client) write(l line) error {
	l.At = now()
	text, err := json.Marshal(l)
	if err == nil {
		_, err = c.log.Write(append(text, '\n'))
	}
	return err
}

// work does n operations.
func (c *client) work(n int) error {
	for range n {
		if err := c.step(); err != nil {
			return err
		}
		if c.rnd.IntN(10) < 3 {
			time.Sleep(time.Duration(c.rnd.IntN(2000)) * time.Microsecond)
		}
	}
	return nil
}

// step does an operation.
func (c *client) step() error {
	choice := c.rnd.IntN(4)
	switch c.rnd.IntN(4) {
	case 0:
		return c.useLock(choice)
	case 1:
		return c.useCounter(choice)
	case 2:
		return c.useValue(choice)
	}
	return c.useQueue(choice)
}

// did writes a call, does it, and writes what came back.
func (c *client) did(call line, do func(ctx context.Context, back *line) error) error {
	ctx, cancel := context.WithTimeout(c.ctx, time.Duration(c.rnd.IntN(10_000))*time.Microsecond)
	defer cancel()
	if err := c.write(call); err != nil {
		return err
	}
	var back line
	switch err := do(ctx, &back); {
	case errors.Is(err, share.ErrQueueClosed):
		back.Closed = true
	case errors.Is(err, context.DeadlineExceeded): // not OK
	case err != nil:
		return fmt.Errorf("%s: %w", call.Call, err)
	}
	return c.write(back)
}

func (c *client) useLock(choice int) error {
	switch {
	case c.held && choice == 0:
		return nil // keeps it for longer
	case c.held:
		c.held = false
		return c.did(line{Call: "release", Soft: c.soft}, func(context.Context, *line) error { return c.lock.Release() })
	case choice == 0:
		return c.did(line{Call: "try"}, func(_ context.Context, back *line) error {
			ok, was, err := c.lock.TryAcquire()
			c.got(ok, was, back)
			return err
		})
	}
	return c.did(line{Call: "acquire"}, func(ctx context.Context, back *line) error {
		was, err := c.lock.Acquire(ctx)
		c.got(err == nil, was, back)
		return err
	})
}

func (c *client) got(ok bool, was *share.Abandonment, back *line) {
	c.held, back.OK = ok, ok
	if was != nil {
		back.By = was.By
	}
}

func (c *client) useCounter(choice int) error {
	key, n := string("ab"[c.rnd.IntN(2)]), 1+c.rnd.Int64N(9)
	switch choice {
	case 0, 1:
		return c.did(line{Call: "add", Key: key, A: n, Soft: c.soft}, func(context.Context, *line) error { return c.counter.Add(key, n) })
	case 2:
		return c.did(line{Call: "sum", Key: key, A: n}, func(_ context.Context, back *line) (err error) {
			back.N, err = c.counter.Sum(c.ctx, key, n)
			return err
		})
	}
	return c.did(line{Call: "snapshot"}, func(_ context.Context, back *line) (err error) {
		back.Counts, err = c.counter.Snapshot(c.ctx)
		return err
	})
}

func (c *client) useValue(choice int) error {
	n := c.rnd.Int64N(1000)
	switch choice {
	case 0:
		return c.did(line{Call: "get"}, func(_ context.Context, back *line) (err error) {
			back.N, err = c.value.Get(c.ctx)
			c.seen = back.N
			return err
		})
	case 1:
		return c.did(line{Call: "set", A: n}, func(context.Context, *line) error { return c.value.Set(c.ctx, n) })
	case 2:
		return c.did(line{Call: "swap", A: n, B: c.seen}, func(_ context.Context, back *line) (err error) {
			back.OK, err = c.value.CompareAndSet(c.ctx, c.seen, n)
			return err
		})
	}
	return c.did(line{Call: "update", A: n}, func(_ context.Context, back *line) (err error) {
		back.N, err = c.value.Update(c.ctx, func(x int64) (int64, error) { return (x + n) % 1000, nil })
		c.seen = back.N
		return err
	})
}

func (c *client) useQueue(choice int) error {
	switch choice {
	case 0:
		return c.putMany(1 + c.rnd.IntN(4))
	case 1:
		c.item++
		return c.did(line{Call: "put", A: c.item}, func(ctx context.Context, back *line) error {
			err := c.queue.Put(ctx, c.item)
			back.OK = err == nil
			return err
		})
	case 2:
		return c.did(line{Call: "try-take", A: 1}, func(_ context.Context, back *line) error {
			x, ok, err := c.queue.TryGet()
			if ok {
				back.Items = []int64{x}
			}
			return err
		})
	}
	return c.did(line{Call: "take", A: 5}, func(ctx context.Context, back *line) (err error) {
		back.Items, err = c.queue.GetMany(ctx, 5)
		return err
	})
}

// putMany puts several items at once. They are put one after the other, and what
// others put may be between them.
func (c *client) putMany(n int) error {
	items := make([]int64, n)
	for i := range items {
		c.item++
		items[i] = c.item
	}
	return c.did(line{Call: "put", Items: items}, func(ctx context.Context, back *line) error {
		in, err := c.queue.PutMany(ctx, items)
		back.N = int64(in)
		return err
	})
}
