// Package worker holds the Python side of Outpace's workers: one file of
// Python that needs the standard library only. It speaks the protocol of
// docs/protocol.md on descriptors 3 and 4.
package worker

import (
	"crypto/sha256"
	_ "embed"
	"encoding/hex"
	"strconv"
)

//go:embed outpace_worker.py
var source string

//go:embed boot.py
var boot string

// Source returns the program, which can be run as "python -c SOURCE".
func Source() string { return source }

// start is what a Python is told to run: it reads the rest from descriptor 3.
// Nothing else is sent before the worker's hello, so a buffer that reads ahead
// loses nothing.
const start = `import os, sys; program = os.fdopen(os.dup(3), "rb"); exec(program.read(int(sys.argv[1])))`

// Program returns the arguments with which a Python runs the worker, and what it
// has to find on descriptor 3 before any frame. The folder is where the worker
// may keep its compiled program, to start faster the next time; it is made if it
// does not exist, and not used unless it belongs to the user and nobody else can
// write to it. An empty one keeps nothing.
func Program(folder string) (args []string, text []byte) {
	sum := sha256.Sum256([]byte(source))
	args = []string{"-c", start, strconv.Itoa(len(boot)), strconv.Itoa(len(source)), hex.EncodeToString(sum[:16]), folder}
	return args, []byte(boot + source)
}
