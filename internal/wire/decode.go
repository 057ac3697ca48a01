package wire

import (
	"encoding/binary"
	"fmt"
	"math"
	"time"
)

// decoder takes numbers off the front of a body. After the body was too short,
// or held what it must not, short is set and the numbers mean nothing.
type decoder struct {
	rest  []byte
	short bool
}

// take returns the next n bytes, n being at most 8.
func (d *decoder) take(n int) []byte {
	if d.short || len(d.rest) < n {
		d.short = true
		return make([]byte, 8)
	}
	b := d.rest[:n]
	d.rest = d.rest[n:]
	return b
}

func (d *decoder) u8() uint8 { return d.take(1)[0] }

func (d *decoder) u32() uint32 { return binary.LittleEndian.Uint32(d.take(4)) }

func (d *decoder) u64() uint64 { return binary.LittleEndian.Uint64(d.take(8)) }

// flags reads a byte of flags, of which three are known and two exclude each other.
func (d *decoder) flags() (walls, packed, texts bool) {
	b := d.u8()
	if b > flagWalls|flagTexts {
		d.short = true
	}
	return b&flagWalls != 0, b&flagPacked != 0, b&flagTexts != 0
}

// packed makes sure that what is left is n whole numbers, where it is packed.
func (d *decoder) packed(is bool, n uint32) {
	if is && uint64(len(d.rest)) != 8*uint64(n) {
		d.short = true
	}
}

// duration reads nanoseconds; more than 292 years are cut down to that.
func (d *decoder) duration() time.Duration {
	return time.Duration(min(d.u64(), math.MaxInt64))
}

// cpu reads nanoseconds, all ones being -1.
func (d *decoder) cpu() time.Duration {
	n := d.u64()
	if n == unmeasured {
		return -1
	}
	return time.Duration(min(n, math.MaxInt64))
}

// err is the error of a body whose last part is text.
func (d *decoder) err(name string) error {
	if d.short {
		return fmt.Errorf("%w: malformed %s", ErrFrame, name)
	}
	return nil
}

// end is the error of a body that must be used up.
func (d *decoder) end(name string) error {
	if len(d.rest) > 0 {
		d.short = true
	}
	return d.err(name)
}
