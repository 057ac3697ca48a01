package share

import (
	"bytes"
	"encoding/json"
	"math"
	"reflect"
)

// This file is the objects that nobody waits for: counters and values.

// value is what is stored under a name. Each change makes another version of it.
type value struct {
	text    []byte // JSON, never changed in place
	version uint64
}

func (s *Space) useCounter(r *Request) Response {
	counter := s.counters[r.Name]
	if counter == nil {
		counter = map[string]int64{}
		s.counters[r.Name] = counter
	}
	switch r.Op {
	case OpAdd:
		counter[r.Key] = sum(counter[r.Key], r.Number)
		return Response{Number: counter[r.Key]}
	case OpCount:
		return Response{Number: counter[r.Key]}
	default:
		text, err := json.Marshal(counter)
		if err != nil {
			return misuse("counter %q: %v", r.Name, err)
		}
		return Response{Value: text}
	}
}

// sum adds, and stops at the ends of what 64 bits hold.
func sum(a, b int64) int64 {
	switch {
	case b > 0 && a > math.MaxInt64-b:
		return math.MaxInt64
	case b < 0 && a < math.MinInt64-b:
		return math.MinInt64
	}
	return a + b
}

func (s *Space) useValue(r *Request) Response {
	v := s.values[r.Name]
	if v == nil {
		v = &value{text: []byte("null"), version: 1}
		if r.Op == OpGet && r.Value != nil {
			v.text = bytes.Clone(r.Value)
		}
		s.values[r.Name] = v
	}
	switch r.Op {
	case OpSet:
		v.set(r.Value)
	case OpSwap:
		if r.Version != 0 && r.Version != v.version || r.Version == 0 && !sameJSON(r.Old, v.text) {
			return Response{Status: No, Value: v.text, Version: v.version}
		}
		v.set(r.Value)
	}
	return Response{Value: v.text, Version: v.version}
}

func (v *value) set(text []byte) {
	v.text = bytes.Clone(text)
	v.version++
}

// sameJSON reports whether two texts are the same value: the order of keys, the
// escapes in strings and the way in which a number is written do not matter.
func sameJSON(a, b []byte) bool {
	if bytes.Equal(a, b) {
		return true
	}
	x, errX := plain(a)
	y, errY := plain(b)
	return errX == nil && errY == nil && reflect.DeepEqual(x, y)
}

// plain decodes JSON so that equal values are deeply equal. Integers keep all of
// their digits.
func plain(text []byte) (v any, err error) {
	d := json.NewDecoder(bytes.NewReader(text))
	d.UseNumber()
	err = d.Decode(&v)
	return numbers(v), err
}

// numbers puts a float64 in the place of each number that is no plain integer.
func numbers(v any) any {
	switch v := v.(type) {
	case json.Number:
		if _, err := v.Int64(); err == nil {
			return v
		}
		if f, err := v.Float64(); err == nil && f == math.Trunc(f) && math.Abs(f) < 1<<53 {
			return json.Number(jsonInt(int64(f)))
		} else if err == nil && bytes.ContainsAny([]byte(v), ".eE") {
			return f
		}
	case []any:
		for i := range v {
			v[i] = numbers(v[i])
		}
	case map[string]any:
		for k := range v {
			v[k] = numbers(v[k])
		}
	}
	return v
}

func jsonInt(n int64) string {
	text, _ := json.Marshal(n)
	return string(text)
}
