package input

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
)

const blockSize = 64 << 10

// errLong is a piece that is longer than MaxItem. The splitter goes on behind it.
var errLong = errors.New("longer than 64 MiB")

// errUsed is that no further piece is at hand.
var errUsed = errors.New("the block is used up")

// splitter cuts a stream at a separator. Pieces are parts of the blocks that
// it reads into, which are never written to again: no copy and no allocation
// for a piece, and a block is released when its last piece is.
//
//	block: │ pieces given out │ rest: read, not given out │ free │
type splitter struct {
	src     io.Reader
	sep     byte
	max     int
	block   []byte // the block; its length is how far it is read
	start   int    // where rest begins
	scanned int    // no separator in block[start:scanned]
	begun   bool   // something was read
	err     error  // what ended the stream
}

func newSplitter(r io.Reader, sep byte) *splitter {
	return &splitter{src: r, sep: sep, max: MaxItem}
}

// numbers adds the pieces that come next and are whole numbers to values, as many
// as are in the block and as values has room for. Most inputs of a long run are
// numbers, and one look at each byte finds both what they are and their end.
func (s *splitter) numbers(values []json.RawMessage) []json.RawMessage {
	for len(values) < cap(values) {
		rest := s.block[s.start:]
		n := leading(rest)
		if n == 0 || n == len(rest) || rest[n] != s.sep || n > s.max {
			break
		}
		values = append(values, rest[:n:n])
		s.start += n + 1
	}
	s.scanned = max(s.scanned, s.start)
	return values
}

// next returns the next piece without its separator, errLong for one that is
// too long, and io.EOF at the end. What stands behind the last separator is a
// piece when it is not empty. Unless it may wait, next does not read: then it
// returns errUsed when there is no piece in the block.
func (s *splitter) next(wait bool) ([]byte, error) {
	long := false
	for {
		if i := bytes.IndexByte(s.block[s.scanned:], s.sep); i >= 0 {
			end := s.scanned + i
			piece := s.block[s.start:end:end]
			s.start, s.scanned = end+1, end+1
			return give(piece, long || len(piece) > s.max)
		}
		s.scanned = len(s.block)
		if s.scanned-s.start > s.max { // drop it; remember only that it was there
			long, s.start = true, s.scanned
		}
		if s.err != nil {
			if rest := s.block[s.start:]; long || len(rest) > 0 && s.err == io.EOF {
				s.start = len(s.block)
				return give(rest, long)
			}
			return nil, s.err
		}
		if !wait {
			return nil, errUsed
		}
		s.fill()
	}
}

func give(piece []byte, long bool) ([]byte, error) {
	if long {
		return nil, errLong
	}
	return piece, nil
}

// fill reads some more, into a new block where this one is full.
func (s *splitter) fill() {
	if len(s.block) == cap(s.block) {
		rest := s.block[s.start:]
		block := make([]byte, len(rest), max(blockSize, 2*len(rest)))
		copy(block, rest)
		s.block, s.start, s.scanned = block, 0, len(rest)
	}
	n, err := s.src.Read(s.block[len(s.block):cap(s.block)])
	s.block = s.block[:len(s.block)+n]
	s.err = err
	if !s.begun && len(s.block) > 0 {
		s.mark()
	}
}

// mark passes over a UTF-8 byte order mark at the beginning of the stream.
func (s *splitter) mark() {
	const bom = "\xef\xbb\xbf"
	for s.err == nil && len(s.block) < len(bom) && bytes.HasPrefix([]byte(bom), s.block) {
		var n int
		n, s.err = s.src.Read(s.block[len(s.block):cap(s.block)])
		s.block = s.block[:len(s.block)+n]
	}
	s.begun = true
	if s.sep != 0 && bytes.HasPrefix(s.block, []byte(bom)) {
		s.start, s.scanned = len(bom), len(bom)
	}
}
