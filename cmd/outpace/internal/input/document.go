package input

import (
	"bytes"
	"encoding/json"
	"io"
)

// document is a source of the values of a JSON file: the elements of the array
// that it is, or else the values that stand in it one after the other. It only
// finds where a value ends; whether it is one is json.Valid's to say.
type document struct {
	src   io.Reader
	name  string
	max   int    // bytes of a value
	block []byte // what was read; parts of it are given out and never changed
	pos   int    // how far it is used
	line  int64  // the line of pos
	err   error  // what ended the stream
	next  func() (json.RawMessage, error)
}

func newDocument(r io.Reader, name string) *document {
	d := &document{src: r, name: name, max: MaxItem, line: 1}
	d.next = d.begin
	return d
}

func (d *document) value() (json.RawMessage, error) { return d.next() }

// begin decides between an array and a sequence.
func (d *document) begin() (json.RawMessage, error) {
	const bom = "\xef\xbb\xbf"
	for len(d.block) < len(bom) && bytes.HasPrefix([]byte(bom), d.block) && d.fill() {
	}
	if bytes.HasPrefix(d.block, []byte(bom)) {
		d.pos = len(bom)
	}
	d.next = d.one
	if c, ok := d.skipSpace(); !ok || c != '[' {
		return d.next()
	}
	d.pos++
	d.next = d.element
	if c, ok := d.skipSpace(); ok && c == ']' { // an empty array
		d.pos++
		d.next = d.after
	}
	return d.next()
}

// element reads up to the next comma of the array, or to its end.
func (d *document) element() (json.RawMessage, error) {
	d.skipSpace()
	line := d.line
	value, end := d.scan(true)
	switch {
	case len(value) > d.max:
		return nil, d.last(line, "a value "+errLong.Error(), "is a quote or a bracket missing?")
	case end == 0:
		return nil, d.cut(line, "the file ends inside of the array")
	case end == ']':
		d.next = d.after
	}
	d.pos++ // past the comma or the bracket
	return d.check(value, line)
}

// after makes sure that nothing stands behind the array.
func (d *document) after() (json.RawMessage, error) {
	if _, more := d.skipSpace(); more {
		return nil, d.last(d.line, "something follows the array", "for one value a line use --input jsonl")
	}
	return nil, d.ended()
}

// one reads one value of a sequence.
func (d *document) one() (json.RawMessage, error) {
	if _, more := d.skipSpace(); !more {
		return nil, d.ended()
	}
	line := d.line
	value, end := d.scan(false)
	switch {
	case len(value) > d.max:
		return nil, d.last(line, "a value "+errLong.Error(), "is a quote or a bracket missing?")
	case end == 0 && (compound(value[0]) || d.err != io.EOF):
		return nil, d.cut(line, "the file ends inside of a value")
	}
	return d.check(value, line)
}

// scan reads one value. An element of an array ends before the comma or the
// bracket that scan returns with it; a value of a sequence ends before white
// space or with its own closing quote or bracket. The second result is 0 where
// the stream ended first or the value got too long.
func (d *document) scan(element bool) ([]byte, byte) {
	var in nesting
	for n := 0; ; n++ {
		if d.pos+n == len(d.block) && (n > d.max || !d.fill()) {
			return d.take(n), 0
		}
		c := d.block[d.pos+n]
		if in.outside() && (element && (c == ',' || c == ']') || !element && isSpace(c)) {
			return d.take(n), c
		}
		if c == '\n' {
			d.line++
		}
		in.step(c)
		if !element && in.outside() && compound(d.block[d.pos]) {
			return d.take(n + 1), c
		}
	}
}

// nesting follows where in a value a byte stands.
type nesting struct {
	depth           int
	quoted, escaped bool
}

func (n *nesting) outside() bool { return n.depth <= 0 && !n.quoted }

func (n *nesting) step(c byte) {
	switch {
	case n.escaped:
		n.escaped = false
	case c == '"':
		n.quoted = !n.quoted
	case n.quoted:
		n.escaped = c == '\\'
	case c == '{' || c == '[':
		n.depth++
	case c == '}' || c == ']':
		n.depth--
	}
}

// compound reports whether a value that begins with c has an end of its own.
func compound(c byte) bool { return c == '{' || c == '[' || c == '"' }

func isSpace(c byte) bool { return c == ' ' || c == '\n' || c == '\t' || c == '\r' }

func (d *document) take(n int) []byte {
	value := d.block[d.pos : d.pos+n : d.pos+n]
	d.pos += n
	return value
}

// skipSpace returns the next byte that is not white space, and false at the end.
func (d *document) skipSpace() (byte, bool) {
	for {
		if d.pos == len(d.block) && !d.fill() {
			return 0, false
		}
		c := d.block[d.pos]
		if !isSpace(c) {
			return c, true
		}
		if c == '\n' {
			d.line++
		}
		d.pos++
	}
}

// fill reads some more behind what is not used yet, into a new block where this
// one is full. It returns false when the stream has ended.
func (d *document) fill() bool {
	for d.err == nil {
		if len(d.block) == cap(d.block) {
			rest := d.block[d.pos:]
			block := make([]byte, len(rest), max(blockSize, 2*len(rest)))
			copy(block, rest)
			d.block, d.pos = block, 0
		}
		var n int
		n, d.err = d.src.Read(d.block[len(d.block):cap(d.block)])
		d.block = d.block[:len(d.block)+n]
		if n > 0 {
			return true
		}
	}
	return false
}

func (d *document) check(value []byte, line int64) (json.RawMessage, error) {
	checked, wrong := strictValue(value)
	if wrong != "" {
		return nil, &InvalidError{Name: d.name, Unit: "line", Place: line, What: wrong}
	}
	return checked, nil
}

// last is an error after which nothing can be read.
func (d *document) last(line int64, what, hint string) error {
	d.next = d.over
	return &InvalidError{Name: d.name, Unit: "line", Place: line, What: what, Hint: hint, Final: true}
}

// cut is the error for a stream that ended too early.
func (d *document) cut(line int64, what string) error {
	if d.err != io.EOF {
		return d.ended()
	}
	return d.last(line, what, "")
}

func (d *document) ended() error {
	d.next = d.over
	if d.err == io.EOF {
		return io.EOF
	}
	return &ReadError{Name: d.name, Err: d.err}
}

func (d *document) over() (json.RawMessage, error) { return nil, io.EOF }
