//go:build linux || darwin

package python

import (
	"errors"
	"fmt"
	"strings"
	"syscall"
	"testing"

	"github.com/outpace-run/outpace"
	"github.com/outpace-run/outpace/internal/wire"
)

// liar makes an interpreter that says hello, defines whatever it is asked to,
// and answers the first batch, of three items, by what the Python code in
// answer does. It has frame(kind, body) and results(batch, first, n, text).
func liar(t *testing.T, answer string) outpace.Model {
	t.Helper()
	usable, _ := pythons(t)
	return Workers(1, Interpreter(program(t, "liar", "#!"+usable[0]+`
import json, os, struct, sys, time
def send(data):
    while data: data = data[os.write(4, data):]
def frame(kind, body): send(struct.pack("<Ic", len(body) + 1, kind) + body)
def results(batch, first, n, text, flags=0): frame(b"r", struct.pack("<IIIBQQ", batch, first, n, flags, 0, 0) + text)
def read(n):
    data = b""
    while len(data) < n:
        more = os.read(3, n - len(data))
        if not more: os._exit(0)
        data += more
    return data
read(int(sys.argv[3]) + int(sys.argv[4]))  # the program that it is sent
frame(b"h", json.dumps({"version": 1, "pid": os.getpid(), "runtime": "3.11.7"}).encode())
while True:
    size, kind = struct.unpack("<Ic", read(5))
    body = read(size - 1)
    if kind == b"D": frame(b"d", json.dumps({"func": json.loads(body)["func"], "seconds": 0}).encode())
    if kind == b"Q": os._exit(0)
    if kind == b"B":
        batch = struct.unpack("<I", body[:4])[0]
        print("answering", file=sys.stderr, flush=True)
        `+answer+"\n")))
}

func TestHonest(t *testing.T) {
	w, _ := begin(t, liar(t, `frame(b"p", b"x"); results(batch, 1, 2, b"[2, 3]"); results(batch, 0, 1, b"[1]")`))
	send(t, w, batch(t, 5, fn("a.py:f"), 1, 2, 3))
	if got := answers(t, w, 3); got["5.0"] != "1" || got["5.1"] != "2" || got["5.2"] != "3" {
		t.Errorf("%v", got)
	}
}

// A worker that breaks the protocol is lost with the reason, and dead.
func TestLies(t *testing.T) {
	for _, lie := range []string{
		`send(b"\0\0\0\0r")`,
		`send(b"\xff\xff\xff\xffr")`,
		`frame(b"?", b"")`,
		`frame(b"B", b"")`,
		`frame(b"h", b"{}")`,
		`frame(b"r", b"short")`,
		`frame(b"f", b"\0" * 30)`,
		`frame(b"b", b"\0" * 12)`,
		`frame(b"s", struct.pack("<IIQ", batch, 3, 0))`,
		`frame(b"d", b'{"func": 1}')`,
		`frame(b"d", b'{"func": 77}')`,
		`frame(b"d", b'nonsense')`,
		`results(batch + 1, 0, 3, b"[1,2,3]")`,
		`results(batch, 0, 3, b"[1,2]")`,
		`results(batch, 0, 3, b"[1,2,3,4]")`,
		`results(batch, 0, 3, b"[1,2,")`,
		`results(batch, 0, 3, b"[1,2,3]]")`,
		`results(batch, 0, 3, b"[1,2,\n\"\n\"]")`,
		`results(batch, 0, 0, b"[]")`,
		`results(batch, 1, 3, b"[1,2,3]")`,
		`results(batch, 0, 4, b"[1,2,3,4]")`,
		`results(batch, 2**32 - 1, 2, b"[1,2]")`,
		`results(batch, 0, 2**32 - 1, b"[1,2]")`,
		`results(batch, 0, 2**32 - 1, b"[1,2]", 1)`,
		`results(batch, 0, 2, b"[1,2]"); results(batch, 1, 2, b"[2,3]")`,
		`results(batch, 0, 3, b"[1,2,3]"); results(batch, 0, 3, b"[1,2,3]")`,
		`results(batch, 0, 1, b"[1]"); frame(b"b", struct.pack("<IIIB", batch, 0, 1, 0))`,
		`results(batch, 0, 1, b"[1]"); frame(b"s", struct.pack("<IIQ", batch, 0, 0))`,
	} {
		t.Run(lie, func(t *testing.T) {
			w, _ := begin(t, liar(t, lie))
			send(t, w, batch(t, 5, fn("a.py:f"), 1, 2, 3))
			got := lost(t, w)
			if !errors.Is(got, wire.ErrFrame) || got.Signal != 0 || got.ExitCode != -1 || got.Stderr != "answering" {
				t.Errorf("%+v", got)
			}
			if !gone(w.process.Pid()) {
				t.Error("it lives")
			}
		})
	}
}

func TestTornFrame(t *testing.T) {
	w, _ := begin(t, liar(t, `send(b"\xff\0\0\0rabc"); os._exit(3)`))
	send(t, w, batch(t, 5, fn("a.py:f"), 1, 2, 3))
	if got := lost(t, w); got.ExitCode != 3 || got.Err != nil {
		t.Errorf("%+v", got)
	}
	w, _ = begin(t, liar(t, `os.close(4); time.sleep(1000)`))
	send(t, w, batch(t, 5, fn("a.py:f"), 1, 2, 3))
	if got := lost(t, w); got.Signal != 0 || got.Err != errClosed {
		t.Errorf("%+v", got)
	}
	w, _ = begin(t, liar(t, `os.close(3); time.sleep(1000)`))
	send(t, w, batch(t, 5, fn("a.py:f"), 1, 2, 3))
	eventually(t, "nothing can be sent", func() bool { return w.Send(batch(t, 6, fn("a.py:f"), strings.Repeat("x", 1<<20))) != nil })
	if got := lost(t, w); got.Signal != syscall.SIGKILL && got.Err == nil {
		t.Errorf("%+v", got)
	}
}

// A worker that answers without an end while a function is loaded is stopped.
func TestTooManyAnswers(t *testing.T) {
	w, _ := begin(t, liar(t, `
        while True: send(struct.pack("<IcIIQ", 17, b"s", batch, 0, 0) * 1000)`))
	send(t, w, batch(t, 5, fn("a.py:f"), 1, 2, 3))
	if err := w.Send(batch(t, 6, fn("a.py:g"), 1)); err == nil {
		t.Error("a function was loaded")
	}
	for range maxAside {
		if _, err := w.Receive(); err != nil {
			t.Fatalf("what was put aside is lost: %v", err)
		}
	}
	if got := lost(t, w); !strings.Contains(fmt.Sprint(got), "too many answers") {
		t.Errorf("%+v", got)
	}
}
