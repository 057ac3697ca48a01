package child

import (
	"os"
	"os/exec"
	"strings"
	"syscall"
	"testing"
)

// A signal is dealt with when its handler has returned, and not before.
func TestHandled(t *testing.T) {
	dir := t.TempDir()
	if err := syscall.Mkfifo(dir+"/out", 0o600); err != nil {
		t.Fatal(err)
	}
	// faulthandler writes into a pipe that nobody empties, in the handler.
	cmd := exec.Command("python3", "-S", "-c", `
import faulthandler, fcntl, os, signal, sys
pipe = os.open(sys.argv[1] + "/out", os.O_RDWR)
while True:
    fcntl.fcntl(pipe, fcntl.F_SETFL, os.O_NONBLOCK)
    try: os.write(pipe, b"x" * 4096)
    except BlockingIOError: break
fcntl.fcntl(pipe, fcntl.F_SETFL, 0)
faulthandler.register(62, pipe, all_threads=True)
print("ready", flush=True)
while True: signal.pause()
`, dir)
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	defer func() { _ = cmd.Process.Kill(); _ = cmd.Wait() }()
	said := make([]byte, 100)
	if n, _ := out.Read(said); !strings.HasPrefix(string(said[:n]), "ready") {
		t.Fatalf("it said %q", said[:n])
	}
	c := &Child{pid: cmd.Process.Pid}
	if !c.Handled(62) {
		t.Error("a signal that was not sent is under way")
	}
	if err := syscall.Kill(c.pid, 62); err != nil {
		t.Fatal(err)
	}
	for range 3 {
		if c.Handled(62) {
			t.Error("its handler is still writing")
		}
	}
	pipe, err := os.OpenFile(dir+"/out", os.O_RDWR, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = pipe.Close() }()
	go func() {
		buf := make([]byte, 1<<16)
		for {
			if _, err := pipe.Read(buf); err != nil {
				return
			}
		}
	}()
	eventually(t, "the handler returns", func() bool { return c.Handled(62) })
}
