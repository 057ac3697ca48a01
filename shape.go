package outpace

import (
	"fmt"
	"strconv"
	"strings"
)

// Shape is how wide a model runs: Processes workers, each with Tasks tasks at
// once. Serial is 1x1, threads 1xT, processes Px1, a hybrid PxT.
type Shape struct {
	Processes int // worker processes; 1 means one process (for in-process models, this one)
	Tasks     int // tasks at once in each of them
}

// maxWidth bounds each side of a shape, so that a slip of the keyboard is an
// error and not a machine brought to its knees.
const maxWidth = 1_000_000

// Workers is how many tasks run at once, Processes x Tasks: the slots of all
// workers together.
func (s Shape) Workers() int { return s.Processes * s.Tasks }

// String returns the shape as "PxT", the form that ParseShape reads.
func (s Shape) String() string { return fmt.Sprintf("%dx%d", s.Processes, s.Tasks) }

func (s Shape) validate() error {
	if s.Processes < 1 || s.Tasks < 1 || s.Processes > maxWidth || s.Tasks > maxWidth {
		return fmt.Errorf("%w: a shape is at least 1x1 and at most %dx%d, got %v", ErrOption, maxWidth, maxWidth, s)
	}
	return nil
}

// ParseShape reads "PxT", two whole numbers of at least 1. The error wraps
// [ErrOption].
func ParseShape(text string) (Shape, error) {
	p, t, found := strings.Cut(text, "x")
	procs, err1 := strconv.Atoi(p)
	tasks, err2 := strconv.Atoi(t)
	if !found || err1 != nil || err2 != nil {
		return Shape{}, fmt.Errorf("%w: a shape is PxT, such as 4x2, got %q", ErrOption, text)
	}
	s := Shape{Processes: procs, Tasks: tasks}
	return s, s.validate()
}
