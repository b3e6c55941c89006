package oplog_test

import (
	"bytes"
	"errors"
	"testing"

	"github.com/sheafdocs/sheaf/node/access"
	"github.com/sheafdocs/sheaf/node/oplog"
	"github.com/sheafdocs/sheaf/node/wire"
)

// checkVerdict fails unless a verdict is as wanted.
func checkVerdict(t *testing.T, name string, got oplog.Verdict, action oplog.Action, reason error) {
	t.Helper()
	if got.Action != action || !errors.Is(got.Reason, reason) {
		t.Errorf("%s: verdict %q, want %s: %v", name, got, action, reason)
	}
}

// TestCheck has one row for each verdict on a single entry.
func TestCheck(t *testing.T) {
	w := &writer{t: t, key: keyOf(t, 1)}
	stranger := &writer{t: t, key: keyOf(t, 2)}
	commenter := &writer{t: t, key: keyOf(t, 3)}
	viewer := &writer{t: t, key: keyOf(t, 4)}
	a := editor(w)
	a[commenter.key.Device()] = access.Commenter
	a[viewer.key.Device()] = access.Viewer

	entries := w.writeN(3, "text ")
	beside := &writer{t: t, key: w.key, next: 1, prev: entries[0].ID}
	fork := beside.write("another second")
	lost := beside.write("after the other second")
	chains := oplog.NewChains(testDoc)
	take(t, chains, a, entries...)

	other := &writer{t: t, key: w.key, inc: 7}
	with := func(w *writer, change func(*oplog.Header)) *oplog.Entry {
		w = w.fork()
		h := w.header()
		change(&h)
		return w.sign(h, "text")
	}
	badSig := received(t, w.fork().write("next"))[0]
	sig := badSig.Sig
	sig[3] ^= 1
	badSig = received(t, &oplog.Entry{Raw: encodeEntry(badSig.Hdr, badSig.Ct, sig[:])})[0]
	zeroSig := received(t, &oplog.Entry{Raw: encodeEntry(badSig.Hdr, badSig.Ct, make([]byte, 64))})[0]
	badCt := received(t, &oplog.Entry{Raw: encodeEntry(badSig.Hdr, []byte("else"), badSig.Sig[:])})[0]
	none := func(*oplog.Header) {}

	for _, test := range []struct {
		name   string
		entry  *oplog.Entry
		action oplog.Action
		reason error
	}{
		{"next", w.fork().write("next"), oplog.Accept, nil},
		{"new chain", other.fork().write("first"), oplog.Accept, nil},
		{"comment by commenter", with(commenter, func(h *oplog.Header) { h.Stream = oplog.StreamComments }), oplog.Accept, nil},
		{"comment by editor", with(w, func(h *oplog.Header) { h.Stream = oplog.StreamComments }), oplog.Accept, nil},
		{"unknown kind", with(w, func(h *oplog.Header) { h.Kind = 200 }), oplog.Accept, nil},
		{"other document", with(other, func(h *oplog.Header) { h.Doc[0]++ }), oplog.Reject, oplog.ErrWrongDocument},
		{"unsigned", unsigned(t, w.fork().write("next")), oplog.Reject, oplog.ErrUnsigned},
		{"known", received(t, entries[1])[0], oplog.Ignore, oplog.ErrDuplicate},
		{"stranger", with(stranger, none), oplog.Ignore, oplog.ErrNoAuthority},
		{"other authority", with(other, func(h *oplog.Header) { h.Auth[0]++ }), oplog.Ignore, oplog.ErrNoAuthority},
		{"body by commenter", with(commenter, none), oplog.Ignore, oplog.ErrRole},
		{"comment by viewer", with(viewer, func(h *oplog.Header) { h.Stream = oplog.StreamComments }), oplog.Ignore, oplog.ErrRole},
		{"gap", with(w, func(h *oplog.Header) { h.Seq++ }), oplog.Ignore, oplog.ErrGap},
		{"gap in new chain", with(other, func(h *oplog.Header) { h.Seq, h.Prev = 1, wire.EntryID{1} }), oplog.Ignore, oplog.ErrGap},
		{"ciphertext", badCt, oplog.Reject, oplog.ErrCiphertext},
		{"signature", badSig, oplog.Reject, oplog.ErrSignature},
		{"zeroed signature", zeroSig, oplog.Reject, oplog.ErrSignature},
		{"fork", received(t, fork)[0], oplog.Ignore, oplog.ErrFork},
		{"before is not held", received(t, lost)[0], oplog.Ignore, oplog.ErrPrev},
	} {
		checkVerdict(t, test.name, chains.Check(a, test.entry), test.action, test.reason)
		if seq, id, _ := chains.Head(entries[2].Chain()); seq != 2 || id != entries[2].ID {
			t.Fatalf("%s: Check changed the index", test.name)
		}
	}
	// The order of the tests: what costs nothing comes before what costs much.
	both := received(t, &oplog.Entry{Raw: encodeEntry(with(stranger, none).Hdr, []byte("else"), sig[:])})[0]
	checkVerdict(t, "stranger with a bad signature", chains.Check(a, both), oplog.Ignore, oplog.ErrNoAuthority)
	checkVerdict(t, "what passes Screen", chains.Screen(a, badSig), oplog.Accept, nil)
}

// TestCheckRun has one row for each verdict on a run.
func TestCheckRun(t *testing.T) {
	w := &writer{t: t, key: keyOf(t, 1)}
	stranger := &writer{t: t, key: keyOf(t, 2)}
	a := editor(w)
	e := w.writeN(8, "text ")
	e7 := e[7]
	forger := &writer{t: t, key: w.key, next: 4, prev: e[3].ID}
	forked := forger.writeN(3, "fork ")
	other := &writer{t: t, key: w.key, inc: 5}
	comment := func() *oplog.Entry {
		f := &writer{t: t, key: w.key, next: 5, prev: e[4].ID}
		h := f.header()
		h.Stream = oplog.StreamComments
		return f.sign(h, "comment")
	}()
	broken := unsigned(t, &oplog.Entry{Hdr: e[5].Hdr, Ct: []byte("else")})
	zero := received(t, &oplog.Entry{Raw: encodeEntry(e7.Hdr, e7.Ct, make([]byte, 64))})[0]
	badMiddle := received(t, &oplog.Entry{Raw: encodeEntry(e[5].Hdr, e[5].Ct, make([]byte, 64))})[0]
	u := func(list ...*oplog.Entry) []*oplog.Entry { // all but the last unsigned
		var out []*oplog.Entry
		for _, x := range list[:len(list)-1] {
			out = append(out, unsigned(t, x))
		}
		return append(out, list[len(list)-1])
	}

	for _, test := range []struct {
		name   string
		run    []*oplog.Entry
		kept   int
		action oplog.Action
		reason error
	}{
		{"nothing", nil, 0, oplog.Ignore, oplog.ErrDuplicate},
		{"signed", e[3:], 5, oplog.Accept, nil},
		{"signed at its end", u(e[3:]...), 5, oplog.Accept, nil},
		{"known at its front", u(e...), 5, oplog.Accept, nil},
		{"bad signature inside is dropped", append(u(e[3], e[4])[:1:1], unsigned(t, e[4]), badMiddle, e[6]), 4, oplog.Accept, nil},
		{"known", e[:3], 0, oplog.Ignore, oplog.ErrDuplicate},
		{"known, unsigned", []*oplog.Entry{unsigned(t, e[1])}, 0, oplog.Ignore, oplog.ErrDuplicate},
		{"gap", e[5:], 0, oplog.Ignore, oplog.ErrGap},
		{"zeroed signature", append(u(e[3:]...)[:4:4], zero), 0, oplog.Reject, oplog.ErrSignature},
		{"no signature", append(u(e[3:]...)[:4:4], unsigned(t, e7)), 0, oplog.Reject, oplog.ErrNoAnchor},
		{"no signature at its end", append([]*oplog.Entry{e[3]}, unsigned(t, e[4])), 1, oplog.Reject, oplog.ErrNoAnchor},
		{"hole", []*oplog.Entry{e[3], e[5]}, 1, oplog.Reject, oplog.ErrRun},
		{"two chains", []*oplog.Entry{e[3], other.fork().write("x")}, 1, oplog.Reject, oplog.ErrRun},
		{"other branch inside", []*oplog.Entry{e[3], e[4], forked[1]}, 2, oplog.Reject, oplog.ErrRun},
		{"ciphertext", []*oplog.Entry{e[3], e[4], broken, e[6]}, 2, oplog.Reject, oplog.ErrCiphertext},
		{"ciphertext after unsigned", append(u(e[3], e[4], e[5])[:2:2], broken, e[6]), 0, oplog.Reject, oplog.ErrCiphertext},
		{"stranger", stranger.fork().writeN(2, "x"), 0, oplog.Ignore, oplog.ErrNoAuthority},
		{"comments after text", append(u(e[3], e[4]), comment), 3, oplog.Accept, nil},
		{"branch not held", forked[1:], 0, oplog.Ignore, oplog.ErrGap},
	} {
		chains := oplog.NewChains(testDoc)
		take(t, chains, a, e[:3]...)
		kept, v := chains.CheckRun(a, received(t, test.run...))
		checkVerdict(t, test.name, v, test.action, test.reason)
		if len(kept) != test.kept {
			t.Errorf("%s: %d entries kept, want %d", test.name, len(kept), test.kept)
		}
		if n := len(kept); n > 0 && !kept[n-1].Signed() {
			t.Errorf("%s: what is kept does not end at an anchor", test.name)
		}
		for _, k := range kept {
			if k.Signed() && !wire.Verify(k.Author, wire.DomainEntry, k.Hdr, k.Sig) {
				t.Errorf("%s: entry %d is kept with a signature that does not verify", test.name, k.Seq)
			}
			if again := received(t, k)[0]; again.ID != k.ID || again.Signed() != k.Signed() || !bytes.Equal(again.Ct, k.Ct) {
				t.Errorf("%s: entry %d is not what it encodes to", test.name, k.Seq)
			}
		}
	}
}

// TestRoleWithinRun: a run that turns to a stream its author may not write
// counts up to there.
func TestRoleWithinRun(t *testing.T) {
	w := &writer{t: t, key: keyOf(t, 1)}
	a := roles{w.key.Device(): access.Commenter}
	comment := func(s string) *oplog.Entry {
		h := w.header()
		h.Stream = oplog.StreamComments
		return w.sign(h, s)
	}
	run := []*oplog.Entry{comment("a"), comment("b"), w.write("body"), comment("c")}
	kept, v := oplog.NewChains(testDoc).CheckRun(a, received(t, run...))
	checkVerdict(t, "run", v, oplog.Ignore, oplog.ErrRole)
	if len(kept) != 2 {
		t.Errorf("%d entries kept, want 2", len(kept))
	}
}

// TestRunLimits: no more than the limits of a run lie between two anchors, and
// what was received can be sent on.
func TestRunLimits(t *testing.T) {
	w := &writer{t: t, key: keyOf(t, 1)}
	a := editor(w)
	for _, test := range []struct {
		name    string
		n, size int
	}{
		{"many", 5 * oplog.MaxRunEntries, 100},
		{"large", 30, 60 << 10},
	} {
		w := w.fork()
		w.inc = uint32(test.n)
		var run []*oplog.Entry
		for range test.n {
			run = append(run, w.write(string(make([]byte, test.size))))
		}
		chain := run[0].Chain()
		chains := oplog.NewChains(testDoc)
		kept, v := chains.CheckRun(a, received(t, run...))
		checkVerdict(t, test.name, v, oplog.Accept, nil)
		entries, size, anchors := 0, 0, 0
		for _, k := range kept {
			chains.Append(k)
			entries, size = entries+1, size+len(k.Raw)
			if entries > oplog.MaxRunEntries || size > oplog.MaxRunBytes {
				t.Fatalf("%s: no anchor among %d entries of %d bytes up to %d", test.name, entries, size, k.Seq)
			}
			if k.Signed() {
				anchors++
				entries, size = 0, 0
			}
		}
		if anchors > test.n/3 {
			t.Errorf("%s: %d signatures kept of %d", test.name, anchors, test.n)
		}
		for _, from := range []uint64{0, 1, 5, uint64(test.n) / 3} {
			if steps := chains.Run(chain, from); len(steps) == 0 || steps[0].Seq != from || !steps[len(steps)-1].Anchor {
				t.Errorf("%s: run of %d entries from %d does not end at an anchor", test.name, len(steps), from)
			}
		}
		// On to a third, from the index, in pieces.
		third := oplog.NewChains(testDoc)
		for from := uint64(0); ; {
			steps := chains.Run(chain, from)
			if len(steps) == 0 {
				break
			}
			var piece []*oplog.Entry
			for _, s := range steps {
				if kept[s.Seq].ID != s.ID || s.Anchor != kept[s.Seq].Signed() || s.Chain != chain {
					t.Fatalf("%s: step %+v", test.name, s)
				}
				piece = append(piece, kept[s.Seq])
			}
			if v := take(t, third, a, piece...); v.Action != oplog.Accept {
				t.Fatalf("%s: piece from %d: %v", test.name, from, v)
			}
			from += uint64(len(steps))
		}
		if third.Digest(nil) != chains.Digest(nil) {
			t.Errorf("%s: digests differ after sending on", test.name)
		}
		// Without the signature of the middle anchor the limit is broken.
		if _, v := third.CheckRun(a, received(t, w.write("x"))); v.Action != oplog.Accept {
			t.Errorf("%s: next: %v", test.name, v)
		}
		var bare []*oplog.Entry
		for _, e := range run[:len(run)-1] {
			bare = append(bare, unsigned(t, e))
		}
		bare = append(bare, run[len(run)-1])
		_, v = oplog.NewChains(testDoc).CheckRun(a, bare)
		checkVerdict(t, test.name+" with one signature", v, oplog.Reject, oplog.ErrNoAnchor)
	}
}

func TestSplitRuns(t *testing.T) {
	w := &writer{t: t, key: keyOf(t, 1)}
	other := &writer{t: t, key: w.key, inc: 1}
	a, b := w.writeN(4, "a"), other.writeN(3, "b")
	fork := (&writer{t: t, key: w.key, next: 2, prev: a[1].ID}).writeN(2, "f")
	all := append(append(append([]*oplog.Entry{}, a...), b...), fork...)
	runs := oplog.SplitRuns(all)
	if len(runs) != 3 || len(runs[0]) != 4 || len(runs[1]) != 3 || len(runs[2]) != 2 {
		t.Errorf("runs of wrong lengths: %d", len(runs))
	}
	if got := oplog.SplitRuns(nil); got != nil {
		t.Errorf("runs of nothing: %v", got)
	}
}
