package child

import "os"

// noWait is WNOWAIT: leave the process to be waited for.
const noWait = 0x20

// lifeline ties a child to this process on Linux. Here a child sees the end of
// file on its channel.
type lifeline struct{ theirs *os.File }

func newLifeline() (lifeline, error) { return lifeline{}, nil }

func (lifeline) tie(int) {}

func (lifeline) cut() {}
