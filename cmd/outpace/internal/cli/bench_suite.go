package cli

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/outpace-run/outpace/cmd/outpace/internal/bench"
	"github.com/outpace-run/outpace/cmd/outpace/internal/site"
	"github.com/outpace-run/outpace/cmd/outpace/internal/suite"
	"github.com/outpace-run/outpace/examples/suites"
	"github.com/spf13/pflag"
)

// suiteFlags is what the flags say of the guides' experiments, and of the server
// that those with downloads need.
type suiteFlags struct {
	name     string
	scale    float64
	url      string
	latency  duration
	size     size
	capacity int
	pages    int
}

func (f *suiteFlags) register(flags *pflag.FlagSet) {
	f.latency, f.size = duration(150*time.Millisecond), size(64<<10)
	flags.StringVar(&f.name, "suite", "", "the guides' experiments `NAME[,NAME...]`: cpu, io, sweep-cpu, sweep-io, gil or all")
	flags.Float64Var(&f.scale, "scale", 0, "do `SHARE` of the guides' work: 1 is all of it")
	flags.IntVar(&f.pages, "pages", 0, "the addresses of `N` pages of a server of our own, as inputs")
	flags.Var(&f.latency, "latency", "the server answers after `TIME`")
	flags.Var(&f.size, "size", "a page has `SIZE` bytes")
	flags.IntVar(&f.capacity, "server-capacity", 0, "the server answers `N` requests at once, the others wait; 0: all")
	flags.StringVar(&f.url, "url", "", "load `URL` instead of pages of a server of our own")
}

// served says whose CPU time there is besides that of the function.
const served = "the pages come from a server in this process, and what it does is part of the CPU share"

// quickLatency is that of the pages of a quick suite.
const quickLatency = 20 * time.Millisecond

// checkSuite says what is wrong with the flags of suites, and which flags a suite
// does not go with.
func (b *benchFlags) checkSuite(args []string) error {
	f := &b.suite
	paged := f.name != "" || f.pages > 0
	for _, name := range []string{"latency", "size", "server-capacity", "url"} {
		if b.set.Changed(name) && !paged {
			return usage("such as --pages 100, or --suite io", "--%s is about pages, and there are none", name)
		}
	}
	switch {
	case f.capacity < 0:
		return usage("0 is for all of them", "--server-capacity is 0 or more, got %d", f.capacity)
	case f.pages < 0 || f.pages > mostInputs:
		return usage("such as --pages 100", "--pages is from 0 to %d, got %d", mostInputs, f.pages)
	case !(f.scale >= 0 && f.scale <= 1) || // so that NaN is refused too
		b.set.Changed("scale") && f.scale == 0:
		return usage("1 is all of the guides' work", "--scale is above 0 and at most 1, got %v", f.scale)
	case b.set.Changed("scale") && f.name == "":
		return usage("how many inputs there are is for you to say", "--scale is for --suite")
	case b.set.Changed("suite") && f.name == "":
		return usage("is a variable empty?", "--suite without a name")
	case f.url != "" && !strings.HasPrefix(f.url, "http://") && !strings.HasPrefix(f.url, "https://"):
		return usage("such as --url http://127.0.0.1:8000/", "--url is an address of http or https, got %q", f.url)
	case f.name == "":
		return nil
	}
	if len(args) > 0 {
		return usage("leave one of them out", "a suite has its own functions and inputs, and %s was given too", args[0])
	}
	for _, name := range []string{"also", "models", "workers", "inputs", "range", "repeat", "star", "arg", "init", "pages", "svg"} {
		if b.set.Changed(name) {
			return usage("leave it out, or measure the function by itself: they are under examples/suites", "a suite has its own --%s", name)
		}
	}
	return nil
}

// suite measures the experiments of suites, one after the other.
func (m *measuring) suite(ctx context.Context) (int, error) {
	b := m.flags
	found, unknown := suite.Find(strings.Split(b.suite.name, ","), suite.Options{Quick: b.quick, Scale: b.suite.scale, Cores: m.cores})
	if unknown != "" {
		names := append(suite.Names(), "all")
		return 0, usage(nearest(unknown, names, oneOf(names)), "no such suite: %q", unknown)
	}
	dir, err := copyFunctions()
	defer func() { _ = os.RemoveAll(dir) }() // it is among temporary files
	if err != nil {
		return 0, cannot("", "cannot keep the functions of the suites: %s", err)
	}
	if b.quick && !b.set.Changed("latency") {
		b.suite.latency = duration(quickLatency)
	}
	r := m.begin(b.again(nil))
	for i, e := range found {
		table, err := m.experiment(ctx, e, dir)
		if err == nil {
			r.Tables = append(r.Tables, table)
		}
		switch {
		case ctx.Err() != nil:
			noteMissing(r.Tables, len(found)-len(r.Tables), context.Cause(ctx))
			return m.end(ctx, r)
		case err != nil:
			noteMissing(r.Tables, len(found)-i, err)
			return 0, errors.Join(err, m.keep(ctx, r))
		}
	}
	return m.end(ctx, r)
}

// copyFunctions writes the functions of the suites into a new folder.
func copyFunctions() (dir string, err error) {
	if dir, err = os.MkdirTemp("", "outpace-suites-"); err != nil {
		return "", err
	}
	return dir, os.CopyFS(dir, suites.Files)
}

// noteMissing says under the last table that n others were to follow.
func noteMissing(tables []bench.Table, n int, why error) {
	if len(tables) > 0 && n > 0 {
		last := &tables[len(tables)-1]
		last.Notes = append(last.Notes, fmt.Sprintf("%s after this one could not be measured: %s", plural(n, "experiment"), why))
	}
}

// keep writes what was measured before an experiment that cannot be.
func (m *measuring) keep(ctx context.Context, r bench.Report) error {
	if len(r.Tables) == 0 {
		return nil
	}
	_, err := m.end(ctx, r)
	return err
}

// experiment measures one experiment, whose functions are in dir.
func (m *measuring) experiment(ctx context.Context, e suite.Experiment, dir string) (bench.Table, error) {
	inputs, done, err := m.flags.experimentInputs(ctx, e)
	if err != nil {
		return bench.Table{}, err
	}
	defer done()
	functions := slices.DeleteFunc([]string{e.Func, e.Also}, func(f string) bool { return f == "" })
	paths := slices.Clone(functions)
	for i, f := range functions {
		if !strings.HasPrefix(f, "go:") {
			paths[i], functions[i] = filepath.Join(dir, f), "examples/suites/"+f
		}
	}
	m.status.what = e.Suite + ", " + e.Language
	m.flags.models, m.flags.widths = e.Models, nil
	for _, n := range e.Workers {
		m.flags.widths = append(m.flags.widths, itoa(n))
	}
	table, err := m.table(ctx, paths, inputs, func(matrix *bench.Matrix) {
		matrix.Title = fmt.Sprintf("%s, %s: %s", e.Suite, e.Language, e.Title)
		for i := range matrix.Subjects {
			matrix.Subjects[i].Name = functions[i]
		}
		// The same work as a coroutine is there for the event loop.
		matrix.Entries = slices.DeleteFunc(matrix.Entries, func(entry bench.Entry) bool { return entry.Subject > 0 && entry.Model != "async" })
		compareWith(matrix, e)
	})
	if err == nil && e.Pages > 0 {
		m.flags.suite.describe(&table)
	}
	return table, err
}

// compareWith puts a guide's figures beside the cells that they are about.
func compareWith(m *bench.Matrix, e suite.Experiment) {
	if e.Language != "CPython" || len(e.Figures) == 0 {
		return
	}
	m.Guide = e.Guide
	for i, entry := range m.Entries {
		for _, f := range e.Figures {
			if entry.Subject == 0 && entry.Model == f.Model && entry.Shape.Workers() == f.Workers {
				m.Entries[i].Guide = &bench.Guide{Seconds: f.Seconds, SpeedUp: e.Figures[0].Seconds / f.Seconds}
			}
		}
	}
}

// experimentInputs are the inputs of an experiment, until done is called.
func (b *benchFlags) experimentInputs(ctx context.Context, e suite.Experiment) (inputs []json.RawMessage, done func(), err error) {
	if e.Pages > 0 {
		return b.suite.serve(ctx, e.Pages)
	}
	for _, text := range e.Inputs {
		inputs = append(inputs, json.RawMessage(text))
	}
	return inputs, func() {}, nil
}

// pageInputs are the pages of --pages.
func (b *benchFlags) pageInputs(ctx context.Context, args []string) (inputs []json.RawMessage, done func(), err error) {
	if len(args) > 0 || b.span != "" || b.inputs != "" {
		return nil, nil, usage("leave the others out", "inputs come from one place, and --pages is one")
	}
	return b.suite.serve(ctx, b.suite.pages)
}

// describe says in a table what its pages are: their addresses are new each time.
func (f *suiteFlags) describe(t *bench.Table) {
	if f.url != "" {
		return
	}
	what := fmt.Sprintf("page %%d of %s bytes, after %v", f.size.String(), time.Duration(f.latency))
	if f.capacity > 0 {
		what += fmt.Sprintf(", %d at once", f.capacity)
	}
	for i := range t.Sample {
		t.Sample[i] = fmt.Sprintf(what, i)
	}
	t.Notes = append(t.Notes, served)
}

// serve starts a server with n pages, or takes the user's address n times.
func (f *suiteFlags) serve(ctx context.Context, n int) (inputs []json.RawMessage, done func(), err error) {
	address, done := func(int) string { return f.url }, func() {}
	if f.url == "" {
		s, err := site.Start(ctx, site.Options{Latency: time.Duration(f.latency), Size: int64(f.size), Capacity: f.capacity})
		if err != nil {
			return nil, nil, cannot("", "cannot start a server: %s", err)
		}
		address, done = s.URL, func() { _ = s.Close() } // all that it answered was read
	}
	for i := range n {
		text, err := json.Marshal(address(i))
		if err != nil {
			done()
			return nil, nil, err
		}
		inputs = append(inputs, text)
	}
	return inputs, done, nil
}
