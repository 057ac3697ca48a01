package python

import (
	"fmt"
	"os"
	"strconv"
	"strings"
	"time"

	"github.com/outpace-run/outpace"
	"github.com/outpace-run/outpace/internal/cores"
	"github.com/outpace-run/outpace/internal/session"
	"github.com/outpace-run/outpace/internal/wire"
)

// Option changes how workers are started. Options that make no sense are
// reported by the model's Plan, or by Load.
type Option func(*config) error

type config struct {
	cores        int // that were available when it was made: a look takes a while
	processes    int
	loadedFor    int // processes that an event loop's first worker was started for, where they are more
	tasks        int
	mode         string // one of wire's, or "" while nothing chose
	interpreter  string
	startTimeout time.Duration
	helloTimeout time.Duration // of an interpreter that nobody has tried yet
	patience     time.Duration // between two lines about a slow import
	env          []string
	dir          string
	init         *spec // called once in each worker; nil: nothing
	log          func(string)
}

func defaults() config {
	return config{cores: cores.Available(), processes: 1, tasks: 1, startTimeout: time.Minute, helloTimeout: 10 * time.Second, patience: 5 * time.Second}
}

// with returns c changed by opts.
func (c config) with(opts []Option) (config, error) {
	for _, o := range opts {
		if err := o(&c); err != nil {
			return c, err
		}
	}
	return c, session.CheckWidth(c.processes, "processes")
}

// Threads has each process call the function on t threads at once. With one,
// the default, it runs on the main thread.
func Threads(t int) Option {
	return func(c *config) error {
		mode := wire.ModeThreads
		if t == 1 {
			mode = wire.ModeSerial
		}
		return c.tasksAtOnce(t, mode, "threads")
	}
}

// Async has each process run up to t calls of an async function at once, on
// one event loop. A function that is not async blocks the loop while it runs.
func Async(t int) Option {
	return func(c *config) error { return c.tasksAtOnce(t, wire.ModeLoop, "async tasks") }
}

func (c *config) tasksAtOnce(t int, mode, what string) error {
	if err := session.CheckWidth(t, what); err != nil {
		return err
	}
	if c.mode != "" && (c.mode == wire.ModeLoop) != (mode == wire.ModeLoop) {
		return fmt.Errorf("%w: Threads and Async exclude one another", outpace.ErrOption)
	}
	c.tasks, c.mode = t, mode
	return nil
}

// Width tells Load how many processes the function will run in, where that is
// known: the environment of its worker depends on it (see [Workers]). The
// default is 1. Given to Workers it has no effect.
func Width(processes int) Option {
	return func(c *config) error { c.processes = processes; return nil }
}

// Interpreter names the Python to use: a path, or a name to look for on PATH.
// Empty, the default, is the search that the package comment describes.
func Interpreter(path string) Option {
	return func(c *config) error { c.interpreter = path; return nil }
}

// StartTimeout limits how long a worker takes to start, and to load a
// function. The default is a minute, and ten seconds for Load and Find to hear
// from the interpreter at all.
func StartTimeout(d time.Duration) Option {
	return func(c *config) error {
		if d <= 0 {
			return fmt.Errorf("%w: a start time-out is more than 0, got %v", outpace.ErrOption, d)
		}
		c.startTimeout, c.helloTimeout = d, d
		return nil
	}
}

// Env adds variables, each as "KEY=value", to the environment of the workers,
// which is this process's otherwise.
func Env(kv ...string) Option {
	return func(c *config) error {
		if err := session.CheckEnv(kv); err != nil {
			return err
		}
		c.env = append(c.env[:len(c.env):len(c.env)], kv...)
		return nil
	}
}

// Dir has the workers run in a directory. The default, also "", is this
// process's. One that does not exist is an error of the model's Plan.
func Dir(path string) Option { return func(c *config) error { c.dir = path; return nil } }

// Init has each worker call a function once, without an input, when it has
// started and before its first task: to load a model, to open a connection. The
// target is as in [Func]; [Arg] gives it arguments. On workers with an event loop
// an async function runs on that loop. When it fails, everything on the executor
// ends with one *outpace.LoadError. [StartTimeout] holds for it too. Given to
// [Load], it finds out there already that the function does not exist.
func Init(target string, opts ...FuncOption) Option {
	return func(c *config) error {
		c.init = newSpec(target, opts)
		return c.init.err
	}
}

// Log has Load hand over, line by line, what the function's module prints and
// how long its import has been going on. It may be called from any goroutine.
// What is printed while nobody listens is kept, up to 100 lines, for the
// executor that takes the worker over. Given to Workers it has no effect: what
// their functions print is an event, outpace.WorkerLog.
func Log(fn func(line string)) Option { return func(c *config) error { c.log = fn; return nil } }

// environ returns the environment of the workers, and the note about it. Most
// numeric libraries start a thread for each core of the machine in each
// process, which P processes pay for P times over.
func (c config) environ() (env []string, note string) {
	env = append(os.Environ(), c.env...)
	set := map[string]bool{}
	for _, kv := range env {
		key, _, _ := strings.Cut(kv, "=")
		set[key] = true
	}
	sharers := max(c.processes, c.loadedFor)
	n := strconv.Itoa(max(1, c.cores/sharers))
	var ours []string
	for _, key := range []string{"OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "NUMEXPR_NUM_THREADS",
		"POLARS_MAX_THREADS", "VECLIB_MAXIMUM_THREADS"} {
		if !set[key] {
			ours = append(ours, key)
			env = append(env, key+"="+n)
		}
	}
	if len(ours) == 0 {
		return env, ""
	}
	return env, fmt.Sprintf("%s=%s in each worker: cores available (%d) / processes (%d)", strings.Join(ours, ", "), n, c.cores, sharers)
}
