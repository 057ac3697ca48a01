package wire

import (
	"encoding/binary"
	"fmt"
	"time"
)

// The flag bits of batch and results frames.
const (
	flagWalls  = 1 // batch: measure each item; results: the wall time of each follows
	flagPacked = 2 // the values are packed whole numbers, not JSON
	flagTexts  = 4 // the values are packed texts, not JSON
)

// unmeasured is a CPU time on the wire that was not measured.
const unmeasured = ^uint64(0)

// Batch is the body of a batch frame: call a function with each input.
type Batch struct {
	ID, Func, N uint32
	Measure     bool          // the wall time of each item is wanted
	Lease       time.Duration // 0: never over
	Packed      bool          // Inputs are N whole numbers of 8 bytes, little-endian
	Texts       bool          // Inputs are N lengths of 4 bytes, little-endian, and the texts
	Inputs      []byte        // else a JSON array of N values
}

// Cancel is the body of a cancel frame. Index is All for every item.
type Cancel struct {
	Batch, Index uint32
}

// Results is the body of a results frame: items First to First+N-1 are done.
type Results struct {
	Batch, First, N uint32
	Wall, CPU       time.Duration   // of all items together; a CPU time below 0 was not measured
	Walls           []time.Duration // of each item, or nil
	Packed          bool            // Outputs are N whole numbers of 8 bytes, little-endian
	Texts           bool            // Outputs are N lengths of 4 bytes, little-endian, and the texts
	Outputs         []byte          // else a JSON array of N values
}

// Fault is the body of a fault frame: item Index failed.
type Fault struct {
	Batch, Index uint32
	Wall, CPU    time.Duration
	Err          Error
}

// Why says why items are handed back.
type Why uint8

// The reasons of a back frame.
const (
	LeaseOver Why = 0
	Cancelled Why = 1
)

// Back is the body of a back frame: items First to First+N-1 were not started.
type Back struct {
	Batch, First, N uint32
	Why             Why
}

// Running is the body of a running frame: item Index has taken Wall so far.
type Running struct {
	Batch, Index uint32
	Wall         time.Duration
}

// BatchHead adds a batch frame without its inputs, which are to be written
// next: for inputs so long that a copy costs more than a second Write. The
// error is ErrTooLong.
func BatchHead(dst []byte, b Batch) ([]byte, error) {
	const fixed = 4 + 4 + 4 + 1 + 8
	if len(b.Inputs)+fixed >= MaxFrame {
		return dst, ErrTooLong
	}
	dst = start(dst, KindBatch, fixed+len(b.Inputs))
	dst = put32(dst, b.ID, b.Func, b.N)
	dst = append(dst, flags(b.Measure, b.Packed, b.Texts))
	return put64(dst, uint64(max(0, b.Lease))), nil
}

// AppendBatch adds a batch frame. The error is ErrTooLong.
func AppendBatch(dst []byte, b Batch) ([]byte, error) {
	dst, err := BatchHead(dst, b)
	if err != nil {
		return dst, err
	}
	return append(dst, b.Inputs...), nil
}

// DecodeBatch reads the body of a batch frame. It does not look into Inputs
// that are JSON or texts.
func DecodeBatch(body []byte) (Batch, error) {
	d := decoder{rest: body}
	b := Batch{ID: d.u32(), Func: d.u32(), N: d.u32()}
	b.Measure, b.Packed, b.Texts = d.flags()
	b.Lease, b.Inputs = d.duration(), d.rest
	d.packed(b.Packed, b.N)
	return b, d.err("batch")
}

// AppendCancel adds a cancel frame.
func AppendCancel(dst []byte, c Cancel) []byte {
	return put32(start(dst, KindCancel, 8), c.Batch, c.Index)
}

// DecodeCancel reads the body of a cancel frame.
func DecodeCancel(body []byte) (Cancel, error) {
	d := decoder{rest: body}
	c := Cancel{Batch: d.u32(), Index: d.u32()}
	return c, d.end("cancel")
}

// ResultsHead adds a results frame without its outputs, which are to be
// written next. Walls is nil or has N elements; the error is ErrTooLong, or
// wraps ErrFrame for another number of them.
func ResultsHead(dst []byte, r Results) ([]byte, error) {
	if r.Walls != nil && uint64(len(r.Walls)) != uint64(r.N) {
		return dst, fmt.Errorf("%w: %d wall times for %d items", ErrFrame, len(r.Walls), r.N)
	}
	size := 4 + 4 + 4 + 1 + 8 + 8 + 8*len(r.Walls) + len(r.Outputs)
	if size >= MaxFrame {
		return dst, ErrTooLong
	}
	dst = start(dst, KindResults, size)
	dst = put32(dst, r.Batch, r.First, r.N)
	dst = append(dst, flags(r.Walls != nil, r.Packed, r.Texts))
	dst = put64(dst, uint64(max(0, r.Wall)), cpu(r.CPU))
	for _, w := range r.Walls {
		dst = put64(dst, uint64(max(0, w)))
	}
	return dst, nil
}

// AppendResults adds a results frame. The errors are those of ResultsHead.
func AppendResults(dst []byte, r Results) ([]byte, error) {
	dst, err := ResultsHead(dst, r)
	if err != nil {
		return dst, err
	}
	return append(dst, r.Outputs...), nil
}

// DecodeResults reads the body of a results frame. Whether Outputs that are JSON
// or texts hold N values is for Split or SplitTexts to find out.
func DecodeResults(body []byte) (Results, error) {
	d := decoder{rest: body}
	r := Results{Batch: d.u32(), First: d.u32(), N: d.u32()}
	walls, packed, texts := d.flags()
	r.Wall, r.CPU = d.duration(), d.cpu()
	if walls && uint64(len(d.rest))/8 < uint64(r.N) {
		d.short = true
	}
	if walls && !d.short {
		r.Walls = make([]time.Duration, r.N)
		for i := range r.Walls {
			r.Walls[i] = d.duration()
		}
	}
	r.Packed, r.Texts, r.Outputs = packed, texts, d.rest
	d.packed(packed, r.N)
	if r.N == 0 {
		d.short = true
	}
	return r, d.err("results")
}

// AppendFault adds a fault frame. The error is ErrTooLong, or the encoder's.
func AppendFault(dst []byte, f Fault) ([]byte, error) {
	text, err := encode(f.Err)
	if err != nil {
		return dst, err
	}
	if len(text)+24 >= MaxFrame {
		return dst, ErrTooLong
	}
	dst = start(dst, KindFault, 24+len(text))
	dst = put64(put32(dst, f.Batch, f.Index), uint64(max(0, f.Wall)), cpu(f.CPU))
	return append(dst, text...), nil
}

// DecodeFault reads the body of a fault frame.
func DecodeFault(body []byte) (Fault, error) {
	d := decoder{rest: body}
	f := Fault{Batch: d.u32(), Index: d.u32(), Wall: d.duration(), CPU: d.cpu()}
	if err := d.err("fault"); err != nil {
		return f, err
	}
	return f, Decode(d.rest, &f.Err)
}

// AppendBack adds a back frame.
func AppendBack(dst []byte, b Back) []byte {
	return append(put32(start(dst, KindBack, 13), b.Batch, b.First, b.N), byte(b.Why))
}

// DecodeBack reads the body of a back frame.
func DecodeBack(body []byte) (Back, error) {
	d := decoder{rest: body}
	b := Back{Batch: d.u32(), First: d.u32(), N: d.u32(), Why: Why(d.u8())}
	if b.Why > Cancelled || b.N == 0 {
		d.short = true
	}
	return b, d.end("back")
}

// AppendRunning adds a running frame.
func AppendRunning(dst []byte, r Running) []byte {
	return put64(put32(start(dst, KindRunning, 16), r.Batch, r.Index), uint64(max(0, r.Wall)))
}

// DecodeRunning reads the body of a running frame.
func DecodeRunning(body []byte) (Running, error) {
	d := decoder{rest: body}
	r := Running{Batch: d.u32(), Index: d.u32(), Wall: d.duration()}
	return r, d.end("running")
}

func put32(dst []byte, values ...uint32) []byte {
	for _, v := range values {
		dst = binary.LittleEndian.AppendUint32(dst, v)
	}
	return dst
}

func put64(dst []byte, values ...uint64) []byte {
	for _, v := range values {
		dst = binary.LittleEndian.AppendUint64(dst, v)
	}
	return dst
}

func flags(walls, packed, texts bool) (b byte) {
	if walls {
		b |= flagWalls
	}
	if packed {
		b |= flagPacked
	}
	if texts {
		b |= flagTexts
	}
	return b
}

func cpu(d time.Duration) uint64 {
	if d < 0 {
		return unmeasured
	}
	return uint64(d)
}
