// Package worker holds the Python side of Outpace's workers: one file of
// Python that needs the standard library only. It speaks the protocol of
// docs/protocol.md on descriptors 3 and 4.
package worker

import (
	"crypto/sha256"
	_ "embed"
	"encoding/hex"
)

//go:embed outpace_worker.py
var source string

//go:embed boot.py
var boot string

// Source returns the program, which can be run as "python -c SOURCE".
func Source() string { return source }

// Args returns the arguments with which a Python runs the program. The folder
// is where it may keep the compiled program, to start faster the next time; it
// is made if it does not exist, and not used unless it belongs to the user and
// nobody else can write to it. An empty one keeps nothing.
func Args(folder string) []string {
	if folder == "" {
		return []string{"-c", source}
	}
	sum := sha256.Sum256([]byte(source))
	return []string{"-c", boot, source, hex.EncodeToString(sum[:16]), folder}
}
