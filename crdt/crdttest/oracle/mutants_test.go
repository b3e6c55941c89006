package oracle

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// mutantSeeds is how many programs the oracle has to find a mutant.
const mutantSeeds = 500

// mutant is a deliberate fault: one line of the engine changed.
type mutant struct {
	name     string
	file     string // below crdt
	old, new string // old occurs exactly once in the file
}

var mutants = []mutant{
	// Placing concurrent edits.
	{"client tie-break", "place.go",
		"if d.clients[oi.client].id < d.clients[it.client].id {", "if d.clients[oi.client].id > d.clients[it.client].id {"},
	{"right origin in conflicts", "place.go",
		"for o != 0 && o != right {", "for o != 0 {"},
	{"items before the origin", "place.go",
		"if i < free {", "if i <= free {"},
	{"waiting for the right origin", "integrate.go",
		"if s.HasRight && d.lacks(s, s.Right) {", "if false {"},
	{"deleted parent", "integrate.go",
		"if t.item != 0 && d.items.at(t.item).deleted() || l.entry && it.right != 0 {", "if l.entry && it.right != 0 {"},
	{"map last writer", "integrate.go",
		"if l.entry && it.right == 0 && left != 0 {", "if false {"},
	{"map overwritten value", "integrate.go",
		"deleted() || l.entry && it.right != 0 {", "deleted() {"},
	{"right origin when splitting", "link.go",
		"right.setOrigin(unit{c, right.clock - 1})", "right.setOrigin(unit{c, right.clock - 1})\n\tright.rightClient = 0"},
	{"partial struct's origin", "integrate.go",
		"it.setOrigin(unit{c, it.clock - 1})", "it.setOrigin(unit{d.clientIndex(ClientID(s.Origin.Client)), s.Origin.Clock})"},

	// Merging and collecting.
	{"run merge: neighbours", "merge.go",
		"return l.right == rh && !l", "return !l"},
	{"run merge: right origin", "merge.go",
		"l.rightOrigin() == r.rightOrigin()", "true"},
	{"run merge: deleted", "merge.go",
		"if l.kind != r.kind || l.deleted() != r.deleted() {", "if l.kind != r.kind {"},
	{"garbage collection: children", "gc.go",
		"if t.children != 0 {", "if false {"},
	{"garbage collection: entries", "gc.go",
		"types = d.collectList(e.list, types)", "_ = e"},
	{"garbage collection: nested types", "gc.go",
		"types = append(types, int32(it.content))", "_ = types"},

	// Pending.
	{"pending delete set: kept", "apply.go",
		"p.deletes.add(unknown)", "p.deletes = pendingDeletes{}; p.deletes.add(unknown)"},
	{"pending delete set: retried", "pending_deletes.go",
		"if len(p.due) == 0 {\n\t\treturn", "if true {\n\t\treturn"},
	{"pending structs: retried", "pending.go",
		"for len(heap) > 0 && heap[0].clock < state {", "for len(heap) > 0 && heap[0].clock+1 < state {"},
	{"pending structs: merged in order of arrival", "pending.go",
		"mergeRuns(all, rest)", "mergeRuns(rest, all)"},
	{"pending structs: encoded", "pending.go",
		"if runs := d.pending.runs(); len(runs) > 0 {", "if runs := d.pending.runs(); len(runs) > 1 {"},

	// Text.
	{"surrogate split", "textstore.go",
		"at, inside := lib0.ByteOffset(s.bytes(left), int(diff), int(left.units))", "at, inside := lib0.ByteOffset(s.bytes(left), int(diff), int(left.units)); inside = false"},
	{"surrogate split in an update", "internal/codec/slice.go",
		"if inside {", "if inside && false {"},
	{"format negation", "format.go",
		"negated.set(a.key, current)", "negated.set(a.key, lib0.Null())"},
	{"format negation of marks passed", "format.go",
		"negated.set(it.size, value)", "_ = value"},
	{"format clean-up: values in effect", "formatcleanup.go",
		"if last[key] != f || lib0.Same(was, value) {", "if last[key] != f {"},
	{"format clean-up: after remote deletions", "formatcleanup.go",
		"if seen[it.size] {", "if false {"},
	{"embeds count when deleting", "format.go",
		"case kindType, kindEmbed, kindString:", "case kindType, kindString:"},

	// Encoding.
	{"offset of the first struct", "encode.go",
		"Clock: it.clock + offset - 1}", "Clock: it.clock + offset}"},
	{"order of state vectors", "id.go",
		"slices.Reverse(clients)", "slices.Sort(clients)"},
	{"delete-set merge", "internal/codec/ranges.go",
		"last.End() >= next.Clock", "last.End() > next.Clock"},
	{"minus zero", "internal/lib0/encode.go",
		"math.Signbit(f)", "f < 0"},

	// Without a document.
	{"diff offset", "internal/codec/diff.go",
		"offset = clock - s.Clock", "offset = 0"},
	{"merge: gap", "internal/codec/merge.go",
		"Len: next.Clock - m.current.End()}", "Len: 1}"},
	{"merge: overlap", "internal/codec/merge.go",
		"offset = known", "offset = 0"},
	{"merge: known structs", "internal/codec/merge.go",
		"s.r.Struct.End() <= m.current.End()", "s.r.Struct.End() < m.current.End()"},
	{"state vector stops at a gap", "internal/codec/diff.go",
		"if s.Ref == RefSkip {\n\t\t\tstopped = true", "if s.Ref == RefSkip {\n\t\t\tstopped = false"},

	// Format 2.
	{"steps of clocks", "internal/lib0/columnwriter.go",
		"n := 2 * w.step", "n := 2 * max(w.step, 0)"},
	{"repeated numbers", "internal/lib0/columnwriter.go",
		"w.buf = AppendInt(w.buf, w.value, w.count > 1)", "w.buf = AppendInt(w.buf, w.value, w.count > 1 && w.value > 0)"},
	{"repeated bytes", "internal/lib0/columnwriter.go",
		"if w.count > 0 && w.value == v {", "if w.value == v {"},
	{"surrogate split in format 2", "internal/codec/output.go",
		"text = append([]byte(lib0.Replacement), text[4:]...)", "text = text[4:]"},
	{"lengths of strings", "internal/codec/output.go",
		"e.cols.str.Add(text, total-offset)", "e.cols.str.Add(text, uint64(len(text)))"},
	{"format keys are numbered", "internal/codec/output.go",
		"e.cols.numKeys++", "e.cols.numKeys += 0"},
	{"embeds in format 2", "internal/codec/output.go",
		"if e.cols != nil {\n\t\te.rest = lib0.AppendAny(e.rest, v)", "if e.cols == nil {\n\t\te.rest = lib0.AppendAny(e.rest, v)"},
	{"gaps have no column", "internal/codec/output.go",
		"e.Uint(n) // in no column", "e.Length(n)"},
	{"delete set of format 2", "internal/codec/ranges.go",
		"r[i].Clock-end), r[i].Len-1)", "r[i].Clock-end), r[i].Len)"},
	{"clocks of deleted ranges", "internal/codec/input.go",
		"base = clock + length", "base = clock"},
	{"parents in format 2", "internal/codec/input.go",
		"return in.cols.parentInfo.Next(&in.d) == 1", "return in.cols.parentInfo.Next(&in.d) != 1"},
	{"pending in format 1", "pending_runs.go",
		"w.w, w.bytes = codec.NewWriter(codec.Kept), 0", "w.w, w.bytes = codec.NewWriter(codec.V1), 0"},
	{"obfuscated keys", "internal/codec/obfuscate.go",
		"known[string(key)] = next", "_ = next"},

	// What observers get.
	{"events: order of types", "observe.go",
		"len(a.Path()), len(b.Path())", "len(b.Path()), len(a.Path())"},
	{"events: deleted types", "observe.go",
		"if d.isDeleted(t) {\n\t\t\tcontinue", "if false {\n\t\t\tcontinue"},
	{"events: path", "relpos_resolve.go",
		"units += d.items.at(lf.items[i]).visible()", "units += int64(d.items.at(lf.items[i]).len())"},
	{"events: path is kept while one type's observers run", "observe.go",
		"e.current, e.hasPath = p.typ, false", "e.current = p.typ"},
	{"events: runs extended at once", "observe_delta.go",
		"split := d.queue[0] == e.tx && !e.tx.joined", "split := false"},
	{"events: runs extended by an observer", "link.go",
		"if d.queue[0] != d.tx {", "if false {"},
	{"list delta: inserted and deleted", "observe_delta.go",
		"if p.deletes && !p.adds {", "if p.deletes {"},
	{"list delta: the rest", "observe_delta.go",
		"if kind == 2 {", "if false {"},
	{"keys: inserted and deleted", "observe_delta.go",
		"case deletes(it) && !replaced:", "case false:"},
	{"keys: values of the transaction", "observe_delta.go",
		"prev = d.items.at(prev).left", "prev = 0"},
	{"text delta: retains join", "observe_delta.go",
		"if w.action == walkRetain {\n\t\tw.flush()", "if false {\n\t\tw.flush()"},
	{"text delta: the rest", "observe_delta.go",
		"w.ops[n-1].Attrs == nil; n--", "false; n--"},
	{"text delta: formats that ended", "observe_delta.go",
		"w.changed.set(key, current)", "w.changed.remove(key)"},
	{"text delta: formats as they were", "observe_delta.go",
		"if lib0.EqualFlat(value, w.old.orNull(key)) {", "if false {"},
	{"text delta: formats of inserts", "observe_delta.go",
		"Attrs: w.d.namedAttrs(w.current)})\n\tcase", "Attrs: w.d.namedAttrs(w.changed)})\n\tcase"},
	{"text delta: pointless marks", "observe_delta.go",
		"case now.Kind() != lib0.KindNull:", "case false:"},
	{"subdocuments are destroyed", "event.go",
		"s.Destroy()", "_ = s"},

	// Undoing.
	{"undo: redone items do not merge", "merge.go",
		"!l.redone() && !r.redone() &&", "true &&"},
	{"undo: kept items are not collected", "cleanup.go",
		"it.kind != kindGC && !it.kept() &&", "it.kind != kindGC &&"},
	{"undo: keep flag of what was made again", "undo_redo.go",
		"d.keep(n, true)\n\ttx.insert", "tx.insert"},
	{"undo: parent that was made again", "undo_redo.go",
		"parent = tx.redoneAs(parent)\n\t\t}\n\t\tif", "break\n\t\t}\n\t\tif"},
	{"undo: neighbours that were made again", "undo_redo.go",
		"trace = r.tx.redoneAs(trace)", "trace = 0\n\t\t\tbreak"},
	{"undo: left neighbour", "undo_redo.go",
		"left = r.left(it.list, it.left, parent)", "left = r.left(it.list, h, parent)"},
	{"undo: keys that others changed", "undo_redo.go",
		"if d.items.at(left).right != 0 {\n\t\t\treturn 0, false", "if false {\n\t\t\treturn 0, false"},
	{"undo: keys deleted by the stacks", "undo_redo.go",
		"return r.stacked(it)", "return false"},
	{"undo: latest of what was redone", "undo.go",
		"if d.items.at(h).redone() {", "if false {"},
	{"undo: inserted and deleted again", "undo.go",
		"u.inScope(h) && !d.hasItem(&s.insertions, it) {", "u.inScope(h) {"},
	{"undo: capture timeout", "undo.go",
		"now-u.lastChange >= u.config.CaptureTimeout", "now-u.lastChange > u.config.CaptureTimeout"},
	{"undo: delete filter", "undo.go",
		"if u.config.DeleteFilter == nil ||", "if true ||"},
	{"undo: order of deletions", "undo.go",
		"range slices.Backward(remove) {", "range slices.All(remove) {"},
	{"undo: scope", "undo.go",
		"if slices.Contains(u.scope, typ) {", "if slices.Contains(u.scope, typ) || true {"},
	{"undo: origins", "undo.go",
		"!slices.Contains(u.origins, tx.origin) {", "false {"},
	{"undo: a change clears the redo stack", "undo.go",
		"u.Clear(false, true)\n", "_ = stack\n"},
	{"undo: clearing releases", "undo.go",
		"u.doc.keep(h, false)", "_ = h"},
	{"undo: undoing stops capturing", "undo.go",
		"stack = &u.redoStack\n\t\tu.StopCapturing()", "stack = &u.redoStack"},
	{"undo: overwriting keys", "undo_redo.go",
		"right != 0 && !r.overwrite {", "right != 0 {"},
	{"hooks: order", "cleanup.go",
		"cleanFormats = d.callObservers(tx)\n\t\tcall(d.hooks.after, tx)", "call(d.hooks.after, tx)\n\t\tcleanFormats = d.callObservers(tx)"},

	// Relative positions.
	{"positions: unit before", "relpos.go",
		"if assoc < 0 {\n\t\tindex--", "if false {\n\t\tindex--"},
	{"positions: unit inside a run", "relpos.go",
		"uint64(int64(index)-start)), true", "uint64(0*(int64(index)-start))), true"},
	{"positions: encoded association", "relpos.go",
		"uint64(-p.assoc), true)", "uint64(-p.assoc), false)"},
	{"positions: association is read", "relpos.go",
		"if in.Err() == nil && in.Remaining() > 0 {", "if false {"},
	{"positions: type in JSON", "relpos.go",
		"if p.hasType {", "if p.hasType && !p.hasItem {"},
	{"positions: deleted unit", "relpos_resolve.go",
		"if it.visible() > 0 {", "if true {"},
	{"positions: after the unit before", "relpos_resolve.go",
		"if p.assoc < 0 {", "if false {"},
	{"positions: unknown unit", "relpos_resolve.go",
		"u.clock >= d.clients[u.client].state", "u.clock > d.clients[u.client].state"},
	{"positions: undone deletions", "relpos_resolve.go",
		"if !followUndone || !it.redone() {", "if true {"},
	{"positions: undone deletions are followed on request", "relpos_resolve.go",
		"if !followUndone || !it.redone() {", "if !it.redone() {"},
	{"positions: unit inside what was made again", "relpos_resolve.go",
		"u.clock += diff", "_ = diff"},
	{"positions: end of a type", "relpos_resolve.go",
		"!p.hasItem && p.assoc >= 0 &&", "!p.hasItem &&"},
	{"positions: units before in large types", "relpos_resolve.go",
		"units += p.units[i]", "_ = i"},

	// Snapshots.
	{"snapshots: state", "snapshot.go",
		"s.state[id] > it.clock &&", "s.state[id] >= it.clock &&"},
	{"snapshots: deletions", "snapshot.go",
		"&& !s.deletes.has(uint64(id), it.clock)", "&& (true || !s.deletes.has(uint64(id), it.clock))"},
	{"snapshots: runs are split at the state", "snapshot.go",
		"if clock < tx.doc.clients[c].state {", "if false {"},
	{"snapshots: runs are split at deletions", "snapshot.go",
		"tx.eachItem(&snap.deletes, func(handle) {})", "_ = tx"},
	{"snapshots: both are split for", "snapshot.go",
		"range []*Snapshot{at, since} {", "range []*Snapshot{at} {"},
	{"snapshots: formats at the time", "snapshot.go",
		"if now {\n\t\t\t\tw.flush()", "if true {\n\t\t\t\tw.flush()"},
	{"snapshots: removed text", "snapshot.go",
		"case w.at != nil && !now:", "case false:"},
	{"snapshots: added text", "snapshot.go",
		"case !before:", "case false:"},
	{"snapshots: who wrote it", "snapshot.go",
		"if change != w.change || client != w.client {", "if change != w.change {"},
	{"snapshots: contained structs", "snapshot.go",
		"known = known && s.state[ClientID(r.Struct.Client)] >= r.Struct.End()", "_ = r"},
	{"snapshots: contained deletions", "snapshot.go",
		"return known && slices.Equal(both, s.deletes.ranges), nil", "return known || both == nil, nil"},
	{"snapshots: equal states", "snapshot.go",
		"maps.Equal(s.state, o.state) &&", "true &&"},
	{"snapshots: equal deletions", "snapshot.go",
		"&& slices.Equal(s.deletes.ranges, o.deletes.ranges)", "&& o.state != nil"},
	{"snapshots: document up to the state", "snapshot.go",
		"last := d.find(cl, clock-1)", "last := d.find(cl, clock)"},
	{"snapshots: document without what was deleted", "snapshot.go",
		"e.Deletes(s.deletes.ranges)", "e.Deletes(nil)"},
	{"snapshots: format 2", "internal/codec/snapshot.go",
		"in.cols = &columns{}", "in.cols = nil"},
	{"snapshots of lists: state", "snapshot_types.go",
		"end := min(end, s.state[client])", "end := end"},
	{"snapshots of lists: deletions", "snapshot_types.go",
		"gap = deleted[i]", "_ = deleted[i]"},
	{"snapshots of keys: values since", "snapshot_types.go",
		"h = d.items.at(h).left", "h = 0"},
	{"snapshots of keys: deletions", "snapshot_types.go",
		"|| !s.has(d, it)", "|| false"},

	// Who wrote what.
	{"authors: runs", "authors.go",
		"case id == (ID{run.ID.Client, run.ID.Clock + uint64(run.Length)}):", "case id.Client == run.ID.Client:"},
	{"authors: begin of the range", "authors.go",
		"it.clock + uint64(skip)}", "it.clock}"},
	{"authors: end of the range", "authors.go",
		"min(int64(it.len()), to-start)", "int64(it.len())"},

	{"garbage collection: filter", "gc.go",
		"return d.config.GCFilter == nil ||", "return true ||"},
	{"garbage collection: filter by type", "gc.go",
		"if typ == n.typ {", "if i.doc.types[typ].item == 0 {"},

	// Copies.
	{"copies: formats", "clone.go",
		"c.insert(tx.doc.orderAttrs(keys, values), content)", "c.insert(tx.doc.orderAttrs(nil, nil), content)"},
	{"copies: nested types", "clone.go",
		"if depth <= maxNesting {", "if depth == 0 {"},
	{"copies: keys", "clone.go",
		"c.fields = append(c.fields, Field{key, v})", "_, _ = key, v"},

	// The tree.
	{"counts of split leaves", "treeedit.go",
		"p.units[slot-1] -= units", "p.units[slot-1] -= 0 * units"},
	{"counts of split inner nodes", "treeedit.go",
		"d.addAbove(full, d.tree.inners[full].parent, -units)", "d.addAbove(full, d.tree.inners[full].parent, 0)"},
	{"format marks of tree nodes", "treeedit.go",
		"p.marks[slot-1] = kept", "p.marks[slot-1] = 0"},
}

// TestMutantsFit checks that each mutant still names a line of the engine.
func TestMutantsFit(t *testing.T) {
	for _, m := range mutants {
		if _, _, err := m.source(); err != nil {
			t.Errorf("%s: %v", m.name, err)
		}
	}
}

// TestMutants builds each fault into the engine, with a changed copy of the
// file in place of the file, and expects the oracle to find it.
func TestMutants(t *testing.T) {
	if os.Getenv("MUTANTS") == "" {
		t.Skip("builds the engine once for each fault: run make oracle-mutants")
	}
	answers := filepath.Join(t.TempDir(), "answers")
	recordAnswers(t, answers)
	for _, m := range mutants {
		t.Run(m.name, func(t *testing.T) {
			found, err := m.hunt(t, answers)
			if err != nil {
				t.Fatal(err)
			}
			t.Log(found)
		})
	}
}

// source returns the file's path and its text with the fault.
func (m mutant) source() (path string, text []byte, err error) {
	dir, err := sourceDir()
	if err != nil {
		return "", nil, err
	}
	path = filepath.Join(dir, "..", "..", m.file)
	text, err = os.ReadFile(path)
	if err != nil {
		return "", nil, err
	}
	if n := bytes.Count(text, []byte(m.old)); n != 1 {
		return "", nil, fmt.Errorf("%s has %d times %q: change the mutant along with the engine", m.file, n, m.old)
	}
	return path, bytes.Replace(text, []byte(m.old), []byte(m.new), 1), nil
}

// found is how a run of TestOracle tells where it diverged.
var foundPattern = regexp.MustCompile(`seed (\d+) diverges at step (\d+), ([^\n]*):`)

// recordAnswers writes to a file what Yjs says to the programs, which is the same
// for every mutant.
func recordAnswers(t *testing.T, name string) {
	t.Helper()
	f, err := os.Create(name)
	if err != nil {
		t.Fatal(err)
	}
	o, w := start(t), bufio.NewWriter(f)
	o.Record(w)
	for seed := range uint64(mutantSeeds) {
		if _, err := o.Ask(request{"program", Generate(seed + 1)}); err != nil {
			t.Fatal(err)
		}
	}
	if err := errors.Join(w.Flush(), f.Close()); err != nil {
		t.Fatal(err)
	}
}

// hunt runs the oracle on the engine with the fault and returns where it was
// found.
func (m mutant) hunt(t *testing.T, answers string) (string, error) {
	path, text, err := m.source()
	if err != nil {
		return "", err
	}
	copied := filepath.Join(t.TempDir(), filepath.Base(path))
	if err := os.WriteFile(copied, text, 0o600); err != nil {
		return "", err
	}
	overlay, err := json.Marshal(map[string]any{"Replace": map[string]string{path: copied}})
	if err != nil {
		return "", err
	}
	overlayFile := filepath.Join(t.TempDir(), "overlay.json")
	if err := os.WriteFile(overlayFile, overlay, 0o600); err != nil {
		return "", err
	}
	cmd := exec.Command("go", "test", "-vet=off", "-count=1", "-overlay", overlayFile, "-run", "^TestOracle$", ".")
	cmd.Env = append(os.Environ(), "MUTANTS=", "ANSWERS="+answers, "SEED=1", fmt.Sprint("SEEDS=", mutantSeeds), "SHRINK=0", "FAILURES=1")
	out, err := cmd.CombinedOutput()
	var exit *exec.ExitError
	switch {
	case err == nil:
		return "", fmt.Errorf("survives %d seeds", mutantSeeds)
	case !errors.As(err, &exit):
		return "", err
	}
	where := foundPattern.FindStringSubmatch(string(out))
	if where == nil {
		return "", fmt.Errorf("the run failed otherwise: %s", out)
	}
	return fmt.Sprintf("found by seed %s: %s", where[1], strings.TrimSpace(where[3])), nil
}
