// Package jsontext finds what is special in the text of a JSON string, for those
// who write it, read it and check it:
//
//	text ─► Plain ─► as it is, up to a quote, a backslash, a control character
package jsontext

import "math/bits"

// Plain is how many bytes there are before a quote, a backslash or a control
// character. It looks at eight at once: in a word of them, a subtraction borrows
// from the top bit of those that it looks for, and perhaps of some behind one
// ("Bit Twiddling Hacks", Sean Eron Anderson: determine if a word has a byte
// less than n).
func Plain[T ~string | ~[]byte](s T) int {
	const each = 0x0101010101010101
	i := 0
	for ; i+8 <= len(s); i += 8 {
		w := s[i : i+8] // of which one load is made
		x := uint64(w[0]) | uint64(w[1])<<8 | uint64(w[2])<<16 | uint64(w[3])<<24 |
			uint64(w[4])<<32 | uint64(w[5])<<40 | uint64(w[6])<<48 | uint64(w[7])<<56
		borrow := (x - ' '*each) | ((x ^ '"'*each) - each) | ((x ^ '\\'*each) - each)
		if borrow &= ^x & (0x80 * each); borrow != 0 {
			return i + bits.TrailingZeros64(borrow)/8 // the lowest is one of them
		}
	}
	for ; i < len(s); i++ {
		if c := s[i]; c < ' ' || c == '"' || c == '\\' {
			break
		}
	}
	return i
}
