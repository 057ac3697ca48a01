package wire

import (
	"bytes"
	"errors"
	"math"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/outpace-run/outpace/share"
)

// operations is one of each kind, with nothing in it that it does not look at.
func operations() []Operation {
	return []Operation{
		{Batch: 1, Index: 2, Part: 3, Ticket: 4, Request: share.Request{Op: share.OpAcquire, Kind: share.KindSemaphore, Name: "é", Limit: 5, Count: 2, Wait: time.Second}},
		{Batch: Outside, Ticket: math.MaxUint32, Request: share.Request{Op: share.OpAcquire, Name: strings.Repeat("n", share.MaxName), Limit: 1, Count: 1, Wait: share.Forever}},
		{Batch: 1, Request: share.Request{Op: share.OpRelease, Name: "db", Limit: 1, Count: 1}},
		{Batch: 1, Request: share.Request{Op: share.OpRelease, Name: "db", Limit: 1, Count: 1, Unused: true}},
		{Batch: 1, Request: share.Request{Op: share.OpAdd, Name: "pages", Key: "https://é", Number: math.MinInt64}},
		{Batch: 1, Ticket: 5, Request: share.Request{Op: share.OpCount, Name: "pages"}},
		{Batch: 1, Ticket: 5, Request: share.Request{Op: share.OpSnapshot, Name: "pages"}},
		{Batch: 1, Ticket: 5, Request: share.Request{Op: share.OpGet, Name: "best", Value: []byte(`{"a":[1]}`)}},
		{Batch: 1, Ticket: 5, Request: share.Request{Op: share.OpSet, Name: "best", Value: []byte(`null`)}},
		{Batch: 1, Ticket: 5, Request: share.Request{Op: share.OpSwap, Name: "best", Version: math.MaxUint64, Value: []byte(`1`)}},
		{Batch: 1, Ticket: 5, Request: share.Request{Op: share.OpSwap, Name: "best", Old: []byte(`[]`), Value: []byte(`"x"`)}},
		{Batch: 1, Ticket: 5, Request: share.Request{Op: share.OpPut, Name: "rows", Limit: 9, Count: 2, Wait: 1, Credit: true, Items: [][]byte{[]byte(`1`), []byte(`[2]`)}}},
		{Batch: 1, Request: share.Request{Op: share.OpPaid, Name: "rows", Count: 1, Items: [][]byte{[]byte(`1`)}}},
		{Batch: 1, Request: share.Request{Op: share.OpRefund, Name: "rows", Count: 7}},
		{Batch: 1, Ticket: 5, Request: share.Request{Op: share.OpTake, Name: "rows", Limit: 9, Count: 100, Wait: -2}},
		{Batch: 1, Request: share.Request{Op: share.OpClose, Name: "rows", Limit: 9}},
		{Batch: 1, Ticket: 5, Request: share.Request{Op: share.OpLen, Name: "rows", Limit: 9}},
		{Batch: 1, Ticket: 5, Request: share.Request{Op: share.OpWithdraw}},
	}
}

// What an operation does not look at is not sent.
func TestOperationIgnores(t *testing.T) {
	full := share.Request{Kind: share.KindSemaphore, Credit: true, Name: "n", Key: "k", Limit: 1, Number: 1, Version: 1, Wait: 1, Value: []byte("1"), Old: []byte("2")}
	for op := share.OpAcquire; op <= share.OpWithdraw; op++ {
		full.Op = op
		o := Operation{Ticket: 1, Request: full}
		if has, _, _ := layout(op); has&unanswered != 0 {
			o.Ticket = 0
		}
		frame, err := AppendOperation(nil, o)
		if err != nil {
			t.Fatalf("operation %d: %v", op, err)
		}
		if _, err := DecodeOperation(frame[header:]); err != nil {
			t.Errorf("operation %d: %v", op, err)
		}
	}
}

// What a frame cannot say is not sent, and refused where another sends it.
func TestOperationRefused(t *testing.T) {
	for what, o := range map[string]Operation{
		"no operation":             {Request: share.Request{Name: "n"}},
		"an unknown operation":     {Request: share.Request{Op: share.OpWithdraw + 1, Name: "n"}},
		"an unknown object":        {Ticket: 1, Request: share.Request{Op: share.OpAcquire, Kind: 2, Name: "n"}},
		"no name":                  {Request: share.Request{Op: share.OpLen}},
		"a long name":              {Request: share.Request{Op: share.OpLen, Name: strings.Repeat("n", share.MaxName+1)}},
		"a name that is no text":   {Request: share.Request{Op: share.OpLen, Name: "\xff"}},
		"a key that is no text":    {Request: share.Request{Op: share.OpAdd, Name: "n", Key: "\xff"}},
		"a limit below 0":          {Request: share.Request{Op: share.OpLen, Name: "n", Limit: -1}},
		"a count below 0":          {Request: share.Request{Op: share.OpRefund, Name: "n", Count: -1}},
		"nobody to acquire":        {Request: share.Request{Op: share.OpAcquire, Name: "n", Limit: 1, Count: 1}},
		"nobody to take":           {Request: share.Request{Op: share.OpTake, Name: "n", Limit: 1, Count: 1}},
		"nobody to wait":           {Request: share.Request{Op: share.OpPut, Name: "n", Limit: 1}},
		"a paid put with a ticket": {Ticket: 1, Request: share.Request{Op: share.OpPaid, Name: "n"}},
		"a refund with a ticket":   {Ticket: 1, Request: share.Request{Op: share.OpRefund, Name: "n"}},
		"nothing to withdraw":      {Request: share.Request{Op: share.OpWithdraw}},
	} {
		if frame, err := AppendOperation(nil, o); !errors.Is(err, ErrFrame) || frame != nil {
			t.Errorf("%s: %q, %v", what, frame, err)
		}
	}
	body := func(o Operation) []byte {
		frame, err := AppendOperation(nil, o)
		if err != nil {
			t.Fatal(err)
		}
		return frame[header:]
	}
	changed := func(at int, to byte) []byte {
		b := body(Operation{Ticket: 1, Request: share.Request{Op: share.OpSet, Name: "n", Value: []byte("1")}})
		b[at] = to
		return b
	}
	for what, b := range map[string][]byte{
		"nothing":           nil,
		"too short":         make([]byte, operationHead-1),
		"operation":         changed(16, 0),
		"object":            changed(17, 1),
		"length of name":    changed(18, 3),
		"limit":             changed(20, 1),
		"count":             changed(24, 1),
		"number":            changed(28, 1),
		"wait":              changed(36, 1),
		"version":           changed(44, 1),
		"name":              changed(operationHead, 0xff),
		"value":             changed(operationHead+1, 'x'),
		"two values":        append(changed(0, 0), " 2"...),
		"text behind":       append(body(Operation{Request: share.Request{Op: share.OpLen, Name: "n"}}), 1),
		"one of two values": append(body(Operation{Request: share.Request{Op: share.OpSwap, Name: "n", Old: []byte("1"), Value: []byte("2")}}), ']'),
		"half of a swap":    body(Operation{Request: share.Request{Op: share.OpSwap, Name: "n", Old: []byte("1")}}),
		"fewer items":       body(Operation{Request: share.Request{Op: share.OpPaid, Name: "n", Count: 1, Items: [][]byte{[]byte("1,2")}}}),
	} {
		if o, err := DecodeOperation(b); !errors.Is(err, ErrFrame) {
			t.Errorf("%s: %+v, %v", what, o, err)
		}
	}
}

// responses is answers to operations of each kind.
func responses() map[share.Op][]share.Response {
	items := [][]byte{[]byte(`1`), []byte(`{"a":"b"}`)}
	return map[share.Op][]share.Response{
		share.OpAcquire: {{}, {Abandoned: &share.Abandonment{By: "<f>, input 7", Why: "killed"}}, {Status: share.No},
			{Status: share.Deadlock, Text: "é waits"}, {Status: share.Withdrawn}, {Status: share.Held, Text: "again"}},
		share.OpAdd:      {{Number: -5}},
		share.OpSnapshot: {{Value: []byte(`{"a":1}`)}, {Status: share.Ended, Text: "closed"}},
		share.OpGet:      {{Version: 9, Value: []byte(`null`)}},
		share.OpSet:      {{Version: math.MaxUint64}, {Status: share.Misuse}},
		share.OpSwap:     {{Version: 9, Value: []byte(`1`)}, {Status: share.No, Version: 9, Value: []byte(`2`)}},
		share.OpPut:      {{Number: 64}, {Status: share.Closed, Number: 1}},
		share.OpTake:     {{Number: 2, Items: items}, {Status: share.Closed}, {Status: share.No}},
	}
}

func TestOutcome(t *testing.T) {
	for op, all := range responses() {
		for _, want := range all {
			frame, err := AppendOutcome([]byte("x"), 7, op, want)
			if err != nil {
				t.Fatal(err)
			}
			o, err := DecodeOutcome(frame[1+header:])
			if err != nil || o.Ticket != 7 {
				t.Fatalf("operation %d: %+v, %v", op, o, err)
			}
			if got, err := o.Response(op); err != nil || !reflect.DeepEqual(got, want) {
				t.Errorf("operation %d: %+v, %v; want %+v", op, got, err, want)
			}
		}
	}
	if frame, err := AppendOutcome(nil, 1, share.OpLen, share.Response{Status: share.Misuse, Text: "a\xffb"}); err != nil || !bytes.HasSuffix(frame, []byte("a\uFFFDb")) {
		t.Errorf("a text that is none: %q, %v", frame, err)
	}
}

func TestOutcomeRefused(t *testing.T) {
	for _, body := range [][]byte{
		nil, make([]byte, outcomeHead-1),
		make([]byte, outcomeHead), // ticket 0
		append([]byte{1, 0, 0, 0, byte(share.Held) + 1}, make([]byte, 16)...),
		append(append([]byte{1, 0, 0, 0, byte(share.Ended)}, make([]byte, 16)...), 0xff),
	} {
		if o, err := DecodeOutcome(body); !errors.Is(err, ErrFrame) {
			t.Errorf("%v: %+v, %v", body, o, err)
		}
	}
	for _, c := range []struct {
		op share.Op
		o  Outcome
	}{
		{share.OpAcquire, Outcome{Payload: []byte(`[]`)}},
		{share.OpRelease, Outcome{Payload: []byte(`1`)}},
		{share.OpAcquire, Outcome{Status: share.No, Payload: []byte(`{}`)}},
		{share.OpGet, Outcome{}},
		{share.OpSwap, Outcome{Status: share.No, Payload: []byte(`1 2`)}},
		{share.OpTake, Outcome{Payload: []byte(`[]`)}},
		{share.OpTake, Outcome{Number: 1 << 40, Payload: []byte(`[1]`)}},
		{share.OpTake, Outcome{Number: 2, Payload: []byte(`[1]`)}},
		{share.OpTake, Outcome{Status: share.Closed, Payload: []byte(`[1]`)}},
	} {
		if r, err := c.o.Response(c.op); !errors.Is(err, ErrFrame) {
			t.Errorf("operation %d, %+v: %+v, %v", c.op, c.o, r, err)
		}
	}
}

// FuzzOutcome reads any body as the answer to any operation: no panic, and what
// is accepted is the same after it was sent again.
func FuzzOutcome(f *testing.F) {
	for op, all := range responses() {
		for _, r := range all {
			frame, err := AppendOutcome(nil, 7, op, r)
			if err != nil {
				f.Fatal(err)
			}
			f.Add(byte(op), frame[header:])
		}
	}
	f.Fuzz(func(t *testing.T, op byte, body []byte) {
		o, err := DecodeOutcome(body)
		if err != nil {
			return
		}
		r, err := o.Response(share.Op(op))
		if err != nil {
			return
		}
		sent, err := AppendOutcome(nil, o.Ticket, share.Op(op), r)
		if err != nil {
			t.Fatalf("%+v was read but cannot be sent: %v", r, err)
		}
		again, err := DecodeOutcome(sent[header:])
		if err != nil {
			t.Fatalf("%+v was sent and cannot be read: %v", r, err)
		}
		if same, err := again.Response(share.Op(op)); err != nil || !reflect.DeepEqual(same, r) {
			t.Fatalf("%+v came back as %+v, %v", r, same, err)
		}
	})
}
