package modeltest

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"runtime"
	"syscall"

	"github.com/outpace-run/outpace/share"
)

// Step is one thing that the function Share does.
//
//	acquire, try, release          the lock Name
//	acquire2, try2, release2       N units of the semaphore Name, which has 2
//	add, sum, count, snapshot      the counter Name: N under Key
//	get, set, cas, update          the value Name, at first 0: set N; set N if it is Old; add N
//	put, take, close, len          the queue Name, for 10 numbers: put N; take one
//	increment                      N times: with the lock Name, read the value Name, and write one more
//	fill                           put the numbers from 0 to N-1 into the queue Name
//	sleep                          N milliseconds
//	die                            the process, by SIGKILL
//	fail                           with the message "bad N"
type Step struct {
	Do   string `json:"do"`
	Name string `json:"name"`
	Key  string `json:"key,omitempty"`
	N    int    `json:"n,omitempty"`
	Old  int    `json:"old,omitempty"`
}

// shareSteps is Share as a Go function: it returns what each step came to.
func shareSteps(ctx context.Context, steps []Step) ([]string, error) {
	var results []string
	for _, s := range steps {
		v, err := s.do(ctx)
		if err != nil {
			return nil, err
		}
		results = append(results, v)
	}
	return results, nil
}

func (s Step) do(ctx context.Context) (string, error) {
	switch s.Do {
	case "acquire", "try", "release", "acquire2", "try2", "release2":
		return s.gate(ctx)
	case "add", "sum", "count", "snapshot":
		return s.counter(ctx)
	case "get", "set", "cas", "update":
		return s.value(ctx)
	case "put", "take", "close", "len", "fill":
		return s.queue(ctx)
	case "increment":
		return s.increment(ctx)
	case "sleep":
		_, err := sleep(ctx, s.N)
		return "ok", err
	case "die":
		self, err := os.FindProcess(os.Getpid())
		if err == nil {
			err = self.Signal(syscall.SIGKILL)
		}
		<-ctx.Done()
		return "", err
	case "fail":
		return "", fmt.Errorf("bad %d", s.N)
	}
	return "", fmt.Errorf("there is no step %q", s.Do)
}

func (s Step) gate(ctx context.Context) (string, error) {
	lock, units := share.Lock(ctx, s.Name), share.Semaphore(ctx, s.Name, 2)
	var was *share.Abandonment
	var ok bool
	var err error
	switch s.Do {
	case "acquire":
		was, err = lock.Acquire(ctx)
		return held(was), err
	case "acquire2":
		was, err = units.Acquire(ctx, s.N)
		return held(was), err
	case "try":
		ok, _, err = lock.TryAcquire()
	case "try2":
		ok, _, err = units.TryAcquire(s.N)
	case "release":
		return "ok", lock.Release()
	default:
		return "ok", units.Release(s.N)
	}
	return fmt.Sprint(ok), err
}

func held(was *share.Abandonment) string {
	if was != nil {
		return "abandoned"
	}
	return "ok"
}

func (s Step) counter(ctx context.Context) (string, error) {
	c := share.Counter(ctx, s.Name)
	switch s.Do {
	case "add":
		return "ok", c.Add(s.Key, int64(s.N))
	case "sum":
		n, err := c.Sum(ctx, s.Key, int64(s.N))
		return fmt.Sprint(n), err
	case "count":
		n, err := c.Get(ctx, s.Key)
		return fmt.Sprint(n), err
	}
	all, err := c.Snapshot(ctx)
	if err != nil {
		return "", err
	}
	text, err := json.Marshal(all)
	return string(text), err
}

func (s Step) value(ctx context.Context) (string, error) {
	v := share.Value(ctx, s.Name, 0)
	var n int
	var ok bool
	var err error
	switch s.Do {
	case "get":
		n, err = v.Get(ctx)
	case "update":
		n, err = v.Update(ctx, func(n int) (int, error) { return n + s.N, nil })
	case "cas":
		ok, err = v.CompareAndSet(ctx, s.Old, s.N)
		return fmt.Sprint(ok), err
	default:
		return "ok", v.Set(ctx, s.N)
	}
	return fmt.Sprint(n), err
}

func (s Step) queue(ctx context.Context) (string, error) {
	q := share.Queue[int](ctx, s.Name, 10)
	switch s.Do {
	case "put":
		return "ok", q.Put(ctx, s.N)
	case "fill":
		for i := range s.N {
			if err := q.Put(ctx, i); err != nil {
				return "", err
			}
		}
		return "ok", nil
	case "take":
		n, err := q.Get(ctx)
		return fmt.Sprint(n), err
	case "len":
		n, err := q.Len(ctx)
		return fmt.Sprint(n), err
	}
	return "ok", q.Close(ctx)
}

func (s Step) increment(ctx context.Context) (string, error) {
	lock, value := share.Lock(ctx, s.Name), share.Value(ctx, s.Name, 0)
	for range s.N {
		if _, err := lock.Acquire(ctx); err != nil {
			return "", err
		}
		n, err := value.Get(ctx)
		runtime.Gosched() // somebody else may want to run
		if err == nil {
			err = value.Set(ctx, n+1)
		}
		if err != nil {
			return "", err
		}
		if err := lock.Release(); err != nil {
			return "", err
		}
	}
	return "ok", nil
}
