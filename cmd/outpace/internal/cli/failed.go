package cli

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
)

// reasonsSuffix makes the name of the file of reasons.
const reasonsSuffix = ".reasons"

// failedFiles are the files of --failed: the inputs that failed, a JSON value a
// line, and beside them their records. Both are written before the failure is
// told, so a run that is killed loses nothing that was told.
type failedFiles struct {
	inputs  *outFile
	reasons *outFile
	line    []byte
	err     error
}

// checkFailed makes sure that the files of --failed may be written, without
// touching them.
func (m *mapFlags) checkFailed(in *inputs) error {
	if m.failed == "" {
		return nil
	}
	switch strings.ToLower(filepath.Ext(m.failed)) {
	case ".json", ".csv": // -i would read it as that
		return usage("such as --failed failed.jsonl", "--failed writes a JSON value a line, and %s has another format by its name", m.failed)
	}
	for _, name := range []string{m.failed, m.failed + reasonsSuffix} {
		if m.output != "" && samePath(name, m.output) {
			return usage(fmt.Sprintf("--failed %s also writes %[1]s.reasons; name another one", m.failed), "results and failed inputs would be in the same file: %s", name)
		}
		info, err := m.statOutput(name, "failed inputs")
		switch {
		case err != nil:
			return err
		case info == nil:
		case !info.Mode().IsRegular():
			return usage("", "failed inputs are written to a regular file, and %s is none", name)
		case in.is(info):
			return usage("name another one, and keep what is left of both", "inputs and failed inputs are the same file: %s", name)
		case !m.force:
			return usage("--force overwrites it", "file for failed inputs exists: %s", name)
		}
	}
	return nil
}

// samePath reports whether two names are of the same file, which need not exist.
func samePath(a, b string) bool {
	one, err1 := os.Stat(a)
	two, err2 := os.Stat(b)
	if err1 == nil && err2 == nil {
		return os.SameFile(one, two)
	}
	return errors.Is(err1, fs.ErrNotExist) && errors.Is(err2, fs.ErrNotExist) && resolved(a) == resolved(b)
}

func resolved(name string) string {
	dir, err := filepath.EvalSymlinks(filepath.Dir(name))
	if err != nil {
		dir = filepath.Dir(name)
	}
	path, err := filepath.Abs(filepath.Join(dir, filepath.Base(name)))
	if err != nil {
		return name
	}
	return path
}

// openFailed creates the files of --failed; nil without the flag.
func (m *mapFlags) openFailed() (*failedFiles, error) {
	if m.failed == "" {
		return nil, nil
	}
	inputs, err := create(m.failed, m.force)
	if err != nil {
		return nil, cannot("", "cannot write failed inputs: %s: %s", m.failed, reason(err))
	}
	reasons, err := create(m.failed+reasonsSuffix, m.force)
	if err != nil {
		_ = inputs.Close() // nothing was written
		return nil, cannot("", "cannot write failed inputs: %s: %s", m.failed+reasonsSuffix, reason(err))
	}
	return &failedFiles{inputs: inputs, reasons: reasons}, nil
}

// add writes one failed input and its record. The error is also that of end.
func (f *failedFiles) add(input json.RawMessage, record []byte) error {
	if f == nil {
		return nil
	}
	f.write(f.inputs, input)
	f.write(f.reasons, record)
	return f.err
}

func (f *failedFiles) write(to *outFile, line []byte) {
	if f.err != nil {
		return
	}
	f.line = append(append(f.line[:0], line...), '\n')
	if _, err := to.Write(f.line); err != nil {
		f.err = notWritten("failed inputs", to.name, err)
	}
}

// end closes the files and returns the first error.
func (f *failedFiles) end() error {
	if f == nil {
		return nil
	}
	for _, file := range []*outFile{f.inputs, f.reasons} {
		if err := file.finish(); err != nil && f.err == nil {
			f.err = notWritten("failed inputs", file.name, err)
		}
	}
	return f.err
}
