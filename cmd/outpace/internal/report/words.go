package report

import (
	"math"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/width"
)

// clean escapes what would not show in a terminal, or would do something to
// it: control characters, marks of direction, bytes that are no text. Names
// and messages come from others.
func clean(s string) string {
	if !strings.ContainsFunc(s, func(r rune) bool { return !unicode.IsPrint(r) || r == utf8.RuneError }) {
		return s
	}
	var b strings.Builder
	for i, r := range s {
		switch {
		case r == utf8.RuneError && !strings.HasPrefix(s[i:], string(utf8.RuneError)):
			b.WriteString(`\x` + strconv.FormatUint(uint64(s[i]), 16))
		case unicode.IsPrint(r):
			b.WriteRune(r)
		default:
			b.WriteString(strings.Trim(strconv.QuoteRune(r), "'"))
		}
	}
	return b.String()
}

// ascii writes in ASCII what we write otherwise, and escapes the rest.
func ascii(s string) string {
	if !strings.ContainsFunc(s, func(r rune) bool { return r >= utf8.RuneSelf }) {
		return s
	}
	s = strings.NewReplacer("–", "-", "—", "-", "±", "+-", "×", "x", "µ", "u", "…", "...", "·", "-",
		star, "*", idealMark, "|", beyond, ">", "’", "'").Replace(s)
	quoted := strconv.QuoteToASCII(s)
	if len(quoted) == len(s)+2 {
		return s
	}
	return strings.NewReplacer(`\"`, `"`, `\\`, `\`).Replace(quoted[1 : len(quoted)-1])
}

// columns counts the columns of a terminal that a clean text takes. Letters of
// East Asia take two, marks above another letter none.
func columns(s string) int {
	n := 0
	for _, r := range s {
		n += runeColumns(r)
	}
	return n
}

func runeColumns(r rune) int {
	switch k := width.LookupRune(r).Kind(); {
	case r < utf8.RuneSelf:
		return 1
	case unicode.In(r, unicode.Mn, unicode.Me):
		return 0
	case k == width.EastAsianWide, k == width.EastAsianFullwidth:
		return 2
	}
	return 1
}

// pad fills a text with spaces up to n columns; to the left of it, unless left
// is where the text is to stand.
func pad(s string, n int, left bool) string {
	space := strings.Repeat(" ", max(0, n-columns(s)))
	if left {
		return s + space
	}
	return space + s
}

// split returns the part of a text that fits into n columns, and the rest. The
// part has a rune at least, so that whoever splits on gets to the end.
func split(s string, n int) (part, rest string) {
	used := 0
	for i, r := range s {
		if used += runeColumns(r); used > n && i > 0 {
			return s[:i], s[i:]
		}
	}
	return s, ""
}

// cut shortens a text to n columns, with a mark where something is missing.
func cut(s string, n int, mark string) string {
	if columns(s) <= n {
		return s
	}
	part, _ := split(s, n-columns(mark))
	return part + mark
}

// wrap breaks a text into lines of at most n columns: between words, within a
// word that is longer than a line.
func wrap(s string, n int) []string {
	var lines []string
	line := ""
	for word := range strings.FieldsSeq(s) {
		if line != "" && columns(line)+1+columns(word) <= n {
			line += " " + word
			continue
		}
		if line != "" {
			lines = append(lines, line)
		}
		for line = word; columns(line) > n; {
			var part string
			if part, line = split(line, n); line == "" {
				line = part
				break
			}
			lines = append(lines, part)
		}
	}
	if line != "" {
		lines = append(lines, line)
	}
	return lines
}

// sound reports whether a number is one to show: no NaN, nothing infinite.
func sound(x float64) bool { return !math.IsNaN(x) && !math.IsInf(x, 0) }

// count writes a count and what it counts.
func count(n int, what string) string {
	if n == 1 {
		return "1 " + what
	}
	return strconv.Itoa(n) + " " + what + "s"
}

// shortened keeps the beginning and the end of a text, so many characters
// together: paths differ at either.
func shortened(s string, most int) string {
	r := []rune(s)
	if len(r) <= most || most < 3 {
		return s
	}
	head := (most - 1) / 2
	return string(r[:head]) + "…" + string(r[len(r)-(most-1-head):])
}
