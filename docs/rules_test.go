package docs

import (
	"fmt"
	"slices"
	"strings"
)

const module = "github.com/sheafdocs/sheaf"

// A source is what the rules need to know of one package on one platform, as
// `go list` tells it. Paths inside the module are relative to it ("node/wire",
// "." for its root); all others are as written.
type source struct {
	Path        string
	Platform    string // "native" or "js"
	Doc         string
	Imports     []string // non-test
	TestImports []string
	Reaches     []string // transitive, non-test
	Uses        []use    // what its non-test code calls, see scan
}

// A use is a call or statement that some packages must not contain.
type use struct {
	What  string // "time.Now", "go statement", "os.Exit"
	Where string // file:line
}

// check returns every way in which sources break the table or an invariant.
func check(table map[string]row, sources []source) []string {
	var faults []string
	say := func(format string, args ...any) { faults = append(faults, fmt.Sprintf(format, args...)) }
	seen := map[string]map[string]bool{}
	for _, s := range sources {
		r, listed := table[s.Path]
		if !listed {
			say("%s is not in the table of docs/ARCHITECTURE.md", s.Path)
			continue
		}
		if seen[s.Path] == nil {
			seen[s.Path] = map[string]bool{}
		}
		seen[s.Path][s.Platform] = true
		if r.Planned {
			say("%s is marked planned, but exists", s.Path)
		}
		if strings.TrimSpace(s.Doc) == "" {
			say("%s has no package comment (%s)", s.Path, s.Platform)
		}
		checkImports(table, s, say)
		checkInvariants(s, say)
	}
	for _, name := range rowNames(table) {
		checkPresence(table[name], seen[name], say)
	}
	slices.Sort(faults)
	return slices.Compact(faults)
}

// checkPresence compares a row's state and platforms with what was found.
func checkPresence(r row, on map[string]bool, say func(string, ...any)) {
	if r.Planned {
		return
	}
	wantNative, wantJS := r.Builds != "js", r.Builds != "native"
	switch {
	case len(on) == 0:
		say("%s is listed as here, but does not exist", r.Package)
	case wantNative && !on["native"]:
		say("%s does not build natively; the table says %s", r.Package, r.Builds)
	case wantJS && !on["js"]:
		say("%s does not build for js/wasm; the table says %s", r.Package, r.Builds)
	}
	// The reverse is no fault: portable code of a native package (its doc.go,
	// its types) may well compile for js.
}

// checkImports holds the imports of one package against its row.
func checkImports(table map[string]row, s source, say func(string, ...any)) {
	r := table[s.Path]
	for _, imp := range s.Imports {
		if !inModule(imp) {
			continue
		}
		if !r.allows(imp) {
			say("%s imports %s, which its row does not allow", s.Path, imp)
		}
		if isKit(imp) && !isKit(s.Path) && !r.Any {
			say("%s imports the test kit %s outside a test", s.Path, imp)
		}
		if imp == "wasm/web" && !strings.HasPrefix(s.Path, "cmd/") {
			say("%s imports wasm/web; only cmd may", s.Path)
		}
	}
	for _, imp := range s.TestImports {
		if inModule(imp) && imp != s.Path && !r.allows(imp) && !testsMayImport(table, s.Path, imp) {
			say("a test of %s imports %s, which neither its row nor the rule for tests allows", s.Path, imp)
		}
	}
}

// testsMayImport is the rule for test files, beyond their package's row.
func testsMayImport(table map[string]row, pkg, imp string) bool {
	if imp == "relay/relaytest" {
		return pkg == "relay" || strings.HasPrefix(pkg, "relay/")
	}
	realPart := strings.HasPrefix(pkg, "node/") && strings.HasPrefix(imp, "node/") && table["node"].allows(imp)
	return isKit(imp) || realPart || strings.HasPrefix(imp, "node/store/")
}

// isKit reports whether pkg exists for tests only.
func isKit(pkg string) bool {
	return strings.HasSuffix(pkg, "test") || pkg == "crdt/crdttest/oracle"
}

// inModule reports whether a path, as in source, is one of the module's.
func inModule(path string) bool {
	top, _, _ := strings.Cut(path, "/")
	return slices.Contains([]string{".", "crdt", "node", "relay", "cmd", "wasm", "docs"}, top)
}

var (
	pure = []string{"crdt", "crdt/*", "node/access", "node/oplog", "node/replication"}
	// Packages that hold libp2p hosts; programs and kits are free besides.
	hostImporters = []string{"node/transport", "node/discovery", "node/gossip", "node/sync", "node", "relay", "relay/circuit", "cmd/*"}
	jsImporters   = []string{"node/store/idbstore", "node/transport", "node/identity", "wasm"}
)

// checkInvariants holds one package against the invariants of ARCHITECTURE.md
// that can be read from imports and calls; the number names the invariant.
func checkInvariants(s source, say func(string, ...any)) {
	if isKit(s.Path) || s.Path == "docs" {
		return
	}
	in := func(patterns ...string) bool {
		return slices.ContainsFunc(patterns, func(p string) bool { return matches(p, s.Path) })
	}
	reaches := func(patterns ...string) (string, bool) {
		i := slices.IndexFunc(s.Reaches, func(d string) bool {
			return slices.ContainsFunc(patterns, func(p string) bool { return matches(p, d) })
		})
		if i < 0 {
			return "", false
		}
		return s.Reaches[i], true
	}
	if in("crdt", "crdt/*") {
		for _, imp := range s.Imports {
			if foreignToEngine(imp) {
				say("invariant 1: %s imports %s", s.Path, imp)
			}
		}
	}
	if in("relay", "relay/*") {
		if d, bad := reaches("crdt", "crdt/*", "node/seal"); bad {
			say("invariant 2: %s reaches %s", s.Path, d)
		}
	}
	if in("node", "node/*") && !in("node/store/*") {
		if d, bad := reaches("node/store/*", "github.com/dgraph-io/*"); bad {
			say("invariant 3: %s reaches %s", s.Path, d)
		}
	}
	if in("node", "node/*") {
		if d, bad := reaches("relay", "relay/*"); bad {
			say("invariant 5: %s reaches %s", s.Path, d)
		}
	}
	checkUses(s, in, say)
	only := func(what string, who []string, patterns ...string) {
		for _, imp := range s.Imports {
			if slices.ContainsFunc(patterns, func(p string) bool { return matches(p, imp) }) && !in(who...) {
				say("invariant 7: %s imports %s; %s belongs to %s", s.Path, imp, what, strings.Join(who, ", "))
			}
		}
	}
	only("Badger", []string{"node/store/badgerstore"}, "github.com/dgraph-io/*")
	only("NATS", []string{"relay/jetstore"}, "github.com/nats-io/*")
	only("syscall/js", jsImporters, "syscall/js")
	only("a libp2p host", hostImporters, "github.com/libp2p/go-libp2p", "github.com/libp2p/go-libp2p/core/host", "github.com/libp2p/go-libp2p/p2p/host/*")
}

// checkUses applies the invariants on calls: 4 (purity) and 6 (flags,
// environment, exit).
func checkUses(s source, in func(...string) bool, say func(string, ...any)) {
	for _, imp := range s.Imports {
		if in(pure...) && slices.Contains([]string{"math/rand", "math/rand/v2", "crypto/rand", "os", "net"}, imp) {
			say("invariant 4: %s imports %s", s.Path, imp)
		}
		if imp == "flag" && !in("cmd/*", "wasm") {
			say("invariant 6: %s imports flag", s.Path)
		}
	}
	for _, u := range s.Uses {
		if in(pure...) && (strings.HasPrefix(u.What, "time.") || u.What == "go statement") {
			say("invariant 4: %s has a %s at %s", s.Path, u.What, u.Where)
		}
		if !in("cmd/*", "wasm") && !strings.HasPrefix(u.What, "time.") && u.What != "go statement" {
			say("invariant 6: %s calls %s at %s", s.Path, u.What, u.Where)
		}
	}
}

// foreignToEngine names imports that would give crdt keys, peers, storage or
// time. Importing package time for its types is allowed to awareness, whose
// callers hand in the clock; reading the clock is invariant 4.
func foreignToEngine(imp string) bool {
	for _, p := range []string{"crypto", "crypto/*", "net", "net/*", "os", "os/*", "syscall", "database/*", "math/rand", "math/rand/*", "github.com/*", "golang.org/*", "filippo.io/*"} {
		if matches(p, imp) {
			return true
		}
	}
	return false
}
