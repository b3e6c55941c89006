package crdt_test

import (
	"go/ast"
	"go/doc"
	"go/parser"
	"go/token"
	"os"
	"slices"
	"strings"
	"testing"
)

// entryTypes are the types whose methods are entry points; methods of other
// types are read off what an entry point returns.
var entryTypes = []string{"Doc", "Text", "Array", "Map", "XMLFragment", "XMLElement", "UndoManager", "Snapshot"}

// selfEvident are methods that need no example, because their signature says it all;
// Columns is for package packed alone.
var selfEvident = strings.Fields(`ClientID Columns GUID HasPending Subdocs Deleted Deletes RedoStack UndoStack StopCapturing
	OnAfterAllTransactions OnBeforeAllTransactions OnBeforeObserverCalls OnStackCleared OnStackItemPopped OnStackItemUpdated
	AddToScope AddTrackedOrigin RemoveTrackedOrigin Attributes AttributeAt AttributeAuthor XMLText`)

// TestExamples lists the entry points that no example shows: functions, and
// methods of entryTypes, called in none. For format 2 that of format 1 will do.
func TestExamples(t *testing.T) {
	set := token.NewFileSet()
	var source, tests []*ast.File
	names, err := os.ReadDir(".")
	if err != nil {
		t.Fatal(err)
	}
	for _, n := range names {
		if !strings.HasSuffix(n.Name(), ".go") {
			continue
		}
		f, err := parser.ParseFile(set, n.Name(), nil, parser.ParseComments)
		if err != nil {
			t.Fatal(err)
		}
		switch {
		case strings.HasSuffix(n.Name(), "_test.go"):
			tests = append(tests, f)
		default:
			source = append(source, f)
		}
	}
	called := map[string]bool{}
	for _, f := range tests {
		for _, d := range f.Decls {
			example, ok := d.(*ast.FuncDecl)
			if !ok || !strings.HasPrefix(example.Name.Name, "Example") {
				continue
			}
			ast.Inspect(example, func(n ast.Node) bool {
				if s, ok := n.(*ast.SelectorExpr); ok {
					called[s.Sel.Name] = true
				}
				return true
			})
		}
	}
	pkg, err := doc.NewFromFiles(set, source, "crdt")
	if err != nil {
		t.Fatal(err)
	}
	var missing []string
	check := func(of string, funcs []*doc.Func) {
		for _, f := range funcs {
			name := strings.Replace(f.Name, "V2", "", 1)
			if !called[f.Name] && !called[name] && !slices.Contains(selfEvident, name) {
				missing = append(missing, of+f.Name)
			}
		}
	}
	check("", pkg.Funcs)
	for _, typ := range pkg.Types {
		check("", typ.Funcs)
		if slices.Contains(entryTypes, typ.Name) {
			check(typ.Name+".", typ.Methods)
		}
	}
	if len(missing) > 0 {
		t.Errorf("no example calls %s", strings.Join(missing, ", "))
	}
}
