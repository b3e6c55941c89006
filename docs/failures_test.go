package docs

import (
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

const failureRows = 36

// TestFailures holds failures.md against the tests that exist.
func TestFailures(t *testing.T) {
	proofs, err := findProofs(root)
	if err != nil {
		t.Fatal(err)
	}
	for _, fault := range checkFailures(readDoc(t, "failures.md"), proofs) {
		t.Error(fault)
	}
}

// checkFailures returns every way in which the table of failures.md disagrees
// with proofs, the names of all tests that carry a failure's id.
func checkFailures(markdown string, proofs []string) []string {
	var faults []string
	say := func(format string, args ...any) { faults = append(faults, fmt.Sprintf(format, args...)) }
	named := map[string][]string{}
	rows := tableRows(markdown, "id")
	for i, cells := range rows {
		id := fmt.Sprintf("F%02d", i+1)
		if len(cells) != 5 || cells[0] != id {
			say("row %d of failures.md is %q, want five cells beginning with %s", i+1, cells, id)
			continue
		}
		named[id] = codeWords(cells[3])
		gap := strings.Contains(cells[3], "**open gap**")
		if len(named[id]) == 0 && !gap {
			say("%s names no test and does not say **open gap**", id)
		}
		if len(named[id]) > 0 && gap {
			say("%s names tests and says **open gap**; what is missing is **partly**", id)
		}
		for j, name := range named[id] {
			if slices.Contains(named[id][:j], name) {
				say("%s names %s twice", id, name)
			}
			if !slices.Contains(proofs, name) {
				say("%s names %s, which does not exist", id, name)
			}
		}
	}
	if len(rows) != failureRows {
		say("failures.md has %d rows, want %d", len(rows), failureRows)
	}
	for _, proof := range proofs {
		for _, id := range idsOf(proof) {
			if !slices.Contains(named[id], proof) {
				say("%s exists, but the row %s of failures.md does not name it", proof, id)
			}
		}
	}
	return faults
}

var (
	goProof    = regexp.MustCompile(`(?m)^func (TestF\d\d\w*)\(`)
	pageProof  = regexp.MustCompile(`(?:scenario|test|it)\(\s*["'` + "`" + `](F\d\d[^"'` + "`" + `]*)`)
	idsAtFront = regexp.MustCompile(`^(?:Test)?((?:[Ff]\d\d[_ ,]*)+)`)
	idNumber   = regexp.MustCompile(`\d\d`)
)

// idsOf returns the failures a test's name claims: TestF02F05Partition claims
// two.
func idsOf(proof string) []string {
	m := idsAtFront.FindStringSubmatch(proof)
	if m == nil {
		return nil
	}
	var ids []string
	for _, n := range idNumber.FindAllString(m[1], -1) {
		ids = append(ids, "F"+n)
	}
	return ids
}

// findProofs names all tests under dir that carry a failure's id: Go test
// functions, command scripts (f21_kill.txtar), and scenarios of the page.
func findProofs(dir string) ([]string, error) {
	var proofs []string
	err := filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		name := d.Name()
		if d.IsDir() {
			if path != dir && (name == "node_modules" || name == "dist" || name == "bin" || strings.HasPrefix(name, ".")) {
				return filepath.SkipDir
			}
			return nil
		}
		var find *regexp.Regexp
		switch {
		case strings.HasSuffix(name, ".txtar"):
			if idsAtFront.MatchString(name) {
				proofs = append(proofs, name)
			}
			return nil
		case strings.HasSuffix(name, "_test.go"):
			find = goProof
		case strings.HasPrefix(filepath.ToSlash(path), dir+"/wasm/web/") && (strings.HasSuffix(name, ".ts") || strings.HasSuffix(name, ".tsx") || strings.HasSuffix(name, ".mjs")):
			find = pageProof
		default:
			return nil
		}
		src, err := os.ReadFile(path)
		if err != nil {
			return fmt.Errorf("read test: %w", err)
		}
		for _, m := range find.FindAllStringSubmatch(string(src), -1) {
			proofs = append(proofs, m[1])
		}
		return nil
	})
	slices.Sort(proofs)
	return slices.Compact(proofs), err
}

func TestCheckFailuresFinds(t *testing.T) {
	table := func(edit map[int]string) string {
		lines := []string{"| id | failure | answer | proof | figure |", "|---|---|---|---|---|"}
		for i := 1; i <= failureRows; i++ {
			line, ok := edit[i]
			if !ok {
				line = fmt.Sprintf("| F%02d | x | y | **open gap** | – |", i)
			}
			if line != "" {
				lines = append(lines, line)
			}
		}
		return strings.Join(lines, "\n")
	}
	for _, tt := range []struct {
		name   string
		edit   map[int]string
		proofs []string
		want   string
	}{
		{"nothing wrong", map[int]string{2: "| F02 | x | y | `TestF02F05Net` | – |", 5: "| F05 | x | y | `TestF02F05Net` | – |"}, []string{"TestF02F05Net"}, ""},
		{"empty proof", map[int]string{3: "| F03 | x | y | soon | – |"}, nil, "F03 names no test and does not say **open gap**"},
		{"gap beside a proof", map[int]string{3: "| F03 | x | y | `TestF03` **open gap** | – |"}, []string{"TestF03"}, "F03 names tests and says **open gap**; what is missing is **partly**"},
		{"proof that does not exist", map[int]string{3: "| F03 | x | y | `TestF03` | – |"}, nil, "F03 names TestF03, which does not exist"},
		{"proof named twice", map[int]string{3: "| F03 | x | y | `TestF03`, `TestF03` | – |"}, []string{"TestF03"}, "F03 names TestF03 twice"},
		{"test no row names", nil, []string{"f21_kill.txtar"}, "f21_kill.txtar exists, but the row F21 of failures.md does not name it"},
		{"second id no row names", map[int]string{2: "| F02 | x | y | `TestF02F05Net` | – |"}, []string{"TestF02F05Net"}, "TestF02F05Net exists, but the row F05 of failures.md does not name it"},
		{"row missing", map[int]string{36: ""}, nil, "failures.md has 35 rows, want 36"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			faults := checkFailures(table(tt.edit), tt.proofs)
			if tt.want == "" && len(faults) > 0 || tt.want != "" && !slices.Contains(faults, tt.want) {
				t.Errorf("got %q, want %q", faults, tt.want)
			}
		})
	}
}
