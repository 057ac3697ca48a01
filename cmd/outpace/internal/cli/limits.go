package cli

import (
	"context"
	"errors"
	"fmt"
	"regexp"
	"runtime"
	"strings"
	"time"

	"github.com/outpace-run/outpace"
	"github.com/outpace-run/outpace/cmd/outpace/internal/ui"
)

// This file is what bounds a run: limits of workers, retries, and how many
// failures it goes on with.

// leastMemory is a memory limit that no interpreter fits in: below it a unit was
// forgotten.
const leastMemory = 1_000_000

// checkLimits says what is wrong with the limits and with what is retried.
func (m *mapFlags) checkLimits() error {
	switch {
	case m.memory > 0 && m.memory < leastMemory:
		return usage(fmt.Sprintf("did you mean %dMB?", m.memory), "--memory-limit: no worker fits in %d bytes", m.memory)
	case m.maxTasks < 0:
		return usage("0 is no limit", "--max-tasks-per-worker is 0 or more, got %d", m.maxTasks)
	case m.maxDeaths < 0:
		return usage("0 is the default", "--max-deaths is 0 or more, got %d", m.maxDeaths)
	case m.memory > 0 && runtime.GOOS != "linux":
		return usage("", "--memory-limit needs Linux")
	case m.set.Changed("idle-limit") && runtime.GOOS != "linux":
		return usage("", "--idle-limit needs Linux")
	}
	name := regexp.MustCompile(`^[\p{L}_][\p{L}\p{N}_]*([.][\p{L}_<][\p{L}\p{N}_>]*)*$`)
	for _, n := range m.retryOn.names {
		if !name.MatchString(n) {
			return usage("such as --retry-on TimeoutError,requests.ConnectionError", "--retry-on is the names of types, got %q", n)
		}
	}
	if m.set.Changed("retry-on") && len(m.retryOn.names) == 0 {
		return usage("is a variable empty?", "--retry-on without a name")
	}
	return nil
}

// checkTogether refuses flags that have no effect beside the others.
func (m *mapFlags) checkTogether() error {
	for _, name := range []string{"retry-on", "retry-delay"} {
		if m.set.Changed(name) && m.retries == 0 {
			return usage("how many? add --retries N", "--%s without --retries", name)
		}
	}
	switch {
	case m.failFast && m.tolerance != tolerance{}:
		return usage("--fail-fast is --max-failures 0", "--fail-fast and --max-failures exclude each other")
	case m.span != "" && m.set.Changed("input"):
		return usage("leave --input out", "--input says how text is read, and --range has none")
	case m.span != "" && m.skip:
		return usage("leave --skip-invalid out", "no number of --range is invalid")
	case m.quiet && (m.progress == "tty" || m.progress == "plain"):
		return usage("leave one of them out", "-q tells no progress, and --progress %s asks for it", m.progress)
	}
	return nil
}

// forPython are the flags that Go functions have no use for: they run in this
// process.
func forPython() []string {
	return []string{"star", "arg", "python", "init", "start-timeout", "memory-limit", "max-tasks-per-worker", "idle-limit", "max-deaths"}
}

// options are the options of the executor.
func (m *mapFlags) options(soft context.Context, observe func(outpace.Event)) []outpace.Option {
	opts := []outpace.Option{
		outpace.Timeout(time.Duration(m.timeout)), outpace.Retries(m.retries), outpace.Backoff(m.backoff()), outpace.RetryIf(m.retryOn.condition()),
		outpace.MemoryLimit(int64(m.memory)), outpace.MaxTasks(m.maxTasks), outpace.IdleLimit(time.Duration(m.idle)), outpace.MaxDeaths(m.maxDeaths),
		outpace.Window(m.window, 0), outpace.Grace(time.Duration(m.grace)), outpace.Observe(observe), outpace.StopOn(soft),
	}
	switch {
	case m.failFast:
		opts = append(opts, outpace.FailFast())
	case m.tolerance != tolerance{}:
		opts = append(opts, outpace.StopIf(m.tolerance.exceeded))
	}
	return opts
}

// backoff returns the wait before the first retry and the longest.
func (m *mapFlags) backoff() (base, limit time.Duration) {
	base = time.Duration(m.delay)
	return base, max(base, 30*time.Second)
}

// whyStopped is why failures ended a run before its inputs did; err is its
// error.
func (m *mapFlags) whyStopped(err error) string {
	if !m.failFast {
		most := plural(m.tolerance.count, "input")
		if m.tolerance.relative {
			most = m.tolerance.text + " of the finished inputs"
		}
		return fmt.Sprintf("stopped: more than %s failed, as --max-failures %s says", most, m.tolerance.text)
	}
	var task *outpace.TaskError
	if !errors.As(err, &task) {
		return "stopped by a failure, as --fail-fast asks"
	}
	first, _, _ := strings.Cut(ui.FaultOf(task).String(), "\n")
	return fmt.Sprintf("stopped by input %d (%s), as --fail-fast asks", task.Index, ui.Shorten(first, 80))
}
