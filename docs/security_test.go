package docs

import (
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// TestSecurity holds the table of attackers in SECURITY.md against the tests
// that exist: every row names some, or says that it is an open gap.
func TestSecurity(t *testing.T) {
	have := goTests(t)
	rows := tableRows(readDoc(t, "SECURITY.md"), "attacker")
	if len(rows) < 20 {
		t.Fatalf("the table has %d rows", len(rows))
	}
	for _, cells := range rows {
		if len(cells) != 3 {
			t.Errorf("row %q has not three cells", cells)
			continue
		}
		tests := 0
		for _, name := range codeWords(cells[2]) {
			if !strings.HasPrefix(name, "Test") {
				continue
			}
			tests++
			if !have[name] {
				t.Errorf("%q names %s, which does not exist", cells[0], name)
			}
		}
		if (tests == 0) != strings.Contains(cells[2], "**open gap**") {
			t.Errorf("%q names %d tests; without one it says **open gap**, with one it does not", cells[0], tests)
		}
	}
}

var goTest = regexp.MustCompile(`(?m)^func (Test\w+)\(`)

// goTests names every Go test of the module.
func goTests(t *testing.T) map[string]bool {
	t.Helper()
	have := map[string]bool{}
	err := filepath.WalkDir(root, func(path string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if d.IsDir() && path != root && (d.Name() == "node_modules" || strings.HasPrefix(d.Name(), ".")) {
			return filepath.SkipDir
		}
		if !strings.HasSuffix(path, "_test.go") && !strings.Contains(path, "test/") {
			return nil
		}
		if !strings.HasSuffix(path, ".go") {
			return nil
		}
		src, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		for _, m := range goTest.FindAllStringSubmatch(string(src), -1) {
			have[m[1]] = true
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return have
}
