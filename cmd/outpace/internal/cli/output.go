package cli

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
)

// checkOutput makes sure that the file of -o may be written, without touching
// it: a file that exists needs --force and must not be the input.
func (m *mapFlags) checkOutput(in *inputs) error {
	if m.output == "" {
		return nil
	}
	info, err := os.Stat(m.output)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		if _, err := os.Stat(filepath.Dir(m.output)); err != nil {
			return cannot("", "cannot write results: %s: %s", m.output, reason(err))
		}
		return nil
	case err != nil:
		return cannot("", "cannot write results: %s: %s", m.output, reason(err))
	case info.IsDir():
		return usage("name a file in it", "cannot write results: %s is a directory", m.output)
	case !info.Mode().IsRegular(): // a device or a pipe
		return nil
	case m.sameFile(info, in):
		return usage("", "input and output are the same file: %s", m.output)
	case !m.force:
		return usage("--force overwrites it", "output exists: %s", m.output)
	}
	return nil
}

func (m *mapFlags) sameFile(info fs.FileInfo, in *inputs) bool {
	if in.file == nil {
		return false
	}
	own, err := in.file.Stat()
	return err == nil && os.SameFile(own, info)
}

// openOutput opens the file of -o, or returns standard output.
func (m *mapFlags) openOutput(stdout *os.File) (*os.File, error) {
	if m.output == "" {
		return stdout, nil
	}
	how := os.O_WRONLY | os.O_CREATE
	info, err := os.Stat(m.output)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		how |= os.O_EXCL // it came into being in between: not ours to overwrite
	case err == nil && info.Mode().IsRegular():
		how |= os.O_TRUNC
	}
	if how&os.O_EXCL != 0 && m.force {
		how = how&^os.O_EXCL | os.O_TRUNC
	}
	f, err := os.OpenFile(m.output, how, 0o666)
	if err != nil {
		return nil, cannot("", "cannot write results: %s: %s", m.output, reason(err))
	}
	return f, nil
}
