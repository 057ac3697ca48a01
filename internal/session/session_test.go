//go:build linux || darwin

package session

import (
	"context"
	"errors"
	"slices"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/outpace-run/outpace"
	"github.com/outpace-run/outpace/internal/child"
	"github.com/outpace-run/outpace/internal/wire"
)

// answerAll answers a batch of three with 1, 2, 3.
const answerAll = `results(batch, 0, 3, b"[1,2,3]")`

func TestGreet(t *testing.T) {
	s, _ := begin(t, liar(answerAll))
	if h := s.Hello(); h.Version != 1 || h.Language != "lies" || h.Runtime != "1.2.3" || h.Pid != s.Child().Pid() {
		t.Errorf("hello %+v", h)
	}
}

// What a program does that is no worker becomes a HelloError, and it is gone.
func TestNoHello(t *testing.T) {
	tests := []struct {
		program, want string
		frame         bool
	}{
		{`raise SystemExit(3)`, "it ended with code 3", false},
		{`import os; os.kill(os.getpid(), 9)`, "worker killed by SIGKILL", false},
		{`import os, time; os.close(4); time.sleep(1000)`, "it closed its channel", false},
		{`import os; os.write(4, b"zzzz, no frame")`, "broken frame", true},
		{speaker + `frame(b"p", b"")`, "kind 'p'", true},
		{speaker + `frame(b"h", b"nonsense")`, "broken frame", true},
		{speaker + `frame(b"h", b"")`, "broken frame", true},
	}
	for _, test := range tests {
		leaveNothing(t)
		s, err := Start(configOf(t, `print("cannot do that")`+"\n"+test.program))
		if err != nil {
			t.Fatal(err)
		}
		err = s.Greet(t.Context(), time.Minute)
		var said *HelloError
		if !errors.As(err, &said) || !strings.Contains(err.Error(), test.want) || errors.Is(err, wire.ErrFrame) != test.frame {
			t.Errorf("%s: %v; want %s", test.program, err, test.want)
		} else if strings.HasPrefix(said.End, "it ended with") && said.Output != "cannot do that" {
			t.Errorf("its last words: %q", said.Output)
		}
		if !gone(s.Child().Pid()) {
			t.Errorf("%s: it lives", test.program)
		}
	}
}

func TestSilent(t *testing.T) {
	leaveNothing(t)
	const silent = "import time; time.sleep(1000)"
	s, err := Start(configOf(t, silent))
	if err != nil {
		t.Fatal(err)
	}
	var said *HelloError
	if err := s.Greet(t.Context(), 50*time.Millisecond); !errors.As(err, &said) || said.Silent != 50*time.Millisecond {
		t.Errorf("got %v", err)
	}
	if s, err = Start(configOf(t, silent)); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancelCause(t.Context())
	why := errors.New("changed my mind")
	time.AfterFunc(50*time.Millisecond, func() { cancel(why) })
	if err := s.Greet(ctx, time.Minute); err != why || !gone(s.Child().Pid()) {
		t.Errorf("got %v", err)
	}
}

func TestNoProgram(t *testing.T) {
	c := configOf(t, "")
	c.Child.Path = "/no/such/program"
	if s, err := Start(c); s != nil || !errors.Is(err, syscall.ENOENT) {
		t.Errorf("got %v", err)
	}
}

// A worker that ends between its hello and its setup is lost, and says how.
func TestLostBeforeConfigure(t *testing.T) {
	leaveNothing(t)
	s, err := Start(configOf(t, speaker+`frame(b"h", b"{}"); os._exit(4)`))
	if err != nil {
		t.Fatal(err)
	}
	if err := s.Greet(t.Context(), time.Minute); err != nil {
		t.Fatal(err)
	}
	<-s.Child().Exited()
	var lost *outpace.LostError
	if err := s.Configure(Setup{}); !errors.As(err, &lost) || lost.ExitCode != 4 {
		t.Errorf("got %v", err)
	}
	if err := s.Abandon(); err != nil {
		t.Error(err)
	}
}

// The preamble is the first thing on the channel.
func TestPreamble(t *testing.T) {
	leaveNothing(t)
	c := configOf(t, speaker+`
text = read(11)
frame(b"h", json.dumps({"runtime": text.decode()}).encode())
take()`)
	c.Preamble = []byte("hello first")
	s, err := Start(c)
	if err != nil {
		t.Fatal(err)
	}
	if err := s.Greet(t.Context(), time.Minute); err != nil || s.Hello().Runtime != "hello first" {
		t.Errorf("%+v, %v", s.Hello(), err)
	}
	if err := s.Abandon(); err != nil {
		t.Error(err)
	}
}

// A function is told to a worker once, however many send it at once; Load says
// what is known about it.
func TestDefinedOnce(t *testing.T) {
	s, lines := begin(t, liar(answerAll))
	var all sync.WaitGroup
	for id := range uint32(8) {
		all.Go(func() {
			if err := s.Send(batch(t, id, fn("f"), 1, 2, 3)); err != nil {
				t.Error(err)
			}
		})
	}
	all.Wait()
	answers(t, s, 24)
	if l, err := s.Load(fn("f")); err != nil || !l.Coroutine || l.Took != 250*time.Millisecond {
		t.Errorf("%+v, %v", l, err)
	}
	if _, err := s.Load(nil); !errors.Is(err, outpace.ErrFunction) {
		t.Errorf("of none: %v", err)
	}
	n := 0
	for _, line := range lines.all() {
		if line == "define" {
			n++
		}
	}
	if n != 1 {
		t.Errorf("defined %d times", n)
	}
}

// Lines that came while nobody listened are kept for the first who does.
func TestListen(t *testing.T) {
	leaveNothing(t)
	c := configOf(t, `print("early")`+"\n"+liar(answerAll))
	s, err := Start(c)
	if err != nil {
		t.Fatal(err)
	}
	if err := s.Greet(t.Context(), time.Minute); err != nil {
		t.Fatal(err)
	}
	early, late := &log{}, &log{}
	s.Listen(nil)
	s.Listen(early.add)
	if err := s.Configure(Setup{Configure: wire.Configure{Worker: 1, Slots: 1, Mode: wire.ModeSerial}, Limits: c.Limits, Log: late.add}); err != nil {
		t.Fatal(err)
	}
	send(t, s, batch(t, 1, fn("f"), 1, 2, 3))
	answers(t, s, 3)
	if err := s.Close(t.Context()); err != nil {
		t.Error(err)
	}
	if got := slices.Concat(early.all(), late.all()); !slices.Contains(got, "early") || !slices.Contains(late.all(), "answering") {
		t.Errorf("said %q, then %q", early.all(), late.all())
	}
}

// An adapter sees each line, and says which are a worker's last words.
func TestLastWords(t *testing.T) {
	leaveNothing(t)
	c := configOf(t, `print("one\ntwo", flush=True)`+"\n"+speaker+`frame(b"h", b"{}"); os._exit(4)`)
	lines, listened := &log{}, &log{}
	c.Output = lines.add
	c.LastWords = func(end child.State) string {
		if end.Code != 4 || end.Tail != "one\ntwo" {
			t.Errorf("%+v", end)
		}
		return strings.Join(lines.all(), " and ")
	}
	s, err := Start(c)
	if err != nil {
		t.Fatal(err)
	}
	if err := s.Greet(t.Context(), time.Minute); err != nil {
		t.Fatal(err)
	}
	s.Listen(listened.add)
	if got := lost(t, s); got.Stderr != "one and two" {
		t.Errorf("last words: %q", got.Stderr)
	}
	if err := s.Abandon(); err != nil {
		t.Error(err)
	}
	if got := listened.all(); !slices.Equal(got, []string{"one", "two"}) {
		t.Errorf("listened to %q", got)
	}
}

// A load that takes too long is told about, and then ends the worker.
func TestEndlessLoad(t *testing.T) {
	leaveNothing(t)
	c := configOf(t, speaker+`
frame(b"h", b"{}")
while True: take()`)
	c.Limits = Limits{Timeout: 100 * time.Millisecond, Patience: 20 * time.Millisecond, Hint: "be quick"}
	s, err := Start(c)
	if err != nil {
		t.Fatal(err)
	}
	if err := s.Greet(t.Context(), time.Minute); err != nil {
		t.Fatal(err)
	}
	lines := &log{}
	s.Listen(lines.add)
	_, err = s.Load(fn("f"))
	var load *outpace.LoadError
	if !errors.As(err, &load) || !errors.Is(err, outpace.ErrTimeout) || load.Took < 100*time.Millisecond || !strings.Contains(err.Error(), "(hint: be quick)") {
		t.Errorf("got %v", err)
	}
	if err := s.Abandon(); err != nil {
		t.Error(err)
	}
	if said := lines.all(); len(said) == 0 || !strings.HasPrefix(said[0], "still importing f after ") {
		t.Errorf("said %q", said)
	}
}

// A Send that blocks keeps neither Receive nor Cancel nor Kill from working.
func TestFullPipe(t *testing.T) {
	s, lines := begin(t, liar(`time.sleep(1000)`))
	send(t, s, batch(t, 1, fn("f"), 1))
	eventually(t, "it reads no more", func() bool { return slices.Contains(lines.all(), "answering") })
	sent := make(chan error, 1)
	large := batch(t, 2, fn("f"), strings.Repeat("x", 10<<20))
	go func() { sent <- s.Send(large) }()
	eventually(t, "the large batch is on its way", func() bool { s.mu.Lock(); defer s.mu.Unlock(); return len(s.flights) == 2 })
	for range 100 {
		if err := s.Cancel(1, -1); err != nil {
			t.Fatal(err)
		}
	}
	select {
	case err := <-sent:
		t.Fatalf("ten megabytes went into a pipe that nobody reads: %v", err)
	default:
	}
	s.Kill()
	if got := lost(t, s); got.Signal != syscall.SIGKILL {
		t.Errorf("%+v", got)
	}
	if err := <-sent; err == nil {
		t.Error("the blocked Send says that it succeeded")
	}
}

func TestFlight(t *testing.T) {
	type part struct {
		first, n uint32
		ok       bool
	}
	for _, parts := range [][]part{
		{{0, 100, true}, {0, 100, false}},
		{{0, 1, true}, {1, 99, true}, {99, 1, false}},
		{{99, 1, true}, {99, 1, false}, {0, 100, false}},
		{{100, 1, false}, {0, 101, false}, {0, 0, false}, {0, 1<<32 - 1, false}, {1<<32 - 1, 1<<32 - 1, false}},
	} {
		f := flight{n: 100, left: 100}
		for _, p := range parts {
			if got := f.answer(p.first, p.n); got != p.ok {
				t.Errorf("%v: %v, with %d left", p, got, f.left)
			}
		}
	}
}
