package doctor

import (
	"os"
	"path/filepath"
	"regexp"
)

// cover hides who and where this is from a report that others will read.
type cover struct {
	what []*regexp.Regexp
	with []string
}

// veil returns the cover for this user and host. A home folder becomes ~; a
// folder named after the user or the host becomes USER or HOST.
func veil() cover {
	var c cover
	// What ends a path, or stands before one, in a sentence or a list.
	const before, after = `(^|[\s:;,"'(=])`, `($|[/\\\s:;,"')])`
	home, err := os.UserHomeDir()
	if err == nil && len(home) > 1 {
		c.add(before+regexp.QuoteMeta(filepath.Clean(home))+after, "${1}~${2}")
		if name := filepath.Base(home); len(name) > 1 {
			c.add(`([/\\])`+regexp.QuoteMeta(name)+after, "${1}USER${2}")
		}
	}
	for _, name := range []string{os.Getenv("USER"), os.Getenv("LOGNAME")} {
		if name != "" {
			c.add(`([/\\])`+regexp.QuoteMeta(name)+after, "${1}USER${2}")
		}
	}
	if name, err := os.Hostname(); err == nil && name != "" {
		c.add(`([/\\])`+regexp.QuoteMeta(name)+after, "${1}HOST${2}")
	}
	c.add(`(/home|/Users)/[^/\s:;,"')]+`+after, "${1}/USER${2}") // of whoever it is: sudo changes the others
	return c
}

func (c *cover) add(what, with string) {
	c.what = append(c.what, regexp.MustCompile(what))
	c.with = append(c.with, with)
}

// text covers a text. Neighbours in a list share the sign between them, so
// each is looked for twice.
func (c cover) text(s string) string {
	for i, what := range c.what {
		for range 2 {
			s = what.ReplaceAllString(s, c.with[i])
		}
	}
	return s
}

// report covers all that may hold a path.
func (c cover) report(r *Report) {
	for i := range r.Sections {
		for j := range r.Sections[i].Findings {
			f := &r.Sections[i].Findings[j]
			f.Value, f.Hint = c.text(f.Value), c.text(f.Hint)
		}
	}
	for i := range r.Pythons {
		p := &r.Pythons[i]
		p.Path, p.Problem = c.text(p.Path), c.text(p.Problem)
	}
}
