package doctor

import (
	"os"
	"path/filepath"
	"regexp"
)

// candidates returns the interpreters that are where interpreters usually are,
// each once, that of a run first, and how many more there are than are asked.
// What a version manager puts on PATH in place of one is passed over: it is a
// slow script, and what it would start is found by itself.
func candidates(run string) (paths []string, more int) {
	found := []string{}
	if run != "" {
		found = append(found, run)
	}
	for _, name := range []string{"VIRTUAL_ENV", "CONDA_PREFIX"} {
		if dir := os.Getenv(name); dir != "" {
			found = append(found, filepath.Join(dir, "bin", "python"))
		}
	}
	for _, dir := range filepath.SplitList(os.Getenv("PATH")) {
		if filepath.IsAbs(dir) && filepath.Base(dir) != "shims" {
			found = append(found, pythonsIn(dir)...)
		}
	}
	seen := map[string]bool{}
	for _, path := range append(found, managed()...) {
		if k := key(path); !seen[k] && runnable(path) {
			seen[k] = true
			paths = append(paths, path)
		}
	}
	if len(paths) > most {
		return paths[:most], len(paths) - most
	}
	return paths, 0
}

// pythonsIn lists what is named as a Python is: python, python3, python3.14t.
func pythonsIn(dir string) []string {
	named := regexp.MustCompile(`^python(3(\.\d+t?)?)?$`)
	names, _ := filepath.Glob(filepath.Join(escape(dir), "python*"))
	var found []string
	for _, name := range names {
		if named.MatchString(filepath.Base(name)) {
			found = append(found, name)
		}
	}
	return found
}

// managed are the interpreters that pyenv and uv keep.
func managed() []string {
	var found []string
	home, err := os.UserHomeDir()
	for _, place := range []struct{ variable, below, pattern string }{
		{"PYENV_ROOT", ".pyenv", "versions/*/bin/python"},
		{"UV_PYTHON_INSTALL_DIR", ".local/share/uv/python", "*/bin/python3"},
	} {
		dir := os.Getenv(place.variable)
		if dir == "" && err == nil {
			dir = filepath.Join(home, place.below)
		}
		if dir != "" {
			names, _ := filepath.Glob(filepath.Join(escape(dir), place.pattern))
			found = append(found, names...)
		}
	}
	return found
}

// escape has a path mean itself in a pattern.
func escape(path string) string {
	return regexp.MustCompile(`[*?\[\\]`).ReplaceAllString(path, `\$0`)
}

// runnable reports whether a path is a program.
func runnable(path string) bool {
	info, err := os.Stat(path)
	return err == nil && info.Mode().IsRegular() && info.Mode()&0o111 != 0
}

// key is the same for names of one interpreter in one folder, such as python
// and python3. A virtual environment has another folder, and other packages,
// than the interpreter that its python is a link to.
func key(path string) string {
	file, err1 := filepath.EvalSymlinks(path)
	dir, err2 := filepath.EvalSymlinks(filepath.Dir(path))
	if err1 != nil || err2 != nil {
		return path
	}
	return filepath.Join(dir, filepath.Base(file))
}
