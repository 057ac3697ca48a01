// Package worker holds the Python side of Outpace's workers: a program that
// needs the standard library only and speaks the protocol of docs/protocol.md on
// descriptors 3 and 4, and the package outpace that functions import to share
// things. The worker has it in memory; [Modules] are its files for anybody else.
//
//	boot.py ──► outpace_worker.py ──(a task imports outpace)──► outpace/__init__.py ─┬─► _remote.py, in a worker
//	                                                                                 └─► _local.py, anywhere else
package worker

import (
	"crypto/sha256"
	_ "embed"
	"encoding/hex"
	"strconv"
	"strings"
)

//go:embed outpace_worker.py
var source string

//go:embed outpace/__init__.py
var module string

//go:embed outpace/_local.py
var local string

//go:embed outpace/_remote.py
var remote string

//go:embed boot.py
var boot string

// Source returns the program, which can be run as "python -c SOURCE".
func Source() string { return source }

// start is what a Python is told to run: it reads the rest from descriptor 3.
// Nothing else is sent before the worker's hello, so a buffer that reads ahead
// loses nothing. All of it is more than a pipe holds, so its reads must block;
// Pythons before 3.5 cannot see to that, and are told to go all the same.
const start = `import os, sys; getattr(os, "set_blocking", max)(3, True); program = os.fdopen(os.dup(3), "rb"); exec(program.read(int(sys.argv[1])))`

// Modules returns the files of the package outpace by their names, slashed, for
// a folder on PYTHONPATH: where no executor runs the code, it shares within its process.
func Modules() map[string]string {
	return map[string]string{
		"outpace/__init__.py": module,
		"outpace/_local.py":   local,
		"outpace/py.typed":    "",
	}
}

// Program returns the arguments with which a Python runs the worker, and what it
// has to find on descriptor 3 before any frame. The folder is where the worker
// may keep what it compiled, to start faster the next time; it is made if it
// does not exist, and not used unless it belongs to the user and nobody else can
// write to it. An empty one keeps nothing.
func Program(folder string) (args []string, text []byte) {
	sources := []string{source, module, remote} // in the order of boot.py
	var sizes []string
	for _, each := range sources {
		sizes = append(sizes, strconv.Itoa(len(each)))
	}
	all := strings.Join(sources, "")
	sum := sha256.Sum256([]byte(all))
	args = []string{"-c", start, strconv.Itoa(len(boot)), strings.Join(sizes, ","), hex.EncodeToString(sum[:16]), folder}
	return args, []byte(boot + all)
}
