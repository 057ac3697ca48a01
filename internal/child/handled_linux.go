package child

import (
	"bytes"
	"strconv"
	"syscall"
)

// Handled reports whether a signal that was sent to the child has been dealt
// with: it is not pending, and no thread is in its handler, which the kernel
// blocks it for. It is false where the system does not tell.
func (c *Child) Handled(s syscall.Signal) bool {
	threads := numbers(procFile(c.pid, "task"))
	var buf []byte
	for _, id := range threads {
		text, err := readFile(buf, procFile(c.pid, "task/"+strconv.Itoa(id)+"/status"))
		if err != nil {
			continue // it has ended meanwhile
		}
		buf = text
		for _, field := range []string{"\nSigPnd:", "\nShdPnd:", "\nSigBlk:"} {
			if set, ok := signals(text, field); !ok || set&(1<<(uint(s)-1)) != 0 {
				return false
			}
		}
	}
	return len(threads) > 0
}

// signals reads a set of signals from the text of a status file.
func signals(text []byte, field string) (uint64, bool) {
	_, rest, ok := bytes.Cut(text, []byte(field))
	line, _, _ := bytes.Cut(rest, []byte("\n"))
	set, err := strconv.ParseUint(string(bytes.TrimSpace(line)), 16, 64)
	return set, ok && err == nil
}
