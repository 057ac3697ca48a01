//go:build linux || darwin

package session

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"strings"
	"syscall"
	"testing"

	"github.com/outpace-run/outpace/internal/wire"
)

func TestHonest(t *testing.T) {
	w, _ := begin(t, liar(`frame(b"p", b"x"); results(batch, 1, 2, b"[2, 3]"); results(batch, 0, 1, b"[1]")`))
	send(t, w, batch(t, 5, fn("f"), 1, 2, 3))
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
		`results(batch, 0, 3, b"x" * 23, 2)`,
		`results(batch, 0, 3, b"x" * 32, 2)`,
		`results(batch, 0, 3, b"[1,2,3]", 8)`,
		`results(batch, 0, 3, b"x" * 24, 6)`,
		`results(batch, 0, 3, b"[1,2,3]", 4)`,
		`results(batch, 0, 3, struct.pack("<III", 1, 1, 2) + b"abc", 4)`,
		`results(batch, 0, 3, struct.pack("<III", 1, 1, 0) + b"abc", 4)`,
		`results(batch, 0, 3, struct.pack("<III", 1, 2**32 - 1, 3) + b"abc", 4)`,
		`results(batch, 0, 3, struct.pack("<III", 1, 1, 1) + b"a\xffc", 4)`,
		`results(batch, 0, 3, struct.pack("<III", 1, 1, 1) + b"\xe2\x82\xac", 4)`,
		`results(batch, 0, 4, struct.pack("<IIII", 1, 1, 1, 0) + b"abc", 4)`,
		`results(batch, 0, 2**32 - 1, b"abc", 4)`,
		`results(batch, 0, 4, b"x" * 32, 2)`,
		`results(batch, 0, 2, b"[1,2]"); results(batch, 1, 2, b"[2,3]")`,
		`results(batch, 0, 3, b"[1,2,3]"); results(batch, 0, 3, b"[1,2,3]")`,
		`results(batch, 0, 1, b"[1]"); frame(b"b", struct.pack("<IIIB", batch, 0, 1, 0))`,
		`results(batch, 0, 1, b"[1]"); frame(b"s", struct.pack("<IIQ", batch, 0, 0))`,
		`frame(b"o", b"short")`,
		`frame(b"O", b"\1" + b"\0" * 20)`,
		`op(1, 16, "n")`,
		`op(0, 10, "n", b"[1,2]", count=1)`,
	} {
		t.Run(lie, func(t *testing.T) {
			w, _ := begin(t, liar(lie))
			send(t, w, batch(t, 5, fn("f"), 1, 2, 3))
			got := lost(t, w)
			if !errors.Is(got, wire.ErrFrame) || got.Signal != 0 || got.ExitCode != -1 || got.Stderr != "define\nanswering" {
				t.Errorf("%+v", got)
			}
			if !gone(w.Child().Pid()) {
				t.Error("it lives")
			}
		})
	}
}

// Packed results come as they are, whether the inputs were packed or not.
func TestHonestPacked(t *testing.T) {
	w, _ := begin(t, liar(`results(batch, 0, 3, struct.pack("<qqq", 1, -2, 1 << 40), 2)`))
	if w.Packs() {
		t.Error("it reads packed inputs, although its hello does not say so")
	}
	send(t, w, batch(t, 5, fn("f"), 1, 2, 3))
	r, err := w.Receive()
	want := binary.LittleEndian.AppendUint64(binary.LittleEndian.AppendUint64([]byte{1, 0, 0, 0, 0, 0, 0, 0}, 1<<64-2), 1<<40)
	if err != nil || r.Outputs != nil || !bytes.Equal(r.Packed, want) {
		t.Errorf("%+v, %v", r, err)
	}
}

// Texts come as they are, and need not be long.
func TestHonestTexts(t *testing.T) {
	w, _ := begin(t, liar(`results(batch, 0, 3, struct.pack("<III", 2, 0, 3) + 'a"'.encode() + "\u20ac".encode(), 4)`))
	send(t, w, batch(t, 5, fn("f"), 1, 2, 3))
	r, err := w.Receive()
	if err != nil || !r.Texts || r.Packed != nil || len(r.Outputs) != 3 || fmt.Sprintf("%s", r.Outputs) != `[a"  €]` {
		t.Errorf("%+v, %v", r, err)
	}
}

func TestTornFrame(t *testing.T) {
	w, _ := begin(t, liar(`send(b"\xff\0\0\0rabc"); os._exit(3)`))
	send(t, w, batch(t, 5, fn("f"), 1, 2, 3))
	if got := lost(t, w); got.ExitCode != 3 || got.Err != nil {
		t.Errorf("%+v", got)
	}
	w, _ = begin(t, liar(`os.close(4); time.sleep(1000)`))
	send(t, w, batch(t, 5, fn("f"), 1, 2, 3))
	if got := lost(t, w); got.Signal != 0 || got.Err != errClosed {
		t.Errorf("%+v", got)
	}
	w, _ = begin(t, liar(`os.close(3); time.sleep(1000)`))
	send(t, w, batch(t, 5, fn("f"), 1, 2, 3))
	eventually(t, "nothing can be sent", func() bool { return w.Send(batch(t, 6, fn("f"), strings.Repeat("x", 1<<20))) != nil })
	if got := lost(t, w); got.Signal != syscall.SIGKILL && got.Err == nil {
		t.Errorf("%+v", got)
	}
}

// A worker that answers without an end while a function is loaded is stopped.
func TestTooManyAnswers(t *testing.T) {
	w, _ := begin(t, liar(`
        while True: send(struct.pack("<IcIIQ", 17, b"s", batch, 0, 0) * 1000)`))
	send(t, w, batch(t, 5, fn("f"), 1, 2, 3))
	if err := w.Send(batch(t, 6, fn("g"), 1)); err == nil {
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
