package bench

import (
	"encoding/json"
	"errors"
	"fmt"
	"hash/maphash"

	"github.com/outpace-run/outpace"
	"github.com/outpace-run/outpace/cmd/outpace/internal/ui"
)

// outcome is what came of each input of a pass: digests, so that results of any
// size can be compared, and the beginnings of the first ones.
type outcome struct {
	seed    maphash.Seed
	digests []uint64
	shown   []string
	failed  int
	first   error // the first failure
	at      int   // its input
}

// shownOutcomes is of how many inputs an outcome keeps what was said.
const shownOutcomes = 10_000

func newOutcome(n int, seed maphash.Seed) *outcome {
	return &outcome{seed: seed, digests: make([]uint64, 0, n)}
}

// take notes what came of some neighbouring inputs. They come in order.
func (o *outcome) take(index int, values []json.RawMessage, err error) {
	if err != nil {
		if o.failed++; o.failed == 1 {
			o.first, o.at = err, index
		}
		o.note([]byte(failure(err)))
		return
	}
	for _, v := range values {
		o.note(v)
	}
}

func (o *outcome) note(text []byte) {
	o.digests = append(o.digests, maphash.Bytes(o.seed, text))
	if len(o.shown) < shownOutcomes {
		o.shown = append(o.shown, shorten(text))
	}
}

// differs says how an outcome differs from another of the same inputs; "" where
// it does not.
func (o *outcome) differs(from *outcome, inputs []json.RawMessage) string {
	n, first := 0, -1
	for i := range o.digests {
		if o.digests[i] != from.digests[i] {
			if n++; n == 1 {
				first = i
			}
		}
	}
	if n == 0 {
		return ""
	}
	what := fmt.Sprintf("%d of %d results differ from those of serial: input %d (%s)", n, len(o.digests), first, shorten(inputs[first]))
	if first < shownOutcomes {
		what += fmt.Sprintf(" gave %s, not %s", o.shown[first], from.shown[first])
	}
	return what
}

// failure is a failed input as it is compared: what differs from run to run,
// such as the number of a process, is left out.
func failure(err error) string {
	var lost *outpace.LostError
	if errors.As(err, &lost) {
		return fmt.Sprintf("failed: worker lost, %v, code %d", lost.Signal, lost.ExitCode)
	}
	return "failed: " + cause(err)
}

// cause is the text of an error without the place that a TaskError adds.
func cause(err error) string {
	var task *outpace.TaskError
	if errors.As(err, &task) {
		err = task.Err
	}
	return err.Error()
}

// How much of a value and of an error is shown.
const (
	shownText  = 60
	shownError = 200
)

// shorten makes one short line of a text.
func shorten[T ~string | ~[]byte](text T) string { return ui.Shorten(text, shownText) }
