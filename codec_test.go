package outpace_test

import (
	"bytes"
	"context"
	"encoding/base64"
	"encoding/gob"
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"math/cmplx"
	"strings"
	"testing"

	"github.com/outpace-run/outpace"
)

// gobs is a codec that is not JSON.
type gobs struct{}

func (gobs) Append(dst []byte, v any) ([]byte, error) {
	b := bytes.NewBuffer(dst)
	err := gob.NewEncoder(b).Encode(v)
	return b.Bytes(), err
}

func (gobs) Decode(data []byte, into any) error {
	return gob.NewDecoder(bytes.NewReader(data)).Decode(into)
}

// same is a function that returns its input.
func same[T any](opts ...outpace.FuncOption) outpace.AnyFunction {
	return outpace.Func("same", func(_ context.Context, x T) (T, error) { return x, nil }, opts...)
}

// gives is a function that returns v.
func gives[T any](v T) outpace.AnyFunction {
	return outpace.Func("gives", func(context.Context, int) (T, error) { return v, nil })
}

type node struct {
	Next *node
	Text string
	Any  any
}

func TestCall(t *testing.T) {
	tests := []struct {
		f        outpace.AnyFunction
		in, want string
	}{
		{same[int](), "-12", "-12"},
		{same[int](), "9223372036854775807", "9223372036854775807"},
		{same[float64](), "0.1", "0.1"},
		{same[string](), `"<ü>"`, `"<ü>"`},
		{same[string](), `"\ufffd"`, "\"\ufffd\""},
		{same[string](), `"\\ufffd"`, `"\\ufffd"`},
		{same[[]byte](), `"AP8="`, `"AP8="`},
		{same[node](), `{"Text":"a","Any":[1]}`, `{"Next":null,"Text":"a","Any":[1]}`},
		{same[json.RawMessage](), `{"a":1.50}`, `{"a":1.50}`},
		{same[struct{}](), `{}`, `{}`},
		{same[*int](), `null`, `null`},
		{same[any](outpace.UseCodec(nil)), `[1,"x"]`, `[1,"x"]`},
		{same[int](outpace.UseCodec(outpace.JSON{})), `3`, `3`},
		{gives(json.RawMessage(nil)), "1", "null"},
	}
	for _, test := range tests {
		got, err := test.f.Call(t.Context(), []byte("before "), []byte(test.in))
		if err != nil || string(got) != "before "+test.want {
			t.Errorf("%s: %s, %v", test.in, got, err)
		}
	}
}

// What JSON does not have is an error with a hint, never an approximation, and
// leaves no bytes behind.
func TestCallRefuses(t *testing.T) {
	cycle := &node{Text: "a"}
	cycle.Next = cycle
	table := map[string]any{}
	table["x"] = table
	tests := []struct {
		name, in, cause, hint string
		f                     outpace.AnyFunction
	}{
		{"wrong type", `"x"`, "decoding", "type", same[int]()},
		{"wrong shape", `[1]`, "decoding", "type", same[node]()},
		{"too large", `9223372036854775808`, "decoding", "type", same[int]()},
		{"not base64", `"?"`, "decoding", "type", same[int](outpace.UseCodec(gobs{}))},
		{"no string", `1`, "decoding", "type", same[int](outpace.UseCodec(gobs{}))},
		{"torn", `"AA=="`, "decoding", "type", same[int](outpace.UseCodec(gobs{}))},
		{"nan", `1`, "encoding", "pointer", gives(math.NaN())},
		{"inf", `1`, "encoding", "pointer", gives([]float64{math.Inf(1)})},
		{"pointer cycle", `1`, "encoding", "contain itself", gives(cycle)},
		{"map cycle", `1`, "encoding", "contain itself", gives(table)},
		{"channel", `1`, "encoding", "plain data", gives(make(chan int))},
		{"raw garbage", `1`, "encoding", "plain data", gives(json.RawMessage("1,2"))},
		{"raw garbage within", `1`, "encoding", "plain data", gives([]json.RawMessage{json.RawMessage("{")})},
		{"not UTF-8", `1`, "encoding", "[]byte", gives("a\xff")},
		{"not UTF-8 within", `1`, "encoding", "[]byte", gives(map[string]node{"k": {Next: &node{Any: []any{1, "\xc3"}}}})},
		{"a key not UTF-8", `1`, "encoding", "[]byte", gives(map[string]int{"\xff": 1})},
		{"panics", `1`, "encoding", "plain data", gives(explosive{})},
		{"panics on input", `1`, "decoding", "type", same[explosive]()},
	}
	for _, test := range tests {
		got, err := test.f.Call(t.Context(), []byte("before"), []byte(test.in))
		var remote *outpace.RemoteError
		if string(got) != "before" || !errors.As(err, &remote) || remote.Cause != test.cause || !strings.Contains(remote.Hint, test.hint) {
			t.Errorf("%s: %s, %v", test.name, got, err)
		}
	}
}

// explosive panics when it is encoded or decoded.
type explosive struct{}

func (explosive) MarshalJSON() ([]byte, error) { panic("boom") }

func (*explosive) UnmarshalJSON([]byte) error { panic("boom") }

func TestCallFails(t *testing.T) {
	why := errors.New("why")
	fails := outpace.Func("fails", func(ctx context.Context, _ int) (int, error) { return 7, context.Cause(ctx) })
	ctx, cancel := context.WithCancelCause(t.Context())
	cancel(why)
	if got, err := fails.Call(ctx, nil, []byte("1")); err != why || got != nil {
		t.Errorf("the function's own error: %s, %v", got, err)
	}
	for _, f := range []outpace.AnyFunction{outpace.Remote[int, int]("far.py:f", 1), outpace.Function[int, int]{}} {
		if _, err := f.Call(t.Context(), nil, []byte("1")); !errors.Is(err, outpace.ErrFunction) {
			t.Errorf("of no Go function: %v", err)
		}
	}
	defer func() {
		if recover() != why {
			t.Error("the panic did not go through")
		}
	}()
	panics := outpace.Func("panics", func(context.Context, int) (int, error) { panic(why) })
	_, _ = panics.Call(t.Context(), nil, []byte("1"))
}

// Another codec carries what JSON does not have, in a string of JSON.
func TestUseCodec(t *testing.T) {
	f := same[map[float64]string](outpace.UseCodec(gobs{}))
	raw, err := gobs{}.Append(nil, map[float64]string{math.Inf(1): "a\xff"})
	if err != nil {
		t.Fatal(err)
	}
	text, _ := json.Marshal(base64.StdEncoding.EncodeToString(raw))
	got, err := f.Call(t.Context(), nil, text)
	if err != nil || !bytes.Equal(got, text) {
		t.Errorf("%s, %v; want %s", got, err, text)
	}
}

func ExampleUseCodec() {
	// A function that runs in other processes, and takes what JSON does not have.
	angle := outpace.Func("angle", func(_ context.Context, z complex128) (float64, error) {
		return cmplx.Phase(z), nil
	}, outpace.UseCodec(gobs{}))
	fmt.Println(angle.Name(), angle.Local())
	// Output: angle true
}
