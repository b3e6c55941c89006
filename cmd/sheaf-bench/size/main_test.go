package main

import (
	"go/ast"
	"go/parser"
	"go/token"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// TestListsAllOfCRDT: the size is that of all that crdt exports.
func TestListsAllOfCRDT(t *testing.T) {
	list, err := os.ReadFile("main.go")
	if err != nil {
		t.Fatal(err)
	}
	files, err := filepath.Glob("../../../crdt/*.go")
	if err != nil || len(files) == 0 {
		t.Fatal(files, err)
	}
	for _, name := range files {
		if strings.HasSuffix(name, "_test.go") {
			continue
		}
		file, err := parser.ParseFile(token.NewFileSet(), name, nil, 0)
		if err != nil {
			t.Fatal(err)
		}
		for _, d := range file.Decls {
			f, ok := d.(*ast.FuncDecl)
			if !ok || !f.Name.IsExported() {
				continue
			}
			want := `crdt\.` + f.Name.Name + `[,[]`
			if f.Recv != nil {
				t := receiver(f)
				switch {
				case t == "node":
					t = `\w+` // what the shared types embed
				case !ast.IsExported(t):
					continue
				}
				want = `crdt\.` + t + `(\[any\])?\)?\.` + f.Name.Name + `,`
			}
			if !regexp.MustCompile(want).Match(list) {
				t.Errorf("%s: main does not keep %s", filepath.Base(name), f.Name.Name)
			}
		}
	}
}

// receiver returns the name of the type that a method is called on.
func receiver(f *ast.FuncDecl) (name string) {
	ast.Inspect(f.Recv.List[0].Type, func(n ast.Node) bool {
		if id, ok := n.(*ast.Ident); ok && name == "" {
			name = id.Name
		}
		return true
	})
	return name
}

// TestImportsNothingLarge: time alone, which begins by asking a browser for its
// clock and files, is 86 kB, fmt is 205.
func TestImportsNothingLarge(t *testing.T) {
	out, err := exec.Command("go", "list", "-deps", "../../../crdt").Output()
	if err != nil {
		t.Fatal(err)
	}
	for _, large := range []string{"compress/flate", "context", "fmt", "os", "time"} {
		if slices.Contains(strings.Fields(string(out)), large) {
			t.Errorf("crdt imports %s, or something that does", large)
		}
	}
}
