// Package input reads the inputs of a run: from arguments, a range, a file or
// standard input, in one of six formats, as a stream in constant memory. Every
// input is one JSON value on one line, made of the very bytes that were read,
// so numbers keep their type and precision.
package input

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"iter"
	"path/filepath"
	"strings"
)

// MaxItem is the most bytes that one input may have: 64 MiB.
const MaxItem = 64 << 20

// burst is the most inputs that a Source returns at once.
const burst = 64

// Source gives inputs, as many at once as are at hand: it waits for the first
// only. That makes a chain of sources as cheap as one. Beside the inputs Next
// returns what came after them: nil, io.EOF after the last one, an *InvalidError
// for an input that cannot be used (Next may be called again, unless it is
// Final), or any other error when reading failed. The slice is good until the
// next call; the inputs in it are never changed. A Source is used by one
// goroutine.
type Source interface {
	Next() ([]json.RawMessage, error)
}

// single is a source of inputs that cost so much that they come one by one.
type single struct {
	next  func() (json.RawMessage, error)
	value [1]json.RawMessage
}

func (s *single) Next() ([]json.RawMessage, error) {
	value, err := s.next()
	if err != nil {
		return nil, err
	}
	s.value[0] = value
	return s.value[:], nil
}

// InvalidError is an input that cannot be used.
type InvalidError struct {
	Name  string // of the file, "standard input" or "arguments"
	Unit  string // what Place counts: "line" or "item"
	Place int64  // where it begins, from 1
	What  string // what is wrong with it
	Hint  string // what to do about it, where that is known
	Final bool   // nothing can be read after it
}

// Error returns "bad.jsonl, line 7: invalid JSON: …".
func (e *InvalidError) Error() string {
	return fmt.Sprintf("%s, %s %d: %s", e.Name, e.Unit, e.Place, e.What)
}

// Format says how a file is read.
type Format string

// The formats.
const (
	Auto  Format = "auto"  // by extension, else each line that is JSON is that value, any other a string
	Lines Format = "lines" // each line is a string
	JSON  Format = "json"  // an array, element by element; or values one after the other
	JSONL Format = "jsonl" // each line is a JSON value
	CSV   Format = "csv"   // each row is an object of strings, named by the header
	NUL   Format = "nul"   // each piece that ends with a NUL byte is a string
)

// Formats returns all formats, in the order of the documentation.
func Formats() []Format { return []Format{Auto, Lines, JSON, JSONL, CSV, NUL} }

// ParseFormat reads the name of a format.
func ParseFormat(text string) (Format, error) {
	for _, f := range Formats() {
		if string(f) == text {
			return f, nil
		}
	}
	return "", fmt.Errorf("no such input format: %q", text)
}

// For returns the format that Auto means for a file of this name; for any
// other format it returns f.
func (f Format) For(name string) Format {
	if f != Auto {
		return f
	}
	switch strings.ToLower(filepath.Ext(name)) {
	case ".json":
		return JSON
	case ".jsonl", ".ndjson":
		return JSONL
	case ".csv":
		return CSV
	}
	return Auto
}

// Read returns a source of what r holds, in format f. The name is for messages.
func Read(r io.Reader, name string, f Format) Source {
	switch f {
	case NUL:
		return &lines{split: newSplitter(r, 0), name: name, unit: "item", value: stringValue}
	case Lines:
		return &lines{split: newSplitter(r, '\n'), name: name, unit: "line", value: stringValue}
	case JSONL:
		return &lines{split: newSplitter(r, '\n'), name: name, unit: "line", json: true, value: strictValue}
	case JSON:
		return &single{next: newDocument(r, name).value}
	case CSV:
		return &single{next: newTable(r, name).value}
	}
	return &lines{split: newSplitter(r, '\n'), name: name, unit: "line", json: true, value: autoValue}
}

// Skip returns a source that leaves invalid inputs out and calls skipped with
// each. One after which nothing can be read still ends it.
func Skip(s Source, skipped func(*InvalidError)) Source { return &skipping{s, skipped} }

type skipping struct {
	Source
	skipped func(*InvalidError)
}

func (s *skipping) Next() ([]json.RawMessage, error) {
	for {
		values, err := s.Source.Next()
		if err == nil {
			return values, nil
		}
		var bad *InvalidError
		if !errors.As(err, &bad) || bad.Final {
			return values, err
		}
		s.skipped(bad)
		if len(values) > 0 {
			return values, nil
		}
	}
}

// All returns the inputs of s as a sequence. It tells taken how many the loop
// took: several at a time, before it waits for others and at the end. It ends at
// the first error, which it gives to failed unless that is io.EOF.
func All(s Source, taken func(n int), failed func(error)) iter.Seq[json.RawMessage] {
	return func(yield func(json.RawMessage) bool) {
		for {
			values, err := s.Next()
			for i, value := range values {
				if !yield(value) {
					taken(i + 1)
					return
				}
			}
			taken(len(values))
			if err == nil {
				continue
			}
			if err != io.EOF {
				failed(err)
			}
			return
		}
	}
}
