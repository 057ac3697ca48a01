package input

import (
	"bytes"
	"encoding/json"
	"errors"
	"strings"
	"unicode/utf8"
)

const notUTF8 = "invalid UTF-8"

// Value reads an argument as Auto does: the value that it is as JSON, else a
// string.
func Value(text string) (json.RawMessage, error) {
	value, wrong := autoValue([]byte(text))
	if wrong != "" {
		return nil, errors.New(wrong)
	}
	return value, nil
}

// autoValue returns a piece that is JSON as it is, and any other as a string.
func autoValue(piece []byte) (json.RawMessage, string) {
	if whole(piece) {
		return piece, ""
	}
	trimmed := bytes.Trim(piece, " \t\r\n")
	if valid(trimmed) {
		return oneLine(trimmed), ""
	}
	return stringValue(piece)
}

// strictValue returns a piece that is JSON; its second result is what is wrong
// with it otherwise.
func strictValue(piece []byte) (json.RawMessage, string) {
	if whole(piece) {
		return piece, ""
	}
	piece = bytes.Trim(piece, " \t\r\n")
	if valid(piece) {
		return oneLine(piece), ""
	}
	return nil, wrongWith(piece)
}

// wrongWith says why piece is not JSON.
func wrongWith(piece []byte) string {
	if !utf8.Valid(piece) {
		return notUTF8
	}
	var raw json.RawMessage
	err := json.Unmarshal(piece, &raw)
	if err == nil {
		return "invalid JSON"
	}
	return "invalid JSON: " + strings.TrimPrefix(err.Error(), "json: ")
}

// whole reports whether piece is a whole number, the commonest value, which is
// JSON at first sight: digits without a leading zero, after at most one minus.
func whole(piece []byte) bool { return len(piece) > 0 && leading(piece) == len(piece) }

// leading returns how many bytes of text are a whole number; 0 where none begins
// it. What follows decides whether it is one.
func leading(text []byte) int {
	n := 0
	if len(text) > 0 && text[0] == '-' {
		n = 1
	}
	first := n
	for n < len(text) && text[n]-'0' <= 9 {
		n++
	}
	if n == first || text[first] == '0' && n > first+1 {
		return 0
	}
	return n
}

// valid reports whether trimmed is a JSON value in valid UTF-8.
func valid(trimmed []byte) bool {
	if len(trimmed) == 0 {
		return false
	}
	switch c := trimmed[0]; {
	case c >= '0' && c <= '9', c == '-', c == '"', c == '[', c == '{', c == 't', c == 'f', c == 'n':
		return json.Valid(trimmed) && utf8.Valid(trimmed)
	}
	return false
}

// oneLine returns a valid value without the newlines between its parts.
func oneLine(value []byte) json.RawMessage {
	if bytes.IndexByte(value, '\n') < 0 && bytes.IndexByte(value, '\r') < 0 {
		return value
	}
	var b bytes.Buffer
	if json.Compact(&b, value) != nil {
		return value
	}
	return b.Bytes()
}

// stringValue returns piece as a JSON string.
func stringValue(piece []byte) (json.RawMessage, string) {
	if !utf8.Valid(piece) {
		return nil, notUTF8
	}
	return appendString(make([]byte, 0, len(piece)+2), piece), ""
}

// appendString appends text as a JSON string. It must be valid UTF-8.
func appendString[T string | []byte](to []byte, text T) []byte {
	const hex = "0123456789abcdef"
	to = append(to, '"')
	done := 0
	for i := range len(text) {
		c := text[i]
		if c >= ' ' && c != '"' && c != '\\' {
			continue
		}
		to = append(to, text[done:i]...)
		done = i + 1
		switch c {
		case '"', '\\':
			to = append(to, '\\', c)
		case '\n':
			to = append(to, `\n`...)
		case '\r':
			to = append(to, `\r`...)
		case '\t':
			to = append(to, `\t`...)
		default:
			to = append(to, '\\', 'u', '0', '0', hex[c>>4], hex[c&15])
		}
	}
	to = append(to, text[done:]...)
	return append(to, '"')
}
