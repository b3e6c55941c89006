package docs

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

const root = ".."

func readDoc(t *testing.T, name string) string {
	t.Helper()
	b, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

// TestArchitecture holds the source tree against the package table and the
// invariants of ARCHITECTURE.md, natively and for js/wasm.
func TestArchitecture(t *testing.T) {
	table, err := parsePackages(readDoc(t, "ARCHITECTURE.md"))
	if err != nil {
		t.Fatal(err)
	}
	var all []source
	for _, platform := range []string{"native", "js"} {
		sources, err := list(root, platform)
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, sources...)
	}
	for _, fault := range check(table, all) {
		t.Error(fault)
	}
}

// TestTopLevel fails on a file or folder beside those ARCHITECTURE.md lists.
func TestTopLevel(t *testing.T) {
	allowed, err := parseTopLevel(readDoc(t, "ARCHITECTURE.md"))
	if err != nil {
		t.Fatal(err)
	}
	entries, err := os.ReadDir(root)
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range strayEntries(allowed, entryNames(entries)) {
		t.Errorf("%s at the top level is not in docs/ARCHITECTURE.md", e)
	}
}

func entryNames(entries []os.DirEntry) []string {
	var names []string
	for _, e := range entries {
		names = append(names, e.Name())
	}
	return names
}

func strayEntries(allowed map[string]bool, names []string) []string {
	return slices.DeleteFunc(slices.Clone(names), func(n string) bool {
		return strings.HasPrefix(n, ".") || allowed[n]
	})
}

// TestLinks fails on a relative link of the documentation that leads nowhere.
func TestLinks(t *testing.T) {
	var pages []string
	for _, glob := range []string{"*.md", "*/*.md", "../*.md"} {
		m, err := filepath.Glob(glob)
		if err != nil {
			t.Fatal(err)
		}
		pages = append(pages, m...)
	}
	for _, page := range pages {
		for _, target := range relativeLinks(readDoc(t, page)) {
			if _, err := os.Stat(filepath.Join(filepath.Dir(page), target)); err != nil {
				t.Errorf("%s links to %s, which does not exist", page, target)
			}
		}
	}
}

// relativeLinks returns the targets of Markdown links that name files.
func relativeLinks(markdown string) []string {
	var targets []string
	for _, part := range strings.Split(markdown, "](")[1:] {
		target, _, ok := strings.Cut(part, ")")
		target, _, _ = strings.Cut(target, "#")
		if ok && target != "" && !strings.Contains(target, ":") {
			targets = append(targets, target)
		}
	}
	return targets
}
