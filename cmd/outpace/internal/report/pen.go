package report

import (
	"io"
	"strings"
)

// Options is how a report is written for a terminal. The zero value is one of
// 80 columns without colour.
type Options struct {
	Width  int  // columns; 0: 80. No line is longer, as long as there are 30
	ASCII  bool // nothing but ASCII: # for bars, * for the mark
	Colour bool // bold and dim, no more: nothing is told by it alone
}

// usual is the width of a terminal that nobody has made wider.
const usual = 80

// pen writes lines as the options say. It keeps the first error, and writes
// nothing after it.
type pen struct {
	Options
	out io.Writer
	err error
}

func newPen(w io.Writer, o Options) *pen {
	if o.Width <= 0 {
		o.Width = usual
	}
	return &pen{Options: o, out: w}
}

// line writes a line.
func (p *pen) line(s string) {
	if p.err == nil {
		_, p.err = io.WriteString(p.out, s+"\n")
	}
}

// lines writes a text in as many lines as it takes, in one style.
func (p *pen) lines(text string, style func(string) string) {
	for _, line := range wrap(p.text(text), p.Width) {
		p.line(style(line))
	}
}

// text makes a text from outside one that can be shown.
func (p *pen) text(s string) string {
	if p.ASCII {
		return ascii(clean(s))
	}
	return clean(s)
}

// cut shortens a line to the width.
func (p *pen) cut(s string) string {
	mark := "…"
	if p.ASCII {
		mark = "."
	}
	return cut(s, p.Width, mark)
}

func (p *pen) plain(s string) string { return s }
func (p *pen) bold(s string) string  { return p.styled("1", s) }
func (p *pen) dim(s string) string   { return p.styled("2", s) }

// styled leaves spaces at the end without the style, where they can be cut.
func (p *pen) styled(code, s string) string {
	text := strings.TrimRight(s, " ")
	if !p.Colour || text == "" {
		return s
	}
	return "\x1b[" + code + "m" + text + "\x1b[0m" + s[len(text):]
}
