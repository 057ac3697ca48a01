package wire

import (
	"fmt"
	"math"
	"time"
	"unicode/utf8"

	"github.com/outpace-run/outpace/share"
)

// Outside as the batch of an operation is the worker itself, rather than an item.
const Outside = math.MaxUint32

// MaxTickets is how many operations of one worker may be unanswered.
const MaxTickets = 1 << 16

// Operation is the body of an operation frame: item Index of a batch, or a part
// of it, wants something that is shared.
type Operation struct {
	Batch, Index, Part uint32
	Ticket             uint32 // of the outcome; 0: none is wanted
	share.Request
}

// fields is which fields of its frame an operation has, as bits. The others are 0.
type fields uint16

const (
	hasObject fields = 1 << iota
	hasLimit
	hasCount
	hasNumber
	hasWait
	hasVersion
	answered   // its ticket is not 0
	unanswered // its ticket is 0
	unnamed    // it has no name
)

// form is what the payload of an operation is.
type form uint8

const (
	formNone  form = iota
	formKey        // the key of a counter
	formValue      // a JSON value
	formSwap       // … or, with version 0, an array of the old and the new one
	formItems      // a JSON array of as many values as Count
)

// layout returns what the frame of an operation has; false for one that is unknown.
func layout(op share.Op) (f fields, p form, known bool) {
	switch op {
	case share.OpAcquire:
		return hasObject | hasLimit | hasCount | hasWait | answered, formNone, true
	case share.OpRelease:
		return hasObject | hasLimit | hasCount | hasNumber, formNone, true
	case share.OpAdd:
		return hasNumber, formKey, true
	case share.OpCount:
		return 0, formKey, true
	case share.OpSnapshot:
		return 0, formNone, true
	case share.OpGet, share.OpSet:
		return 0, formValue, true
	case share.OpSwap:
		return hasVersion, formSwap, true
	case share.OpPut:
		return hasLimit | hasCount | hasWait | hasNumber | answered, formItems, true
	case share.OpPaid:
		return hasCount | unanswered, formItems, true
	case share.OpRefund:
		return hasCount | unanswered, formNone, true
	case share.OpTake:
		return hasLimit | hasCount | hasWait | answered, formNone, true
	case share.OpClose, share.OpLen:
		return hasLimit, formNone, true
	case share.OpWithdraw:
		return unnamed | answered, formNone, true
	}
	return 0, formNone, false
}

// operationHead is the bytes of an operation before its name.
const operationHead = 4*4 + 1 + 1 + 2 + 2*4 + 3*8

// AppendOperation adds an operation frame. Values and items are believed to be
// JSON; of items, there are as many as there are, whatever Count says. The error is ErrTooLong, or wraps ErrFrame for what a frame cannot say.
func AppendOperation(dst []byte, o Operation) ([]byte, error) {
	has, payload, known := layout(o.Op)
	o.Request = only(has, o.Request)
	if payload == formItems {
		o.Count = len(o.Items)
	}
	if why := o.wrong(has, payload, known); why != "" {
		return dst, fmt.Errorf("%w: %s", ErrFrame, why)
	}
	size := o.payloadSize(payload)
	if operationHead+len(o.Name)+size >= MaxFrame {
		return dst, ErrTooLong
	}
	dst = start(dst, KindOperation, operationHead+len(o.Name)+size)
	dst = put32(dst, o.Batch, o.Index, o.Part, o.Ticket)
	dst = append(dst, byte(o.Op), byte(o.Kind), byte(len(o.Name)), byte(len(o.Name)>>8))
	dst = put32(dst, uint32(o.Limit), uint32(o.Count))
	dst = put64(dst, uint64(o.Number), uint64(o.Wait), o.Version)
	return o.appendPayload(append(dst, o.Name...), payload), nil
}

// only returns a request without what its operation does not look at.
func only(has fields, r share.Request) share.Request {
	if has&hasObject == 0 {
		r.Kind = 0
	}
	if has&hasLimit == 0 {
		r.Limit = 0
	}
	if has&hasCount == 0 {
		r.Count = 0
	}
	if has&hasWait == 0 {
		r.Wait = 0
	}
	if has&hasVersion == 0 {
		r.Version = 0
	}
	if has&unnamed != 0 {
		r.Name = ""
	}
	switch {
	case has&hasNumber == 0:
		r.Number = 0
	case r.Op == share.OpPut: // the number says whether credits are welcome
		r.Number = flag(r.Credit)
	case r.Op == share.OpRelease: // … whether the units were used
		r.Number = flag(r.Unused)
	}
	return r
}

func flag(set bool) int64 {
	if set {
		return 1
	}
	return 0
}

// wrong says what of an operation cannot be sent; "" if all can.
func (o Operation) wrong(has fields, payload form, known bool) string {
	switch {
	case !known:
		return fmt.Sprintf("operation %d", o.Op)
	case o.Kind > share.KindSemaphore:
		return fmt.Sprintf("object %d", o.Kind)
	case has&unnamed == 0 && (o.Name == "" || len(o.Name) > share.MaxName):
		return fmt.Sprintf("a name of %d bytes", len(o.Name))
	case !utf8.ValidString(o.Name) || payload == formKey && !utf8.ValidString(o.Key):
		return "a name or a key that is not UTF-8"
	case o.Limit < 0 || uint64(o.Limit) > math.MaxUint32 || o.Count < 0 || uint64(o.Count) > math.MaxUint32:
		return fmt.Sprintf("%d of %d", o.Count, o.Limit)
	case has&unanswered != 0 && o.Ticket != 0 || has&answered != 0 && o.Ticket == 0:
		return fmt.Sprintf("operation %d with ticket %d", o.Op, o.Ticket)
	}
	return ""
}

func (o Operation) payloadSize(payload form) int {
	switch {
	case payload == formKey:
		return len(o.Key)
	case payload == formItems:
		return joined(o.Items)
	case payload == formSwap && o.Version == 0:
		return len(o.Old) + len(o.Value) + 3
	case payload == formNone:
		return 0
	}
	return len(o.Value)
}

func (o Operation) appendPayload(dst []byte, payload form) []byte {
	switch {
	case payload == formKey:
		return append(dst, o.Key...)
	case payload == formItems:
		return Join(dst, o.Items)
	case payload == formSwap && o.Version == 0:
		return Join(dst, [][]byte{o.Old, o.Value})
	case payload == formNone:
		return dst
	}
	return append(dst, o.Value...)
}

// joined is how many bytes Join adds for values.
func joined(values [][]byte) int {
	n := 2 + max(0, len(values)-1)
	for _, v := range values {
		n += len(v)
	}
	return n
}

// DecodeOperation reads the body of an operation frame.
func DecodeOperation(body []byte) (Operation, error) {
	d := decoder{rest: body}
	o := Operation{Batch: d.u32(), Index: d.u32(), Part: d.u32(), Ticket: d.u32()}
	o.Op, o.Kind = share.Op(d.u8()), share.Kind(d.u8())
	name := int(d.u8()) | int(d.u8())<<8
	o.Limit, o.Count, o.Number = int(d.u32()), int(d.u32()), int64(d.u64())
	o.Wait, o.Version = time.Duration(d.u64()), d.u64()
	if d.short || len(d.rest) < name {
		return o, fmt.Errorf("%w: malformed operation", ErrFrame)
	}
	o.Name = string(d.rest[:name])
	has, payload, known := layout(o.Op)
	if err := o.take(payload, d.rest[name:]); err != nil {
		return o, err
	}
	o.Credit = o.Op == share.OpPut && o.Number == 1
	o.Unused = o.Op == share.OpRelease && o.Number == 1
	if why := o.wrong(has, payload, known); why != "" {
		return o, fmt.Errorf("%w: %s", ErrFrame, why)
	}
	if !same(only(has, o.Request), o.Request) || has&unnamed != 0 && name > 0 {
		return o, fmt.Errorf("%w: operation %d has what it does not look at", ErrFrame, o.Op)
	}
	if o.Op == share.OpPut || o.Op == share.OpRelease {
		o.Number = 0
	}
	return o, nil
}

// same reports whether the numbers of two requests are.
func same(a, b share.Request) bool {
	return a.Kind == b.Kind && a.Limit == b.Limit && a.Count == b.Count && a.Number == b.Number && a.Wait == b.Wait && a.Version == b.Version
}

// take takes the payload, of which there must not be more.
func (o *Operation) take(payload form, text []byte) (err error) {
	switch {
	case payload == formKey:
		o.Key = string(text)
	case payload == formItems:
		o.Items, err = Split(nil, text, o.Count)
	case payload == formSwap && o.Version == 0:
		var both [][]byte
		if both, err = Split(nil, text, 2); err == nil {
			o.Old, o.Value = both[0], both[1]
		}
	case payload == formNone:
		if len(text) > 0 {
			err = fmt.Errorf("%w: %d bytes behind operation %d", ErrFrame, len(text), o.Op)
		}
	default:
		o.Value, err = whole(text)
	}
	return err
}

// whole returns the one JSON value that a text is, without the white space around it.
func whole(s []byte) ([]byte, error) {
	first := space(s, 0)
	end := value(s, first, 1)
	if end < 0 || space(s, end) < len(s) {
		return nil, fmt.Errorf("%w: a payload that is no JSON", ErrFrame)
	}
	return s[first:end:end], nil
}
