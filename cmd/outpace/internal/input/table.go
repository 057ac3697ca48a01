package input

import (
	"bufio"
	"encoding/csv"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"unicode/utf8"
)

// table is a source of the rows of a CSV file, as RFC 4180 has it, each an
// object of strings in the order of the header.
type table struct {
	name     string
	budget   *budget
	buffered *bufio.Reader
	rows     *csv.Reader
	keys     [][]byte // each `"name":`; nil until the header is read
	max      int      // bytes of a row
	line     int64    // where the last good row began
}

func newTable(r io.Reader, name string) *table {
	b := &budget{src: r, left: MaxItem}
	buffered := bufio.NewReader(b)
	rows := csv.NewReader(buffered) // uses buffered as it is
	rows.ReuseRecord = true
	return &table{name: name, budget: b, buffered: buffered, rows: rows, max: MaxItem}
}

func (t *table) value() (json.RawMessage, error) {
	if t.keys == nil {
		if err := t.header(); err != nil {
			return nil, err
		}
	}
	row, err := t.row()
	if err != nil {
		return nil, err
	}
	size := 2
	for i, field := range row {
		size += len(t.keys[i]) + len(field) + 3
	}
	value := append(make([]byte, 0, size), '{')
	for i, field := range row {
		if i > 0 {
			value = append(value, ',')
		}
		value = appendString(append(value, t.keys[i]...), field)
	}
	return append(value, '}'), nil
}

// header reads the names of the columns. Without good ones no row can be read.
func (t *table) header() error {
	if mark, _ := t.buffered.Peek(3); string(mark) == "\xef\xbb\xbf" {
		_, _ = t.buffered.Discard(3) // what was peeked can be discarded
	}
	names, err := t.row()
	if err != nil {
		return final(err)
	}
	seen := map[string]bool{}
	for _, n := range names {
		if seen[n] {
			what := fmt.Sprintf("two columns are called %q", n)
			return &InvalidError{Name: t.name, Unit: "line", Place: 1, What: what, Hint: "give each column a name of its own", Final: true}
		}
		seen[n] = true
		t.keys = append(t.keys, append(appendString(nil, n), ':'))
	}
	return nil
}

func final(err error) error {
	var bad *InvalidError
	if errors.As(err, &bad) {
		bad.Final = true
	}
	return err
}

// row reads one record.
func (t *table) row() ([]string, error) {
	t.budget.left = t.max
	row, err := t.rows.Read()
	if err != nil {
		return nil, t.explain(err)
	}
	line, _ := t.rows.FieldPos(0)
	t.line = int64(line)
	for _, field := range row {
		if !utf8.ValidString(field) {
			return nil, &InvalidError{Name: t.name, Unit: "line", Place: t.line, What: notUTF8}
		}
	}
	return row, nil
}

func (t *table) explain(err error) error {
	var bad *csv.ParseError
	if !errors.As(err, &bad) {
		switch {
		case err == io.EOF:
			return err
		case errors.Is(err, errLong):
			return &InvalidError{Name: t.name, Unit: "line", Place: t.line + 1, What: "a row " + errLong.Error(), Hint: "is a quote missing?", Final: true}
		}
		return &ReadError{Name: t.name, Err: err}
	}
	what, place := "invalid CSV: "+bad.Err.Error(), bad.Line
	if errors.Is(bad.Err, csv.ErrFieldCount) {
		what, place = "invalid CSV: not as many fields as the header has", bad.StartLine
	}
	return &InvalidError{Name: t.name, Unit: "line", Place: int64(place), What: what}
}

// budget is a reader that gives at most left bytes and then errLong.
type budget struct {
	src  io.Reader
	left int
}

func (b *budget) Read(p []byte) (int, error) {
	if b.left <= 0 {
		return 0, errLong
	}
	n, err := b.src.Read(p[:min(len(p), b.left)])
	b.left -= n
	return n, err
}
