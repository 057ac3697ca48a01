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
	json   bool // a piece may be a number, and one of white space only is passed over
	value  func(piece []byte) (json.RawMessage, string)
	values []json.RawMessage
}

func (l *lines) Next() ([]json.RawMessage, error) {
	if l.values == nil {
		l.values = make([]json.RawMessage, 0, burst)
	}
	clear(l.values) // else it keeps the blocks that they are in
	l.values = l.values[:0]
	for len(l.values) < burst {
		if l.json {
			had := len(l.values)
			l.values = l.split.numbers(l.values)
			l.place += int64(len(l.values) - had)
		}
		more, err := l.other()
		if err != nil || !more {
			return l.values, err
		}
	}
	return l.values, nil
}

// other adds the next piece, whatever it is. It waits for one when there are no
// values yet; more is false where it would have to, or there is no room.
func (l *lines) other() (more bool, err error) {
	if len(l.values) == burst {
		return false, nil
	}
	piece, err := l.split.next(len(l.values) == 0)
	switch {
	case err == errUsed:
		return false, nil
	case err != nil && err != errLong:
		return false, l.readError(err)
	}
	l.place++
	if err == errLong {
		return false, l.invalid(errLong.Error(), "")
	}
	if n := len(piece); n > 0 && piece[n-1] == '\r' && l.split.sep == '\n' {
		piece = piece[:n-1]
	}
	if l.json && blank(piece) {
		return true, nil
	}
	value, wrong := l.value(piece)
	if wrong != "" {
		return false, l.invalid(wrong, "")
	}
	l.values = append(l.values, value)
	return true, nil
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
