package input

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"math"
	"reflect"
	"strings"
	"testing"
	"testing/iotest"
)

// drain reads all of a source: values, and errors as text in their place.
func drain(t *testing.T, s Source) []string {
	t.Helper()
	var got []string
	for {
		values, err := s.Next()
		for _, value := range values {
			got = append(got, string(value))
		}
		if err == io.EOF {
			return got
		}
		if err == nil {
			continue
		}
		got = append(got, "! "+err.Error())
		var bad *InvalidError
		if !errors.As(err, &bad) || bad.Final {
			return got
		}
	}
}

func TestFormats(t *testing.T) {
	tests := []struct {
		name   string
		format Format
		text   string
		want   []string
	}{
		{"auto", Auto, "1\n-2.50\nab\"c\n[1, 2]\n\n {\"a\":1} \ntrue\nnull\n007\nNaN\n", []string{
			"1", "-2.50", `"ab\"c"`, "[1, 2]", `{"a":1}`, "true", "null", `"007"`, `"NaN"`}},
		{"auto big", Auto, "123456789012345678901234567890\n1e400\n-0\n-\n", []string{
			"123456789012345678901234567890", "1e400", "-0", `"-"`}},
		{"auto mark and carriage returns", Auto, "\xef\xbb\xbf1\r\n2\r\nx", []string{"1", "2", `"x"`}},
		{"auto invalid", Auto, "1\n\xff\n2", []string{"1", "! f, line 2: invalid UTF-8", "2"}},
		{"auto invalid inside JSON", Auto, "\"\xff\"\n", []string{"! f, line 1: invalid UTF-8"}},
		{"lines", Lines, "1\n\n\ttab\\\x01\r\nlast", []string{`"1"`, `""`, `"\ttab\\\u0001"`, `"last"`}},
		{"lines invalid", Lines, "a\nb\xffc\n", []string{`"a"`, "! f, line 2: invalid UTF-8"}},
		{"nothing", Lines, "", nil},
		{"one empty line", Lines, "\n", []string{`""`}},
		{"nul", NUL, "a\nb\x00\xef\xbb\xbf\x00c", []string{`"a\nb"`, "\"\xef\xbb\xbf\"", `"c"`}},
		{"nul invalid", NUL, "a\x00\xff\x00", []string{`"a"`, "! f, item 2: invalid UTF-8"}},
		{"jsonl", JSONL, "1\n\n{\"a\": [1]}\n", []string{"1", `{"a": [1]}`}},
		{"jsonl invalid", JSONL, "1\n\n\n{oops\n4", []string{"1", "! f, line 4: invalid JSON: invalid character 'o' looking for beginning of object key string", "4"}},
		{"json array", JSON, " [1, {\"a\":\n[2,\"]\"]} ,\"x,\\\"]\" ]\n", []string{"1", `{"a":[2,"]"]}`, `"x,\"]"`}},
		{"json empty array", JSON, "[ ]", nil},
		{"json empty", JSON, " \n", nil},
		{"json sequence", JSON, "1 2\n{\"a\":\n1}{} \"x\"\"y\" [3]", []string{"1", "2", `{"a":1}`, "{}", `"x"`, `"y"`, "[3]"}},
		{"json element invalid", JSON, "[1,\n{oops},\n3]", []string{"1", "! f, line 2: invalid JSON: invalid character 'o' looking for beginning of object key string", "3"}},
		{"json trailing comma", JSON, "[1,]", []string{"1", "! f, line 1: invalid JSON: unexpected end of JSON input"}},
		{"json cut in the array", JSON, "[1,\n2", []string{"1", "! f, line 2: the file ends inside of the array"}},
		{"json cut in a value", JSON, "1\n{\"a\":", []string{"1", "! f, line 2: the file ends inside of a value"}},
		{"json and more", JSON, "[1]\n[2]", []string{"1", "! f, line 2: something follows the array"}},
		{"csv", CSV, "a,b\n1,\"x\"\"\ny\"\r\n,\n", []string{`{"a":"1","b":"x\"\ny"}`, `{"a":"","b":""}`}},
		{"csv mark", CSV, "\xef\xbb\xbfa\n1", []string{`{"a":"1"}`}},
		{"csv short row", CSV, "a,b\n1\n2,3\n", []string{"! f, line 2: invalid CSV: not as many fields as the header has", `{"a":"2","b":"3"}`}},
		{"csv header twice", CSV, "a,a\n1,2\n", []string{`! f, line 1: two columns are called "a"`}},
		{"csv invalid", CSV, "a\n\xff\n", []string{"! f, line 2: invalid UTF-8"}},
		{"csv header only", CSV, "a,b\n", nil},
		{"csv empty", CSV, "", nil},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			if got := drain(t, Read(strings.NewReader(test.text), "f", test.format)); !reflect.DeepEqual(got, test.want) {
				t.Errorf("in one go: got %q, want %q", got, test.want)
			}
			bytewise := iotest.OneByteReader(strings.NewReader(test.text))
			if got := drain(t, Read(bytewise, "f", test.format)); !reflect.DeepEqual(got, test.want) {
				t.Errorf("byte by byte: got %q, want %q", got, test.want)
			}
		})
	}
}

func TestReadErrorIsToldAfterWhatCameBefore(t *testing.T) {
	for _, f := range Formats() {
		text := map[Format]string{NUL: "1\x00", CSV: "a\n1\n"}[f]
		if text == "" {
			text = "1\n"
		}
		broken := io.MultiReader(strings.NewReader(text), iotest.ErrReader(errors.New("disk on fire")))
		got := drain(t, Read(broken, "f", f))
		if len(got) != 2 || got[1] != "! cannot read f: disk on fire" {
			t.Errorf("%s: got %q", f, got)
		}
	}
}

func TestTooLong(t *testing.T) {
	const most = 100_000 // in place of MaxItem; more than a block
	long := strings.Repeat("x", most+1)
	lined := &lines{split: newSplitter(strings.NewReader("a\n"+long+"\nb\n"+long), '\n'), name: "f", unit: "line", value: stringValue}
	lined.split.max = most
	want := []string{`"a"`, "! f, line 2: longer than 64 MiB", `"b"`, "! f, line 4: longer than 64 MiB"}
	if got := drain(t, lined); !reflect.DeepEqual(got, want) {
		t.Errorf("got %q", got)
	}
	text := newDocument(io.MultiReader(strings.NewReader(`["`), repeat{}), "f")
	text.max = most
	want = []string{"! f, line 1: a value longer than 64 MiB"}
	if got := drain(t, &single{next: text.value}); !reflect.DeepEqual(got, want) {
		t.Errorf("JSON: got %q", got)
	}
	rows := newTable(io.MultiReader(strings.NewReader("a\n\""), repeat{}), "f")
	rows.max = most
	want = []string{"! f, line 2: a row longer than 64 MiB"}
	if got := drain(t, &single{next: rows.value}); !reflect.DeepEqual(got, want) {
		t.Errorf("CSV: got %q", got)
	}
}

type repeat struct{}

func (repeat) Read(p []byte) (int, error) {
	for i := range p {
		p[i] = 'x'
	}
	return len(p), nil
}

func TestFormatByExtension(t *testing.T) {
	for name, want := range map[string]Format{"a.json": JSON, "b.JSONL": JSONL, "c.ndjson": JSONL, "d.csv": CSV, "e.txt": Auto, "-": Auto} {
		if got := Auto.For(name); got != want {
			t.Errorf("%s: got %s, want %s", name, got, want)
		}
	}
	if Lines.For("a.json") != Lines {
		t.Error("a format that was asked for gave way to the extension")
	}
}

func TestSpan(t *testing.T) {
	for text, want := range map[string]Span{"1..3": {1, 3}, "-5..-5": {-5, -5}} {
		if got, err := ParseSpan(text); err != nil || got != want {
			t.Errorf("%s: got %v, %v", text, got, err)
		}
	}
	for _, text := range []string{"", "1", "1..", "..1", "3..1", "1..2..3", "1.5..2", "1..99999999999999999999"} {
		if _, err := ParseSpan(text); err == nil {
			t.Errorf("%q was taken", text)
		}
	}
	if n := (Span{math.MinInt64, math.MaxInt64}).Len(); n != -1 {
		t.Errorf("length of everything: %d", n)
	}
	got := drain(t, Range(Span{math.MaxInt64 - 1, math.MaxInt64}))
	if want := []string{"9223372036854775806", "9223372036854775807"}; !reflect.DeepEqual(got, want) {
		t.Errorf("got %q", got)
	}
}

func TestRepeatArgsAndSkip(t *testing.T) {
	source := Repeat(2, func() (Source, error) { return Args([]string{"-1", "a b", "\xff"}, Auto), nil })
	skipped := 0
	got := drain(t, Skip(source, func(*InvalidError) { skipped++ }))
	if want := []string{"-1", `"a b"`, "-1", `"a b"`}; !reflect.DeepEqual(got, want) || skipped != 2 {
		t.Errorf("got %q, %d skipped", got, skipped)
	}
	rounds := 0
	none := Repeat(math.MaxInt64, func() (Source, error) { rounds++; return Args(nil, Auto), nil })
	if got := drain(t, none); got != nil || rounds != 1 {
		t.Errorf("got %q in %d rounds", got, rounds)
	}
}

func TestInterruptible(t *testing.T) {
	silent, _ := io.Pipe() // nobody ever writes
	ctx, cancel := context.WithCancelCause(t.Context())
	cause := errors.New("stop")
	source := Read(Interruptible(ctx, silent), "f", Lines)
	ended := make(chan error)
	go func() { _, err := source.Next(); ended <- err }()
	cancel(cause)
	if err := <-ended; !errors.Is(err, cause) {
		t.Errorf("got %v", err)
	}
	whole := Interruptible(t.Context(), strings.NewReader("a\nb"))
	if got := drain(t, Read(whole, "f", Lines)); len(got) != 2 {
		t.Errorf("got %q", got)
	}
}

// TestNextWaitsForTheFirstOnly: a slow writer's inputs are given out as they
// come, and all that came together at once.
func TestNextWaitsForTheFirstOnly(t *testing.T) {
	r, w := io.Pipe()
	source := Read(r, "f", Auto)
	for _, text := range []string{"1\n", "2\nab\n\n-3\n[4]\n", "5\n"} {
		sent := make(chan error, 1)
		go func() { _, err := io.WriteString(w, text); sent <- err }()
		values, err := source.Next()
		if err != nil || len(values) != len(strings.Fields(text)) {
			t.Errorf("of %q: %q, %v", text, values, err)
		}
		if err := <-sent; err != nil {
			t.Error(err)
		}
	}
}

// TestNumbersAreFoundAmongOthers: what only begins like a number is none.
func TestNumbersAreFoundAmongOthers(t *testing.T) {
	var text strings.Builder
	var want []string
	for i := range 5 * burst {
		for line, value := range map[string]string{"7": "7", "-0": "-0", "01": `"01"`, "1 2": `"1 2"`, "-": `"-"`, "2.5": "2.5", "9\r": "9"} {
			if (i+len(line))%3 == 0 {
				text.WriteString(line + "\n")
				want = append(want, value)
			}
		}
	}
	if got := drain(t, Read(strings.NewReader(text.String()), "f", Auto)); !reflect.DeepEqual(got, want) {
		t.Errorf("got %q, want %q", got, want)
	}
}

func TestAllStopsWhenTheLoopDoes(t *testing.T) {
	taken := 0
	count := func(n int) { taken += n }
	for value := range All(Range(Span{1, math.MaxInt64}), count, func(err error) { t.Error(err) }) {
		if string(value) == "3" {
			break
		}
	}
	if taken != 3 {
		t.Errorf("the loop took 3 inputs, %d were counted", taken)
	}
	taken = 0
	var failed error
	for value := range All(Read(strings.NewReader("1\n2\n{"), "f", JSONL), count, func(err error) { failed = err }) {
		if string(value) == "{" {
			t.Error("an invalid input was given out")
		}
	}
	if failed == nil || taken != 2 {
		t.Errorf("after 2 inputs an error: got %d, %v", taken, failed)
	}
}

func BenchmarkAuto(b *testing.B) {
	var text strings.Builder
	enc := json.NewEncoder(&text)
	for i := range 100_000 {
		_ = enc.Encode(i) // a strings.Builder never fails
	}
	for b.Loop() {
		source := Read(strings.NewReader(text.String()), "f", Auto)
		for range All(source, func(int) {}, func(err error) { b.Fatal(err) }) {
		}
	}
}
