package worker

import (
	"os/exec"
	"runtime"
	"strings"
	"testing"
)

// The worker's own tests are in Python: a small supervisor of theirs drives it.
func TestInPython(t *testing.T) {
	if runtime.GOOS != "linux" {
		t.Skip("they look into /proc")
	}
	out, err := exec.CommandContext(t.Context(), "python3", "-B", "-m", "unittest", "test_remote", "test_local", "test_outpace_worker").CombinedOutput()
	if err != nil {
		t.Errorf("python3 -m unittest: %v\n%s", err, out)
	}
}

// The list of processes shows arguments; Linux takes none of 128 KiB or more.
func TestProgram(t *testing.T) {
	for _, folder := range []string{"", "/somewhere"} {
		args, text := Program(folder)
		if line := strings.Join(args, " "); len(line) > 240 || strings.ContainsAny(line, "\n\x00") {
			t.Errorf("%q: arguments %q", folder, args)
		}
		for name, source := range map[string]string{"the worker": Source(), "the package": Modules()["outpace/__init__.py"]} {
			if !strings.Contains(string(text), source) {
				t.Errorf("%q: the program is without %s", folder, name)
			}
		}
	}
}
