package child

import (
	"bytes"
	"io"
	"strings"
	"unicode/utf8"
)

const (
	maxLine = 64 << 10 // a longer line is cut into pieces
	maxTail = 16 << 10 // what is kept of the output
	goesOn  = " …"     // marks a piece that is not the end of its line
)

// lines cuts a stream of bytes into lines and keeps its tail. What is not
// UTF-8 becomes U+FFFD.
type lines struct {
	log  func(string)
	line []byte // begun, without its end
	tail []byte
}

// readFrom reads r until an error, which is the end of it.
func (l *lines) readFrom(r io.Reader) {
	buf := make([]byte, 32<<10)
	for {
		n, err := r.Read(buf)
		l.add(buf[:n])
		if err != nil {
			if len(l.line) > 0 {
				l.emit(l.line, "")
				l.line = nil
			}
			return
		}
	}
}

func (l *lines) add(p []byte) {
	l.tail = append(l.tail, p...)
	l.tail = l.tail[max(0, len(l.tail)-maxTail):]
	for len(p) > 0 {
		part, rest, ended := bytes.Cut(p, []byte("\n"))
		l.line = append(l.line, part...)
		for len(l.line) > maxLine {
			cut := boundary(l.line, maxLine)
			l.emit(l.line[:cut], goesOn)
			l.line = append(l.line[:0], l.line[cut:]...)
		}
		if ended {
			l.emit(bytes.TrimSuffix(l.line, []byte("\r")), "")
			l.line = l.line[:0]
		}
		p = rest
	}
}

func (l *lines) emit(line []byte, mark string) {
	if l.log != nil {
		l.log(strings.ToValidUTF8(string(line), "\uFFFD") + mark)
	}
}

// text returns the tail, from the start of a line where it was cut off.
func (l *lines) text() string {
	tail := l.tail
	if len(tail) == maxTail {
		if _, after, found := bytes.Cut(tail, []byte("\n")); found && len(after) > 0 {
			tail = after
		}
	}
	return strings.TrimSpace(strings.ToValidUTF8(string(tail), "\uFFFD"))
}

// boundary returns the last start of a character at or before n.
func boundary(b []byte, n int) int {
	for i := n; i > n-utf8.UTFMax; i-- {
		if utf8.RuneStart(b[i]) {
			return i
		}
	}
	return n
}
