//go:build linux || darwin

package session

import (
	"context"
	"encoding/binary"
	"errors"
	"testing"
	"time"

	"github.com/outpace-run/outpace"
	"github.com/outpace-run/outpace/internal/child"
	"github.com/outpace-run/outpace/internal/wire"
	"github.com/outpace-run/outpace/share"
)

// FuzzReplies: whatever bytes a worker says about a batch of three items, each
// item is answered at most once, and then the worker is lost for a reason. The
// worker is a program that says what it is told, up to its end: first the
// preamble, with the bytes in it, then our own frames, which no worker may say.
func FuzzReplies(f *testing.F) {
	results, err := wire.AppendResults(nil, wire.Results{Batch: 1, N: 3, Outputs: []byte("[1,2,3]"), CPU: -1})
	if err != nil {
		f.Fatal(err)
	}
	texts, err := wire.AppendResults(nil, wire.Results{Batch: 1, N: 2, Texts: true, Outputs: []byte("\x01\x00\x00\x00\x02\x00\x00\x00aé"), CPU: -1})
	if err != nil {
		f.Fatal(err)
	}
	fault, err := wire.AppendFault(nil, wire.Fault{Batch: 1, Index: 1, Err: wire.Error{Type: "E", Cause: "exception"}})
	if err != nil {
		f.Fatal(err)
	}
	back := wire.AppendBack(nil, wire.Back{Batch: 1, First: 1, N: 2})
	running := wire.AppendRunning(nil, wire.Running{Batch: 1, Index: 2, Wall: time.Second})
	operation, err := wire.AppendOperation(nil, wire.Operation{Batch: 1, Ticket: 1, Request: share.Request{Op: share.OpLen, Name: "rows"}})
	if err != nil {
		f.Fatal(err)
	}
	for _, seed := range [][]byte{nil, operation, results, texts, fault, back, running, append(results, results...), append(fault, back...),
		append(running, results[:20]...), []byte("Traceback (most recent call last)"), binary.LittleEndian.AppendUint32(nil, 1<<30)} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, said []byte) {
		hello, err := wire.AppendJSON(nil, wire.KindHello, wire.Hello{Version: wire.Version})
		if err != nil {
			t.Fatal(err)
		}
		defined, err := wire.AppendJSON(nil, wire.KindDefined, wire.Defined{Func: 1})
		if err != nil {
			t.Fatal(err)
		}
		c := configOf(t, "")
		c.Child = child.Config{Path: "/bin/sh", Args: []string{"-c", "exec cat <&3 >&4"}}
		c.Preamble = append(append(hello, defined...), said...)
		s, err := Start(c)
		if err != nil {
			t.Fatal(err)
		}
		ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
		defer cancel()
		defer context.AfterFunc(ctx, s.Kill)()
		if err := s.Greet(ctx, time.Minute); err != nil {
			t.Fatal(err)
		}
		if err := s.Send(outpace.Batch{ID: 1, Func: fn("f"), N: 3, Inputs: []byte("[1,2,3]")}); err != nil {
			t.Fatal(err)
		}
		_ = s.process.To.Close()
		checkReplies(t, s)
		if ctx.Err() != nil {
			t.Error("it went on for a minute")
		}
		if err := s.Abandon(); err != nil {
			t.Error(err)
		}
	})
}

// checkReplies takes replies up to the loss of the worker.
func checkReplies(t *testing.T, s *Session) {
	var answered [3]bool
	for {
		r, err := s.Receive()
		if err != nil {
			if lost := (*outpace.LostError)(nil); !errors.As(err, &lost) || lost.Err == nil && lost.ExitCode < 0 {
				t.Errorf("lost by %T %v", err, err)
			}
			return
		}
		if r.Batch != 1 || r.First < 0 || r.N < 1 || r.First+r.N > 3 {
			t.Fatalf("%+v", r)
		}
		for i := r.First; i < r.First+r.N && r.Kind != outpace.ReplyRunning; i++ {
			if answered[i] {
				t.Fatalf("item %d twice", i)
			}
			answered[i] = true
		}
		if r.Kind == outpace.ReplyResults && len(r.Outputs) != r.N || r.Kind == outpace.ReplyFault && r.Err == nil {
			t.Fatalf("%+v", r)
		}
	}
}
