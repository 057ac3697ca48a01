package input

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math"
	"strconv"
	"strings"
)

// Args returns a source of command line arguments, each read as a line of
// format f is; CSV, which has a header, is read as Auto.
func Args(args []string, f Format) Source {
	value := autoValue
	switch f {
	case Lines, NUL:
		value = stringValue
	case JSON, JSONL:
		value = strictValue
	}
	a := &arguments{args: args, value: value}
	return &single{next: a.one}
}

type arguments struct {
	args  []string
	next  int
	value func([]byte) (json.RawMessage, string)
}

func (a *arguments) one() (json.RawMessage, error) {
	if a.next == len(a.args) {
		return nil, io.EOF
	}
	a.next++
	value, wrong := a.value([]byte(a.args[a.next-1]))
	if wrong != "" {
		return nil, &InvalidError{Name: "arguments", Unit: "item", Place: int64(a.next), What: wrong}
	}
	return value, nil
}

// Span is the whole numbers from First to Last, both included.
type Span struct{ First, Last int64 }

// ParseSpan reads "1..1000". A span does not run down: that is nearly always a
// script's empty "1..$n", so it is an error.
func ParseSpan(text string) (Span, error) {
	first, last, found := strings.Cut(text, "..")
	a, err1 := strconv.ParseInt(first, 10, 64)
	b, err2 := strconv.ParseInt(last, 10, 64)
	switch {
	case !found || errors.Is(err1, strconv.ErrSyntax) || errors.Is(err2, strconv.ErrSyntax):
		return Span{}, fmt.Errorf("a range is A..B, two whole numbers: %q", text)
	case err1 != nil || err2 != nil:
		return Span{}, fmt.Errorf("a range goes from %d to %d at most: %q", math.MinInt64, math.MaxInt64, text)
	case b < a:
		return Span{}, fmt.Errorf("a range goes up: %q", text)
	}
	return Span{a, b}, nil
}

// Len returns how many numbers there are, or -1 where an int64 cannot say it.
func (s Span) Len() int64 {
	if n := s.Last - s.First; n >= 0 && n < math.MaxInt64 {
		return n + 1
	}
	return -1
}

// Range returns a source of the numbers of s.
func Range(s Span) Source { return &counting{next: s.First, last: s.Last} }

type counting struct {
	next, last int64
	done       bool
	room       []byte // a block that many numbers share
	values     []json.RawMessage
}

func (c *counting) Next() ([]json.RawMessage, error) {
	c.values = c.values[:0]
	for !c.done && len(c.values) < burst {
		c.values = append(c.values, c.number())
	}
	if c.done {
		return c.values, io.EOF
	}
	return c.values, nil
}

// number returns the next one.
func (c *counting) number() json.RawMessage {
	const longest = len("-9223372036854775808")
	if cap(c.room)-len(c.room) < longest {
		c.room = make([]byte, 0, 4096)
	}
	begin := len(c.room)
	c.room = strconv.AppendInt(c.room, c.next, 10)
	c.done = c.next == c.last
	c.next++
	return c.room[begin:len(c.room):len(c.room)]
}

// Repeat returns a source of n times the inputs of what open returns, one round
// after the other. It calls open once for each round. A round without an input
// is the last.
func Repeat(n int64, open func() (Source, error)) Source { return &repeating{left: n, open: open} }

type repeating struct {
	left int64
	open func() (Source, error)
	now  Source
	some bool // this round gave an input
}

func (r *repeating) Next() ([]json.RawMessage, error) {
	for {
		if r.now == nil {
			if r.left == 0 {
				return nil, io.EOF
			}
			r.left, r.some = r.left-1, false
			var err error
			if r.now, err = r.open(); err != nil {
				r.left, r.now = 0, nil
				return nil, err
			}
		}
		values, err := r.now.Next()
		r.some = r.some || len(values) > 0 || err != io.EOF
		if err != io.EOF {
			return values, err
		}
		r.now = nil
		if !r.some {
			r.left = 0
		}
		if len(values) > 0 {
			return values, nil
		}
	}
}
