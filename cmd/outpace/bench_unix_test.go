//go:build unix

package main

import (
	"io"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
)

// TestBenchInterrupted: after Ctrl-C a bench prints what it has measured so far,
// and says that this is not all.
func TestBenchInterrupted(t *testing.T) {
	dir := t.TempDir()
	file := filepath.Join(dir, "nap.py")
	if err := os.WriteFile(file, []byte("import time\ndef nap(s):\n    time.sleep(s)\n    return s\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	report := filepath.Join(dir, "r.json")
	cmd, lines, out := start(t, build(t), "bench", file+":nap", "0.05", "0.05", "--models", "threads", "--workers", "2", "--runs", "1000", "--json", report)
	await(t, lines, `"round":3,`)
	if err := cmd.Process.Signal(syscall.SIGINT); err != nil {
		t.Fatal(err)
	}
	text, err := io.ReadAll(out)
	if err != nil {
		t.Fatal(err)
	}
	if code := ended(t, cmd, lines); code != 130 {
		t.Errorf("exit code %d", code)
	}
	for _, want := range []string{"threads", "interrupted in round 3 of 1000", "Nothing is proved by "} {
		if !strings.Contains(string(text), want) {
			t.Errorf("no %q in:\n%s", want, text)
		}
	}
	written, err := os.ReadFile(report)
	if err != nil || !strings.Contains(string(written), `"incomplete": "interrupted in round 3 of 1000"`) {
		t.Errorf("%v\n%s", err, written)
	}
}
