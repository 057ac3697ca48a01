package share

import (
	"context"
	"encoding/json"
)

// SharedCounter counts under keys. Its methods act for the task whose context
// Counter was called with.
type SharedCounter struct {
	agent Agent
	name  string
}

// Counter returns the counter of a name, for the task of ctx. It never blocks. All
// keys begin at 0. Where ctx belongs to no task, the methods return ErrOutside.
func Counter(ctx context.Context, name string) *SharedCounter {
	return &SharedCounter{from(ctx), name}
}

// Add adds n to a key and does not wait until that has been done. It is done
// before the task's next operation that waits for an answer, and before its
// result. A sum stops at the ends of what 64 bits hold. A task that is retried
// adds again what it added: see the package's comment.
func (c *SharedCounter) Add(key string, n int64) error {
	return post(c.agent, Request{Op: OpAdd, Name: c.name, Key: key, Number: n})
}

// Sum adds n to a key and returns what it stands at then.
func (c *SharedCounter) Sum(ctx context.Context, key string, n int64) (int64, error) {
	resp, err := call(ctx, c.agent, Request{Op: OpAdd, Name: c.name, Key: key, Number: n})
	return resp.Number, err
}

// Get returns what a key stands at.
func (c *SharedCounter) Get(ctx context.Context, key string) (int64, error) {
	resp, err := call(ctx, c.agent, Request{Op: OpCount, Name: c.name, Key: key})
	return resp.Number, err
}

// Snapshot returns all keys that were added to, and what they stand at, all at
// the same moment.
func (c *SharedCounter) Snapshot(ctx context.Context) (map[string]int64, error) {
	resp, err := call(ctx, c.agent, Request{Op: OpSnapshot, Name: c.name})
	if err != nil {
		return nil, err
	}
	all := map[string]int64{}
	return all, json.Unmarshal(resp.Value, &all)
}
