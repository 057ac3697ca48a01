package worker

import (
	"strings"
	"testing"
)

// The list of processes shows arguments; Linux takes none of 128 KiB or more.
func TestProgram(t *testing.T) {
	for _, folder := range []string{"", "/somewhere"} {
		args, text := Program(folder)
		if line := strings.Join(args, " "); len(line) > 200 || strings.ContainsAny(line, "\n\x00") {
			t.Errorf("%q: arguments %q", folder, args)
		}
		if !strings.HasSuffix(string(text), Source()) {
			t.Errorf("%q: the program does not end with the worker", folder)
		}
	}
}
