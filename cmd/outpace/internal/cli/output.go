package cli

import (
	"bytes"
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
	info, err := m.statOutput(m.output, "results")
	switch {
	case err != nil || info == nil:
		return err
	case !info.Mode().IsRegular(): // a device or a pipe
		return nil
	case in.is(info):
		return usage("write to another file, and rename it afterwards", "input and output are the same file: %s", m.output)
	case !m.force:
		return usage("--force overwrites it", "output exists: %s", m.output)
	}
	return nil
}

// statOutput looks at a file that is to be written; nil is one that does not
// exist and can.
func (m *mapFlags) statOutput(name, what string) (fs.FileInfo, error) {
	info, err := os.Stat(name)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return nil, m.creatable(name, what)
	case err != nil:
		return nil, cannot("", "cannot write %s: %s: %s", what, name, reason(err))
	case info.IsDir():
		return nil, usage("name a file in it", "cannot write %s: %s is a directory", what, name)
	}
	return info, nil
}

// creatable makes sure that a file which does not exist can: in a folder that
// does, and not behind a link that leads nowhere, unless that is wanted.
func (m *mapFlags) creatable(name, what string) error {
	if _, err := os.Lstat(name); err == nil && !m.force {
		return usage("--force makes the file that it points to", "cannot write %s: %s is a symbolic link to nowhere", what, name)
	}
	dir := filepath.Dir(name)
	_, err := os.Stat(dir)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return usage("make the folder first: mkdir -p "+dir, "cannot write %s: %s: %s", what, name, reason(err))
	case err != nil:
		return cannot("", "cannot write %s: %s: %s", what, name, reason(err))
	}
	return nil
}

// is reports whether info is that of the file of the inputs.
func (in *inputs) is(info fs.FileInfo) bool {
	if in.file == nil {
		return false
	}
	own, err := in.file.Stat()
	return err == nil && os.SameFile(own, info)
}

// errGone is a file that others took away while it was written.
var errGone = errors.New("it was removed, replaced or cut short while the run wrote to it")

// outFile is a file that a run writes. A regular one is watched: what is written
// to a file that has no name any more is lost, and nobody would know.
type outFile struct {
	*os.File
	name  string
	own   fs.FileInfo // nil: it is not watched
	whole int64       // bytes of whole lines in it
}

// create opens a file for writing, empty. One that came into being since it was
// checked is overwritten by force only.
func create(name string, force bool) (*outFile, error) {
	how := os.O_WRONLY | os.O_CREATE
	info, err := os.Stat(name)
	switch {
	case err == nil && !info.Mode().IsRegular(): // a device or a pipe
	case force:
		how |= os.O_TRUNC
	default:
		how |= os.O_EXCL
	}
	f, err := os.OpenFile(name, how, 0o666)
	if err != nil {
		return nil, err
	}
	file := &outFile{File: f, name: name}
	if info, err = f.Stat(); err == nil && info.Mode().IsRegular() {
		file.own = info
	}
	return file, nil
}

// Write writes whole lines. It returns how many bytes of whole lines were
// written: the beginning of one that did not fit is taken away again.
func (f *outFile) Write(lines []byte) (int, error) {
	if err := f.intact(); err != nil {
		return 0, err
	}
	n, err := f.File.Write(lines)
	if err != nil {
		n = bytes.LastIndexByte(lines[:n], '\n') + 1
	}
	f.whole += int64(n)
	if err != nil && f.own != nil {
		_ = f.Truncate(f.whole) // the error is told in any case
	}
	return n, err
}

// intact reports that the file is not the one of its name any more.
func (f *outFile) intact() error {
	if f.own == nil {
		return nil
	}
	now, err := os.Stat(f.name)
	if errors.Is(err, fs.ErrPermission) { // of its directory: it may well be there
		return nil
	}
	if err != nil || !os.SameFile(now, f.own) || now.Size() < f.whole {
		return errGone
	}
	return nil
}

// finish makes sure that the file still is there, and closes it.
func (f *outFile) finish() error { return errors.Join(f.intact(), f.Close()) }

// openOutput opens the file of -o, or returns nil for standard output.
func (m *mapFlags) openOutput() (*outFile, error) {
	if m.output == "" {
		return nil, nil
	}
	f, err := create(m.output, m.force)
	if err != nil {
		return nil, cannot("", "cannot write results: %s: %s", m.output, reason(err))
	}
	return f, nil
}

// notWritten is the fault for a file that cannot be written on.
func notWritten(what, name string, err error) error {
	hint := ""
	switch {
	case errors.Is(err, errGone):
		hint = "does another run, or a clean-up, use the same name?"
	case isFull(err):
		hint = "make room, or write elsewhere, and run the rest"
	case isTooBig(err):
		hint = "ulimit -f is how large a file may get"
	}
	return cannot(hint, "cannot write %s: %s: %s", what, name, reason(err))
}
