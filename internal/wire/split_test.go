package wire

import (
	"bytes"
	"encoding/binary"
	"encoding/json"
	"errors"
	"strings"
	"testing"
	"unicode/utf8"
)

func TestSplit(t *testing.T) {
	deep := strings.Repeat("[", maxDepth) + strings.Repeat("]", maxDepth)
	tests := []struct {
		text string
		want []string // nil: an error
	}{
		{`[]`, []string{}},
		{" [\n] ", []string{}},
		{`[1]`, []string{`1`}},
		{`[1,-2.5e+3 , "a]\",\u00e9\\"]`, []string{`1`, `-2.5e+3`, `"a]\",\u00e9\\"`}},
		{`[ {"a":[1,{}],"b":"}"} ,[[],[ ]],null,true,false]`, []string{`{"a":[1,{}],"b":"}"}`, `[[],[ ]]`, `null`, `true`, `false`}},
		{deep, []string{deep[1 : len(deep)-1]}},
		{"[" + deep + "]", nil},
		{``, nil}, {` `, nil}, {`1`, nil}, {`{}`, nil}, {`[`, nil}, {`[1`, nil}, {`[1,`, nil}, {`[1,]`, nil}, {`[,1]`, nil}, {`[1 2]`, nil},
		{`[1]x`, nil}, {`[01]`, nil}, {`[-]`, nil}, {`[1.]`, nil}, {`[1e]`, nil}, {`[+1]`, nil}, {`["]`, nil}, {`["\`, nil}, {`["\x"]`, nil},
		{`["\u12g4"]`, nil}, {`["\u12`, nil}, {"[\"\n\"]", nil}, {`[tru]`, nil}, {`[nul`, nil}, {`[{]`, nil}, {`[{"a"}]`, nil}, {`[{"a":}]`, nil},
		{`[{a:1}]`, nil}, {`[{"a":1,}]`, nil}, {`[[1}]`, nil}, {`[{"a":1]`, nil}, {`[NaN]`, nil},
	}
	for _, test := range tests {
		got, err := Split(nil, []byte(test.text), len(test.want))
		if test.want == nil {
			if !errors.Is(err, ErrFrame) || got != nil {
				t.Errorf("Split(%.40q) = %q, %v; want an error", test.text, got, err)
			}
			continue
		}
		if err != nil {
			t.Errorf("Split(%.40q): %v", test.text, err)
		}
		for i, w := range test.want {
			if string(got[i]) != w {
				t.Errorf("Split(%.40q)[%d] = %q, want %q", test.text, i, got[i], w)
			}
		}
	}
}

func TestSplitCount(t *testing.T) {
	for _, n := range []int{-1, 0, 1, 3} {
		before := [][]byte{[]byte("kept")}
		got, err := Split(before, []byte(`[1,2]`), n)
		if !errors.Is(err, ErrFrame) || len(got) != 1 {
			t.Errorf("two values as %d: %q, %v", n, got, err)
		}
	}
	if _, err := Split(nil, []byte(`[]`), 1); err == nil {
		t.Error("no value as 1: no error")
	}
}

// FuzzSplit holds Split against encoding/json: the same texts are accepted,
// with the same values, and Join puts them together again.
func FuzzSplit(f *testing.F) {
	for _, s := range []string{`[]`, `[1,"a\"]",{"b":[null,true]}]`, `[-0.5e-7, "\u00e9"]`, `[1,]`, ` [ ] `, "[\"\xff\"]"} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, text []byte) {
		var want []json.RawMessage
		valid := json.Unmarshal(text, &want) == nil && want != nil
		got, err := Split(nil, text, len(want))
		if (err == nil) != valid {
			t.Fatalf("Split(%q): %v, but encoding/json says %v", text, err, valid)
		}
		if err != nil {
			return
		}
		for i := range want {
			if !bytes.Equal(got[i], want[i]) {
				t.Fatalf("Split(%q)[%d] = %q, want %q", text, i, got[i], want[i])
			}
		}
		again, err := Split(nil, Join(nil, got), len(want))
		if err != nil || len(again) != len(got) {
			t.Fatalf("Join of %q does not split: %v", text, err)
		}
	})
}

// FuzzSplitTexts: what SplitTexts accepts is the lengths and the texts, and
// nothing else; each is UTF-8.
func FuzzSplitTexts(f *testing.F) {
	for _, s := range []string{"", "\x01\x00\x00\x00a", "\x01\x00\x00\x00\x00\x00\x00\x00a", "\x01\x00\x00\x00\x01\x00\x00\x00\xc3\xa9",
		"\xff\xff\xff\xff", "\xff\xff\xff\xff\x02\x00\x00\x00a", "\x00\x00\x00\x00a"} {
		for n := range 3 {
			f.Add([]byte(s), n)
		}
	}
	f.Fuzz(func(t *testing.T, packed []byte, n int) {
		got, err := SplitTexts([][]byte{nil}, packed, n)
		if err != nil {
			if !errors.Is(err, ErrFrame) || len(got) != 1 {
				t.Fatalf("%d, %v", len(got), err)
			}
			return
		}
		var again []byte
		for _, text := range got[1:] {
			again = binary.LittleEndian.AppendUint32(again, uint32(len(text)))
			if !utf8.Valid(text) {
				t.Fatalf("%q is not UTF-8", text)
			}
		}
		for _, text := range got[1:] {
			again = append(again, text...)
		}
		if len(got) != n+1 || !bytes.Equal(again, packed) {
			t.Fatalf("%q in %d texts became %q", packed, n, got)
		}
	})
}

func BenchmarkSplit(b *testing.B) {
	inputs := map[string][]byte{
		"ints":    []byte("[" + strings.Repeat("1234567,", 999) + "1]"),
		"strings": []byte("[" + strings.Repeat(`"a string of some length, as they are in rows of tables",`, 999) + "1]"),
		"objects": []byte("[" + strings.Repeat(`{"name":"somebody","age":42,"tags":["a","b"]},`, 999) + "1]"),
	}
	for name, text := range inputs {
		b.Run(name, func(b *testing.B) {
			b.SetBytes(int64(len(text)))
			var dst [][]byte
			for b.Loop() {
				var err error
				if dst, err = Split(dst[:0], text, 1000); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
