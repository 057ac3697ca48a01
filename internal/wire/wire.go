// Package wire is the frames that a supervisor and a worker process exchange,
// as docs/protocol.md writes them down: both halves, made and read.
//
//	Batch ──► AppendBatch ──► one Write ──► pipe ──► Reader.Next ──► DecodeBatch ──► Batch
//
// The Append functions add one whole frame to a buffer, so that one Write
// carries a frame or several. The Decode functions take a frame's body; they
// return an error for anything malformed and never panic, and the slices in
// what they return point into the body.
package wire

import (
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"math"
)

const (
	// Version is the version of the protocol, which the hello frame carries.
	Version = 1
	// MaxFrame is the largest length of a frame: kind and body, in bytes.
	MaxFrame = 1 << 30
	// All is the index in a cancel frame that means every item of the batch.
	All = math.MaxUint32

	// header is the bytes of a frame's length and kind.
	header = 5
	// step bounds how much is allocated for a frame before its bytes arrive.
	step = 1 << 20
)

// Kind is the byte that says what a frame is.
type Kind byte

// The kinds of frames: upper case to the worker, lower case from it.
const (
	KindConfigure Kind = 'C'
	KindDefine    Kind = 'D'
	KindBatch     Kind = 'B'
	KindCancel    Kind = 'X'
	KindPing      Kind = 'P'
	KindQuit      Kind = 'Q'
	KindOutcome   Kind = 'O'

	KindHello   Kind = 'h'
	KindDefined Kind = 'd'
	KindResults Kind = 'r'
	KindFault   Kind = 'f'
	KindBack    Kind = 'b'
	KindRunning Kind = 's'
	KindPong    Kind = 'p'

	KindOperation Kind = 'o'
)

// ErrFrame is wrapped by every error about bytes that break the protocol.
var ErrFrame = errors.New("broken frame")

// ErrTooLong is returned for a frame that would be longer than MaxFrame.
var ErrTooLong = errors.New("frame over 1 GiB")

// Reader reads frames from a stream through a buffer of its own. It is for
// one goroutine at a time.
type Reader struct {
	src        io.Reader
	buf        []byte // what was read ahead
	start, end int    // the part of buf that is not taken yet
	body       []byte // reused for the bodies of all kinds that are not kept
}

// NewReader returns a Reader of src.
func NewReader(src io.Reader) *Reader {
	return &Reader{src: src, buf: make([]byte, 64<<10)}
}

// Wait waits until there is a frame, or some of it. After an error of the stream
// it may be called again: nothing of what was read is lost.
func (r *Reader) Wait() error { return r.fill(header) }

// Next returns the next frame, waiting for it. The body of a batch, results,
// operation or outcome frame belongs to the caller; that of any other kind is
// valid until the next call.
// The error is io.EOF where the stream ends between frames,
// io.ErrUnexpectedEOF where it ends in one, wraps ErrFrame for a length out of
// range, or is the stream's own.
func (r *Reader) Next() (Kind, []byte, error) {
	if err := r.fill(header); err != nil {
		return 0, nil, err
	}
	length := binary.LittleEndian.Uint32(r.buf[r.start:])
	kind := Kind(r.buf[r.start+4])
	if length < 1 || length > MaxFrame {
		return 0, nil, fmt.Errorf("%w: a length of %d", ErrFrame, length)
	}
	r.start += header
	var body []byte
	theirs := kept(kind)
	if !theirs {
		body = r.body[:0]
	}
	body, err := r.read(body, int(length-1))
	if !theirs && cap(body) <= step {
		r.body = body
	}
	return kind, body, err
}

// kept reports whether values in the bodies of a kind are used for longer than
// the frame.
func kept(kind Kind) bool {
	return kind == KindBatch || kind == KindResults || kind == KindOperation || kind == KindOutcome
}

// fill makes at least n bytes available at buf[start:end].
func (r *Reader) fill(n int) error {
	if r.end-r.start >= n {
		return nil
	}
	r.end = copy(r.buf, r.buf[r.start:r.end])
	r.start = 0
	for r.end < n {
		got, err := r.src.Read(r.buf[r.end:])
		r.end += got
		if r.end >= n {
			return nil
		}
		if err == io.EOF && r.end > 0 {
			return io.ErrUnexpectedEOF
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// read appends the next n bytes to dst, which is empty. It allocates as the
// bytes arrive, so that a length alone cannot take a lot of memory.
func (r *Reader) read(dst []byte, n int) ([]byte, error) {
	if cap(dst) < n {
		dst = make([]byte, 0, min(n, step))
	}
	ready := min(n, r.end-r.start)
	dst = append(dst, r.buf[r.start:r.start+ready]...)
	r.start += ready
	for len(dst) < n {
		if len(dst) == cap(dst) {
			grown := make([]byte, len(dst), min(n, 4*cap(dst)))
			copy(grown, dst)
			dst = grown
		}
		part := dst[len(dst):min(n, cap(dst))]
		got, err := io.ReadFull(r.src, part)
		dst = dst[:len(dst)+got]
		if err == io.EOF {
			err = io.ErrUnexpectedEOF
		}
		if err != nil {
			return dst, err
		}
	}
	return dst, nil
}

// AppendFrame adds a frame of any kind to dst. It is for bodies that are text
// or empty: ping, pong, quit. The error is ErrTooLong.
func AppendFrame(dst []byte, kind Kind, body []byte) ([]byte, error) {
	if len(body) >= MaxFrame {
		return dst, ErrTooLong
	}
	return append(start(dst, kind, len(body)), body...), nil
}

// start adds the header of a frame with a body of n bytes.
func start(dst []byte, kind Kind, n int) []byte {
	dst = binary.LittleEndian.AppendUint32(dst, uint32(n+1))
	return append(dst, byte(kind))
}
