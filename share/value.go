package share

import (
	"context"
	"encoding/json"
	"fmt"
)

// SharedValue is one value that tasks read and replace. Its methods act for the
// task whose context Value was called with. It crosses as JSON: what one task gets
// is a copy.
type SharedValue[T any] struct {
	agent   Agent
	name    string
	initial T
}

// Value returns the value of a name, for the task of ctx. It never blocks. The
// first to use it makes it initial. Where ctx belongs to no task, the methods
// return ErrOutside.
func Value[T any](ctx context.Context, name string, initial T) *SharedValue[T] {
	return &SharedValue[T]{from(ctx), name, initial}
}

// Get returns the value.
func (v *SharedValue[T]) Get(ctx context.Context) (T, error) {
	x, _, err := v.get(ctx)
	return x, err
}

// Set replaces the value, whatever it is. Who wants to depend on what it was uses
// Update or CompareAndSet.
func (v *SharedValue[T]) Set(ctx context.Context, x T) error {
	text, err := v.encode(x)
	if err == nil {
		_, err = call(ctx, v.agent, Request{Op: OpSet, Name: v.name, Value: text})
	}
	return err
}

// CompareAndSet makes the value next if it equals old, and reports whether it did.
// They are equal if their JSON means the same.
func (v *SharedValue[T]) CompareAndSet(ctx context.Context, old, next T) (bool, error) {
	if _, _, err := v.get(ctx); err != nil { // which makes it initial
		return false, err
	}
	was, err := v.encode(old)
	if err != nil {
		return false, err
	}
	return v.swap(ctx, Request{Old: was}, next)
}

// Update replaces the value by what fn makes of it, and returns that. fn is called
// again where somebody else was in between. An error of fn changes nothing and is
// returned as it is.
func (v *SharedValue[T]) Update(ctx context.Context, fn func(T) (T, error)) (T, error) {
	var zero T
	for {
		x, version, err := v.get(ctx)
		if err != nil {
			return zero, err
		}
		next, err := fn(x)
		if err != nil {
			return zero, err
		}
		if ok, err := v.swap(ctx, Request{Version: version}, next); ok || err != nil {
			return next, err
		}
	}
}

func (v *SharedValue[T]) get(ctx context.Context) (x T, version uint64, err error) {
	text, err := v.encode(v.initial)
	if err != nil {
		return x, 0, err
	}
	resp, err := call(ctx, v.agent, Request{Op: OpGet, Name: v.name, Value: text})
	if err == nil {
		err = decode(resp.Value, &x, "value", v.name)
	}
	return x, resp.Version, err
}

func (v *SharedValue[T]) swap(ctx context.Context, r Request, next T) (bool, error) {
	text, err := v.encode(next)
	if err != nil {
		return false, err
	}
	r.Op, r.Name, r.Value = OpSwap, v.name, text
	resp, err := call(ctx, v.agent, r)
	return err == nil && resp.Status == OK, err
}

func (v *SharedValue[T]) encode(x T) ([]byte, error) { return encode(x, "value", v.name) }

// encode makes JSON of what is to be shared.
func encode(x any, kind, name string) ([]byte, error) {
	text, err := json.Marshal(x)
	if err != nil {
		return nil, fmt.Errorf("%w: what is to be shared as %s %q cannot be carried as JSON: %w", ErrMisuse, kind, name, err)
	}
	return text, nil
}

func decode(text []byte, into any, kind, name string) error {
	if err := json.Unmarshal(text, into); err != nil {
		return fmt.Errorf("%w: what %s %q holds is no %T: %w (hint: use one type everywhere)", ErrMisuse, kind, name, into, err)
	}
	return nil
}
