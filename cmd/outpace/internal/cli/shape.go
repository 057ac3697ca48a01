package cli

import (
	"fmt"

	"github.com/outpace-run/outpace"
)

// kind is what a function is, as far as the choice of a model goes.
type kind int

const (
	goFunction kind = iota
	pythonFunction
	pythonCoroutine
)

// choice is a model's name, its shape, and why.
type choice struct {
	model string
	shape outpace.Shape
	why   string
}

// models returns the names of the models, in the order of the documentation.
func models() []string {
	return []string{"auto", "serial", "threads", "processes", "async", "hybrid"}
}

// asyncTasks is how many coroutines run at once where nobody says how many.
const asyncTasks = 100

// choose decides model and shape by the static rule of the guides: what keeps
// a core busy gets as many workers as there are cores, threads where those can
// run side by side and processes where an interpreter's lock forbids it; what
// waits gets an event loop. A flag overrides each part of it.
func choose(k kind, model string, w width, cores int) (choice, error) {
	if err := suits(k, model); err != nil {
		return choice{}, err
	}
	if model == "auto" {
		return chooseAuto(k, w, cores)
	}
	c := choice{model: model, why: "as asked for"}
	var err error
	switch model {
	case "serial":
		c.shape, err = fixed(w, "serial", 1, 1)
	case "threads":
		c.shape, err = oneProcess(w, "threads", cores)
	case "processes":
		c.shape, err = oneTask(w, cores)
	case "async":
		c.shape, err = asyncShape(k, w)
	case "hybrid":
		c.shape = hybridShape(w, cores)
	}
	if w == (width{}) && model != "serial" {
		c.why = fmt.Sprintf("model as asked for, width for %s", plural(cores, "core"))
		if model == "async" {
			c.why = fmt.Sprintf("model as asked for, %d tasks at once by default", asyncTasks)
		}
	}
	return c, err
}

// suits says why a function cannot run under a model at all.
func suits(k kind, model string) error {
	switch {
	case k == goFunction && (model == "processes" || model == "hybrid"):
		return usage("try --model threads", "Go functions built into the command run as threads, not as %s", model)
	case k == pythonFunction && model == "async":
		return usage("try --model threads, or write it as async def", "an event loop runs coroutine functions, and this is a plain one")
	case k == pythonCoroutine && model == "threads":
		return usage("try --model async", "a coroutine function runs on an event loop, not in threads")
	}
	return nil
}

func chooseAuto(k kind, w width, cores int) (choice, error) {
	given := w.shape
	asked := "as wide as asked for"
	switch k {
	case goFunction:
		shape, err := oneProcess(w, "a Go function", cores)
		why := fmt.Sprintf("a Go function on %s", plural(cores, "core"))
		if w != (width{}) {
			why = "a Go function, " + asked
		}
		return choice{"threads", shape, why}, err
	case pythonCoroutine:
		shape, err := asyncShape(k, w)
		why := fmt.Sprintf("a coroutine function waits, so %d at once on an event loop", asyncTasks)
		if w != (width{}) {
			why = "a coroutine function, " + asked
		}
		return choice{"async", shape, why}, err
	}
	switch {
	case given != outpace.Shape{}:
		return choice{nameOf(given), given, "a Python function, " + asked}, nil
	case w.workers > 0:
		return choice{"processes", outpace.Shape{Processes: w.workers, Tasks: 1}, "a Python function, " + asked}, nil
	}
	return choice{"processes", outpace.Shape{Processes: cores, Tasks: 1}, fmt.Sprintf("a Python function on %s, a process for each", plural(cores, "core"))}, nil
}

// nameOf is the model of a shape of worker processes.
func nameOf(s outpace.Shape) string {
	switch {
	case s.Tasks == 1:
		return "processes"
	case s.Processes == 1:
		return "threads"
	}
	return "hybrid"
}

func plural(n int, what string) string {
	if n == 1 {
		return "1 " + what
	}
	return fmt.Sprintf("%d %ss", n, what)
}

// fixed is the shape of a model that has only one.
func fixed(w width, model string, processes, tasks int) (outpace.Shape, error) {
	s := outpace.Shape{Processes: processes, Tasks: tasks}
	if w.workers > 1 || w.shape != (outpace.Shape{}) && w.shape != s {
		return s, usage("leave -j or --model out", "--model %s is %v and nothing else", model, s)
	}
	return s, nil
}

// oneProcess is a shape 1xT.
func oneProcess(w width, what string, cores int) (outpace.Shape, error) {
	switch {
	case w.shape.Processes > 1:
		hint := "try --model hybrid"
		if what == "a Go function" {
			hint = fmt.Sprintf("try -j %d", w.shape.Workers())
		}
		return w.shape, usage(hint, "%s: one process with many tasks, not %v", what, w.shape)
	case w.shape.Tasks > 0:
		return w.shape, nil
	case w.workers > 0:
		return outpace.Shape{Processes: 1, Tasks: w.workers}, nil
	}
	return outpace.Shape{Processes: 1, Tasks: cores}, nil
}

// oneTask is a shape Px1.
func oneTask(w width, cores int) (outpace.Shape, error) {
	switch {
	case w.shape.Tasks > 1:
		return w.shape, usage("try --model hybrid", "processes: one task in each, not %v", w.shape)
	case w.shape.Processes > 0:
		return w.shape, nil
	case w.workers > 0:
		return outpace.Shape{Processes: w.workers, Tasks: 1}, nil
	}
	return outpace.Shape{Processes: cores, Tasks: 1}, nil
}

// asyncShape is P event loops with T tasks on each; Go has one.
func asyncShape(k kind, w width) (outpace.Shape, error) {
	if k == goFunction && w.shape.Processes > 1 {
		return w.shape, usage(fmt.Sprintf("try -j %d", w.shape.Workers()), "async: a Go function runs in one process, not %v", w.shape)
	}
	switch {
	case w.shape != outpace.Shape{}:
		return w.shape, nil
	case w.workers > 0:
		return outpace.Shape{Processes: 1, Tasks: w.workers}, nil
	}
	return outpace.Shape{Processes: 1, Tasks: asyncTasks}, nil
}

// hybridShape spreads N workers over as many processes as there are cores and
// as divide N; it is never anything but N workers.
func hybridShape(w width, cores int) outpace.Shape {
	switch {
	case w.shape != outpace.Shape{}:
		return w.shape
	case w.workers == 0:
		return outpace.Shape{Processes: cores, Tasks: 4}
	}
	p := min(cores, w.workers)
	for w.workers%p != 0 {
		p--
	}
	return outpace.Shape{Processes: p, Tasks: w.workers / p}
}
