package docs

import (
	"fmt"
	"slices"
	"strings"
)

// A row is one line of the package table of ARCHITECTURE.md.
type row struct {
	Package string // relative to the module: "node/wire"
	Planned bool   // listed, not written yet
	Builds  string // "all", "native" or "js"
	May     []string
	Any     bool // may import anything
}

// allows reports whether the row permits importing the module's package pkg.
func (r row) allows(pkg string) bool {
	return r.Any || slices.ContainsFunc(r.May, func(p string) bool { return matches(p, pkg) })
}

// matches reports whether pattern ("a/b", or "a/*" for all under a) covers pkg.
func matches(pattern, pkg string) bool {
	if under, ok := strings.CutSuffix(pattern, "/*"); ok {
		return strings.HasPrefix(pkg, under+"/")
	}
	return pattern == pkg
}

// parsePackages reads the table whose header begins with "| package |".
func parsePackages(markdown string) (map[string]row, error) {
	table := map[string]row{}
	for _, cells := range tableRows(markdown, "package") {
		if len(cells) != 5 {
			return nil, fmt.Errorf("package table: %d cells in row %q, want 5", len(cells), cells)
		}
		names := codeWords(cells[0])
		if len(names) != 1 {
			return nil, fmt.Errorf("package table: want one package in %q", cells[0])
		}
		r := row{Package: names[0], Builds: cells[2]}
		switch cells[1] {
		case "here":
		case "planned":
			r.Planned = true
		default:
			return nil, fmt.Errorf("%s: state %q, want here or planned", r.Package, cells[1])
		}
		if !slices.Contains([]string{"all", "native", "js"}, r.Builds) {
			return nil, fmt.Errorf("%s: builds %q, want all, native or js", r.Package, r.Builds)
		}
		if cells[3] == "" {
			return nil, fmt.Errorf("%s: no description", r.Package)
		}
		switch cells[4] {
		case "anything":
			r.Any = true
		case "–":
		default:
			for _, w := range codeWords(cells[4]) {
				r.May = append(r.May, expandBraces(w)...)
			}
			if len(r.May) == 0 {
				return nil, fmt.Errorf("%s: cannot read imports %q", r.Package, cells[4])
			}
		}
		if _, twice := table[r.Package]; twice {
			return nil, fmt.Errorf("%s is listed twice", r.Package)
		}
		table[r.Package] = r
	}
	if len(table) == 0 {
		return nil, fmt.Errorf("no package table found")
	}
	for _, r := range table {
		for _, p := range r.May {
			if !slices.ContainsFunc(rowNames(table), func(n string) bool { return matches(p, n) }) {
				return nil, fmt.Errorf("%s may import %s, which no row describes", r.Package, p)
			}
		}
	}
	return table, nil
}

// parseTopLevel reads the table whose header begins with "| entry |".
func parseTopLevel(markdown string) (map[string]bool, error) {
	entries := map[string]bool{}
	for _, cells := range tableRows(markdown, "entry") {
		for _, w := range codeWords(cells[0]) {
			entries[strings.TrimSuffix(w, "/")] = true
		}
	}
	if len(entries) == 0 {
		return nil, fmt.Errorf("no table of top-level entries found")
	}
	return entries, nil
}

// tableRows returns the trimmed cells of each row of the first Markdown table
// whose first header cell is head, without header and rule.
func tableRows(markdown, head string) [][]string {
	var rows [][]string
	inside := false
	for _, line := range strings.Split(markdown, "\n") {
		line = strings.TrimSpace(line)
		if !strings.HasPrefix(line, "|") {
			if inside {
				break
			}
			continue
		}
		cells := strings.Split(strings.Trim(line, "|"), "|")
		for i := range cells {
			cells[i] = strings.TrimSpace(cells[i])
		}
		switch {
		case !inside:
			inside = cells[0] == head
		case strings.Trim(cells[0], "-: ") == "":
		default:
			rows = append(rows, cells)
		}
	}
	return rows
}

// codeWords returns what stands between backquotes in s.
func codeWords(s string) []string {
	var words []string
	for i, part := range strings.Split(s, "`") {
		if i%2 == 1 {
			words = append(words, part)
		}
	}
	return words
}

// expandBraces turns "a/{b,c}" into "a/b" and "a/c".
func expandBraces(s string) []string {
	before, rest, ok := strings.Cut(s, "{")
	if !ok {
		return []string{s}
	}
	inner, after, _ := strings.Cut(rest, "}")
	var out []string
	for _, w := range strings.Split(inner, ",") {
		out = append(out, before+strings.TrimSpace(w)+after)
	}
	return out
}

func rowNames(table map[string]row) []string {
	var names []string
	for n := range table {
		names = append(names, n)
	}
	slices.Sort(names)
	return names
}
