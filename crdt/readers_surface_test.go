package crdt_test

import (
	"go/ast"
	"go/build"
	"go/importer"
	"go/parser"
	"go/token"
	"go/types"
	"runtime"
	"testing"
)

// noReader is what takes neither a Txn nor a function and is not for several
// goroutines at once, and why.
var noReader = map[string]string{
	"Doc.SetClientID": "configures", "RelativePosition.UnmarshalJSON": "writes the position",
	"Doc.ApplyUpdate": "applies", "Doc.ApplyUpdateContext": "applies", "Doc.ApplyUpdateV2": "applies", "Doc.ApplyUpdateV2Context": "applies",
	"Doc.Array": "like Doc.Text", "Doc.XMLElement": "like Doc.Text", "Doc.XMLFragment": "like Doc.Text", "Doc.XMLText": "like Doc.Text",
	"Doc.DocFromSnapshot": "splits items", "Text.DeltaAt": "splits items", "XMLText.DeltaAt": "splits items",
	"Subdoc.Load": "asks for it", "Subdoc.Destroy": "replaces it",
}

// TestReadsEverything holds read, which TestReaders calls, against all methods that
// read a document.
func TestReadsEverything(t *testing.T) {
	if runtime.GOOS == "js" {
		t.Skip("reads the sources by the go command, which a browser cannot start")
	}
	dir, err := build.ImportDir(".", 0)
	if err != nil {
		t.Fatal(err)
	}
	set, files := token.NewFileSet(), []*ast.File(nil)
	for _, name := range append(dir.GoFiles, dir.TestGoFiles...) {
		f, err := parser.ParseFile(set, name, nil, 0)
		if err != nil {
			t.Fatal(err)
		}
		files = append(files, f)
	}
	info := &types.Info{Uses: map[*ast.Ident]types.Object{}}
	config := types.Config{Importer: importer.ForCompiler(set, "source", nil)}
	pkg, err := config.Check("github.com/sheafdocs/sheaf/crdt", set, files, info)
	if err != nil {
		t.Fatal(err)
	}
	read := map[types.Object]bool{}
	for at, o := range info.Uses {
		if set.File(at.Pos()).Name() == "readers_test.go" {
			read[o] = true
		}
	}
	attributes := map[string]bool{"Attribute": true, "AttributeAt": true, "AttributeAuthor": true, "Attributes": true, "AttributesAt": true}
	txn := types.NewPointer(pkg.Scope().Lookup("Txn").Type())
	for _, typ := range []string{"Doc", "Text", "Array", "Map", "XMLFragment", "XMLElement", "XMLText", "XMLHook", "Snapshot", "RelativePosition", "Subdoc"} {
		for m := range types.NewMethodSet(types.NewPointer(pkg.Scope().Lookup(typ).Type())).Methods() {
			f := m.Obj().(*types.Func)
			if !f.Exported() || read[f] || noReader[typ+"."+f.Name()] != "" || attributes[f.Name()] { // seeAttributes has these by an interface
				continue
			}
			reads := true
			for p := range f.Signature().Params().Variables() {
				_, call := p.Type().Underlying().(*types.Signature)
				reads = reads && !call && !types.Identical(p.Type(), txn)
			}
			if reads {
				t.Errorf("%s.%s is not called in readers_test.go", typ, f.Name())
			}
		}
	}
}
