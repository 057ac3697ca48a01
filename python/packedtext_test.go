//go:build linux || darwin

package python

import (
	"encoding/json"
	"errors"
	"slices"
	"strings"
	"testing"

	"github.com/outpace-run/outpace"
)

const words = `
def same(x): return x
def size(x): return len(x)
def twice(x): return x + x
def some(x): return [x] if len(x) == 7 else None if len(x) == 8 else x
def fail(x):
	if len(x) == 7: raise ValueError("seven")
	return x
def lone(x): return "\ud800" * 500 if len(x) == 7 else x
class Own(str): pass
def own(x): return Own(x)
def record(x): return {"text": x["text"], "size": len(x["text"])}
`

// longTexts are texts with all kinds of characters, empty ones among long ones,
// and some of seven bytes.
func longTexts() []string {
	var every strings.Builder
	for r := rune(0); r < 0x300; r++ {
		every.WriteRune(r)
	}
	every.WriteString("<&>\u2028\ufffd\ufeff\U0001f600\U0010ffff")
	in := make([]string, 150)
	for i := range in {
		in[i] = []string{every.String(), strings.Repeat("a line\n", 90*i), strings.Repeat(`"\`, 10*i), strings.Repeat("€", 777), "", "sevenXX"}[i%6]
	}
	return append(in, strings.Repeat(every.String(), 2000)) // longer than a batch
}

// Long texts cross as what they are, whatever the Go side makes of them.
func TestPackedLongTexts(t *testing.T) {
	file, in := module(t, "words.py", words), longTexts()
	if got, errs := through(t, Func[string, string](file+":same"), in); !slices.Equal(got, in) {
		t.Errorf("string to string: %v", errors.Join(errs...))
	}
	if got, errs := through(t, Func[string, string](file+":own"), in); !slices.Equal(got, in) {
		t.Errorf("a class of its own: %v", errors.Join(errs...))
	}
	anys, _ := through(t, Func[string, any](file+":same"), in)
	sizes, _ := through(t, Func[string, int](file+":size"), in)
	mixed, _ := through(t, Func[string, any](file+":some"), in)
	type name string
	names, _ := through(t, Func[name, name](file+":twice"), []name{"a", name(in[0]), name(in[1])})
	for i, s := range in {
		if anys[i] != s || sizes[i] != len([]rune(s)) {
			t.Fatalf("%.20q became %.20v, of %d characters", s, anys[i], sizes[i])
		}
		if list, ok := mixed[i].([]any); len(s) == 7 && (!ok || list[0] != s) || len(s) != 7 && mixed[i] != s {
			t.Fatalf("%.20q became %.20v", s, mixed[i])
		}
	}
	if names[0] != "aa" || names[1] != name(in[0]+in[0]) {
		t.Errorf("%q", names[0])
	}
}

// JSON that is a string crosses as text, and comes back as JSON for the same.
func TestPackedLongJSON(t *testing.T) {
	file, in := module(t, "words.py", words), longTexts()
	var raws []json.RawMessage
	for i, s := range in {
		text, err := json.Marshal(s)
		if err != nil {
			t.Fatal(err)
		}
		if i > 50 && i%6 > 0 { // without \u, these are packed
			text = []byte(`"` + strings.NewReplacer(`\`, `\\`, `"`, `\"`, "\n", `\n`, "e", `\/`).Replace(s) + `"`)
			in[i] = strings.ReplaceAll(s, "e", "/")
		}
		raws = append(raws, text)
	}
	in = append(in, "\U0001f600", "é", "blank")
	raws = append(raws, json.RawMessage(`"\ud83d\ude00"`), json.RawMessage(`"\u00e9"`), json.RawMessage(` "blank" `))
	got, errs := through(t, Func[json.RawMessage, json.RawMessage](file+":same"), raws)
	texts, _ := through(t, Func[json.RawMessage, string](file+":same"), raws)
	for i, want := range in {
		var back string
		if err := json.Unmarshal(got[i], &back); err != nil || errs[i] != nil || back != want || texts[i] != want {
			t.Fatalf("%.20s came back as %.20s and %.20q: %v, %v", raws[i], got[i], texts[i], errs[i], err)
		}
	}
}

// What is no text of Unicode, or fails, changes nothing for the others.
func TestPackedLongTextsAmongOthers(t *testing.T) {
	file, in := module(t, "words.py", words), longTexts()
	failed, errs := through(t, Func[string, string](file+":fail"), in)
	surrogates, _ := through(t, Func[string, json.RawMessage](file+":lone"), in)
	for i, s := range in {
		if seven := len(s) == 7; seven != (errs[i] != nil) || !seven && failed[i] != s {
			t.Fatalf("%.20q became %.20q, %v", s, failed[i], errs[i])
		}
		if want := strings.Repeat(`\ud800`, 500); len(s) == 7 && string(surrogates[i]) != `"`+want+`"` {
			t.Fatalf("%.20q became %.40s", s, surrogates[i])
		}
	}
	bad := slices.Clone(in)
	bad[13] = strings.Repeat("x", 900) + "\xff"
	got, errs := through(t, Func[string, string](file+":same"), bad)
	for i, s := range bad {
		if (i == 13) != (errs[i] != nil) || i != 13 && got[i] != s {
			t.Fatalf("%.20q became %.20q, %v", s, got[i], errs[i])
		}
	}
	type record struct {
		Text string `json:"text"`
		Size int    `json:"size"`
	}
	records := make([]record, len(in))
	for i := range in {
		records[i].Text = in[i]
	}
	sized, _ := through(t, Func[record, record](file+":record"), records)
	for i, s := range in {
		if sized[i] != (record{s, len([]rune(s))}) {
			t.Fatalf("%.20q became %.20v", s, sized[i])
		}
	}
}

// Long texts of submitted tasks arrive as they are, alone and together.
func TestPackedSubmittedTexts(t *testing.T) {
	file, in := module(t, "words.py", words), longTexts()
	ex, err := outpace.New(t.Context(), Workers(2))
	if err != nil {
		t.Fatal(err)
	}
	defer ex.Close()
	var futures []*outpace.Future[string]
	for _, s := range in {
		f := outpace.Submit(t.Context(), ex, Func[string, string](file+":twice"), s)
		if len(futures) < 20 { // one at a time
			_, _ = f.Result(t.Context())
		}
		futures = append(futures, f)
	}
	for i, f := range futures {
		if got, err := f.Result(t.Context()); err != nil || got != in[i]+in[i] {
			t.Fatalf("%.20q became %.20q, %v", in[i], got, err)
		}
	}
}
