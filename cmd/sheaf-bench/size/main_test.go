package main

import (
	"compress/gzip"
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

// maxBytes is how large the program may be with gzip. Go's own part of it, 540,000
// with Go 1.26, may change with Go.
const maxBytes = 1_000_000

// TestSize: the merge engine stays small enough for a page. What to do about it
// when it does not is in docs/benchmarks.md.
func TestSize(t *testing.T) {
	if testing.Short() {
		t.Skip("compiles for js/wasm")
	}
	out := filepath.Join(t.TempDir(), "crdt.wasm")
	build := exec.Command("go", "build", "-trimpath", "-buildvcs=false", "-ldflags=-s -w", "-o", out, ".")
	build.Env = append(os.Environ(), "GOOS=js", "GOARCH=wasm")
	if msg, err := build.CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, msg)
	}
	program, err := os.ReadFile(out)
	if err != nil {
		t.Fatal(err)
	}
	var size counter
	w, err := gzip.NewWriterLevel(&size, gzip.BestCompression)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := w.Write(program); err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	t.Logf("%d bytes, %d with gzip", len(program), size)
	if size > maxBytes {
		t.Errorf("%d bytes with gzip, at most %d wanted", size, maxBytes)
	}
}

// counter counts what is written to it.
type counter int

func (c *counter) Write(b []byte) (int, error) {
	*c += counter(len(b))
	return len(b), nil
}
