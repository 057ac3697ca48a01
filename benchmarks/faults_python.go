package main

import (
	"context"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
)

// interpreter is a CPython in a virtual environment that has joblib.
type interpreter struct {
	path    string
	version string // of CPython
	joblib  string
}

// describe adds the peers to the description of the machine.
func (i interpreter) describe() string {
	return fmt.Sprintf("%-10s CPython %s, joblib %s\n", "peers", i.version, i.joblib)
}

// findPython returns the virtual environment in the user's cache folder, which
// it makes the first time: joblib is what pip gives then.
func findPython(ctx context.Context, base string, stderr io.Writer) (interpreter, error) {
	version, err := ask(ctx, base, "import platform; print(platform.python_version())")
	if err != nil {
		return interpreter{}, fmt.Errorf("%s does not run: %w (another one: --python)", base, err)
	}
	folder, err := venvFolder(version)
	if err != nil {
		return interpreter{}, err
	}
	i, err := venvPython(ctx, folder, version)
	if err == nil {
		return i, nil
	}
	fmt.Fprintf(stderr, "making a virtual environment with joblib in %s (once; delete it for a newer joblib)\n", folder)
	if err := os.RemoveAll(folder); err != nil {
		return i, err
	}
	for _, args := range [][]string{
		{base, "-m", "venv", folder},
		{i.path, "-m", "pip", "install", "--quiet", "joblib"},
	} {
		if output, err := exec.CommandContext(ctx, args[0], args[1:]...).CombinedOutput(); err != nil {
			return i, fmt.Errorf("%s: %w\n%s", strings.Join(args, " "), err, output)
		}
	}
	return venvPython(ctx, folder, version)
}

// venvFolder is where the virtual environment for a version of CPython is.
func venvFolder(version string) (string, error) {
	cache, err := os.UserCacheDir()
	return filepath.Join(cache, "outpace-benchmarks", "faults-python-"+version), err
}

// venvPython describes the interpreter of a virtual environment; the error says
// that it has no joblib, or that there is none.
func venvPython(ctx context.Context, folder, version string) (i interpreter, err error) {
	i = interpreter{path: filepath.Join(folder, "bin", "python"), version: version}
	i.joblib, err = ask(ctx, i.path, "import joblib; print(joblib.__version__)")
	return i, err
}

// ask returns the line that a program of Python prints.
func ask(ctx context.Context, python, program string) (string, error) {
	output, err := exec.CommandContext(ctx, python, "-c", program).Output()
	return strings.TrimSpace(string(output)), err
}
