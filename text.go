package outpace

import (
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/outpace-run/outpace/internal/jsontext"
)

// This file is text as a string of JSON, at the speed of a copy where there is
// nothing to escape: encoding/json looks at each byte by itself, and reads a
// text twice.

// appendText adds text as a string of JSON. The error is errNotUTF8.
func appendText(dst []byte, text string) ([]byte, error) {
	if !utf8.ValidString(text) {
		return dst, errNotUTF8
	}
	return appendQuoted(dst, text), nil
}

// appendQuoted is appendText for what is known to be UTF-8.
func appendQuoted[T string | []byte](dst []byte, text T) []byte {
	dst = append(slices.Grow(dst, len(text)+2), '"')
	for {
		n := jsontext.Plain(text)
		dst = append(dst, text[:n]...)
		if n == len(text) {
			return append(dst, '"')
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
	if last := len(text) - 1; last > 0 && text[0] == '"' && jsontext.Plain(text[1:]) == last-1 && text[last] == '"' && utf8.Valid(text) {
		return string(text[1:last]), true
	}
	s, ok := appendUnquoted(make([]byte, 0, len(text)), text)
	return string(s), ok
}

// appendUnquoted adds the text that a string of JSON stands for; false, and dst
// with a part of it, as readText.
func appendUnquoted[T ~[]byte](dst []byte, text T) ([]byte, bool) {
	last := len(text) - 1
	if last < 1 || text[0] != '"' || text[last] != '"' || !utf8.Valid(text) {
		return dst, false
	}
	text = text[1:last]
	for {
		n := jsontext.Plain(text)
		dst = append(dst, text[:n]...)
		if n == len(text) {
			return dst, true
		}
		if text[n] != '\\' || n+1 == len(text) {
			return dst, false
		}
		i := strings.IndexByte(escapes, text[n+1])
		if i < 0 {
			return dst, false
		}
		dst = append(dst, meaning[i])
		text = text[n+2:]
	}
}
