package docs

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
)

// listed is the part of `go list -json` that is read here.
type listed struct {
	ImportPath   string
	Dir          string
	Doc          string
	DepOnly      bool
	ForTest      string
	GoFiles      []string
	CgoFiles     []string
	Imports      []string
	TestImports  []string
	XTestImports []string
	Deps         []string
}

// list describes the module's packages for one platform. With -e a package
// that does not compile is listed all the same: compiling is another test's
// matter.
func list(root, platform string) ([]source, error) {
	env := append(os.Environ(), "CGO_ENABLED=0")
	if platform == "js" {
		env = append(env, "GOOS=js", "GOARCH=wasm")
	}
	cmd := exec.Command("go", "list", "-e", "-json", "./...")
	cmd.Dir, cmd.Env = root, env
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	out, err := cmd.Output()
	if err != nil {
		return nil, fmt.Errorf("go list (%s): %w\n%s", platform, err, stderr.Bytes())
	}
	var sources []source
	dec := json.NewDecoder(bytes.NewReader(out))
	for {
		var p listed
		if err := dec.Decode(&p); errors.Is(err, io.EOF) {
			return sources, nil
		} else if err != nil {
			return nil, fmt.Errorf("read go list: %w", err)
		}
		files := append(p.GoFiles, p.CgoFiles...)
		if len(files)+len(p.TestImports)+len(p.XTestImports) == 0 {
			continue // every file excluded on this platform
		}
		s := source{
			Path: relative(p.ImportPath), Platform: platform, Doc: p.Doc,
			Imports: relatives(p.Imports), Reaches: relatives(p.Deps),
			TestImports: relatives(append(p.TestImports, p.XTestImports...)),
		}
		for _, f := range files {
			uses, err := scan(filepath.Join(p.Dir, f), nil)
			if err != nil {
				return nil, err
			}
			s.Uses = append(s.Uses, uses...)
		}
		sources = append(sources, s)
	}
}

func relative(path string) string {
	if path == module {
		return "."
	}
	return strings.TrimPrefix(path, module+"/")
}

func relatives(paths []string) []string {
	out := make([]string, len(paths))
	for i, p := range paths {
		out[i] = relative(p)
	}
	return out
}

// watched are the functions that invariants 4 and 6 speak of, by import path.
var watched = map[string][]string{
	"time": {"Now", "Since", "Until", "Sleep", "After", "AfterFunc", "Tick", "NewTimer", "NewTicker"},
	"os":   {"Exit", "Getenv", "LookupEnv", "Environ", "ExpandEnv", "Args"},
	"log":  {"Fatal", "Fatalf", "Fatalln"},
}

// scan finds the watched calls and go statements of one file; src as for
// parser.ParseFile. Selectors are resolved by the file's own import names.
func scan(name string, src any) ([]use, error) {
	fset := token.NewFileSet()
	file, err := parser.ParseFile(fset, name, src, parser.SkipObjectResolution)
	if err != nil {
		return nil, fmt.Errorf("scan: %w", err)
	}
	names := map[string]string{}
	for _, imp := range file.Imports {
		path := strings.Trim(imp.Path.Value, `"`)
		local := path[strings.LastIndex(path, "/")+1:]
		if imp.Name != nil {
			local = imp.Name.Name
		}
		names[local] = path
	}
	var uses []use
	ast.Inspect(file, func(n ast.Node) bool {
		what := ""
		switch n := n.(type) {
		case *ast.GoStmt:
			what = "go statement"
		case *ast.SelectorExpr:
			if x, ok := n.X.(*ast.Ident); ok && slices.Contains(watched[names[x.Name]], n.Sel.Name) {
				what = names[x.Name] + "." + n.Sel.Name
			}
		}
		if what != "" {
			pos := fset.Position(n.Pos())
			uses = append(uses, use{what, fmt.Sprintf("%s:%d", filepath.Base(pos.Filename), pos.Line)})
		}
		return true
	})
	return uses, nil
}
