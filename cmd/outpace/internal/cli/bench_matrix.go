package cli

import (
	"encoding/json"
	"slices"

	"github.com/outpace-run/outpace"
	"github.com/outpace-run/outpace/cmd/outpace/internal/bench"
)

// matrix makes the cells of a measurement: serial, and then of each function each
// model at each width.
func (b *benchFlags) matrix(names []string, targets []*target, inputs []json.RawMessage, cores int) (bench.Matrix, error) {
	m := bench.Matrix{Inputs: inputs, Cores: cores}
	widths, err := b.parseWidths()
	if err != nil {
		return m, err
	}
	if widths == nil {
		widths = defaultWidths(cores, len(inputs), b.quick)
	}
	for i, t := range targets {
		m.Subjects = append(m.Subjects, subject(names[i], t))
		b.addCells(&m, i, t.kind, widths)
	}
	return m, b.unused(m, widths, targets)
}

func subject(name string, t *target) bench.Subject {
	return bench.Subject{Name: name, Runtime: t.what, GIL: t.gil, Func: t.fn, Model: func(model string, s outpace.Shape) outpace.Model {
		return t.model(choice{model: model, shape: s})
	}}
}

// addCells adds the cells of one function: serial, then model by model. A width
// that a model cannot have, and a hybrid that is none, is left out; so is a model
// that does not suit the function.
func (b *benchFlags) addCells(m *bench.Matrix, subject int, k kind, widths []width) {
	m.Entries = append(m.Entries, bench.Entry{Subject: subject, Model: "serial", Shape: outpace.Shape{Processes: 1, Tasks: 1}})
	models := b.models
	if models == nil {
		models = suited(k)
	}
	for at, model := range models {
		if model == "serial" || slices.Contains(models[:at], model) {
			continue
		}
		for _, w := range widths {
			c, err := choose(k, model, w, m.Cores)
			hybrid := c.shape.Processes > 1 && c.shape.Tasks > 1
			if err != nil || hybrid != (model == "hybrid") {
				continue
			}
			m.Entries = append(m.Entries, bench.Entry{Subject: subject, Model: model, Shape: c.shape})
		}
	}
}

// suited is the models that a function is measured under by default.
func suited(k kind) []string {
	switch k {
	case goFunction:
		return []string{"threads"}
	case pythonCoroutine:
		return []string{"async", "processes", "hybrid"}
	}
	return []string{"threads", "processes", "hybrid"}
}

// unused refuses a model that suits none of the functions, and a shape that no
// model takes.
func (b *benchFlags) unused(m bench.Matrix, widths []width, targets []*target) error {
	for _, model := range b.models {
		var why error
		for _, t := range targets {
			if why = suits(t.kind, model); why == nil {
				break
			}
		}
		if why != nil {
			return why
		}
	}
	for _, w := range widths {
		if w.workers == 0 && !slices.ContainsFunc(m.Entries, func(e bench.Entry) bool { return e.Shape == w.shape }) {
			return usage("--models hybrid has shapes PxT", "no model takes the shape %v", w.shape)
		}
	}
	for _, model := range b.models {
		if model != "serial" && !slices.ContainsFunc(m.Entries, func(e bench.Entry) bool { return e.Model == model }) {
			return usage("a hybrid has several processes and several tasks in each: 4 or more workers, or PxT", "--models %s: none of the widths makes one", model)
		}
	}
	return nil
}
