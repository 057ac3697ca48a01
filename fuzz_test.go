package outpace_test

import (
	"context"
	"errors"
	"sync"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"github.com/outpace-run/outpace"
)

// script is what a lying worker does, a byte a decision. When it is used up the
// worker is honest.
type script struct {
	mu    sync.Mutex
	bytes []byte
}

func (s *script) next() byte {
	s.mu.Lock()
	defer s.mu.Unlock()
	if len(s.bytes) == 0 {
		return 0
	}
	b := s.bytes[0]
	s.bytes = s.bytes[1:]
	return b
}

// word turns an honest reply into what the script has the worker say.
func (s *script) word(w *fakeWorker, r outpace.Reply) []outpace.Reply {
	honest := []outpace.Reply{r}
	switch s.next() % 10 {
	case 1:
		return nil // silence
	case 2:
		return append(honest, r)
	case 3:
		r.Batch += uint32(s.next())
	case 4:
		r.First += int(int8(s.next()))
	case 5:
		r.N += int(int8(s.next()))
	case 6:
		r.Kind = outpace.ReplyKind(s.next() % 8)
	case 7:
		r.Outputs, r.Err = nil, errors.New("made up")
	case 8:
		if s.next()%2 == 1 {
			r.Kind = outpace.ReplyBack
		}
		r.Wall, r.CPU, r.Walls = -1<<63, 1<<62, make([]time.Duration, s.next())
	case 9:
		w.die(&outpace.LostError{Signal: syscall.Signal(s.next() % 16), ExitCode: int(s.next()) - 1})
		return nil
	default:
		return honest
	}
	return []outpace.Reply{r}
}

// FuzzLies: whatever workers say, every input has exactly one outcome, in order,
// and the run ends.
func FuzzLies(f *testing.F) {
	for _, seed := range []string{"", "\x01", "\x02", "\x03\x01", "\x04\xff", "\x05\x01", "\x06\x05", "\x07", "\x08\x00\x05", "\x08\x01\x00", "\x09\x09\x00",
		"\x00\x01\x00\x01\x00\x01", "\x06\x03\x06\x04\x06\x05", "\x09\x09\x00\x09\x0b\x00\x09\x00\x04"} {
		for shape := range byte(4) {
			f.Add(shape, []byte(seed))
		}
	}
	f.Fuzz(func(t *testing.T, shape byte, bytes []byte) {
		if len(bytes) > 1000 {
			return
		}
		synctest.Test(t, func(t *testing.T) {
			s := newScene(1+int(shape&1), 1+2*int(shape>>1&1))
			s.model.loop = shape&4 != 0
			s.model.word = (&script{bytes: bytes}).word
			ex := s.open(t, outpace.Timeout(time.Second), outpace.Grace(100*time.Millisecond))
			const inputs = 60
			n := 0
			for item, err := range outpace.MapItems(context.Background(), ex, remote("sleep", sleepMS), count(inputs)) {
				if errors.As(err, new(*outpace.CrashLoopError)) {
					return
				}
				if err != nil || item.Index != n || item.Input != n || item.Attempts != 1 {
					t.Fatalf("record %d: %+v, %v", n, item, err)
				}
				n++
			}
			if n != inputs {
				t.Fatalf("%d records", n)
			}
		})
	})
}
