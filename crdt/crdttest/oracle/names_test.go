package oracle

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// TestReadmeNamesExports fails for what yjs exports and crdt/README.md names
// neither in its table nor where it says what is left out.
func TestReadmeNamesExports(t *testing.T) {
	dir, err := sourceDir()
	if err != nil {
		t.Fatal(err)
	}
	source, err := os.ReadFile(filepath.Join(dir, "node_modules/yjs/src/index.js"))
	if errors.Is(err, fs.ErrNotExist) {
		t.Skip("yjs is not installed; the tests that start Node install it")
	} else if err != nil {
		t.Fatal(err)
	}
	readme, err := os.ReadFile(filepath.Join(dir, "../../README.md"))
	if err != nil {
		t.Fatal(err)
	}
	named := map[string]bool{}
	_, differences, found := strings.Cut(string(readme), "\n## Differences from Yjs")
	if !found {
		t.Fatal("README.md has no section of differences")
	}
	for _, span := range regexp.MustCompile("`[^`]+`").FindAllString(differences+firstColumn(string(readme)), -1) {
		for _, word := range regexp.MustCompile(`\w+`).FindAllString(span, -1) {
			named[word] = true
		}
	}
	_, list, _ := strings.Cut(string(source), "export {")
	list, _, _ = strings.Cut(list, "}")
	exports := regexp.MustCompile(`(?m)^ *(?:\w+ as )?(\w+),?(?: *//.*)?$`).FindAllStringSubmatch(list, -1)
	if len(exports) < 80 || len(exports) != strings.Count(strings.TrimSpace(list), "\n")+1 {
		t.Fatalf("%d exports of yjs were read", len(exports))
	}
	for _, e := range exports {
		if !named[e[1]] {
			t.Errorf("crdt/README.md does not name %s", e[1])
		}
	}
}

// firstColumn returns the first cells of the rows of all tables, a line each.
func firstColumn(markdown string) string {
	var out strings.Builder
	for line := range strings.Lines(markdown) {
		if cells := strings.SplitN(line, "|", 3); len(cells) == 3 && cells[0] == "" {
			out.WriteString(cells[1] + "\n")
		}
	}
	return out.String()
}
