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
	for _, pattern := range []string{"*.md", "*/*.md", "../*.md"} {
		pages = append(pages, glob(t, pattern)...)
	}
	for _, page := range pages {
		for _, target := range relativeLinks(readDoc(t, page)) {
			if _, err := os.Stat(filepath.Join(filepath.Dir(page), target)); err != nil {
				t.Errorf("%s links to %s, which does not exist", page, target)
			}
		}
	}
}

// TestIndexes fails on a format, test vector or decision that its index or
// page does not lead to.
func TestIndexes(t *testing.T) {
	for _, index := range []struct{ pages, entries string }{
		{"formats/README.md", "formats/*.md"},
		{"adr/README.md", "adr/*.md"},
		{"formats/*.md", "formats/vectors/*"},
	} {
		linked := map[string]bool{}
		for _, page := range glob(t, index.pages) {
			linked[page] = true
			for _, target := range relativeLinks(readDoc(t, page)) {
				linked[filepath.Join(filepath.Dir(page), target)] = true
			}
		}
		for _, entry := range glob(t, index.entries) {
			if !linked[entry] {
				t.Errorf("%s is not linked from %s", entry, index.pages)
			}
		}
	}
}

func glob(t *testing.T, pattern string) []string {
	t.Helper()
	names, err := filepath.Glob(pattern)
	if err != nil {
		t.Fatal(err)
	}
	return names
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
