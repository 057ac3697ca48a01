package outpace_test

import (
	"context"
	"encoding/json"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/outpace-run/outpace"
)

// FuzzText: text crosses as encoding/json reads and writes it, or is refused
// where that would change it.
func FuzzText(f *testing.F) {
	for _, s := range []string{"", "plain", `"`, `\`, "a\nb\tc\r\b\f\x00\x1f\x7f", "12345678\"12345678", strings.Repeat("é\\", 9), "\xff", "\xed\xa0\x80", `\u00e9\ud800\n`, "<&>\u2028"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		in, err := json.Marshal(s)
		if err != nil {
			t.Fatal(err)
		}
		for _, text := range [][]byte{in, []byte(`"` + s + `"`), []byte(s)} { // the others may be no JSON
			var want string
			bad := json.Unmarshal(text, &want)
			length := outpace.Func("length", func(_ context.Context, s string) (bool, error) { return s == want, nil })
			if out, err := length.Call(t.Context(), nil, text); (bad != nil) != (err != nil) || err == nil && string(out) != "true" {
				t.Fatalf("%q read: %s, %v; want %q, %v", text, out, err, want, bad)
			}
		}
		out, err := same[string]().Call(t.Context(), []byte("before"), in)
		var back string
		if err == nil {
			err = json.Unmarshal(out[len("before"):], &back)
		}
		if want := strings.ToValidUTF8(s, "\ufffd"); err != nil || utf8.ValidString(s) && back != want {
			t.Fatalf("%q became %q, %v", s, out, err)
		}
		gives := outpace.Func("gives", func(context.Context, int) (string, error) { return s, nil })
		if _, err := gives.Call(t.Context(), nil, []byte("1")); utf8.ValidString(s) != (err == nil) {
			t.Fatalf("%q is given: %v", s, err)
		}
	})
}
