package outpace_test

import (
	"context"
	"errors"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/outpace-run/outpace"
)

// TestLiesAreFatalToTheWorker: a worker that answers what was not asked is
// killed, and what it had runs again on another; no input has two results.
func TestLiesAreFatalToTheWorker(t *testing.T) {
	type lie = func(r outpace.Reply) []outpace.Reply
	for name, lie := range map[string]lie{
		"twice":         func(r outpace.Reply) []outpace.Reply { return []outpace.Reply{r, r} },
		"unknown batch": func(r outpace.Reply) []outpace.Reply { r.Batch += 1000; return []outpace.Reply{r} },
		"negative item": func(r outpace.Reply) []outpace.Reply { r.First = -1; return []outpace.Reply{r} },
		"item behind":   func(r outpace.Reply) []outpace.Reply { r.First += 1 << 40; return []outpace.Reply{r} },
		"huge count":    func(r outpace.Reply) []outpace.Reply { r.N = int(^uint(0) >> 1); return []outpace.Reply{r} },
		"count of none": func(r outpace.Reply) []outpace.Reply { r.N = 0; return []outpace.Reply{r} },
		"no outputs":    func(r outpace.Reply) []outpace.Reply { r.Outputs = nil; return []outpace.Reply{r} },
		"packed too":    func(r outpace.Reply) []outpace.Reply { r.Packed = make([]byte, 8*r.N); return []outpace.Reply{r} },
		"packed short": func(r outpace.Reply) []outpace.Reply {
			r.Outputs, r.Packed = nil, make([]byte, 8*r.N-1)
			return []outpace.Reply{r}
		},
		"too many walls": func(r outpace.Reply) []outpace.Reply { r.Walls = append(r.Walls, 1, 2); return []outpace.Reply{r} },
		"unknown kind":   func(r outpace.Reply) []outpace.Reply { r.Kind = 99; return []outpace.Reply{r} },
		"fault of none": func(r outpace.Reply) []outpace.Reply {
			r.Kind, r.Err = outpace.ReplyFault, nil
			return []outpace.Reply{r}
		},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				s := newScene(1, 2)
				var said atomic.Int32
				s.model.word = func(_ *fakeWorker, r outpace.Reply) []outpace.Reply {
					if said.Add(1) == 5 {
						return lie(r)
					}
					return []outpace.Reply{r}
				}
				ex := s.open(t)
				i := 0
				for v, err := range outpace.Map(limit(t), ex, remote("square", func(_ context.Context, n int) (int, error) { return n * n, nil }), count(500)) {
					if err != nil || v != i*i {
						t.Fatalf("result %d: %d, %v", i, v, err)
					}
					i++
				}
				if n := len(s.rec.of(outpace.WorkerLost)); i != 500 || n != 1 {
					t.Errorf("%d results, %d workers lost", i, n)
				}
			})
		})
	}
}

// TestLiesUnreadableResult: an output that is not what the function is declared
// to return fails its input only.
func TestLiesUnreadableResult(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newScene(2, 1)
		ex := s.open(t)
		f := outpace.Remote[int, int]("f", fakeBody(func(_ context.Context, n int) (any, error) {
			if n%10 == 5 {
				return "five", nil
			}
			return n, nil
		}))
		i := 0
		for v, err := range outpace.Map(limit(t), ex, f, count(200)) {
			if (err != nil) != (i%10 == 5) || err == nil && v != i {
				t.Fatalf("result %d: %d, %v", i, v, err)
			}
			i++
		}
		if i != 200 || len(s.rec.of(outpace.WorkerLost)) != 0 {
			t.Errorf("%d results, lost %v", i, s.rec.of(outpace.WorkerLost))
		}
	})
}

// TestLiesUnencodableInput: an input that JSON cannot carry fails by itself.
func TestLiesUnencodableInput(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newScene(1, 2)
		ex := s.open(t)
		f := outpace.Remote[any, int]("f", fakeBody(func(_ context.Context, n int) (any, error) { return n, nil }))
		inputs := func(yield func(any) bool) {
			for i := range 100 {
				var in any = i
				if i%10 == 5 {
					in = func() {}
				}
				if !yield(in) {
					return
				}
			}
		}
		i := 0
		for v, err := range outpace.Map(limit(t), ex, f, inputs) {
			if (err != nil) != (i%10 == 5) || err == nil && v != i {
				t.Fatalf("result %d: %d, %v", i, v, err)
			}
			i++
		}
		bad := outpace.Submit[any, int](context.Background(), ex, f, make(chan int))
		if failure := wantErr(t, bad, nil); i != 100 || failure.Attempts != 1 {
			t.Errorf("%d results; Submit: %v", i, failure)
		}
	})
}

// TestLiesSendFails: a worker that takes no more is replaced.
func TestLiesSendFails(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newScene(1, 1)
		var sent atomic.Int32
		s.model.send = func(*fakeWorker, outpace.Batch) error {
			if sent.Add(1)%5 == 0 {
				return errors.New("broken pipe")
			}
			return nil
		}
		ex := s.open(t)
		f := remote("sleep", sleepMS)
		for range 20 {
			g := outpace.Submit(context.Background(), ex, f, 10)
			want(t, g, 10)
			if g.Attempts() != 1 {
				t.Errorf("%d attempts", g.Attempts())
			}
		}
	})
}

// TestLiesSendBlocks: a worker whose channel is stuck is killed by a time-out,
// and by Close, also while Send does not return.
func TestLiesSendBlocks(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newScene(1, 1)
		s.model.send = func(w *fakeWorker, _ outpace.Batch) error { <-w.dead; return errors.New("broken pipe") }
		ex := s.open(t)
		f := outpace.Submit(context.Background(), ex, remote("sleep", sleepMS), 10)
		synctest.Wait()
		if err := ex.Close(); err != nil {
			t.Error(err)
		}
		wantErr(t, f, outpace.ErrClosed)
	})
}

// TestLiesSilence: a worker that takes a batch and says nothing is killed at the
// time-out of its items.
func TestLiesSilence(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newScene(1, 1)
		s.model.send = func(*fakeWorker, outpace.Batch) error { return errTaken }
		ex := s.open(t, outpace.Timeout(time.Second))
		begin := time.Now()
		f := outpace.Submit(context.Background(), ex, remote("sleep", sleepMS), 10)
		wantErr(t, f, outpace.ErrTimeout)
		if took := time.Since(begin); took != time.Second || s.model.workers()[0].kills.Load() == 0 {
			t.Errorf("after %v", took)
		}
	})
}

// TestLiesBackForEver: what is handed back runs again, uncharged, until it is
// taken.
func TestLiesBackForEver(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newScene(2, 2)
		var back atomic.Int32
		s.model.send = func(w *fakeWorker, b outpace.Batch) error {
			if back.Add(1) > 50 {
				return nil
			}
			go w.say(outpace.Reply{Kind: outpace.ReplyBack, Batch: b.ID, N: b.N})
			return errTaken
		}
		ex := s.open(t)
		i := 0
		for item, err := range outpace.MapItems(limit(t), ex, remote("sleep", sleepMS), count(40)) {
			if err != nil || item.Err != nil || item.Attempts != 1 || item.Value != i {
				t.Fatalf("record %d: %+v, %v", i, item, err)
			}
			i++
		}
		if i != 40 || s.rec.tasks(outpace.TaskRequeued) == 0 {
			t.Errorf("%d records, %d requeued", i, s.rec.tasks(outpace.TaskRequeued))
		}
	})
}

// TestLiesLog: what a function prints is an event of its worker.
func TestLiesLog(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newScene(1, 1)
		s.model.send = func(w *fakeWorker, _ outpace.Batch) error { w.env.Log("hello"); return nil }
		ex := s.open(t)
		want(t, outpace.Submit(context.Background(), ex, remote("sleep", sleepMS), 1), 1)
		logs := s.rec.of(outpace.WorkerLog)
		if len(logs) != 1 || logs[0].Line != "hello" || logs[0].Worker != 1 {
			t.Errorf("logs: %v", logs)
		}
	})
}
