package input

import (
	"bytes"
	"encoding/csv"
	"encoding/json"
	"io"
	"reflect"
	"strings"
	"testing"
	"testing/iotest"
	"unicode/utf8"
)

// check reads text in both a large and the smallest step and makes sure that
// each value is one line of JSON, and that the step makes no difference.
func check(t *testing.T, text []byte, f Format) []string {
	t.Helper()
	got := drain(t, Read(bytes.NewReader(text), "f", f))
	if again := drain(t, Read(iotest.OneByteReader(bytes.NewReader(text)), "f", f)); !reflect.DeepEqual(got, again) {
		t.Fatalf("%s: in one go %q, byte by byte %q", f, got, again)
	}
	for _, value := range got {
		if strings.HasPrefix(value, "! ") {
			continue
		}
		if !json.Valid([]byte(value)) || !utf8.ValidString(value) || strings.ContainsAny(value, "\n\r") {
			t.Fatalf("%s: not a line of JSON: %q", f, value)
		}
	}
	return got
}

func seed(f *testing.F) {
	for _, text := range []string{"", "\n", "1\n2", "a\r\n\xff\x00", "\xef\xbb\xbf[1,{\"a\":\"]\\\"\"},]", "[]]", "{}{}[", "a,b\n\"x\",1\n", "-0\n-\n01\n1e5"} {
		f.Add([]byte(text))
	}
}

func FuzzLines(f *testing.F) {
	seed(f)
	f.Fuzz(func(t *testing.T, text []byte) {
		got := check(t, text, Lines)
		rest := bytes.TrimPrefix(text, []byte("\xef\xbb\xbf"))
		pieces := bytes.Split(rest, []byte("\n"))
		if last := pieces[len(pieces)-1]; len(last) == 0 {
			pieces = pieces[:len(pieces)-1]
		}
		if len(pieces) != len(got) {
			t.Fatalf("%d lines gave %d: %q", len(pieces), len(got), got)
		}
		for i, piece := range pieces {
			sameString(t, bytes.TrimSuffix(piece, []byte("\r")), got[i])
		}
	})
}

// sameString makes sure that a value reads back as piece.
func sameString(t *testing.T, piece []byte, value string) {
	t.Helper()
	if !utf8.Valid(piece) {
		if !strings.HasSuffix(value, notUTF8) {
			t.Fatalf("%q became %q", piece, value)
		}
		return
	}
	var back string
	if err := json.Unmarshal([]byte(value), &back); err != nil || back != string(piece) {
		t.Fatalf("%q became %q, which is %q (%v)", piece, value, back, err)
	}
}

func FuzzNUL(f *testing.F) {
	seed(f)
	f.Fuzz(func(t *testing.T, text []byte) {
		got := check(t, text, NUL)
		pieces := bytes.Split(text, []byte{0})
		if last := pieces[len(pieces)-1]; len(last) == 0 {
			pieces = pieces[:len(pieces)-1]
		}
		if len(pieces) != len(got) {
			t.Fatalf("%d pieces gave %q", len(pieces), got)
		}
		for i, piece := range pieces {
			sameString(t, piece, got[i])
		}
	})
}

func FuzzAuto(f *testing.F) {
	seed(f)
	f.Fuzz(func(t *testing.T, text []byte) {
		check(t, text, JSONL)
		got := check(t, text, Auto)
		if bytes.ContainsAny(text, "\n\r") || bytes.HasPrefix(text, []byte("\xef\xbb\xbf")) || len(got) != 1 || !utf8.Valid(text) {
			return
		}
		if trimmed := bytes.Trim(text, " \t"); json.Valid(trimmed) {
			if got[0] != string(trimmed) {
				t.Fatalf("the JSON %q became %q", text, got[0])
			}
			return
		}
		sameString(t, text, got[0])
	})
}

// FuzzJSON compares the streaming reader with encoding/json on whole texts.
func FuzzJSON(f *testing.F) {
	seed(f)
	f.Fuzz(func(t *testing.T, text []byte) {
		got := check(t, text, JSON)
		if !json.Valid(text) || !utf8.Valid(text) {
			return
		}
		var want []json.RawMessage
		if json.Unmarshal(text, &want) != nil || string(bytes.TrimSpace(text)) == "null" {
			want = []json.RawMessage{text}
		}
		if len(got) != len(want) {
			t.Fatalf("%q became %q", text, got)
		}
		for i := range want {
			if compact(want[i]) != compact([]byte(got[i])) {
				t.Fatalf("element %d of %q became %q", i, text, got[i])
			}
		}
	})
}

func compact(value []byte) string {
	var b bytes.Buffer
	_ = json.Compact(&b, value) // valid: checked by the caller
	return b.String()
}

func FuzzCSV(f *testing.F) {
	seed(f)
	f.Fuzz(func(t *testing.T, text []byte) {
		got := check(t, text, CSV)
		if bytes.HasPrefix(text, []byte("\xef\xbb\xbf")) || !utf8.Valid(text) {
			return
		}
		rows, err := csv.NewReader(bytes.NewReader(text)).ReadAll()
		if err != nil || len(rows) == 0 || strings.HasPrefix(strings.Join(got, ""), "! ") {
			return
		}
		if len(got) != len(rows)-1 {
			t.Fatalf("%d rows gave %q", len(rows)-1, got)
		}
		for i, row := range rows[1:] {
			sameRow(t, rows[0], row, got[i])
		}
	})
}

func sameRow(t *testing.T, header, row []string, value string) {
	t.Helper()
	var back map[string]string
	if err := json.Unmarshal([]byte(value), &back); err != nil {
		t.Fatal(err)
	}
	for i, name := range header {
		if back[name] != row[i] {
			t.Fatalf("row %q became %s", row, value)
		}
	}
}

func FuzzSpan(f *testing.F) {
	f.Add("1..3")
	f.Add("-9223372036854775808..9223372036854775807")
	f.Fuzz(func(t *testing.T, text string) {
		s, err := ParseSpan(text)
		if err != nil || s.Len() > 1000 || s.Len() < 0 {
			return
		}
		n := int64(0)
		source := Range(s)
		for {
			values, err := source.Next()
			for _, value := range values {
				if !json.Valid(value) {
					t.Fatalf("%s gave %q", text, value)
				}
			}
			n += int64(len(values))
			if err == io.EOF {
				break
			}
		}
		if n != s.Len() {
			t.Fatalf("%s has %d numbers, want %d", text, n, s.Len())
		}
	})
}
