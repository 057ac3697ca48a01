package outpace

import (
	"encoding/binary"
	"encoding/json"
	"slices"
	"unicode/utf8"
)

// This file is how long texts cross packed: as they are, their lengths before
// them. As JSON, each of both sides has to look for quotes and line ends, and to
// escape them, which takes several times as long as the copies do.
//
//	[]string, []json.RawMessage ──► textsInto ──► Batch.Texts ──► worker
//	string, or JSON for other types ◄── readAny ◄── Reply.Texts ◄──┘

const (
	textFrom = 256     // bytes of a batch's texts on average, from which on they are packed
	mostText = 1 << 30 // bytes of a batch; the session refuses longer ones, as JSON
)

func (c *chunk[In, Out]) appendTexts(dst []byte, a, b int) (out []byte, n int) {
	if c.r.fn.def.codec != nil {
		return dst, 0
	}
	return textsInto(dst, c.in[a:b])
}

func (j *rerun[In, Out]) appendTexts(dst []byte, a, b int) (out []byte, n int) {
	return j.chunk.appendTexts(dst, j.a+a, j.a+b)
}

// textsInto adds the first n values to dst, as many as a batch may hold. Where
// one of them is no text, or they are short, n is 0 and dst as it was.
func textsInto[T any](dst []byte, values []T) (out []byte, n int) {
	if !hasSize[T]() {
		return dst, 0
	}
	total := 0
	for n < len(values) && total <= batchBytes {
		total += encodedSize(values[n])
		n++
	}
	if total < n*textFrom || total > mostText {
		return dst, 0
	}
	ok := false
	switch values := any(values[:n]).(type) {
	case []string:
		out, ok = pasteTexts(dst, values, total, func(dst []byte, text string) ([]byte, bool) {
			return append(dst, text...), utf8.ValidString(text)
		})
	case []json.RawMessage:
		out, ok = pasteTexts(dst, values, total, appendUnquoted)
	}
	if !ok {
		return dst, 0
	}
	return out, n
}

// pasteTexts adds the lengths of values, which are some total bytes, and what
// paste makes of each.
func pasteTexts[T any](dst []byte, values []T, total int, paste func([]byte, T) ([]byte, bool)) (out []byte, ok bool) {
	at := len(dst)
	out = slices.Grow(dst, 4*len(values)+total)[:at+4*len(values)]
	for i, v := range values {
		before := len(out)
		if out, ok = paste(out, v); !ok {
			return dst, false
		}
		binary.LittleEndian.PutUint32(out[at+4*i:], uint32(len(out)-before))
	}
	return out, true
}

// readAny reads a result, and tells how many bytes it holds on to.
func (d *definition[In, Out]) readAny(outs outputs, i int, out *Out) (size int, err error) {
	value := outs.values[i]
	if outs.texts {
		if s, ok := any(out).(*string); ok && d.codec == nil {
			*s = string(value)
			return len(value), nil
		}
		value = appendQuoted(make([]byte, 0, len(value)+len(value)/16+2), value)
	}
	return len(value), d.readOutput(value, out)
}
