package share

import "context"

// Key finds the [Agent] of a task by its context's Value.
type Key struct{}

// With returns a context in which the functions of this package act for agent.
func With(ctx context.Context, agent Agent) context.Context {
	return context.WithValue(ctx, Key{}, agent)
}

// from returns who acts for the task of ctx; nil where it belongs to none.
func from(ctx context.Context) Agent {
	if ctx == nil {
		return nil
	}
	agent, _ := ctx.Value(Key{}).(Agent)
	return agent
}

// Parter is an [Agent] of a task that may have parts: see [Part].
type Parter interface {
	Agent

	// Part returns the agent of a new part of the task.
	Part() Agent
}

// Part returns a context for another goroutine of the same task, which can then
// hold a lock that the first one waits for. To locks and semaphores all
// goroutines with one context are one and the same. What a part holds ends with
// the task. A goroutine that serves a queue for which its task waits is to have a
// part as well: else the task may be found to wait for what nobody does.
func Part(ctx context.Context) context.Context {
	if p, ok := from(ctx).(Parter); ok {
		return With(ctx, p.Part())
	}
	return ctx
}
