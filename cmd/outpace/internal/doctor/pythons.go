package doctor

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"time"

	"github.com/outpace-run/outpace/python"
)

const (
	runPatience = 5 * time.Second // for the interpreter of a run, which may import from a slow disk
	patience    = 2 * time.Second // for any other
	most        = 32              // interpreters that are asked
)

// Python is an interpreter that was found.
type Python struct {
	Path         string `json:"path"`
	Version      string `json:"version,omitempty"`
	Name         string `json:"implementation,omitempty"` // "cpython"
	GIL          bool   `json:"gil"`                      // threads run Python code one at a time
	FreeThreaded bool   `json:"free_threaded"`            // built to run without a GIL, whether it does or not
	Supported    bool   `json:"supported"`                // CPython 3.9 or newer, and it answers
	Run          bool   `json:"run"`                      // a run uses it
	Problem      string `json:"problem,omitempty"`        // why it cannot be used
}

// interpreters finds the interpreter of a run as a run does, and all others
// where they usually are. At most so many are asked at once.
func interpreters(ctx context.Context, asked string, atOnce int) (Section, []Python) {
	run, err := ofRun(ctx, asked)
	paths, more := candidates(run.Executable)
	all := askAll(ctx, paths, atOnce)
	free := false
	var others []Finding
	for i := range all {
		if p := &all[i]; err != nil || key(p.Path) != key(run.Executable) {
			others = append(others, p.finding())
		} else {
			p.Run, free = true, p.FreeThreaded
		}
	}
	found := []Finding{runFinding(asked, run, free, err)}
	if f := otherEnvironment(asked, run); f.Name != "" {
		found = append(found, f)
	}
	found = append(found, others...)
	if more > 0 {
		found = append(found, ok("not asked", fmt.Sprintf("%d more", more)))
	}
	return Section{"CPython", found}, all
}

// unsupported stands for the interpreters where there are no worker processes.
func unsupported() Finding {
	return note("used by a run", "none: worker processes need Linux or macOS", "go: functions run here; Python functions run under WSL or in a container")
}

// unasked stands for the interpreters where not even one may be started: trying
// would be the end of this process.
func unasked() Finding {
	return problem("used by a run", "not asked: a limit leaves no room for a process", "see processes, below")
}

// ofRun starts a worker and ends it.
func ofRun(ctx context.Context, asked string) (python.Python, error) {
	name := asked
	if name == "" {
		name = "python3"
	}
	ctx, cancel := context.WithTimeoutCause(ctx, runPatience, fmt.Errorf("%s gave no answer within %v", name, runPatience))
	defer cancel()
	return python.Find(ctx, asked)
}

// runFinding is about the interpreter without which no Python function runs.
func runFinding(asked string, p python.Python, free bool, err error) Finding {
	const name = "used by a run"
	if err == nil {
		return ok(name, fmt.Sprintf("%s, %s, %s (%s)", p.Version, lock(p.GIL, free), p.Executable, how(asked, p.Executable)))
	}
	text, hint, _ := strings.Cut(err.Error(), " (hint: ")
	switch hint = strings.TrimSuffix(hint, ")"); {
	case errors.Is(err, syscall.EMFILE), errors.Is(err, syscall.EAGAIN):
		hint = "a limit on files or processes, as below"
	case errors.Is(err, python.ErrInterpreter):
		hint = "install a CPython 3.9 or newer, or name one with --python PATH; go: functions run without"
	case hint == "":
		hint = "start it by hand, or name another with --python PATH; go: functions run without"
	}
	return problem(name, text, hint)
}

// how says why a run takes this interpreter.
func how(asked, executable string) string {
	env := os.Getenv("VIRTUAL_ENV")
	switch {
	case asked != "":
		return "--python"
	case env != "" && within(executable, env):
		return "$VIRTUAL_ENV"
	}
	return "on PATH"
}

// otherEnvironment is an environment that is active and that a run does not use,
// although nobody asked for another.
func otherEnvironment(asked string, p python.Python) Finding {
	const name = "environment"
	for _, variable := range []string{"VIRTUAL_ENV", "CONDA_PREFIX"} {
		dir := os.Getenv(variable)
		switch own := filepath.Join(dir, "bin", "python"); {
		case dir == "":
			continue
		case asked != "" || p.Executable == "" || within(p.Executable, dir):
			return Finding{}
		case !runnable(own):
			return note(name, fmt.Sprintf("%s is %s, and has no bin/python", variable, dir), "make the environment again, or unset "+variable)
		default:
			return note(name, fmt.Sprintf("%s is %s, and a run uses another interpreter", variable, dir), "its packages are not found: --python "+own)
		}
	}
	return Finding{}
}

func within(path, dir string) bool {
	rest, err := filepath.Rel(dir, path)
	return err == nil && filepath.IsLocal(rest)
}

// finding says what one of the others is.
func (p Python) finding() Finding {
	const name = "also here"
	switch {
	case p.Problem != "":
		return note(name, p.Path+": "+p.Problem, "start it by hand to see why; a run does not use it unless --python names it")
	case p.Name != "cpython":
		return note(name, fmt.Sprintf("%s %s, %s", p.Name, p.Version, p.Path), "Outpace is tested with CPython alone")
	case !p.Supported:
		return ok(name, fmt.Sprintf("%s, too old for Outpace (3.9 or newer), %s", p.Version, p.Path))
	}
	return ok(name, fmt.Sprintf("%s, %s, %s", p.Version, lock(p.GIL, p.FreeThreaded), p.Path))
}

func lock(gil, free bool) string {
	switch {
	case !gil:
		return "free-threaded"
	case free:
		return "free-threaded, but its GIL is on (PYTHON_GIL, -X gil)"
	}
	return "with GIL"
}

// askAll asks interpreters what they are, at most so many at once.
func askAll(ctx context.Context, paths []string, atOnce int) []Python {
	all := make([]Python, len(paths))
	slots := make(chan struct{}, atOnce)
	var wait sync.WaitGroup
	for i, path := range paths {
		slots <- struct{}{}
		wait.Go(func() {
			defer func() { <-slots }()
			all[i] = ask(ctx, path)
		})
	}
	wait.Wait()
	return all
}

// question is understood by every Python since 2.7. What a run would be asked
// takes longer: packages of the site are not looked at here.
const question = `import sys
gil = getattr(sys, "_is_gil_enabled", lambda: True)()
name = getattr(getattr(sys, "implementation", None), "name", "cpython")
print("%s %s %d %d" % (name, sys.version.split()[0], gil, "t" in getattr(sys, "abiflags", "")))`

// ask starts an interpreter and has it say what it is.
func ask(ctx context.Context, path string) Python {
	p := Python{Path: path, GIL: true}
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	var out, said head
	cmd := command(ctx, path, "-S", "-c", question)
	cmd.Stdout, cmd.Stderr = &out, &said
	err := cmd.Run()
	var gil, free int
	n, _ := fmt.Sscan(string(out), &p.Name, &p.Version, &gil, &free)
	if n != 4 || cmd.ProcessState == nil || !cmd.ProcessState.Success() {
		return Python{Path: path, GIL: true, Problem: silence(ctx, err, string(said))}
	}
	p.GIL, p.FreeThreaded = gil == 1, free == 1
	p.Supported = p.Name == "cpython" && supported(p.Version)
	return p
}

// silence says why a program that was asked gave no answer.
func silence(ctx context.Context, err error, said string) string {
	switch {
	case errors.Is(ctx.Err(), context.DeadlineExceeded):
		return fmt.Sprintf("no answer within %v", patience)
	case ctx.Err() != nil:
		return "not waited for"
	case err == nil:
		return "does not answer as a Python does"
	}
	why := err.Error()
	if line, _, _ := strings.Cut(strings.TrimSpace(said), "\n"); line != "" {
		why += ": " + line
	}
	return why
}

func supported(version string) bool {
	var major, minor int
	n, _ := fmt.Sscanf(version, "%d.%d", &major, &minor)
	return n == 2 && (major > 3 || major == 3 && minor >= 9)
}

// head keeps the beginning of what a program writes, and takes all of it.
type head []byte

// Write never fails.
func (h *head) Write(p []byte) (int, error) {
	*h = append(*h, p[:min(len(p), 1<<10-len(*h))]...)
	return len(p), nil
}
