package process

import (
	"testing"

	"github.com/outpace-run/outpace"
)

func TestPortion(t *testing.T) {
	for _, test := range []struct{ available, processes, tasks, want int }{
		{1, 1, 1, 1}, {2, 8, 1, 2}, {16, 1, 1, 16}, {16, 4, 1, 4}, {16, 16, 1, 2}, {16, 4, 8, 8}, {16, 2, 100, 16},
	} {
		if got := portion(test.available, outpace.Shape{Processes: test.processes, Tasks: test.tasks}); got != test.want {
			t.Errorf("of %d cores %dx%d: %d, want %d", test.available, test.processes, test.tasks, got, test.want)
		}
	}
}
