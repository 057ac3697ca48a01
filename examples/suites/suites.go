// Package suites holds the Python functions of the built-in experiments of
// `outpace bench --suite`, so that the command has them wherever it runs. They
// are files to read, to copy and to change.
package suites

import "embed"

// Files has the Python files of this folder.
//
//go:embed *.py
var Files embed.FS
