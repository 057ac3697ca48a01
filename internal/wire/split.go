package wire

import (
	"encoding/binary"
	"fmt"
	"unicode/utf8"

	"github.com/outpace-run/outpace/internal/jsontext"
)

// maxDepth is how deep arrays and objects may be nested, as in encoding/json.
const maxDepth = 10_000

// Split cuts a JSON array into its values and appends them to dst: parts of
// array, without the white space around them. It checks all of the text, as
// json.Valid does, in about a nanosecond a byte. The error wraps ErrFrame
// where the text is no valid JSON array or has not exactly n values; dst is
// then returned as it was.
func Split(dst [][]byte, array []byte, n int) ([][]byte, error) {
	out := dst
	i := space(array, 0)
	if i >= len(array) || array[i] != '[' {
		return dst, fmt.Errorf("%w: not a JSON array", ErrFrame)
	}
	i = space(array, i+1)
	if i < len(array) && array[i] == ']' && n == 0 {
		return dst, trailing(array, i+1)
	}
	for count := 1; ; count++ {
		end := value(array, i, 1)
		if end < 0 {
			return dst, fmt.Errorf("%w: value %d of %d is no JSON", ErrFrame, count, n)
		}
		if count > n {
			return dst, fmt.Errorf("%w: more than %d values", ErrFrame, n)
		}
		out = append(out, array[i:end:end])
		i = space(array, end)
		switch {
		case i < len(array) && array[i] == ',':
			i = space(array, i+1)
		case i >= len(array) || array[i] != ']':
			return dst, fmt.Errorf("%w: a JSON array without an end", ErrFrame)
		case count != n:
			return dst, fmt.Errorf("%w: %d values, not %d", ErrFrame, count, n)
		default:
			if err := trailing(array, i+1); err != nil {
				return dst, err
			}
			return out, nil
		}
	}
}

// SplitTexts cuts n packed texts apart and appends them to dst: parts of packed.
// It checks that they are UTF-8. The error wraps ErrFrame where they are not, or
// the lengths do not add up; dst is then returned as it was.
//
//	n lengths, 4 bytes each │ text │ text │ …
func SplitTexts(dst [][]byte, packed []byte, n int) ([][]byte, error) {
	if n < 0 || len(packed)/4 < n {
		return dst, fmt.Errorf("%w: %d bytes are not %d texts", ErrFrame, len(packed), n)
	}
	out, rest := dst, packed[4*n:]
	for i := range n {
		size := uint64(binary.LittleEndian.Uint32(packed[4*i:]))
		if size > uint64(len(rest)) {
			return dst, fmt.Errorf("%w: text %d of %d is longer than what is there", ErrFrame, i+1, n)
		}
		text := rest[:size:size]
		if !utf8.Valid(text) {
			return dst, fmt.Errorf("%w: text %d of %d is not UTF-8", ErrFrame, i+1, n)
		}
		out, rest = append(out, text), rest[size:]
	}
	if len(rest) > 0 {
		return dst, fmt.Errorf("%w: %d bytes after the last of %d texts", ErrFrame, len(rest), n)
	}
	return out, nil
}

// Join adds the JSON array of values to dst.
func Join(dst []byte, values [][]byte) []byte {
	dst = append(dst, '[')
	for i, v := range values {
		if i > 0 {
			dst = append(dst, ',')
		}
		dst = append(dst, v...)
	}
	return append(dst, ']')
}

func trailing(s []byte, i int) error {
	if space(s, i) < len(s) {
		return fmt.Errorf("%w: text after a JSON array", ErrFrame)
	}
	return nil
}

// space returns where the white space at i ends.
func space(s []byte, i int) int {
	for i < len(s) && (s[i] == ' ' || s[i] == '\n' || s[i] == '\t' || s[i] == '\r') {
		i++
	}
	return i
}

// value returns where the value that begins at i ends, or -1 if there is none.
// depth is how many arrays and objects it is in.
func value(s []byte, i, depth int) int {
	if i >= len(s) {
		return -1
	}
	switch c := s[i]; {
	case c == '"':
		return text(s, i+1)
	case c == '-' || c-'0' <= 9:
		return number(s, i)
	case c == '[' || c == '{':
		if depth >= maxDepth {
			return -1
		}
		return nested(s, i+1, depth+1, c == '{')
	case c == 't':
		return word(s, i, "true")
	case c == 'f':
		return word(s, i, "false")
	case c == 'n':
		return word(s, i, "null")
	}
	return -1
}

// nested returns where the array or object ends whose bracket is before i.
func nested(s []byte, i, depth int, object bool) int {
	closing := byte(']')
	if object {
		closing = '}'
	}
	i = space(s, i)
	if i < len(s) && s[i] == closing {
		return i + 1
	}
	for {
		if object {
			if i = key(s, i); i < 0 {
				return -1
			}
		}
		if i = value(s, i, depth); i < 0 {
			return -1
		}
		i = space(s, i)
		if i >= len(s) {
			return -1
		}
		if s[i] == closing {
			return i + 1
		}
		if s[i] != ',' {
			return -1
		}
		i = space(s, i+1)
	}
}

// key returns where the value begins whose key begins at i, or -1.
func key(s []byte, i int) int {
	if i >= len(s) || s[i] != '"' {
		return -1
	}
	i = text(s, i+1)
	if i < 0 {
		return -1
	}
	i = space(s, i)
	if i >= len(s) || s[i] != ':' {
		return -1
	}
	return space(s, i+1)
}

// text returns where the string ends whose quote is before i, or -1.
func text(s []byte, i int) int {
	for {
		i += jsontext.Plain(s[i:])
		if i == len(s) {
			return -1
		}
		switch s[i] {
		case '"':
			return i + 1
		case '\\':
			if i = escape(s, i+1); i < 0 {
				return -1
			}
		default: // a control character
			return -1
		}
	}
}

// escape returns where the escape ends whose backslash is before i, or -1.
func escape(s []byte, i int) int {
	if i >= len(s) {
		return -1
	}
	switch s[i] {
	case '"', '\\', '/', 'b', 'f', 'n', 'r', 't':
		return i + 1
	case 'u':
		if i+5 > len(s) {
			return -1
		}
		for _, c := range s[i+1 : i+5] {
			if c-'0' > 9 && (c|0x20)-'a' > 5 {
				return -1
			}
		}
		return i + 5
	}
	return -1
}

// number returns where the number that begins at i ends, or -1.
func number(s []byte, i int) int {
	if s[i] == '-' {
		i++
	}
	first := i
	i = digits(s, i)
	if i == first || (s[first] == '0' && i > first+1) {
		return -1
	}
	if i < len(s) && s[i] == '.' {
		first = i + 1
		if i = digits(s, first); i == first {
			return -1
		}
	}
	if i < len(s) && s[i]|0x20 == 'e' {
		i++
		if i < len(s) && (s[i] == '+' || s[i] == '-') {
			i++
		}
		first = i
		if i = digits(s, first); i == first {
			return -1
		}
	}
	return i
}

// digits returns where the digits at i end.
func digits(s []byte, i int) int {
	for i < len(s) && s[i]-'0' <= 9 {
		i++
	}
	return i
}

// word returns where the literal w at i ends, or -1.
func word(s []byte, i int, w string) int {
	if len(s)-i < len(w) || string(s[i:i+len(w)]) != w {
		return -1
	}
	return i + len(w)
}
