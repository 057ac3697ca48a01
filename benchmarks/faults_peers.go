package main

import (
	"context"
	"fmt"
	"os/exec"
	"path/filepath"
	"strings"
)

// faultItems is how many items a run has: those of faults/culprits.py.
const faultItems = 1000

// culpritIndex is the item that does harm.
const culpritIndex = 500

// culprit is a function of faults/culprits.py.
type culprit struct {
	name     string
	title    string
	timeout  bool   // it never ends: peers get a time-out of one second, where they have one
	memory   bool   // it grows: Outpace gets a limit; the peers have none
	signal   string // what is done from outside when it asks: "kill", "stop" or "kill parent"
	harmless bool   // nothing may be lost, not even its own result
}

// culprits lists the rows of the table.
func culprits() []culprit {
	return []culprit{
		{name: "exception", title: "ordinary exception"},
		{name: "unpicklable_exception", title: "exception that pickle cannot load (two arguments)"},
		{name: "system_exit", title: "`sys.exit(3)`"},
		{name: "keyboard_interrupt", title: "`raise KeyboardInterrupt`"},
		{name: "recursion", title: "recursion without an end"},
		{name: "os_exit", title: "`os._exit(3)`"},
		{name: "segfault", title: "segmentation fault"},
		{name: "abort", title: "`os.abort()`"},
		{name: "killed", title: "worker killed from outside, once", signal: "kill", harmless: true},
		{name: "memory", title: "memory that grows and grows", memory: true},
		{name: "endless_loop", title: "endless loop", timeout: true},
		{name: "regular_expression", title: "runaway regular expression (in C, holds the GIL)", timeout: true},
		{name: "long_sleep", title: "`time.sleep(1000)`", timeout: true},
		{name: "grandchild", title: "endless loop beside a child that called `setsid`", timeout: true},
		{name: "stopped", title: "worker stopped (SIGSTOP)", timeout: true, signal: "stop"},
		{name: "fork", title: "`os.fork()`, both return", harmless: true},
		{name: "thread", title: "non-daemon thread left running", harmless: true},
		{name: "lambda_result", title: "result that pickle cannot carry (a lambda)"},
		{name: "set_result", title: "result that JSON cannot carry (a set)"},
		{name: "cyclic_result", title: "result that contains itself"},
		{name: "large_result", title: "result of 200 MB", harmless: true},
		{name: "parent_killed", title: "the parent killed with -9", signal: "kill parent"},
	}
}

// peer is a column of the table: something that runs a function over items.
type peer struct {
	name  string
	title string
	chunk int // items sent together; 1 for the main table
	// reader turns its results into outcomes; nil where a driver writes them.
	reader []string
	// command makes the command line of a run, which writes to a file.
	command func(c culprit, file string) []string
}

// peers lists the columns: each as its documentation says to get as many
// results as possible, and those that have chunks once more with them.
func peers(ctx context.Context, outpace command, python interpreter) ([]peer, error) {
	limit, err := memoryFlag(ctx, outpace)
	if err != nil {
		return nil, err
	}
	driver := func(file string, flags ...string) func(culprit, string) []string {
		return func(c culprit, outcomes string) []string {
			args := append([]string{python.path, filepath.Join("benchmarks", "faults", file), c.name, outcomes}, flags...)
			if c.timeout {
				args = append(args, "--timeout", "1")
			}
			return args
		}
	}
	reader := []string{python.path, "-B", "benchmarks/faults/read_records.py"}
	return []peer{
		{"executor", "ProcessPoolExecutor", 1, nil, driver("peer_executor.py")},
		{"pool", "multiprocessing.Pool", 1, nil, driver("peer_pool.py")},
		{"joblib", "joblib (loky)", 1, nil, driver("peer_joblib.py")},
		{"outpace", "outpace map", 1, reader, func(c culprit, records string) []string {
			return outpaceArgs(outpace, python, c, limit, records)
		}},
		{"executor-100", "ProcessPoolExecutor.map", 100, nil, driver("peer_executor.py", "--chunk", "100")},
		{"pool-100", "Pool.imap", 100, nil, driver("peer_pool.py", "--chunk", "100")},
		{"joblib-100", "joblib, batch_size", 100, nil, driver("peer_joblib.py", "--chunk", "100")},
	}, nil
}

func outpaceArgs(outpace command, python interpreter, c culprit, memory []string, records string) []string {
	args := []string{
		outpace.path, "map", "benchmarks/faults/culprits.py:" + c.name, "--range", "0..999", "-j", "2",
		"--records", "-o", records, "--progress", "none", "--python", python.path,
	}
	if c.timeout {
		args = append(args, "--timeout", "1s")
	}
	if c.memory {
		args = append(args, memory...)
	}
	return args
}

// memoryFlag is the flag for a limit of memory, nothing for an Outpace that
// has none.
func memoryFlag(ctx context.Context, outpace command) ([]string, error) {
	help, err := exec.CommandContext(ctx, outpace.path, "map", "--help").CombinedOutput()
	if err != nil {
		return nil, fmt.Errorf("outpace map --help: %w\n%s", err, help)
	}
	if !strings.Contains(string(help), "--memory-limit") {
		return nil, nil
	}
	return []string{"--memory-limit", "300MB"}, nil
}
