package crdt_test

import (
	"go/ast"
	"go/importer"
	"go/parser"
	"go/token"
	"go/types"
	"path/filepath"
	"runtime"
	"testing"
)

// selfEvident is what needs no example, and why.
var selfEvident = map[string]string{
	"Doc.Columns": "only package packed can use it",
	"ID.String":   "for fmt", "KeyAction.String": "for fmt", "Kind.String": "for fmt", "SnapshotChange.String": "for fmt",
}

// TestExamples lists what the packages export and no example of theirs calls,
// for methods that of the very type.
func TestExamples(t *testing.T) {
	if runtime.GOOS == "js" {
		t.Skip("reads the sources by the go command, which a browser cannot start")
	}
	const crdt = "github.com/sheafdocs/sheaf/crdt"
	imp := importer.ForCompiler(token.NewFileSet(), "source", nil)
	for dir, path := range map[string]string{".": crdt, "packed": crdt + "/packed"} {
		pkg, err := imp.Import(path)
		if err != nil {
			t.Fatal(err)
		}
		called := calledByExamples(t, dir, imp)
		check := func(name string, f types.Object) {
			_, excused := selfEvident[name]
			if f.Exported() && called[f] == excused {
				t.Errorf("%s.%s: called by an example: %v, needs none: %v", pkg.Name(), name, called[f], excused)
			}
			called[f] = true // told once, although several types may embed it
		}
		for _, name := range pkg.Scope().Names() {
			switch o := pkg.Scope().Lookup(name).(type) {
			case *types.Func:
				check(name, o)
			case *types.TypeName:
				for m := range types.NewMethodSet(types.NewPointer(o.Type())).Methods() {
					if f := m.Obj().(*types.Func).Origin(); o.Exported() && f.Pkg() == pkg {
						check(name+"."+f.Name(), f)
					}
				}
			}
		}
	}
}

// calledByExamples returns the functions and methods that the examples of a
// package call.
func calledByExamples(t *testing.T, dir string, imp types.Importer) map[types.Object]bool {
	names, err := filepath.Glob(filepath.Join(dir, "example*_test.go"))
	if err != nil || len(names) == 0 {
		t.Fatal(names, err)
	}
	set, files := token.NewFileSet(), []*ast.File(nil)
	for _, name := range names {
		f, err := parser.ParseFile(set, name, nil, 0)
		if err != nil {
			t.Fatal(err)
		}
		files = append(files, f)
	}
	info := &types.Info{Uses: map[*ast.Ident]types.Object{}}
	if _, err := (&types.Config{Importer: imp}).Check("examples", set, files, info); err != nil {
		t.Fatal(err)
	}
	called := map[types.Object]bool{}
	for _, o := range info.Uses {
		if f, ok := o.(*types.Func); ok {
			called[f.Origin()] = true
		}
	}
	return called
}
