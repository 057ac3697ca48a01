package cli

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"maps"
	"os"
	"path/filepath"
	"slices"

	"github.com/outpace-run/outpace/python/worker"
	"github.com/spf13/cobra"
)

const pythonpathAbout = `Write the Python module outpace, which functions import to share locks, semaphores,
counters, values and queues, into the cache folder of the user, and tell the folder
for PYTHONPATH. Workers have the module anyway: this is for all that runs without
Outpace, where it shares within its process (a test, python file.py), and for
editors and type checkers.`

const pythonpathExamples = `  PYTHONPATH=$(outpace pythonpath) python -m unittest
  PYTHONPATH=$(outpace pythonpath) mypy fetch.py`

const pythonpathExits = `Exit codes:
  0 it is there   2 bad flags   3 the module cannot be written
`

func newPythonpath(s streams) *cobra.Command {
	return &cobra.Command{
		Use:     "pythonpath",
		Short:   "Tell the folder of the Python module outpace, for PYTHONPATH",
		Long:    pythonpathAbout,
		Example: pythonpathExamples,
		RunE: func(_ *cobra.Command, args []string) error {
			if len(args) > 0 {
				return usage("outpace pythonpath --help", "pythonpath takes no arguments, got %q", unprotect(args[0]))
			}
			cache, err := os.UserCacheDir()
			if err != nil || !filepath.IsAbs(cache) {
				return cannot("set HOME, or XDG_CACHE_HOME to a folder that can be written", "there is no cache folder")
			}
			dir, err := keepModules(filepath.Join(cache, "outpace"), worker.Modules())
			if err != nil {
				return err
			}
			if _, err := fmt.Fprintln(s.out, dir); err != nil {
				return cannot("", "cannot write the folder's name: %s", reason(err))
			}
			return nil
		},
	}
}

// keepModules returns a folder below the cache that holds the files. Its name
// is that of their content, so versions of Outpace do not meet in it; it comes to
// be as a whole, so another process never sees half of it.
func keepModules(cache string, files map[string]string) (string, error) {
	if err := os.MkdirAll(cache, 0o700); err != nil {
		return "", cannotKeep(cache, err)
	}
	info, err := os.Stat(cache)
	if err != nil {
		return "", cannotKeep(cache, err)
	}
	if !usersOwn(info) {
		return "", cannot("what others can change is not to be imported: chown and chmod go-w it, or set XDG_CACHE_HOME",
			"%s is not the user's own", cache)
	}
	dir := filepath.Join(cache, "python-"+contentName(files))
	if holds(dir, files) {
		return dir, nil
	}
	fresh, err := os.MkdirTemp(cache, "python-*.part")
	if err != nil {
		return "", cannotKeep(cache, err)
	}
	defer func() { _ = os.RemoveAll(fresh) }() // nothing is left of it but after an error
	if err := writeAll(fresh, files); err != nil {
		return "", cannotKeep(cache, err)
	}
	if err := os.RemoveAll(dir); err != nil { // somebody has changed it
		return "", cannotKeep(cache, err)
	}
	if err := os.Rename(fresh, dir); err != nil && !holds(dir, files) { // else another process was first
		return "", cannotKeep(cache, err)
	}
	return dir, nil
}

func cannotKeep(cache string, err error) error {
	var link *os.LinkError
	if errors.As(err, &link) {
		err = link.Err
	}
	return cannot("set XDG_CACHE_HOME to a folder that can be written", "cannot write the module into %s: %s", cache, reason(err))
}

// contentName is short, and another for other files.
func contentName(files map[string]string) string {
	sum := sha256.New()
	for _, name := range slices.Sorted(maps.Keys(files)) {
		_, _ = io.WriteString(sum, name+"\x00"+files[name]+"\x00") // a hash takes all
	}
	return hex.EncodeToString(sum.Sum(nil)[:8])
}

// holds reports whether a folder has the files as they are to be.
func holds(dir string, files map[string]string) bool {
	for name, text := range files {
		found, err := os.ReadFile(filepath.Join(dir, filepath.FromSlash(name)))
		if err != nil || !bytes.Equal(found, []byte(text)) {
			return false
		}
	}
	return true
}

func writeAll(dir string, files map[string]string) error {
	for name, text := range files {
		path := filepath.Join(dir, filepath.FromSlash(name))
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			return err
		}
		if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
			return err
		}
	}
	return nil
}
