package wire

import (
	"bytes"
	"fmt"
	"unicode/utf8"

	"github.com/outpace-run/outpace/share"
)

// Outcome is the body of an outcome frame: the answer to the operation with
// that ticket. What its payload is depends on the operation: see Response.
type Outcome struct {
	Ticket  uint32
	Status  share.Status
	Number  int64
	Version uint64
	Payload []byte
}

// outcomeHead is the bytes of an outcome before its payload.
const outcomeHead = 4 + 1 + 8 + 8

// AppendOutcome adds an outcome frame with a response to an operation. Values and
// items are believed to be JSON. The error is ErrTooLong, or the encoder's.
func AppendOutcome(dst []byte, ticket uint32, op share.Op, r share.Response) ([]byte, error) {
	var payload []byte
	switch {
	case valued(op, r.Status):
		payload = r.Value
	case explained(r.Status):
		payload = bytes.ToValidUTF8([]byte(r.Text), []byte("\uFFFD"))
	case r.Abandoned != nil:
		text, err := encode(r.Abandoned)
		if err != nil {
			return dst, err
		}
		payload = text
	case len(r.Items) > 0:
		r.Number = int64(len(r.Items))
		if outcomeHead+joined(r.Items) >= MaxFrame {
			return dst, ErrTooLong
		}
		return Join(outcomeFront(dst, ticket, r, joined(r.Items)), r.Items), nil
	}
	if outcomeHead+len(payload) >= MaxFrame {
		return dst, ErrTooLong
	}
	return append(outcomeFront(dst, ticket, r, len(payload)), payload...), nil
}

// outcomeFront adds an outcome up to its payload of n bytes.
func outcomeFront(dst []byte, ticket uint32, r share.Response, n int) []byte {
	dst = put32(start(dst, KindOutcome, outcomeHead+n), ticket)
	return put64(append(dst, byte(r.Status)), uint64(r.Number), r.Version)
}

// explained reports whether the payload of an outcome is a text that says why.
func explained(s share.Status) bool {
	return s == share.Deadlock || s == share.Ended || s == share.Misuse || s == share.Held
}

// valued reports whether the payload of an outcome is a value.
func valued(op share.Op, s share.Status) bool {
	return s == share.OK && (op == share.OpGet || op == share.OpSnapshot || op == share.OpSwap) || s == share.No && op == share.OpSwap
}

// DecodeOutcome reads the body of an outcome frame.
func DecodeOutcome(body []byte) (Outcome, error) {
	d := decoder{rest: body}
	o := Outcome{Ticket: d.u32(), Status: share.Status(d.u8()), Number: int64(d.u64()), Version: d.u64(), Payload: d.rest}
	if o.Ticket == 0 || !o.Status.Valid() || explained(o.Status) && !utf8.Valid(d.rest) {
		d.short = true
	}
	return o, d.err("outcome")
}

// Response reads an outcome as the answer to an operation. The error wraps
// ErrFrame for a payload that such an answer does not have.
func (o Outcome) Response(op share.Op) (share.Response, error) {
	r := share.Response{Status: o.Status, Number: o.Number, Version: o.Version}
	var err error
	switch {
	case explained(o.Status):
		r.Text = string(o.Payload)
	case o.Status == share.OK && op == share.OpAcquire && len(o.Payload) > 0:
		r.Abandoned = &share.Abandonment{}
		err = Decode(o.Payload, r.Abandoned)
	case o.Status == share.OK && op == share.OpTake:
		if o.Number < 1 || o.Number > int64(len(o.Payload)) {
			return r, fmt.Errorf("%w: %d items", ErrFrame, o.Number)
		}
		r.Items, err = Split(nil, o.Payload, int(o.Number))
	case valued(op, o.Status):
		r.Value, err = whole(o.Payload)
	case len(o.Payload) > 0:
		err = fmt.Errorf("%w: %d bytes behind status %d of operation %d", ErrFrame, len(o.Payload), o.Status, op)
	}
	return r, err
}
