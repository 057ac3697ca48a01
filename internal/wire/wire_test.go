package wire

import (
	"bytes"
	"encoding/binary"
	"encoding/json"
	"errors"
	"io"
	"reflect"
	"testing"
	"testing/iotest"
	"time"
)

// frames is one frame of every kind that has fixed fields, beside what it holds.
func frames(t testing.TB) (stream []byte, bodies []any) {
	t.Helper()
	var err error
	add := func(dst []byte, e error) []byte {
		err = errors.Join(err, e)
		return dst
	}
	fault := Error{Type: "ValueError", Message: "a<b", Traceback: "line 1\nline 2", Cause: "exception", Hint: "h"}
	reset := Error{Type: "ConnectionResetError", Bases: []string{"ConnectionError", "OSError", "Exception"}, Cause: "init"}
	bodies = []any{
		Hello{Version: 1, Pid: 12, Language: "python", Runtime: "3.11.7", Executable: "/bin/python", GIL: true},
		Configure{Worker: 3, Slots: 4, Mode: ModeThreads},
		Define{Func: 1, Target: "a.py:f", Star: true, Kwargs: map[string]json.RawMessage{"k": []byte(`[1]`)}},
		Define{Func: 2, Target: "a.py:open", Kwargs: map[string]json.RawMessage{}, Init: true},
		Defined{Func: 1, Seconds: 0.25, Err: &fault},
		Defined{Func: 2, Err: &reset},
		Batch{ID: 7, Func: 1, N: 2, Measure: true, Lease: time.Second, Inputs: []byte(`[1,2]`)},
		Batch{ID: 8, Func: 1, N: 2, Packed: true, Inputs: make([]byte, 16)},
		Batch{ID: 9, Func: 1, N: 2, Texts: true, Inputs: []byte("\x01\x00\x00\x00\x02\x00\x00\x00aé")},
		Cancel{Batch: 7, Index: All},
		Results{Batch: 7, First: 1, N: 2, Wall: 5, CPU: -1, Walls: []time.Duration{2, 3}, Outputs: []byte(`["a",null]`)},
		Results{Batch: 8, N: 1, Wall: 5, CPU: 4, Outputs: []byte(`[1]`)},
		Results{Batch: 8, N: 2, CPU: -1, Walls: []time.Duration{2, 3}, Packed: true, Outputs: make([]byte, 16)},
		Results{Batch: 9, N: 2, CPU: -1, Walls: []time.Duration{2, 3}, Texts: true, Outputs: []byte("\x00\x00\x00\x00\x02\x00\x00\x00é")},
		Fault{Batch: 7, Index: 1, Wall: 9, CPU: 8, Err: fault},
		Back{Batch: 7, First: 2, N: 3, Why: Cancelled},
		Running{Batch: 7, Index: 1, Wall: time.Minute},
	}
	for _, o := range operations() {
		bodies = append(bodies, o)
	}
	for _, b := range bodies {
		switch b := b.(type) {
		case Hello:
			stream = add(AppendJSON(stream, KindHello, b))
		case Configure:
			stream = add(AppendJSON(stream, KindConfigure, b))
		case Define:
			stream = add(AppendJSON(stream, KindDefine, b))
		case Defined:
			stream = add(AppendJSON(stream, KindDefined, b))
		case Batch:
			stream = add(AppendBatch(stream, b))
		case Cancel:
			stream = AppendCancel(stream, b)
		case Results:
			stream = add(AppendResults(stream, b))
		case Fault:
			stream = add(AppendFault(stream, b))
		case Back:
			stream = AppendBack(stream, b)
		case Running:
			stream = AppendRunning(stream, b)
		case Operation:
			stream = add(AppendOperation(stream, b))
		}
	}
	if err != nil {
		t.Fatal(err)
	}
	return stream, bodies
}

// decode reads a body as its kind says.
func decode(kind Kind, body []byte) (any, error) {
	switch kind {
	case KindHello:
		return decodeJSON[Hello](body)
	case KindConfigure:
		return decodeJSON[Configure](body)
	case KindDefine:
		return decodeJSON[Define](body)
	case KindDefined:
		return decodeJSON[Defined](body)
	case KindBatch:
		return DecodeBatch(body)
	case KindCancel:
		return DecodeCancel(body)
	case KindResults:
		return DecodeResults(body)
	case KindFault:
		return DecodeFault(body)
	case KindBack:
		return DecodeBack(body)
	case KindRunning:
		return DecodeRunning(body)
	case KindOperation:
		return DecodeOperation(body)
	}
	return nil, nil
}

func decodeJSON[T any](body []byte) (T, error) {
	var v T
	err := Decode(body, &v)
	return v, err
}

func TestRoundTrip(t *testing.T) {
	stream, want := frames(t)
	sources := map[string]io.Reader{
		"at once":      bytes.NewReader(stream),
		"byte by byte": iotest.OneByteReader(bytes.NewReader(stream)),
		"with EOF":     iotest.DataErrReader(bytes.NewReader(stream)),
	}
	for name, src := range sources {
		r := NewReader(src)
		for i, w := range want {
			kind, body, err := r.Next()
			if err != nil {
				t.Fatalf("%s: frame %d: %v", name, i, err)
			}
			got, err := decode(kind, body)
			if err != nil || !reflect.DeepEqual(got, w) {
				t.Errorf("%s: frame %d: got %+v, %v; want %+v", name, i, got, err, w)
			}
		}
		if _, _, err := r.Next(); err != io.EOF {
			t.Errorf("%s: after the last frame: %v", name, err)
		}
	}
}

func TestTornStream(t *testing.T) {
	stream, _ := frames(t)
	for cut := range stream {
		r := NewReader(bytes.NewReader(stream[:cut]))
		var err error
		for err == nil {
			_, _, err = r.Next()
		}
		if err != io.EOF && err != io.ErrUnexpectedEOF {
			t.Fatalf("cut at %d: %v", cut, err)
		}
	}
}

func TestResultsAreOwned(t *testing.T) {
	var stream []byte
	for i := range uint32(100) {
		stream, _ = AppendResults(stream, Results{Batch: i, N: 1, Outputs: binary.AppendUvarint(nil, uint64(i))})
	}
	r := NewReader(bytes.NewReader(stream))
	var kept []Results
	for range 100 {
		_, body, err := r.Next()
		if err != nil {
			t.Fatal(err)
		}
		res, err := DecodeResults(body)
		if err != nil {
			t.Fatal(err)
		}
		kept = append(kept, res)
	}
	for i, res := range kept {
		if n, _ := binary.Uvarint(res.Outputs); n != uint64(i) {
			t.Fatalf("frame %d was overwritten: %v", i, res.Outputs)
		}
	}
}

func TestLongFrame(t *testing.T) {
	for _, size := range []int{step - 1, step, step + 1, 9 * step} {
		in := Batch{ID: 1, N: 1, Inputs: bytes.Repeat([]byte("x"), size)}
		stream, err := AppendBatch(nil, in)
		if err != nil {
			t.Fatal(err)
		}
		r := NewReader(bytes.NewReader(append(stream, stream...)))
		for range 2 {
			_, body, err := r.Next()
			if err != nil {
				t.Fatal(err)
			}
			if got, err := DecodeBatch(body); err != nil || !bytes.Equal(got.Inputs, in.Inputs) {
				t.Fatalf("%d bytes came back as %d: %v", size, len(got.Inputs), err)
			}
		}
	}
}

// A length alone must not make the reader take a lot of memory.
func TestLyingLength(t *testing.T) {
	lie := binary.LittleEndian.AppendUint32(nil, MaxFrame)
	lie = append(lie, byte(KindResults), 1, 2, 3)
	allocated := testing.Benchmark(func(b *testing.B) {
		for b.Loop() {
			if _, _, err := NewReader(bytes.NewReader(lie)).Next(); err != io.ErrUnexpectedEOF {
				b.Fatal(err)
			}
		}
	}).AllocedBytesPerOp()
	if allocated > 4*step {
		t.Errorf("took %d bytes", allocated)
	}
	for _, length := range []uint32{0, MaxFrame + 1, 1<<32 - 1} {
		head := append(binary.LittleEndian.AppendUint32(nil, length), 'r')
		if _, _, err := NewReader(bytes.NewReader(head)).Next(); !errors.Is(err, ErrFrame) {
			t.Errorf("length %d: %v", length, err)
		}
	}
}

func TestRefused(t *testing.T) {
	tests := []struct {
		kind Kind
		body []byte
	}{
		{KindBatch, make([]byte, 20)},
		{KindBatch, append(make([]byte, 12), 8, 0, 0, 0, 0, 0, 0, 0, 0)},    // an unknown flag
		{KindBatch, append(make([]byte, 12), 6, 0, 0, 0, 0, 0, 0, 0, 0)},    // numbers and texts
		{KindBatch, append(make([]byte, 12), 2, 0, 0, 0, 0, 0, 0, 0, 0, 1)}, // packed, and not a multiple of 8
		{KindCancel, make([]byte, 7)},
		{KindCancel, make([]byte, 9)},
		{KindResults, make([]byte, 29)}, // no items
		{KindResults, []byte{0, 0, 0, 0, 0, 0, 0, 0, 255, 255, 255, 255, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0}},
		{KindFault, make([]byte, 24)},
		{KindFault, append(make([]byte, 24), `{"type":1}`...)},
		{KindBack, make([]byte, 13)}, // no items
		{KindBack, []byte{0, 0, 0, 0, 0, 0, 0, 0, 1, 0, 0, 0, 2}},
		{KindRunning, make([]byte, 17)},
		{KindHello, nil},
		{KindDefined, []byte(`[]`)},
	}
	for _, test := range tests {
		if got, err := decode(test.kind, test.body); !errors.Is(err, ErrFrame) {
			t.Errorf("%c %v: got %+v, %v", test.kind, test.body, got, err)
		}
	}
	if _, err := AppendResults(nil, Results{N: 2, Walls: make([]time.Duration, 1)}); !errors.Is(err, ErrFrame) {
		t.Errorf("walls of another length: %v", err)
	}
	if _, err := AppendFrame(nil, KindPing, make([]byte, MaxFrame)); err != ErrTooLong {
		t.Errorf("a long ping: %v", err)
	}
}

// FuzzReader reads any stream to its end without a panic, and finds the same
// frames however the stream is cut up.
func FuzzReader(f *testing.F) {
	stream, _ := frames(f)
	f.Add(stream)
	f.Add(stream[:len(stream)/2])
	f.Add([]byte{255, 255, 255, 255, 'r'})
	f.Fuzz(func(t *testing.T, stream []byte) {
		whole, cut := NewReader(bytes.NewReader(stream)), NewReader(iotest.OneByteReader(bytes.NewReader(stream)))
		for {
			kind, body, err := whole.Next()
			kind2, body2, err2 := cut.Next()
			if kind != kind2 || !bytes.Equal(body, body2) || (err == nil) != (err2 == nil) {
				t.Fatalf("%c %q %v, but cut up %c %q %v", kind, body, err, kind2, body2, err2)
			}
			if err != nil {
				return
			}
			_, _ = decode(kind, body)
		}
	})
}

// FuzzDecode gives any body to each decoder: no panic, and what is accepted
// is the same after it was sent again.
func FuzzDecode(f *testing.F) {
	stream, _ := frames(f)
	r := NewReader(bytes.NewReader(stream))
	for kind, body, err := r.Next(); err == nil; kind, body, err = r.Next() {
		f.Add(byte(kind), bytes.Clone(body))
	}
	f.Fuzz(func(t *testing.T, k byte, body []byte) {
		value, err := decode(Kind(k), body)
		if err != nil || value == nil {
			return
		}
		sent, err := appendAny(Kind(k), value)
		if err != nil {
			t.Fatalf("%+v was read but cannot be sent: %v", value, err)
		}
		_, body, err = NewReader(bytes.NewReader(sent)).Next()
		if err != nil {
			t.Fatal(err)
		}
		again, err := decode(Kind(k), body)
		if err != nil {
			t.Fatalf("%+v was sent and cannot be read: %v", value, err)
		}
		if resent, err := appendAny(Kind(k), again); err != nil || !bytes.Equal(resent, sent) { // values may lose white space when first sent
			t.Fatalf("%+v came back as %+v, %v", value, again, err)
		}
	})
}

func appendAny(kind Kind, value any) ([]byte, error) {
	switch v := value.(type) {
	case Batch:
		return AppendBatch(nil, v)
	case Cancel:
		return AppendCancel(nil, v), nil
	case Results:
		return AppendResults(nil, v)
	case Fault:
		return AppendFault(nil, v)
	case Back:
		return AppendBack(nil, v), nil
	case Running:
		return AppendRunning(nil, v), nil
	case Operation:
		return AppendOperation(nil, v)
	}
	return AppendJSON(nil, kind, value)
}
