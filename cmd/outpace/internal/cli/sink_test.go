package cli

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"testing"
	"testing/synctest"
	"time"
)

// slow is a writer that takes an hour for each write.
type slow struct {
	text   bytes.Buffer
	writes int
}

func (s *slow) Write(p []byte) (int, error) {
	<-time.After(time.Hour)
	s.writes++
	return s.text.Write(p)
}

func TestSinkWritesAtOnceWhenIdle(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r, w := io.Pipe()
		s := newSink(t.Context(), w, nil, func(err error) { t.Error(err) })
		begin := time.Now()
		for i := range 3 {
			text := fmt.Sprint(i)
			if err := s.line([]byte(text)); err != nil {
				t.Fatal(err)
			}
			got := make([]byte, 2)
			if _, err := io.ReadFull(r, got); err != nil || string(got) != text+"\n" {
				t.Fatalf("got %q, %v", got, err)
			}
		}
		if took := time.Since(begin); took > 2*flushEvery {
			t.Errorf("three lines took %v", took)
		}
		if missing, err := s.end(0); missing != 0 || err != nil {
			t.Error(err)
		}
	})
}

func TestSinkGathersAndBlocks(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		out := &slow{}
		s := newSink(t.Context(), out, nil, func(err error) { t.Error(err) })
		line := bytes.Repeat([]byte("x"), 1023)
		begin := time.Now()
		const lines = 10 * sinkRoom / 1024
		for range lines {
			if err := s.line(line); err != nil {
				t.Fatal(err)
			}
		}
		if time.Since(begin) < 8*time.Hour {
			t.Error("a slow reader did not hold the writer back")
		}
		if missing, err := s.end(0); missing != 0 || err != nil {
			t.Error(err)
		}
		if out.text.Len() != lines*1024 || out.writes > 12 {
			t.Errorf("%d bytes in %d writes", out.text.Len(), out.writes)
		}
	})
}

func TestSinkCountsWhatItTook(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithCancel(t.Context())
		s := newSink(ctx, &slow{}, nil, func(error) {})
		big := bytes.Repeat([]byte("x"), sinkRoom/2)
		time.AfterFunc(time.Minute, cancel) // while the first are being written
		n, err := s.lines([]json.RawMessage{big, big, big, big, big, big, big})
		if n != 4 || !errors.Is(err, context.Canceled) {
			t.Errorf("took %d, %v", n, err)
		}
		if missing, err := s.end(0); missing != int64(n) || err != nil {
			t.Errorf("%d of %d not written, %v", missing, n, err)
		}
		<-s.ended
	})
}

func TestSinkTellsErrorsAndGivesUp(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r, w := io.Pipe()
		full := errors.New("disk full")
		_ = r.CloseWithError(full) // never fails
		ctx, cancel := context.WithCancelCause(t.Context())
		s := newSink(ctx, w, nil, cancel)
		_ = s.line([]byte("x")) // the error comes with a later line, or at the end
		synctest.Wait()
		if err := s.line([]byte("y")); !errors.Is(err, full) {
			t.Errorf("got %v", err)
		}
		if missing, err := s.end(0); missing != 2 || !errors.Is(err, full) || !errors.Is(context.Cause(ctx), full) {
			t.Errorf("got %v, cause %v", err, context.Cause(ctx))
		}
	})
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithCancel(t.Context())
		out := &slow{}
		s := newSink(ctx, out, nil, func(error) {})
		_ = s.line([]byte("x"))
		cancel()
		begin := time.Now()
		if missing, err := s.end(time.Second); missing != 1 || err != nil || time.Since(begin) != time.Second {
			t.Errorf("got %v after %v", err, time.Since(begin))
		}
		<-s.ended
	})
}
