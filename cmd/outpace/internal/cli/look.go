package cli

import (
	"math"
	"os"
	"strings"

	"github.com/outpace-run/outpace/cmd/outpace/internal/report"
	"golang.org/x/term"
)

// look is how a report is to look on a file, and whether that is a terminal.
// NO_COLOR, a terminal that is dumb and a locale without UTF-8 are respected.
// What is no terminal has no width, and no colour.
func look(out *os.File, ascii bool) (o report.Options, terminal bool) {
	o = report.Options{Width: math.MaxInt, ASCII: ascii}
	if !term.IsTerminal(int(out.Fd())) {
		return o, false
	}
	o.Width = columns(out)
	o.Colour = os.Getenv("NO_COLOR") == "" && os.Getenv("TERM") != "dumb"
	o.ASCII = ascii || !unicodeLocale()
	return o, true
}

// unicodeLocale reports whether the terminal is said to show UTF-8. Where
// nothing is said it is taken to.
func unicodeLocale() bool {
	for _, name := range []string{"LC_ALL", "LC_CTYPE", "LANG"} {
		if value := os.Getenv(name); value != "" {
			upper := strings.ToUpper(value)
			return strings.Contains(upper, "UTF-8") || strings.Contains(upper, "UTF8")
		}
	}
	return true
}
