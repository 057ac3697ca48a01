package outpace

import (
	"encoding/binary"
	"encoding/json"
	"strconv"
)

// This file is how whole numbers cross to worker processes that can read them
// packed: 8 bytes each, which costs both sides a few nanoseconds a value where
// JSON costs tens. Anything else among a batch's inputs, and it crosses as JSON,
// or as packtext.go says.
//
//	[]int, []int64, ──► packInto ──► Batch.Packed ──► worker
//	[]json.RawMessage ◄── unpackInto ◄── Reply.Packed ◄──┘

const (
	packFrom = 16 // items in a batch from which on packing is tried: below, the rest costs more
	number   = 20 // bytes of the longest int64 as text
)

// packing is a job of many items of one type. Other jobs cross as JSON.
type packing interface {
	appendPacked(dst []byte, a, b int) ([]byte, bool)
	appendTexts(dst []byte, a, b int) (out []byte, n int)
	settlePacked(a int, packed []byte, o outcome)
}

var (
	_ packing = (*chunk[int, int])(nil)
	_ packing = (*rerun[int, int])(nil)
)

// pack packs the inputs of claimed items, where each is a whole number or a
// text; ok is false where the batch is to be JSON.
func (l *lane) pack(b *batch, j job, from, to int) (ok bool) {
	p, can := j.(packing)
	if !can || !l.packs || from == to {
		return false
	}
	if to-from >= packFrom {
		l.buffer, b.packed = p.appendPacked(l.buffer, from, to)
	}
	if b.n = to - from; !b.packed {
		l.buffer, b.n = p.appendTexts(l.buffer, from, to)
		b.texts = b.n > 0
	}
	if b.json() {
		return false
	}
	b.refs = append(b.refs, ref{j, from, b.n, 0})
	if from+b.n < to {
		j.requeue(from+b.n, to, nil, false)
	}
	return true
}

// settlePacked passes packed results on to a job.
func settlePacked(j job, a int, packed []byte, o outcome) {
	if p, ok := j.(packing); ok {
		p.settlePacked(a, packed, o)
		return
	}
	j.settle(a, outputs{values: texts(packed)}, o)
}

func (c *chunk[In, Out]) appendPacked(dst []byte, a, b int) ([]byte, bool) {
	if c.r.fn.def.codec != nil {
		return dst, false
	}
	return packInto(dst, c.in[a:b])
}

func (c *chunk[In, Out]) settlePacked(a int, packed []byte, o outcome) {
	c.settlePackedTry(a, packed, o, 1)
}

func (j *rerun[In, Out]) appendPacked(dst []byte, a, b int) ([]byte, bool) {
	return j.chunk.appendPacked(dst, j.a+a, j.a+b)
}

func (j *rerun[In, Out]) settlePacked(a int, packed []byte, o outcome) {
	j.settlePackedTry(j.a+a, packed, o, j.tried+1)
}

func (c *chunk[In, Out]) settlePackedTry(a int, packed []byte, o outcome, try int) {
	n := len(packed) / 8
	if c.r.fn.def.codec != nil || !unpackInto(c.out[a:a+n], packed) {
		c.settleTry(a, outputs{values: texts(packed)}, o, try)
		return
	}
	o.try = try
	if c.recs != nil {
		for i := range n {
			c.recs[a+i] = o.record(i, n, try)
		}
	}
	c.hold(len(packed))
	c.span(a, a+n, o)
}

// packInto adds values to dst, 8 bytes each. Where one of them is no whole
// number that fits, it returns false and dst as it was.
func packInto[T any](dst []byte, values []T) ([]byte, bool) {
	out := dst
	switch values := any(values).(type) {
	case []int:
		for _, v := range values {
			out = binary.LittleEndian.AppendUint64(out, uint64(v))
		}
		return out, true
	case []int64:
		for _, v := range values {
			out = binary.LittleEndian.AppendUint64(out, uint64(v))
		}
		return out, true
	case []json.RawMessage:
		for _, text := range values {
			v, ok := whole(text)
			if !ok {
				return dst, false
			}
			out = binary.LittleEndian.AppendUint64(out, uint64(v))
		}
		return out, true
	}
	return dst, false
}

// whole reads a number whose text is exactly what strconv.FormatInt writes, so
// that nobody can tell that it was packed on the way. Of over 18 digits it reads
// none: those may not fit.
func whole(text []byte) (v int64, ok bool) {
	digits := text
	if len(digits) > 1 && digits[0] == '-' {
		digits = digits[1:]
	}
	if len(digits) == 0 || len(digits) > 18 || digits[0] == '0' && len(text) > 1 {
		return 0, false
	}
	for _, c := range digits {
		if c-'0' > 9 {
			return 0, false
		}
		v = 10*v + int64(c-'0')
	}
	if len(digits) < len(text) {
		v = -v
	}
	return v, true
}

// unpackInto reads packed numbers into out; false for a type that takes them as
// JSON only, or an int too small for one.
func unpackInto[T any](out []T, packed []byte) bool {
	switch out := any(out).(type) {
	case []int:
		for i := range out {
			v := numberAt(packed, i)
			if out[i] = int(v); int64(out[i]) != v {
				return false
			}
		}
		return true
	case []int64:
		for i := range out {
			out[i] = numberAt(packed, i)
		}
		return true
	case []json.RawMessage:
		format(out, packed)
		return true
	}
	return false
}

// texts is packed numbers as JSON.
func texts(packed []byte) [][]byte {
	out := make([][]byte, len(packed)/8)
	format(out, packed)
	return out
}

// format writes numbers as JSON. Some hundred share a piece of memory, so that
// neither each costs an allocation, nor one that is kept keeps all of them.
func format[T ~[]byte](out []T, packed []byte) {
	var buf []byte
	for i := range out {
		if cap(buf)-len(buf) < number {
			buf = make([]byte, 0, number*min(len(out)-i, 256))
		}
		mark := len(buf)
		buf = strconv.AppendInt(buf, numberAt(packed, i), 10)
		out[i] = T(buf[mark:len(buf):len(buf)])
	}
}

func numberAt(packed []byte, i int) int64 {
	return int64(binary.LittleEndian.Uint64(packed[8*i:]))
}
