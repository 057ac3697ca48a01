package session

import (
	"fmt"
	"os"
	"strings"

	"github.com/outpace-run/outpace"
)

// This file is what the options of all adapter packages have in common.

// MaxWidth bounds processes, and tasks in each, so that a slip is an error.
const MaxWidth = 100_000

// CheckDir reports a working directory that is none; "" is ours. The system
// would blame the program.
func CheckDir(dir string) error {
	if dir == "" {
		return nil
	}
	info, err := os.Stat(dir)
	if err != nil {
		return fmt.Errorf("%w: the workers' directory: %w", outpace.ErrOption, err)
	}
	if !info.IsDir() {
		return fmt.Errorf("%w: the workers' directory: %s is a file", outpace.ErrOption, dir)
	}
	return nil
}

// CheckEnv reports what is no variable for an environment.
func CheckEnv(kv []string) error {
	for _, s := range kv {
		if i := strings.IndexByte(s, '='); i < 1 || strings.ContainsRune(s, 0) {
			return fmt.Errorf("%w: a variable is KEY=value, got %q", outpace.ErrOption, s)
		}
	}
	return nil
}

// CheckWidth reports a number of processes, or of tasks, that is out of range.
func CheckWidth(n int, what string) error {
	if n < 1 || n > MaxWidth {
		return fmt.Errorf("%w: %s are from 1 to %d, got %d", outpace.ErrOption, what, MaxWidth, n)
	}
	return nil
}

// Word names the model of a shape whose processes have no event loop.
func Word(s outpace.Shape) string {
	switch {
	case s.Processes > 1 && s.Tasks > 1:
		return "hybrid"
	case s.Processes > 1:
		return "processes"
	case s.Tasks > 1:
		return "threads"
	}
	return "serial"
}
