package child

import (
	"crypto/rand"
	"os"
	"strconv"
	"strings"
)

// markerName is the variable in the environment of a child, and of all that it
// starts, that tells whose they are.
const markerName = "OUTPACE_WORKER"

// newMarker returns the value of the variable for a new child: below our own,
// for we may be a child as well, a name that no other child ever has. The
// process id in it is ours, for whoever looks at an environment.
func newMarker() string {
	return os.Getenv(markerName) + "/" + strconv.Itoa(os.Getpid()) + "-" + strings.ToLower(rand.Text()[:13])
}
