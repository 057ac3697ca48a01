package worker

import (
	"slices"
	"strings"
	"testing"
)

// Linux takes no argument of 128 KiB or more.
func TestArgs(t *testing.T) {
	for _, folder := range []string{"", "/somewhere"} {
		args := Args(folder)
		if args[0] != "-c" || !slices.Contains(args, Source()) {
			t.Errorf("%q: %.40q", folder, args)
		}
		for _, arg := range args {
			if len(arg) >= 128<<10 || strings.ContainsRune(arg, 0) {
				t.Errorf("%q: an argument of %d bytes", folder, len(arg))
			}
		}
	}
}
