package process

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
// reported by the model's Plan.
type Option func(*config) error

type config struct {
	shape        outpace.Shape
	startTimeout time.Duration
	env          []string
	dir          string
}

// newConfig returns the defaults, changed by opts.
func newConfig(processes int, opts []Option) (config, error) {
	c := config{shape: outpace.Shape{Processes: processes, Tasks: 1}, startTimeout: time.Minute}
	for _, o := range opts {
		if err := o(&c); err != nil {
			return c, err
		}
	}
	return c, session.CheckWidth(processes, "processes")
}

// Threads has each process run t tasks at once, each on a goroutine. The
// default is one.
func Threads(t int) Option {
	return func(c *config) error {
		c.shape.Tasks = t
		return session.CheckWidth(t, "threads")
	}
}

// StartTimeout limits how long a worker takes until [Main] is reached. The
// default is a minute.
func StartTimeout(d time.Duration) Option {
	return func(c *config) error {
		if d <= 0 {
			return fmt.Errorf("%w: a start time-out is more than 0, got %v", outpace.ErrOption, d)
		}
		c.startTimeout = d
		return nil
	}
}

// Env adds variables, each as "KEY=value", to the environment of the workers,
// which is this process's otherwise.
func Env(kv ...string) Option {
	return func(c *config) error {
		c.env = append(c.env[:len(c.env):len(c.env)], kv...)
		return session.CheckEnv(kv)
	}
}

// Dir has the workers run in a directory. The default, also "", is this
// process's. One that does not exist is an error of the model's Plan.
func Dir(path string) Option { return func(c *config) error { c.dir = path; return nil } }

// mode is what the protocol calls the way tasks run in a worker.
func (c config) mode() string {
	if c.shape.Tasks > 1 {
		return wire.ModeThreads
	}
	return wire.ModeSerial
}

// environ returns the environment of the workers, and the note about it. The
// collector of each Go process takes a share of all cores, which P processes
// would do P times over.
func (c config) environ() (env []string, note string) {
	env = append(os.Environ(), c.env...)
	for _, kv := range env {
		if strings.HasPrefix(kv, "GOMAXPROCS=") {
			return append(env, variable+"="+isWorker), ""
		}
	}
	env = append(env, variable+"="+isWorker)
	available := cores.Available()
	n := portion(available, c.shape)
	if n == available {
		return env, ""
	}
	return append(env, "GOMAXPROCS="+strconv.Itoa(n)),
		fmt.Sprintf("GOMAXPROCS=%d in each worker: its share of %d cores, at least 2 and one for each task", n, available)
}

// portion is how many cores a worker should use: those of its tasks, or its part
// of all if that is more, and two at least, so that it can be reached while
// one is busy.
func portion(available int, s outpace.Shape) int {
	return min(available, max(2, s.Tasks, available/s.Processes))
}
