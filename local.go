package outpace

import (
	"context"
	"fmt"
)

// Serial runs one task after the other, in this process: 1x1.
func Serial() Model {
	return local{Plan{Model: "serial", Shape: Shape{1, 1}, Why: "one task at a time, as asked"}}
}

// Threads runs n tasks at once as goroutines of this process: 1xN. It suits Go
// functions that compute (n = cores) and that wait for a little of everything.
// Where n is below 1, New fails with ErrOption.
func Threads(n int) Model {
	return local{Plan{Model: "threads", Shape: Shape{1, n}, Why: fmt.Sprintf("%d goroutines, as asked", n)}}
}

// Async runs up to n tasks at once as goroutines of this process, for tasks that
// mostly wait: n may be tens of thousands. A waiting task costs about 3 KB. Where
// n is below 1, New fails with ErrOption.
func Async(n int) Model {
	return local{Plan{Model: "async", Shape: Shape{1, n}, Why: fmt.Sprintf("%d tasks waiting at once, as asked", n)}}
}

// local is the models that run Go functions in this process. The executor runs
// those itself, on slots, and never calls Start.
type local struct{ plan Plan }

func (m local) Plan() (Plan, error) { return m.plan, m.plan.Shape.validate() }

func (m local) Check(f AnyFunction) error {
	if f.Local() {
		return nil
	}
	if f.Spec() != nil {
		return fmt.Errorf("%w: %s is not a Go function, and the model %q runs Go functions only (hint: use the model of the package it came from)",
			ErrFunction, f.Name(), m.plan.Model)
	}
	return fmt.Errorf("%w: the function has no body (hint: make it with outpace.Func and a function that is not nil)", ErrFunction)
}

func (m local) Start(context.Context, WorkerEnv) (Worker, error) {
	return nil, fmt.Errorf("%w: the model %q has no worker processes", ErrFunction, m.plan.Model)
}
