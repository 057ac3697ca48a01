package python

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"time"
)

// ErrInterpreter is wrapped by the error for an interpreter that is missing,
// too old, or no Python.
var ErrInterpreter = errors.New("no usable Python")

// Python is an interpreter, as it describes itself.
type Python struct {
	Executable string // its sys.executable
	Version    string // "3.12.1"
	GIL        bool   // its threads run Python code one at a time
}

// Find finds the interpreter that workers would use, as [Interpreter] says,
// and starts it to ask what it is. It blocks for a few tens of milliseconds,
// and at most ten seconds where the program does not answer. The error wraps
// ErrInterpreter, or is the cause of ctx.
func Find(ctx context.Context, interpreter string) (Python, error) {
	c := defaults()
	c.interpreter = interpreter
	w, err := c.firstWorker(ctx)
	if err != nil {
		return Python{}, err
	}
	_ = w.Abandon()
	return w.python(), nil
}

// python is the interpreter of a worker.
func (w worker) python() Python {
	return Python{Executable: w.executable(), Version: w.Hello().Runtime, GIL: w.Hello().GIL}
}

const hint = "(hint: name a CPython 3.9 or newer with --python PATH, or python.Interpreter in Go)"

// locate returns the absolute path of an interpreter without starting it, and
// how it was found.
func locate(interpreter string) (path, how string, err error) {
	if interpreter != "" {
		path, err = lookPath(interpreter)
		if err != nil {
			return "", "", fmt.Errorf("%w: %w %s", ErrInterpreter, err, hint)
		}
		return path, "as given", nil
	}
	if env := os.Getenv("VIRTUAL_ENV"); env != "" {
		if path, err = lookPath(filepath.Join(env, "bin", "python")); err == nil {
			return path, "of $VIRTUAL_ENV", nil
		}
	}
	for _, name := range []string{"python3", "python"} {
		if path, err = lookPath(name); err == nil {
			return path, "found on PATH", nil
		}
	}
	return "", "", fmt.Errorf("%w: neither python3 nor python is on PATH %s", ErrInterpreter, hint)
}

// lookPath is exec.LookPath, made absolute: a worker may start elsewhere.
func lookPath(name string) (string, error) {
	path, err := exec.LookPath(name)
	if err != nil && !errors.Is(err, exec.ErrDot) {
		return "", err
	}
	return filepath.Abs(path)
}

// tooOld is the error for an interpreter of a version that cannot be used.
func tooOld(path, version string) error {
	return fmt.Errorf("%w: %s is Python %s, and Outpace needs 3.9 or newer %s", ErrInterpreter, path, version, hint)
}

// supported reports whether a version is 3.9 or newer.
func supported(version string) bool {
	var major, minor int
	n, _ := fmt.Sscanf(version, "%d.%d", &major, &minor)
	return n == 2 && (major > 3 || major == 3 && minor >= 9)
}

// explain turns the end of a program that never spoke into an error a user can
// act on. It asks the program for its version, which a Python 2 knows.
func explain(path string, end error, output string) error {
	ctx, cancel := context.WithTimeout(context.Background(), 2*time.Second)
	defer cancel()
	ask := exec.CommandContext(ctx, path, "--version")
	ask.WaitDelay = time.Second
	answer, failed := ask.CombinedOutput()
	found := regexp.MustCompile(`^Python (\d+\.\d+\S*)`).FindSubmatch(answer)
	if found != nil && !supported(string(found[1])) {
		return tooOld(path, string(found[1]))
	}
	if first, _, _ := strings.Cut(string(answer), "\n"); found == nil && failed == nil && first != "" {
		return fmt.Errorf("%w: %s calls itself %q %s", ErrInterpreter, path, first, hint)
	}
	what := "does not behave like a Python"
	if found != nil {
		what = "(Python " + string(found[1]) + ") does not start"
	}
	if output != "" {
		output = ": " + strconv.Quote(lastLine(output))
	}
	return fmt.Errorf("%w: %s %s: %w%s %s", ErrInterpreter, path, what, end, output, hint)
}

func lastLine(text string) string { return text[strings.LastIndexByte(text, '\n')+1:] }
