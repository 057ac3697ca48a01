package outpace

import (
	"bytes"
	"context"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"reflect"
	"strconv"
	"strings"
	"unicode/utf8"
)

// Codec turns inputs and results into bytes and back, for a function that runs
// in other processes. Its methods are called from any goroutine. A panic in one
// is an error of the task.
type Codec interface {
	// Append adds v, encoded, to dst.
	Append(dst []byte, v any) ([]byte, error)
	// Decode reads what Append wrote into what into points to. It must not keep data.
	Decode(data []byte, into any) error
}

// JSON is the Codec of every function that has no other: JSON as encoding/json
// writes it and reads it: an unexported field stays behind, and a number in a
// variable of type any arrives as a float64. NaN, infinities, text that is not
// UTF-8, and values that contain themselves are errors. A json.RawMessage, which
// must be valid, crosses as it is.
type JSON struct{}

// Append adds v as JSON.
func (JSON) Append(dst []byte, v any) ([]byte, error) { return appendJSON(dst, v) }

// Decode reads JSON into what into points to.
func (JSON) Decode(data []byte, into any) error { return json.Unmarshal(data, into) }

// appendValue adds a value as it crosses to another process: JSON where c is
// nil, else the bytes of c as a string of JSON in base64.
func appendValue[T any](dst []byte, c Codec, v T) (out []byte, err error) {
	if c != nil {
		return appendBase64(dst, c, v)
	}
	switch v := any(v).(type) { // here, so that these are not boxed
	case json.RawMessage:
		return appendRaw(dst, v), nil
	case int:
		return strconv.AppendInt(dst, int64(v), 10), nil
	case string:
		return appendText(dst, v)
	}
	return appendJSON(dst, v)
}

// readValue reads what appendValue wrote into what into points to.
func readValue(data []byte, c Codec, into any) error {
	if c == nil {
		return readJSON(data, into)
	}
	raw, err := fromBase64(data)
	if err != nil {
		return err
	}
	return calmly(func() error { return c.Decode(raw, into) })
}

// appendInput adds an input, with an error for its user.
func (d *definition[In, Out]) appendInput(dst []byte, in In) ([]byte, error) {
	out, err := appendValue(dst, d.codec, in)
	if err != nil {
		return dst, fmt.Errorf("the input cannot be carried as %s: %w", d.form(), err)
	}
	return out, nil
}

// readOutput reads a result, with an error for its user.
func (d *definition[In, Out]) readOutput(data []byte, out *Out) error {
	if err := readValue(data, d.codec, out); err != nil {
		var zero Out
		*out = zero // it may be half filled
		return fmt.Errorf("the result is not what the function is declared to return: %w", err)
	}
	return nil
}

// form is what a value becomes, for messages.
func (d *definition[In, Out]) form() string {
	if d.codec == nil {
		return "JSON"
	}
	return typeOf(d.codec)
}

// Call runs a function of this process on one input as it crosses from another
// process, and adds the result in the same form to dst. It is what a worker of
// an adapter package does for its supervisor. The error of the function is
// returned as it is, and a panic goes through. An input that cannot be read is
// a *RemoteError with the cause "decoding", a result that cannot be carried
// one with the cause "encoding". The error for a function that is not Local wraps
// ErrFunction. What the function was given may point into input.
func (f Function[In, Out]) Call(ctx context.Context, dst, input []byte) ([]byte, error) {
	if !f.Local() {
		return dst, fmt.Errorf("%w: %q is no Go function of this process", ErrFunction, f.Name())
	}
	var in In
	if err := readValue(input, f.def.codec, &in); err != nil {
		return dst, &RemoteError{Type: typeOf(err), Message: fmt.Sprintf("the input is no %v: %v", reflect.TypeFor[In](), err), Cause: "decoding",
			Hint: "is the function's type what its caller believes?"}
	}
	value, err := f.def.body(ctx, in)
	if err != nil {
		return dst, err
	}
	mark := len(dst)
	out, err := appendValue(dst, f.def.codec, value)
	if raw, ok := any(value).(json.RawMessage); ok && err == nil && f.def.codec == nil && !json.Valid(out[mark:]) {
		err = fmt.Errorf("the json.RawMessage is no JSON: %.40q", raw)
	}
	if err != nil {
		return dst, &RemoteError{Type: typeOf(err), Message: fmt.Sprintf("the result cannot be carried as %s: %v", f.def.form(), err),
			Cause: "encoding", Hint: f.def.advice(err)}
	}
	return out, nil
}

// advice is what to do about a result that cannot be carried.
func (d *definition[In, Out]) advice(err error) string {
	var value *json.UnsupportedValueError
	switch {
	case d.codec != nil:
		return "return what the codec can carry"
	case errors.Is(err, errNotUTF8):
		return "return a []byte, or clean it with strings.ToValidUTF8"
	case errors.As(err, &value) && strings.Contains(value.Str, "cycle"):
		return "return data that does not contain itself"
	case errors.As(err, &value):
		return "return a pointer that is nil, or a string"
	}
	return "return plain data, or choose another codec with outpace.UseCodec"
}

// appendRaw adds JSON that its owner wrote; it was checked where it was read.
func appendRaw(dst []byte, v json.RawMessage) []byte {
	if len(v) == 0 {
		return append(dst, "null"...)
	}
	return append(dst, v...)
}

// appendJSON adds v as encoding/json writes it.
func appendJSON(dst []byte, v any) ([]byte, error) {
	if raw, ok := v.(json.RawMessage); ok {
		return appendRaw(dst, raw), nil
	}
	var text []byte
	err := calmly(func() (err error) {
		text, err = json.Marshal(v)
		return err
	})
	if err == nil && bytes.Contains(text, []byte(`\ufffd`)) && notUTF8(reflect.ValueOf(v)) {
		err = errNotUTF8
	}
	if err != nil {
		return dst, err
	}
	return append(dst, text...), nil
}

// readJSON reads into what into points to. A json.RawMessage gets the bytes as
// they are.
func readJSON(text []byte, into any) error {
	switch into := into.(type) {
	case *json.RawMessage:
		*into = text
		return nil
	case *int:
		if n, err := strconv.Atoi(string(text)); err == nil {
			*into = n
			return nil
		}
	case *string:
		if s, ok := readText(text); ok {
			*into = s
			return nil
		}
	}
	return calmly(func() error { return json.Unmarshal(text, into) })
}

func appendBase64(dst []byte, c Codec, v any) ([]byte, error) {
	var raw []byte
	err := calmly(func() (err error) {
		raw, err = c.Append(nil, v)
		return err
	})
	if err != nil {
		return dst, err
	}
	dst = append(dst, '"')
	dst = base64.StdEncoding.AppendEncode(dst, raw)
	return append(dst, '"'), nil
}

func fromBase64(text []byte) ([]byte, error) {
	if n := len(text); n >= 2 && text[0] == '"' && text[n-1] == '"' {
		return base64.StdEncoding.AppendDecode(nil, text[1:n-1])
	}
	return nil, fmt.Errorf("%.40q is no string in base64", text)
}

// calmly runs code of a codec or a type, whose panic is an error.
func calmly(fn func() error) (err error) {
	if crash := protect(func() { err = fn() }); crash != nil {
		return crash
	}
	return err
}

var errNotUTF8 = errors.New("it holds text that is not UTF-8")

// notUTF8 reports whether v holds a string that encoding/json would change
// without a word: U+FFFD for each byte that is not UTF-8. What writes itself
// is not looked at. v was written, so it has no cycles.
func notUTF8(v reflect.Value) bool {
	marshaler := reflect.TypeFor[json.Marshaler]()
	if !v.IsValid() || v.Type().Implements(marshaler) || reflect.PointerTo(v.Type()).Implements(marshaler) {
		return false
	}
	switch v.Kind() {
	case reflect.String:
		return !utf8.ValidString(v.String())
	case reflect.Pointer, reflect.Interface:
		return notUTF8(v.Elem())
	case reflect.Slice, reflect.Array:
		for i := range v.Len() {
			if notUTF8(v.Index(i)) {
				return true
			}
		}
	case reflect.Map:
		for key, value := range v.Seq2() {
			if notUTF8(key) || notUTF8(value) {
				return true
			}
		}
	case reflect.Struct:
		for i := range v.NumField() {
			if f := v.Type().Field(i); (f.IsExported() || f.Anonymous) && notUTF8(v.Field(i)) {
				return true
			}
		}
	}
	return false
}

// typeOf names the type of a value, without a star.
func typeOf(v any) string { return strings.TrimPrefix(fmt.Sprintf("%T", v), "*") }
