package docs

import (
	"slices"
	"strings"
	"testing"
)

// A guard that cannot fail guards nothing: each fixture below breaks one rule
// and must be caught by exactly the message it names.

const fixtureTable = `
| package | state | builds | what | may import |
|---|---|---|---|---|
| ¤crdt¤ | here | all | engine | – |
| ¤node/wire¤ | here | all | ids | – |
| ¤node/oplog¤ | here | all | entries | ¤node/{wire}¤ |
| ¤node¤ | here | all | node | ¤node/{oplog,wire}¤ |
| ¤node/store/badgerstore¤ | here | native | disk | ¤node/wire¤ |
| ¤node/nodetest¤ | here | native | kit | ¤node/*¤ |
| ¤node/blob¤ | planned | all | files | ¤node/wire¤ |
| ¤relay¤ | here | native | server | ¤node/*¤ |
| ¤cmd/sheaf¤ | here | native | program | anything |
| ¤wasm/web¤ | here | native | page | – |
`

func fixture(t *testing.T, markdown string) map[string]row {
	t.Helper()
	table, err := parsePackages(strings.ReplaceAll(markdown, "¤", "`"))
	if err != nil {
		t.Fatal(err)
	}
	return table
}

// clean is a tree that breaks nothing.
func clean() []source {
	return []source{
		{Path: "crdt", Platform: "native", Doc: "x", Imports: []string{"errors"}},
		{Path: "crdt", Platform: "js", Doc: "x"},
		{Path: "node/wire", Platform: "native", Doc: "x"},
		{Path: "node/wire", Platform: "js", Doc: "x"},
		{Path: "node/oplog", Platform: "native", Doc: "x", Imports: []string{"node/wire"}, TestImports: []string{"node/oplog", "node/nodetest", "node/store/badgerstore"}},
		{Path: "node/oplog", Platform: "js", Doc: "x", Imports: []string{"node/wire"}},
		{Path: "node", Platform: "native", Doc: "x"},
		{Path: "node", Platform: "js", Doc: "x"},
		{Path: "node/store/badgerstore", Platform: "native", Doc: "x", Imports: []string{"github.com/dgraph-io/badger/v4"}},
		{Path: "node/nodetest", Platform: "native", Doc: "x", Uses: []use{{"os.Getenv", "a.go:1"}}},
		{Path: "relay", Platform: "native", Doc: "x", Imports: []string{"node/oplog"}, Reaches: []string{"node/oplog", "node/wire"}},
		{Path: "cmd/sheaf", Platform: "native", Doc: "x", Imports: []string{"flag", "wasm/web"}, Uses: []use{{"os.Exit", "main.go:1"}}},
		{Path: "wasm/web", Platform: "native", Doc: "x"},
	}
}

func TestCheckAcceptsCleanTree(t *testing.T) {
	if faults := check(fixture(t, fixtureTable), clean()); len(faults) != 0 {
		t.Fatalf("clean tree reported: %q", faults)
	}
}

func TestCheckFinds(t *testing.T) {
	edit := func(path string, f func(*source)) func([]source) []source {
		return func(all []source) []source {
			for i := range all {
				if all[i].Path == path {
					f(&all[i])
				}
			}
			return all
		}
	}
	imports := func(path, imp string) func([]source) []source {
		return edit(path, func(s *source) { s.Imports = append(s.Imports, imp) })
	}
	uses := func(path, what string) func([]source) []source {
		return edit(path, func(s *source) { s.Uses = append(s.Uses, use{what, "x.go:7"}) })
	}
	reaches := func(path, dep string) func([]source) []source {
		return edit(path, func(s *source) { s.Reaches = append(s.Reaches, dep) })
	}
	tests := []struct {
		name   string
		break_ func([]source) []source
		want   string
	}{
		{"import outside the row", imports("node/wire", "node/oplog"), "node/wire imports node/oplog, which its row does not allow"},
		{"test import outside the rule", edit("node/wire", func(s *source) { s.TestImports = []string{"crdt"} }), "a test of node/wire imports crdt, which neither its row nor the rule for tests allows"},
		{"test import of a concrete part", edit("node/wire", func(s *source) { s.TestImports = []string{"node/oplog", "node/blob"} }), "a test of node/wire imports node/blob, which neither its row nor the rule for tests allows"},
		{"relay's kit outside relay", edit("node/wire", func(s *source) { s.TestImports = []string{"relay/relaytest"} }), "a test of node/wire imports relay/relaytest, which neither its row nor the rule for tests allows"},
		{"unlisted package", func(s []source) []source {
			return append(s, source{Path: "node/util", Platform: "native", Doc: "x"})
		}, "node/util is not in the table of docs/ARCHITECTURE.md"},
		{"package in the root", func(s []source) []source {
			return append(s, source{Path: ".", Platform: "native", Doc: "x"})
		}, ". is not in the table of docs/ARCHITECTURE.md"},
		{"no package comment", edit("node/wire", func(s *source) { s.Doc = " " }), "node/wire has no package comment (native)"},
		{"planned but exists", func(s []source) []source {
			return append(s, source{Path: "node/blob", Platform: "native", Doc: "x"})
		}, "node/blob is marked planned, but exists"},
		{"here but missing", func(s []source) []source {
			return slices.DeleteFunc(s, func(s source) bool { return s.Path == "relay" })
		}, "relay is listed as here, but does not exist"},
		{"missing for js", func(s []source) []source {
			return slices.DeleteFunc(s, func(s source) bool { return s.Path == "node/wire" && s.Platform == "js" })
		}, "node/wire does not build for js/wasm; the table says all"},
		{"missing natively", func(s []source) []source {
			return slices.DeleteFunc(s, func(s source) bool { return s.Path == "node/wire" && s.Platform == "native" })
		}, "node/wire does not build natively; the table says all"},
		{"kit in a program's code", imports("relay", "node/nodetest"), "relay imports the test kit node/nodetest outside a test"},
		{"page imported by another", imports("relay", "wasm/web"), "relay imports wasm/web; only cmd may"},
		{"engine with keys", imports("crdt", "crypto/ed25519"), "invariant 1: crdt imports crypto/ed25519"},
		{"engine with storage", imports("crdt", "os"), "invariant 1: crdt imports os"},
		{"relay that can read", reaches("relay", "node/seal"), "invariant 2: relay reaches node/seal"},
		{"relay with an engine", reaches("relay", "crdt/yproto"), "invariant 2: relay reaches crdt/yproto"},
		{"node with Badger", reaches("node/oplog", "github.com/dgraph-io/badger/v4"), "invariant 3: node/oplog reaches github.com/dgraph-io/badger/v4"},
		{"node with a store", reaches("node/oplog", "node/store/memstore"), "invariant 3: node/oplog reaches node/store/memstore"},
		{"clock in the core", uses("node/oplog", "time.Now"), "invariant 4: node/oplog has a time.Now at x.go:7"},
		{"goroutine in the core", uses("crdt", "go statement"), "invariant 4: crdt has a go statement at x.go:7"},
		{"randomness in the core", imports("node/oplog", "crypto/rand"), "invariant 4: node/oplog imports crypto/rand"},
		{"node with relay", reaches("node/wire", "relay/quota"), "invariant 5: node/wire reaches relay/quota"},
		{"exit in a library", uses("node/wire", "os.Exit"), "invariant 6: node/wire calls os.Exit at x.go:7"},
		{"flags in a library", imports("node/wire", "flag"), "invariant 6: node/wire imports flag"},
		{"second importer of Badger", imports("relay", "github.com/dgraph-io/badger/v4"), "invariant 7: relay imports github.com/dgraph-io/badger/v4; Badger belongs to node/store/badgerstore"},
		{"host in the log", imports("node/oplog", "github.com/libp2p/go-libp2p/core/host"), "invariant 7: node/oplog imports github.com/libp2p/go-libp2p/core/host"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			faults := check(fixture(t, fixtureTable), tt.break_(clean()))
			if !slices.ContainsFunc(faults, func(f string) bool { return strings.HasPrefix(f, tt.want) }) {
				t.Errorf("got %q, want one to begin with %q", faults, tt.want)
			}
		})
	}
}

func TestParseRejects(t *testing.T) {
	head := "| package | state | builds | what | may import |\n|---|---|---|---|---|\n"
	for name, body := range map[string]string{
		"no table":         "",
		"two packages":     head + "| ¤a¤, ¤b¤ | here | all | x | – |",
		"unknown state":    head + "| ¤node¤ | soon | all | x | – |",
		"unknown build":    head + "| ¤node¤ | here | arm | x | – |",
		"no description":   head + "| ¤node¤ | here | all |  | – |",
		"listed twice":     head + "| ¤node¤ | here | all | x | – |\n| ¤node¤ | here | all | x | – |",
		"unreadable":       head + "| ¤node¤ | here | all | x | everything |",
		"import of no row": head + "| ¤node¤ | here | all | x | ¤crdt¤ |",
		"missing cell":     head + "| ¤node¤ | here | all | x |",
	} {
		if table, err := parsePackages(strings.ReplaceAll(body, "¤", "`")); err == nil {
			t.Errorf("%s: accepted as %v", name, table)
		}
	}
}

func TestScanFinds(t *testing.T) {
	src := `package p
import (
	"os"
	clock "time"
)
type os2 struct{ Exit int }
func f(time os2) {
	_ = time.Exit
	_ = clock.Duration(1)
	clock.Now()
	go f(time)
	os.Exit(1)
	os.ReadFile("x")
}`
	uses, err := scan("p.go", src)
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, u := range uses {
		got = append(got, u.What+" "+u.Where)
	}
	want := []string{"time.Now p.go:10", "go statement p.go:11", "os.Exit p.go:12"}
	if !slices.Equal(got, want) {
		t.Errorf("got %q, want %q", got, want)
	}
}

func TestStrayEntries(t *testing.T) {
	got := strayEntries(map[string]bool{"node": true, "go.mod": true}, []string{".git", "node", "go.mod", "scripts", "notes.txt"})
	if !slices.Equal(got, []string{"scripts", "notes.txt"}) {
		t.Errorf("got %q", got)
	}
}
