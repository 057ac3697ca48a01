package process

import (
	"fmt"
	"os"
	"slices"
	"strings"

	"github.com/outpace-run/outpace"
)

const (
	variable = "OUTPACE_PROCESS" // the variable that says what this process is
	isWorker = "worker"          // its value in a process that Workers started, until Main is called
	language = "go"              // of the functions, in the hello frame
)

// ready is the variable's value once Main was called in this process. Processes
// that it starts inherit the variable, and have another id.
func ready() string { return fmt.Sprintf("main:%d", os.Getpid()) }

// Main is the first line of main in a program that uses [Workers], and of
// TestMain in its tests. In a process that Workers started it serves the
// process that did so, and never returns: the process ends when it is told to,
// or its supervisor is gone. In every other process it returns at once, and has
// no effect but an environment variable by which Workers knows that it was
// called.
//
// fns are the functions that workers can run. A function must have been given
// to Main under the name that outpace.Func gave it, and no other under the same
// name; one that was not is a *outpace.LoadError when it is used.
func Main(fns ...outpace.AnyFunction) {
	worker := os.Getenv(variable) == isWorker
	_ = os.Setenv(variable, ready()) // what functions start is no worker
	if !worker || !isChannel() {     // somebody else's child may have our environment
		return
	}
	log, in, out := os.Stderr, must(moved(3)), must(moved(4))
	if file, err := copied(2); err == nil {
		log = file
	}
	serve(newRegistry(fns), in, &writer{to: out, log: log})
}

// must ends a worker that the system does not give what it needs.
func must(file *os.File, err error) *os.File {
	if err != nil {
		fmt.Fprintf(os.Stderr, "outpace worker: %v\n", err)
		os.Exit(exitBroken)
	}
	return file
}

// registry is the functions that were given to Main, by name. One without a
// body or a name is not in it; no supervisor asks for it.
type registry map[string][]outpace.AnyFunction

func newRegistry(fns []outpace.AnyFunction) registry {
	r := registry{}
	for _, f := range fns {
		if f != nil && f.Local() && f.Name() != "" {
			r[f.Name()] = append(r[f.Name()], f)
		}
	}
	return r
}

// find returns the function of a name, or what is wrong and what to do.
func (r registry) find(name string) (f outpace.AnyFunction, problem, hint string) {
	switch fns := r[name]; {
	case len(fns) == 1:
		return fns[0], "", ""
	case len(fns) > 1:
		return nil, fmt.Sprintf("%d functions called %s were given to process.Main", len(fns), name), "give each a name of its own"
	case len(r) == 0:
		return nil, "no function called " + name + " was given to process.Main", "write process.Main(" + name + ")"
	}
	return nil, "no function called " + name + " was given to process.Main", "it was given " + r.names()
}

// names lists the functions, at most a dozen of them.
func (r registry) names() string {
	const most = 12
	var names []string
	for name := range r {
		names = append(names, name)
	}
	slices.Sort(names)
	if len(names) > most {
		names = append(names[:most], "…")
	}
	return strings.Join(names, ", ")
}
