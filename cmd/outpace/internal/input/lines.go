package input

import (
	"bytes"
	"encoding/json"
	"io"
)

// lines is a source of one value a piece: a line, or what ends with a NUL.
type lines struct {
	split  *splitter
	name   string
	unit   string
	place  int64
	blanks bool // pieces of white space only are passed over
	value  func(piece []byte) (json.RawMessage, string)
}

func (l *lines) Next() (json.RawMessage, error) {
	for {
		piece, err := l.split.next()
		if err != nil && err != errLong {
			return nil, l.readError(err)
		}
		l.place++
		if err == errLong {
			return nil, l.invalid(errLong.Error(), "")
		}
		if n := len(piece); n > 0 && piece[n-1] == '\r' && l.split.sep == '\n' {
			piece = piece[:n-1]
		}
		if l.blanks && blank(piece) {
			continue
		}
		value, wrong := l.value(piece)
		if wrong != "" {
			return nil, l.invalid(wrong, "")
		}
		return value, nil
	}
}

func (l *lines) invalid(what, hint string) error {
	return &InvalidError{Name: l.name, Unit: l.unit, Place: l.place, What: what, Hint: hint}
}

func (l *lines) readError(err error) error {
	if err == io.EOF {
		return err
	}
	return &ReadError{Name: l.name, Err: err}
}

// ReadError is a file that could not be read on.
type ReadError struct {
	Name string
	Err  error
}

// Error returns "cannot read data.csv: …".
func (e *ReadError) Error() string { return "cannot read " + e.Name + ": " + e.Err.Error() }

// Unwrap returns why it could not be read.
func (e *ReadError) Unwrap() error { return e.Err }

// blank reports whether piece has nothing but white space of JSON.
func blank(piece []byte) bool {
	if len(piece) > 0 && piece[0] > ' ' { // nearly every piece
		return false
	}
	return len(bytes.Trim(piece, " \t\r\n")) == 0
}
