package outpace_test

import (
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"path"
	"slices"
	"strconv"
	"strings"
	"testing"
)

const modulePath = "github.com/outpace-run/outpace"

// layer is one package of the repository and the packages of ours that it may
// import. Paths are folders, from the root of the repository.
type layer struct {
	folder string
	may    []string
}

// layers is every package, from the lowest to the highest. One may import only
// what stands above its own line here, so there is no way to write a cycle.
// docs/architecture.md has the picture and the reasons.
func layers() []layer {
	adapter := []string{".", "share", "internal/wire", "internal/child", "internal/session"}
	return []layer{
		{"internal/cgroup", nil},
		{"internal/cores", []string{"internal/cgroup"}},
		{"internal/room", []string{"internal/cgroup"}},
		{"internal/engine", nil},
		{"internal/jsontext", nil},
		{"share", nil},
		{"internal/wire", []string{"internal/jsontext", "share"}},
		{"internal/child", []string{"internal/cgroup"}},
		{"python/worker", nil},
		{".", []string{"internal/engine", "internal/jsontext", "share"}},
		{"internal/session", []string{".", "share", "internal/wire", "internal/child"}},
		{"modeltest", []string{".", "share"}},
		{"process", append(adapter, "internal/cores")},
		{"python", append(adapter, "internal/cores", "python/worker")},
		{"examples/sharing", []string{".", "share", "process", "python"}},
		{"internal/soak", []string{".", "process", "python"}},
		{"cmd/outpace/internal/doctest", nil},
		{"cmd/outpace/internal/input", nil},
		{"cmd/outpace/internal/builtin", []string{"."}},
		{"cmd/outpace/internal/site", nil},
		{"cmd/outpace/internal/ui", []string{"."}},
		{"cmd/outpace/internal/machine", []string{"internal/cgroup", "internal/cores"}},
		{"cmd/outpace/internal/doctor", []string{"python", "internal/cgroup", "internal/room", "cmd/outpace/internal/machine"}},
		{"cmd/outpace/internal/bench", []string{".", "share", "internal/child", "internal/session", "cmd/outpace/internal/machine", "cmd/outpace/internal/ui"}},
		{"cmd/outpace/internal/report", []string{"cmd/outpace/internal/bench", "cmd/outpace/internal/machine"}},
		{"examples/suites", nil},
		{"cmd/outpace/internal/suite", []string{"cmd/outpace/internal/builtin", "examples/suites"}},
		{"cmd/outpace/internal/cli", []string{
			".", "python", "python/worker", "internal/child", "internal/cores", "internal/room", "examples/suites",
			"cmd/outpace/internal/builtin", "cmd/outpace/internal/input", "cmd/outpace/internal/ui",
			"cmd/outpace/internal/machine", "cmd/outpace/internal/doctor", "cmd/outpace/internal/bench", "cmd/outpace/internal/report",
			"cmd/outpace/internal/site", "cmd/outpace/internal/suite",
		}},
		{"cmd/outpace", []string{"cmd/outpace/internal/cli", "cmd/outpace/internal/doctest"}},
		{"benchmarks/probe", []string{".", "python"}},
		{"benchmarks/probe/outpace", []string{"benchmarks/probe"}},
		{"benchmarks/linear", []string{".", "python", "process", "share"}},
		{"benchmarks", []string{".", "python", "process", "share", "internal/cores", "benchmarks/probe", "benchmarks/linear"}},
	}
}

// TestLayers reads the files themselves. Asking the go command for the imports
// would not do: the result of such a test is cached although the files changed.
func TestLayers(t *testing.T) {
	table := layers()
	for _, s := range sources(t) {
		for _, i := range s.file.Imports {
			imported, err := strconv.Unquote(i.Path.Value)
			if err != nil {
				t.Fatal(err)
			}
			if why := refused(table, s.folder, s.test, imported); why != "" {
				t.Errorf("%s: imports %s: %s", s.at(i), imported, why)
			}
		}
	}
}

// TestLayersTable checks the table: downward only, and nothing in it that is gone.
func TestLayersTable(t *testing.T) {
	var lower []string
	for _, l := range layers() {
		for _, m := range l.may {
			if !slices.Contains(lower, m) {
				t.Errorf("%s may import %s, which does not stand below it", l.folder, m)
			}
		}
		lower = append(lower, l.folder)
	}
	var found []string
	for _, s := range sources(t) {
		found = append(found, s.folder)
	}
	for _, folder := range lower {
		if !slices.Contains(found, folder) {
			t.Errorf("%s is in the table of layers, but has no Go file", folder)
		}
	}
}

// TestLayersRefuse checks the check.
func TestLayersRefuse(t *testing.T) {
	for _, c := range []struct {
		folder   string
		test     bool
		imported string
		refused  bool
	}{
		{".", false, "context", false},
		{".", false, modulePath + "/internal/engine", false},
		{".", false, modulePath + "/internal/wire", true},
		{".", false, modulePath + "/python", true},
		{".", false, modulePath + "/modeltest", true},
		{".", true, modulePath, false},
		{".", true, modulePath + "/modeltest", false},
		{".", true, "go.uber.org/goleak", true},
		{"internal/wire", false, modulePath, true},
		{"internal/wire", false, modulePath + "/internal/child", true},
		{"internal/wire", true, modulePath + "/modeltest", true},
		{"python", false, modulePath, false},
		{"python", false, modulePath + "/modeltest", true},
		{"python", true, modulePath + "/modeltest", false},
		{"python", false, "github.com/spf13/cobra", true},
		{"cmd/outpace/internal/cli", false, "github.com/spf13/cobra", false},
		{"cmd/outpace/internal/ui", false, modulePath + "/cmd/outpace/internal/cli", true},
		{"cmd/outpace", false, modulePath + "-other/x", false},
		{"util", false, "context", true},
	} {
		why := refused(layers(), c.folder, c.test, c.imported)
		if (why != "") != c.refused {
			t.Errorf("%s imports %s (test: %v): %q", c.folder, c.imported, c.test, why)
		}
	}
}

// refused says why a file of a folder may not import a package; "" if it may.
func refused(table []layer, folder string, test bool, imported string) string {
	at := slices.IndexFunc(table, func(l layer) bool { return l.folder == folder })
	if at < 0 {
		return "the package " + folder + " has no place in the table of layers"
	}
	if imported != modulePath && !strings.HasPrefix(imported, modulePath+"/") {
		first, _, _ := strings.Cut(imported, "/")
		if strings.Contains(first, ".") && !nestedModule(folder) {
			return "the root module has the standard library only, in tests too"
		}
		return ""
	}
	target := path.Clean(strings.TrimPrefix(strings.TrimPrefix(imported, modulePath), "/"))
	may := table[at].may
	switch {
	case slices.Contains(may, target), test && target == folder:
		return ""
	case test && target == "modeltest" && (folder == "." || slices.Contains(may, ".")):
		return ""
	}
	return "the table of layers does not allow it"
}

// nestedModule reports whether a folder belongs to a module other than the root's.
func nestedModule(folder string) bool {
	for dir := folder; dir != "."; dir = path.Dir(dir) {
		if _, err := os.Stat(path.Join(dir, "go.mod")); err == nil {
			return true
		}
	}
	return false
}

// source is one Go file of the repository.
type source struct {
	name   string // "python/find.go"
	folder string // "python"
	test   bool
	fset   *token.FileSet
	file   *ast.File
	text   string
}

// at is the place of a node, for messages.
func (s source) at(n ast.Node) string { return s.fset.Position(n.Pos()).String() }

// sources parses every Go file of every module, tests too.
func sources(t *testing.T) []source {
	t.Helper()
	var all []source
	for _, name := range files(t, ".go") {
		text, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		fset := token.NewFileSet()
		file, err := parser.ParseFile(fset, name, text, parser.ParseComments|parser.SkipObjectResolution)
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, source{
			name: name, folder: path.Dir(name), test: strings.HasSuffix(name, "_test.go"),
			fset: fset, file: file, text: string(text),
		})
	}
	return all
}

// files lists the files with an ending, as the go command sees them: without
// testdata and without what begins with a dot or an underscore.
func files(t *testing.T, ending string) []string {
	t.Helper()
	var names []string
	err := fs.WalkDir(os.DirFS("."), ".", func(name string, d fs.DirEntry, err error) error {
		base := path.Base(name)
		switch {
		case err != nil:
			return err
		case name != "." && (base[0] == '.' || base[0] == '_' || base == "testdata"):
			if d.IsDir() {
				return fs.SkipDir
			}
		case !d.IsDir() && strings.HasSuffix(name, ending):
			names = append(names, name)
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return names
}
