package outpace

import (
	"slices"
	"strings"
	"unicode/utf8"
)

// This file is text as a string of JSON, at the speed of a copy where there is
// nothing to escape: encoding/json looks at each byte by itself, and reads a
// text twice.

// appendText adds text as a string of JSON. The error is errNotUTF8.
func appendText(dst []byte, text string) ([]byte, error) {
	if !utf8.ValidString(text) {
		return dst, errNotUTF8
	}
	dst = append(slices.Grow(dst, len(text)+2), '"')
	for {
		n := plain(text)
		dst = append(dst, text[:n]...)
		if n == len(text) {
			return append(dst, '"'), nil
		}
		dst = appendEscape(dst, text[n])
		text = text[n+1:]
	}
}

// escapes is what may stand behind a backslash, and what it means.
const (
	escapes = `"\/bfnrt`
	meaning = "\"\\/\b\f\n\r\t"
	hex     = "0123456789abcdef"
)

func appendEscape(dst []byte, c byte) []byte {
	if i := strings.IndexByte(meaning, c); i >= 0 {
		return append(dst, '\\', escapes[i])
	}
	return append(dst, '\\', 'u', '0', '0', hex[c>>4], hex[c&15])
}

// readText reads a string of JSON; false where encoding/json has to do it: what
// is none, holds a \u, or is not UTF-8.
func readText(text []byte) (string, bool) {
	last := len(text) - 1
	if last < 1 || text[0] != '"' || text[last] != '"' || !utf8.Valid(text) {
		return "", false
	}
	text = text[1:last]
	n := plain(text)
	if n == len(text) {
		return string(text), true
	}
	var b strings.Builder
	for b.Grow(len(text)); ; n = plain(text) {
		b.Write(text[:n])
		if n == len(text) {
			return b.String(), true
		}
		if text[n] != '\\' || n+1 == len(text) {
			return "", false
		}
		i := strings.IndexByte(escapes, text[n+1])
		if i < 0 {
			return "", false
		}
		b.WriteByte(meaning[i])
		text = text[n+2:]
	}
}

// plain is how many bytes there are before a quote, a backslash or a control
// character. It looks at eight at once: in a word of them, a subtraction borrows
// from the top bit of those that it looks for, and perhaps of some behind one
// ("Bit Twiddling Hacks", Sean Eron Anderson: determine if a word has a byte
// less than n).
func plain[T string | []byte](s T) int {
	const each = 0x0101010101010101
	i := 0
	for ; i+8 <= len(s); i += 8 {
		x := uint64(s[i]) | uint64(s[i+1])<<8 | uint64(s[i+2])<<16 | uint64(s[i+3])<<24 |
			uint64(s[i+4])<<32 | uint64(s[i+5])<<40 | uint64(s[i+6])<<48 | uint64(s[i+7])<<56
		borrow := (x - ' '*each) | ((x ^ '"'*each) - each) | ((x ^ '\\'*each) - each)
		if borrow&^x&(0x80*each) != 0 {
			break
		}
	}
	for ; i < len(s); i++ {
		if c := s[i]; c < ' ' || c == '"' || c == '\\' {
			break
		}
	}
	return i
}
