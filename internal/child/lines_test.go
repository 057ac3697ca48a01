package child

import (
	"slices"
	"strings"
	"testing"
	"testing/iotest"
)

func TestLines(t *testing.T) {
	long := strings.Repeat("é", maxLine) // two pieces and more
	tests := []struct {
		text string
		want []string
	}{
		{"", nil},
		{"a", []string{"a"}},
		{"a\nb\n", []string{"a", "b"}},
		{"\n\n", []string{"", ""}},
		{"50%\r100%\r\n", []string{"50%\r100%"}},
		{"\xffé\xc3", []string{"\uFFFDé\uFFFD"}},
		{long + "\n", []string{long[:maxLine] + goesOn, long[maxLine:]}},
		{long + "x", []string{long[:maxLine] + goesOn, long[maxLine:] + goesOn, "x"}},
		{"x" + long, []string{"x" + long[:maxLine-2] + goesOn, long[maxLine-2:2*maxLine-2] + goesOn, "é"}},
		{strings.Repeat("\x80", maxLine+1), []string{"\uFFFD" + goesOn, "\uFFFD"}},
	}
	for _, test := range tests {
		for _, byByte := range []bool{false, true} {
			var got []string
			l := lines{log: func(line string) { got = append(got, line) }}
			if byByte {
				l.readFrom(iotest.OneByteReader(strings.NewReader(test.text)))
			} else {
				l.readFrom(strings.NewReader(test.text))
			}
			if !slices.Equal(got, test.want) {
				t.Errorf("%.20q…: %d lines: %.90q", test.text, len(got), got)
			}
		}
	}
}

func TestTail(t *testing.T) {
	var l lines
	l.readFrom(strings.NewReader(strings.Repeat("0123456789\n", 10_000) + "the end\n"))
	got := l.text()
	if len(got) > maxTail || !strings.HasPrefix(got, "0123456789\n") || !strings.HasSuffix(got, "\nthe end") {
		t.Errorf("%d bytes: %q", len(got), got)
	}
	l = lines{}
	l.readFrom(strings.NewReader(strings.Repeat("x", 2*maxTail)))
	if got := l.text(); len(got) != maxTail {
		t.Errorf("one long line: %d bytes", len(got))
	}
}
