package outpace_test

import (
	"go/ast"
	"go/token"
	"os"
	"strings"
	"testing"
)

// maxLines is how long a file may be without a reason in it.
const maxLines = 400

// maxExports bounds what a newcomer to the root package has to learn: functions,
// types, constants and variables. Raise it knowingly.
const maxExports = 105

// TestHabitsNoInit: what must be set up is a value made in main.
func TestHabitsNoInit(t *testing.T) {
	for _, s := range sources(t) {
		for _, d := range s.file.Decls {
			if f, ok := d.(*ast.FuncDecl); ok && f.Recv == nil && f.Name.Name == "init" {
				t.Errorf("%s: func init; make a value where it is needed", s.at(f))
			}
		}
	}
}

// TestHabitsNoGlobals: a package has no variables but sentinel errors, embedded
// files, and assertions that a type satisfies an interface.
func TestHabitsNoGlobals(t *testing.T) {
	for _, s := range sources(t) {
		for _, d := range s.file.Decls {
			g, ok := d.(*ast.GenDecl)
			if !ok || g.Tok != token.VAR || s.test {
				continue
			}
			for _, spec := range g.Specs {
				if v := spec.(*ast.ValueSpec); !isSentinel(v) && !isAssertion(v) && !isEmbedded(g, v) {
					t.Errorf("%s: package variable %s; only sentinel errors, embedded files and interface assertions may be", s.at(v), v.Names[0])
				}
			}
		}
	}
}

func isAssertion(v *ast.ValueSpec) bool { return len(v.Names) == 1 && v.Names[0].Name == "_" }

func isEmbedded(g *ast.GenDecl, v *ast.ValueSpec) bool {
	return strings.HasPrefix(lastLine(g.Doc), "//go:embed ") || strings.HasPrefix(lastLine(v.Doc), "//go:embed ")
}

func lastLine(doc *ast.CommentGroup) string {
	if doc == nil {
		return ""
	}
	return doc.List[len(doc.List)-1].Text
}

// isSentinel reports whether v is made by errors.New or fmt.Errorf.
func isSentinel(v *ast.ValueSpec) bool {
	for _, value := range v.Values {
		call, ok := value.(*ast.CallExpr)
		if !ok || !isCall(call, "errors", "New") && !isCall(call, "fmt", "Errorf") {
			return false
		}
	}
	return len(v.Values) > 0
}

// isCall reports whether call is pkg.name(…).
func isCall(call *ast.CallExpr, pkg, name string) bool {
	sel, ok := call.Fun.(*ast.SelectorExpr)
	if !ok || sel.Sel.Name != name {
		return false
	}
	x, ok := sel.X.(*ast.Ident)
	return ok && x.Name == pkg
}

// TestHabitsFileLength: a file too long to read in one go gives its reason, in
// a line that begins with "Long because:" behind the comment sign.
func TestHabitsFileLength(t *testing.T) {
	for _, name := range append(files(t, ".go"), files(t, ".py")...) {
		text, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		lines := strings.Count(string(text), "\n")
		reason := strings.Contains(string(text), "\n// Long because: ") || strings.Contains(string(text), "\n# Long because: ")
		if lines > maxLines && !reason {
			t.Errorf("%s has %d lines: split it, or say why in a line \"Long because: …\"", name, lines)
		}
	}
}

// TestHabitsNoSleep: a test waits for an event, not for time to pass. Sleeping
// is free inside a synctest bubble, and a function named eventually may poll. A
// line that must sleep (a function that is slow on purpose) says so behind it:
// "// sleeps: why".
func TestHabitsNoSleep(t *testing.T) {
	for _, s := range sources(t) {
		if !s.test && s.folder != "modeltest" {
			continue
		}
		lines := strings.Split(s.text, "\n")
		ast.Inspect(s.file, func(n ast.Node) bool {
			if f, ok := n.(*ast.FuncDecl); ok {
				return f.Name.Name != "eventually"
			}
			call, ok := n.(*ast.CallExpr)
			if !ok {
				return true
			}
			line := lines[s.fset.Position(call.Pos()).Line-1]
			if isCall(call, "time", "Sleep") && !strings.Contains(line, "// sleeps: ") {
				t.Errorf("%s: time.Sleep outside of a synctest bubble", s.at(call))
			}
			return !isCall(call, "synctest", "Test")
		})
	}
}

// TestHabitsDocumented: every exported name has a comment. A comment above a
// group of constants or variables holds for all of them. Fields, and methods of
// interfaces, are up to the comment of their type.
func TestHabitsDocumented(t *testing.T) {
	for _, s := range sources(t) {
		if s.test || s.file.Name.Name == "main" {
			continue
		}
		for _, e := range exported(s.file) {
			if !e.documented {
				t.Errorf("%s: %s has no comment", s.at(e.name), e.name)
			}
		}
	}
}

// TestHabitsRootExports keeps the number of names in the root package in view.
func TestHabitsRootExports(t *testing.T) {
	count := 0
	for _, s := range sources(t) {
		if s.test || s.folder != "." {
			continue
		}
		for _, e := range exported(s.file) {
			if !e.method {
				count++
			}
		}
	}
	t.Logf("the root package exports %d names", count)
	if count > maxExports {
		t.Errorf("the root package exports %d names, more than %d", count, maxExports)
	}
}

// export is an exported name of a file.
type export struct {
	name       *ast.Ident
	method     bool
	documented bool
}

// exported lists the exported names that a file declares.
func exported(f *ast.File) []export {
	var all []export
	for _, d := range f.Decls {
		switch d := d.(type) {
		case *ast.FuncDecl:
			if d.Name.IsExported() && (d.Recv == nil || receiverExported(d.Recv.List[0].Type)) {
				all = append(all, export{d.Name, d.Recv != nil, d.Doc != nil})
			}
		case *ast.GenDecl:
			for _, spec := range d.Specs {
				all = append(all, exportedBySpec(d, spec)...)
			}
		}
	}
	return all
}

func exportedBySpec(d *ast.GenDecl, spec ast.Spec) []export {
	var all []export
	switch spec := spec.(type) {
	case *ast.ValueSpec:
		for _, name := range spec.Names {
			if name.IsExported() {
				all = append(all, export{name, false, d.Doc != nil || spec.Doc != nil || spec.Comment != nil})
			}
		}
	case *ast.TypeSpec:
		if spec.Name.IsExported() {
			all = append(all, export{spec.Name, false, d.Doc != nil || spec.Doc != nil})
		}
	}
	return all
}

// receiverExported reports whether a method's type is exported.
func receiverExported(typ ast.Expr) bool {
	switch typ := typ.(type) {
	case *ast.StarExpr:
		return receiverExported(typ.X)
	case *ast.IndexExpr:
		return receiverExported(typ.X)
	case *ast.IndexListExpr:
		return receiverExported(typ.X)
	case *ast.Ident:
		return typ.IsExported()
	}
	return false
}
