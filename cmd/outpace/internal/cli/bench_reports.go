package cli

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"syscall"

	"github.com/outpace-run/outpace/cmd/outpace/internal/bench"
	"github.com/outpace-run/outpace/cmd/outpace/internal/report"
	"github.com/spf13/pflag"
)

// reportFiles are the files that a bench writes besides its table.
type reportFiles struct {
	html, json, markdown, csv, svg string
}

func (f *reportFiles) register(flags *pflag.FlagSet) {
	flags.StringVar(&f.html, "report", "", "write a page with charts to `FILE`")
	flags.StringVar(&f.json, "json", "", "write all that was measured to `FILE`")
	flags.StringVar(&f.markdown, "markdown", "", "write the table as Markdown to `FILE`")
	flags.StringVar(&f.csv, "csv", "", "write each single run to `FILE`")
	flags.StringVar(&f.svg, "svg", "", "write the chart for light and dark pages, NAME-light.svg and NAME-dark.svg for `NAME.svg`")
}

// form is a file in one of the forms.
type form struct {
	flag, name string
	write      func(w io.Writer, r bench.Report) error
}

// errNoChart is a chart of nothing, which is not written.
var errNoChart = errors.New("nothing was measured")

// forms are the files that were asked for.
func (f *reportFiles) forms() []form {
	light, dark := report.SVGNames(f.svg)
	if f.svg == "" {
		light, dark = "", ""
	}
	chart := func(dark bool) func(io.Writer, bench.Report) error {
		return func(w io.Writer, r bench.Report) error {
			if len(r.Tables) == 0 { // a suite that was ended before its first experiment
				return errNoChart
			}
			return report.WriteSVG(w, r.Tables[0], r.Machine, dark)
		}
	}
	var asked []form
	for _, one := range []form{
		{"report", f.html, report.WriteHTML}, {"json", f.json, writeJSON}, {"markdown", f.markdown, report.WriteMarkdown},
		{"csv", f.csv, report.WriteCSV}, {"svg", light, chart(false)}, {"svg", dark, chart(true)},
	} {
		if one.name != "" {
			asked = append(asked, one)
		}
	}
	return asked
}

func writeJSON(w io.Writer, r bench.Report) error {
	e := json.NewEncoder(w)
	e.SetIndent("", " ")
	return e.Encode(r)
}

// check makes sure that the files can be written, before anything is measured.
func (f *reportFiles) check(m *mapFlags) error {
	seen := map[string]string{}
	if f.svg != "" && !strings.HasSuffix(f.svg, ".svg") {
		return usage("such as --svg speed.svg, for speed-light.svg and speed-dark.svg", "--svg is a name that ends in .svg, got %q", f.svg)
	}
	for _, one := range f.forms() {
		path := filepath.Clean(one.name)
		if other, ok := seen[path]; ok {
			return usage("give each a name of its own", "--%s and --%s are the same file: %s", other, one.flag, one.name)
		}
		seen[path] = one.flag
		info, err := m.statOutput(one.name, "--"+one.flag)
		switch {
		case err != nil:
			return err
		case info != nil && info.Mode().IsRegular() && !m.force:
			return usage("--force overwrites it", "--%s: the file exists: %s", one.flag, one.name)
		case info != nil && m.readsFrom(info):
			return usage("write to another file", "--%s is the file of the inputs: %s", one.flag, one.name)
		case info != nil && info.Mode()&fs.ModeNamedPipe != 0: // who reads it would take the try for all there is
			continue
		}
		if err := writable(one.name, info != nil); err != nil {
			return cannot("", "cannot write --%s: %s: %s", one.flag, one.name, reason(err))
		}
	}
	return nil
}

// readsFrom reports whether a file is that of -i.
func (m *mapFlags) readsFrom(info fs.FileInfo) bool {
	own, err := os.Stat(m.inputs)
	return m.inputs != "" && err == nil && os.SameFile(own, info)
}

// writable makes sure that a file can be opened for writing, without changing
// one that exists.
func writable(name string, exists bool) error {
	how := os.O_WRONLY
	if !exists {
		how |= os.O_CREATE | os.O_EXCL
	}
	f, err := os.OpenFile(name, how, 0o666)
	if err != nil {
		return err
	}
	err = f.Close()
	if !exists {
		_ = os.Remove(name) // it is made at the end
	}
	return err
}

// write prints the tables and writes the files. A file that cannot be written
// does not keep the others from it: the first error is returned.
func (f *reportFiles) write(r bench.Report, b *benchFlags, s streams) error {
	err := b.show(r, s.out)
	for _, one := range f.forms() {
		var text bytes.Buffer
		failed := one.write(&text, r)
		if errors.Is(failed, errNoChart) {
			continue
		}
		if failed == nil {
			failed = os.WriteFile(one.name, text.Bytes(), 0o666)
		}
		if failed != nil && err == nil {
			err = unwritten("--"+one.flag, one.name, failed)
		}
	}
	return err
}

// show prints the tables: with bars, as wide as the terminal, where it is one.
func (b *benchFlags) show(r bench.Report, out *os.File) error {
	var text bytes.Buffer
	var err error
	if how, terminal := look(out, b.ascii); terminal {
		err = report.WriteText(&text, r, how)
	} else {
		err = report.WritePlain(&text, r)
	}
	if err == nil {
		_, err = out.Write(text.Bytes())
	}
	if err != nil {
		return unwritten("the table", "standard output", err)
	}
	return nil
}

// unwritten is the fault for a part of the report that could not be written. A
// reader that has gone is told as it is.
func unwritten(what, name string, err error) error {
	if errors.Is(err, syscall.EPIPE) {
		return err
	}
	return cannot("", "cannot write %s: %s: %s", what, name, reason(err))
}
