package ui

import (
	"io"
	"sync"
	"time"
)

// Line is a status without counts: rewritten in place on a terminal, else a line
// of its own every ten seconds. It may be used from any goroutine.
type Line struct {
	out   io.Writer
	width func() int // of the terminal; nil where each status is a line of its own

	mu   sync.Mutex
	last time.Time
	text string
}

// NewLine returns a status for a terminal that is width() columns wide; nil is
// for anything that keeps what is written.
func NewLine(out io.Writer, width func() int) *Line {
	return &Line{out: out, width: width, last: time.Now()}
}

// Tell says where things stand.
func (l *Line) Tell(text string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	every := plainEvery
	if l.width != nil {
		every = ttyEvery / 2
	}
	if now := time.Now(); now.Sub(l.last) >= every || l.width != nil && l.text == "" {
		l.last = now
		l.write(text)
	}
}

func (l *Line) write(text string) {
	if l.width == nil {
		_, _ = io.WriteString(l.out, "outpace: "+text+"\n") // see Printer
		return
	}
	if letters, most := []rune(text), l.width()-1; most > 0 && len(letters) > most {
		text = string(letters[:most])
	}
	l.text = text
	_, _ = io.WriteString(l.out, "\r\x1b[K"+text)
}

// End takes the status away.
func (l *Line) End() {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.width != nil && l.text != "" {
		_, _ = io.WriteString(l.out, "\r\x1b[K")
	}
	l.text = ""
}
