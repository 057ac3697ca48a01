package cli

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/outpace-run/outpace"
)

func TestSize(t *testing.T) {
	for text, want := range map[string]int64{"0": 0, "2000000": 2e6, "512MB": 512e6, "1.5GB": 1.5e9, "300MiB": 300 << 20, "1gib": 1 << 30, "7 kB": 7000, "1e3kB": 1e6, "9B": 9, "2TiB": 2 << 40} {
		var s size
		if err := s.Set(text); err != nil || int64(s) != want {
			t.Errorf("%q: got %d, %v", text, int64(s), err)
		}
	}
	for _, text := range []string{"", "MB", "x", "512M", "512mbit", "-1MB", "NaN", "NaNMB", "InfGB", "1e300", "1 2MB"} {
		var s size
		if err := s.Set(text); err == nil {
			t.Errorf("%q was taken as %d", text, int64(s))
		}
	}
}

func TestTolerance(t *testing.T) {
	tests := []struct {
		text             string
		failed, finished int
		want             bool
	}{
		{"0", 1, 100, true},
		{"10", 10, 10, false},
		{"10", 11, 1000, true},
		{"5%", 9, 9, false}, // too few to say
		{"5%", 10, 200, false},
		{"5%", 11, 219, true},
		{"0%", 10, 1_000_000, true},
		{"0.5%", 10, 2000, false},
		{"0.5%", 10, 1999, true},
	}
	for _, test := range tests {
		var l tolerance
		if err := l.Set(test.text); err != nil {
			t.Fatal(err)
		}
		if got := l.exceeded(test.failed, test.finished); got != test.want {
			t.Errorf("%s: %d of %d: %v", test.text, test.failed, test.finished, got)
		}
	}
	for _, text := range []string{"", "%", "x", "1.5", "-1", "-1%", "100%", "NaN%", "5 %%", "1e9%"} {
		var l tolerance
		if err := l.Set(text); err == nil {
			t.Errorf("%q was taken as %+v", text, l)
		}
	}
}

func TestRetryOn(t *testing.T) {
	m := &retryOn{names: []string{"ConnectionError", "a.b.Odd", "LostError", "MemoryError", "requests.Timeout", "IOError", "asyncio.TimeoutError", "builtins.KeyError"}}
	remote := func(typ string, bases ...string) error { return &outpace.RemoteError{Type: typ, Bases: bases} }
	tests := []struct {
		err  error
		want bool
	}{
		{remote("ConnectionError"), true},
		{remote("requests.ConnectionError"), true},
		{remote("ConnectionResetError", "ConnectionError", "OSError"), true},
		{remote("MyConnectionError"), false},
		{remote("RuntimeError", "Exception"), false},
		{remote("a.b.Odd"), true},
		{remote("x.a.b.Odd"), true},
		{remote("a._impl.b.Odd"), true},
		{remote("b.a.Odd"), false},
		{remote("b.Odd"), false},
		{remote("requests.exceptions.Timeout"), true},
		{remote("requests.exceptions.ConnectTimeout", "requests.exceptions.Timeout", "OSError"), true},
		{remote("Timeout"), false},
		{remote("urllib3.Timeout"), false},
		{remote("FileNotFoundError", "OSError", "Exception"), true},
		{remote("asyncio.exceptions.TimeoutError"), true},
		{remote("TimeoutError"), true},
		{remote("KeyError", "LookupError"), true},
		{remote("LookupError", "Exception"), false},
		{&outpace.LostError{ExitCode: 3}, true},
		{&outpace.MemoryError{}, true},
		{&outpace.TimeoutError{}, true},
		{errors.New("LostError"), false},
	}
	for _, test := range tests {
		if got := m.condition()(test.err); got != test.want {
			t.Errorf("%v: %v", test.err, got)
		}
	}
	if (&retryOn{}).condition() != nil {
		t.Error("without names something is not retried")
	}
}

// TestLeftBehind: tasks that were cut off are told, a waiting source is not.
func TestLeftBehind(t *testing.T) {
	r := &run{job: &job{flags: &mapFlags{grace: duration(time.Second)}}}
	if err := r.leftBehind(&outpace.AbandonedError{Tasks: []string{"source of f, after 3 inputs"}}); err != nil {
		t.Errorf("a source: %v", err)
	}
	err := r.leftBehind(fmt.Errorf("%w", &outpace.AbandonedError{Tasks: []string{"f, input 3 for 1.2s", "source of f, after 3 inputs", "task for 60ms"}}))
	want := "2 tasks did not stop within 1s and ended with outpace: f, input 3, running for 1.2s; task, running for 60ms (hint: --grace TIME waits longer)"
	if err == nil || err.Error() != want {
		t.Errorf("got %v", err)
	}
	if other := errors.New("other"); r.leftBehind(other) != other || r.leftBehind(nil) != nil {
		t.Error("other errors are changed")
	}
}

// TestCloseFails: results in a file that could not be closed may be nowhere.
func TestCloseFails(t *testing.T) {
	f, err := create(filepath.Join(t.TempDir(), "out"), false)
	if err != nil {
		t.Fatal(err)
	}
	r := &run{job: &job{flags: &mapFlags{}}, file: f}
	r.sink = newSink(t.Context(), f, nil, func(err error) { t.Error(err) })
	r.summary.Done = 3                // and written
	if err := f.Close(); err != nil { // so that the second one fails
		t.Fatal(err)
	}
	if err := r.finish(); err == nil || r.summary.Done != 0 {
		t.Errorf("%d done, %v", r.summary.Done, err)
	}
}

func TestOutFileIsCreated(t *testing.T) {
	name := filepath.Join(t.TempDir(), "out")
	if err := os.WriteFile(name, []byte("old"), 0o666); err != nil {
		t.Fatal(err)
	}
	if _, err := create(name, false); !errors.Is(err, os.ErrExist) {
		t.Errorf("one that came into being since it was checked: %v", err)
	}
	f, err := create(name, true)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := f.Write([]byte("new\n")); err != nil {
		t.Error(err)
	}
	if err := f.finish(); err != nil {
		t.Error(err)
	}
	if text, err := os.ReadFile(name); err != nil || string(text) != "new\n" {
		t.Errorf("got %q, %v", text, err)
	}
}

// stingy is a writer that takes some bytes and no more.
type stingy struct{ room int }

func (s *stingy) Write(p []byte) (int, error) {
	n := min(s.room, len(p))
	s.room -= n
	if n < len(p) {
		return n, errors.New("full")
	}
	return n, nil
}

// TestSinkKnowsWhatIsMissing: results are counted as missing from the one on
// that was not written in full.
func TestSinkKnowsWhatIsMissing(t *testing.T) {
	const lines = `{"ok":true,"value":1}
{"ok":false,"input":{"ok":true}}
{"ok":true,"value":2}
`
	first, second := strings.IndexByte(lines, '\n')+1, strings.LastIndexByte(lines[:len(lines)-1], '\n')+1
	for room, want := range map[int]int64{0: 2, 5: 2, first - 1: 2, first: 1, second - 3: 1, second: 1, len(lines) - 1: 1, len(lines): 0} {
		ctx, cancel := context.WithCancelCause(t.Context())
		s := newSink(ctx, &stingy{room}, isResult, cancel)
		for line := range strings.Lines(lines) {
			_ = s.line([]byte(strings.TrimSuffix(line, "\n"))) // the error comes at the end too
		}
		missing, err := s.end(time.Minute)
		if missing != want || (err != nil) != (room < len(lines)) {
			t.Errorf("room for %d bytes: %d missing, want %d; %v", room, missing, want, err)
		}
		cancel(nil)
	}
}
