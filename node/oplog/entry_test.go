package oplog_test

import (
	"bytes"
	"errors"
	"os"
	"strconv"
	"strings"
	"testing"

	"github.com/sheafdocs/sheaf/node/oplog"
	"github.com/sheafdocs/sheaf/node/wire"
)

// envSeed reads the seed of random tests from the environment, or 0.
func envSeed(t testing.TB) uint64 {
	t.Helper()
	s := os.Getenv("SEED")
	if s == "" {
		return 0
	}
	seed, err := strconv.ParseUint(s, 10, 64)
	if err != nil {
		t.Fatalf("SEED: %v", err)
	}
	return seed
}

// headerFields is a header for the general encoder, against which the one of
// the package is held.
type headerFields struct {
	_      struct{} `cbor:",toarray"`
	Ver    uint64
	Doc    wire.Doc16
	Author wire.Device
	Auth   wire.Auth
	Inc    uint64
	Seq    uint64
	Prev   wire.EntryID
	Epoch  wire.EpochID
	Stream uint64
	Kind   uint64
	NumOps uint64
	CtHash []byte
}

func fieldsOf(h oplog.Header) headerFields {
	return headerFields{
		Ver: 1, Doc: h.Doc, Author: h.Author, Auth: h.Auth, Inc: uint64(h.Inc), Seq: h.Seq, Prev: h.Prev,
		Epoch: h.Epoch, Stream: uint64(h.Stream), Kind: uint64(h.Kind), NumOps: uint64(h.NumOps), CtHash: h.CtHash[:],
	}
}

func mustMarshal(t testing.TB, v any) []byte {
	t.Helper()
	b, err := wire.Marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// TestHeaderEncoding compares with the general encoder over the whole range of
// every number.
func TestHeaderEncoding(t *testing.T) {
	rng := seeded(t)
	w := &writer{t: t, key: keyOf(t, 1)}
	for range 300 {
		h := w.header()
		h.Inc = rng.Uint32N(oplog.MaxInc) >> rng.IntN(20)
		h.Seq = 1 + rng.Uint64N(oplog.MaxSeq)>>rng.IntN(53)
		h.Prev = wire.EntryID{1, byte(rng.Uint32())}
		h.NumOps = rng.Uint32N(oplog.MaxOps+1) >> rng.IntN(12)
		h.Kind = uint8(rng.Uint32())
		e, err := oplog.Sign(w.key, h, []byte("ciphertext"))
		if err != nil {
			t.Fatal(err)
		}
		want := mustMarshal(t, fieldsOf(e.Header))
		if !bytes.Equal(e.Hdr, want) {
			t.Fatalf("header %+v\n  is %x\nnot %x", e.Header, e.Hdr, want)
		}
		if raw := encodeEntry(e.Hdr, e.Ct, e.Sig[:]); !bytes.Equal(e.Raw, raw) {
			t.Fatalf("entry is %x, not %x", e.Raw, raw)
		}
		fields := fieldsOf(e.Header)
		fields.CtHash = nil
		if aad, err := h.AAD(); err != nil || !bytes.Equal(aad, mustMarshal(t, fields)) {
			t.Fatalf("aad is %x (%v)", aad, err)
		}
		d := received(t, e)[0]
		if d.Header != e.Header || d.ID != e.ID || d.Sig != e.Sig || d.Chain() != e.Chain() || !bytes.Equal(d.Ct, e.Ct) {
			t.Fatalf("decoded %+v, not %+v", d, e)
		}
		if !d.Verify() {
			t.Fatal("signature does not verify")
		}
	}
}

func TestSignRefuses(t *testing.T) {
	w := &writer{t: t, key: keyOf(t, 1)}
	for name, change := range map[string]func(*oplog.Header){
		"inc":       func(h *oplog.Header) { h.Inc = oplog.MaxInc },
		"seq":       func(h *oplog.Header) { h.Seq, h.Prev = oplog.MaxSeq+1, wire.EntryID{1} },
		"ops":       func(h *oplog.Header) { h.NumOps = oplog.MaxOps + 1 },
		"stream":    func(h *oplog.Header) { h.Stream = 2 },
		"prev at 0": func(h *oplog.Header) { h.Prev = wire.EntryID{1} },
		"no prev":   func(h *oplog.Header) { h.Seq = 1 },
		"author":    func(h *oplog.Header) { h.Author = wire.Device{1} },
	} {
		h := w.header()
		change(&h)
		if _, err := oplog.Sign(w.key, h, []byte("x")); !errors.Is(err, oplog.ErrLimit) && !errors.Is(err, oplog.ErrMalformed) {
			t.Errorf("%s: signed, error %v", name, err)
		}
	}
	if _, err := oplog.Sign(w.key, w.header(), make([]byte, oplog.MaxCiphertextBytes+1)); !errors.Is(err, oplog.ErrLimit) {
		t.Errorf("oversize ciphertext: error %v", err)
	}
	e, err := oplog.Sign(w.key, w.header(), make([]byte, oplog.MaxCiphertextBytes))
	if err != nil {
		t.Fatal(err)
	}
	if len(e.Raw) > oplog.MaxEntryBytes {
		t.Errorf("longest entry has %d bytes", len(e.Raw))
	}
	received(t, e)
}

// TestDecodeFaults covers what Decode refuses, and the verdict on the sender.
func TestDecodeFaults(t *testing.T) {
	w := &writer{t: t, key: keyOf(t, 1)}
	good := w.write("ciphertext")
	with := func(change func(*headerFields)) []byte {
		f := fieldsOf(good.Header)
		change(&f)
		return encodeEntry(mustMarshal(t, f), good.Ct, good.Sig[:])
	}
	patched := func(old, new string) []byte {
		hdr := strings.Replace(string(good.Hdr), old, new, 1)
		if hdr == string(good.Hdr) {
			t.Fatalf("header does not contain %x", old)
		}
		return encodeEntry([]byte(hdr), good.Ct, good.Sig[:])
	}
	for _, test := range []struct {
		name   string
		raw    []byte
		err    error
		action oplog.Action
	}{
		{"empty", nil, wire.ErrNotCanonical, oplog.Reject},
		{"cut short", good.Raw[:len(good.Raw)-1], wire.ErrNotCanonical, oplog.Reject},
		{"bytes after", append(bytes.Clone(good.Raw), 0), wire.ErrNotCanonical, oplog.Reject},
		{"too long", encodeEntry(good.Hdr, make([]byte, oplog.MaxEntryBytes), good.Sig[:]), oplog.ErrLimit, oplog.Reject},
		{"four fields", append([]byte{0x84}, append(bytes.Clone(good.Raw[1:]), 0)...), wire.ErrNotCanonical, oplog.Reject},
		{"short signature", encodeEntry(good.Hdr, good.Ct, good.Sig[:63]), wire.ErrNotCanonical, oplog.Reject},
		{"null ciphertext", bytes.Join([][]byte{{0x83, 0x58, byte(len(good.Hdr))}, good.Hdr, {0xf6, 0x40}}, nil), wire.ErrNotCanonical, oplog.Reject},
		{"later version", with(func(f *headerFields) { f.Ver = 2 }), wire.ErrUnknownVersion, oplog.Ignore},
		{"later version of another shape", encodeEntry([]byte{0x81, 0x02}, nil, nil), wire.ErrUnknownVersion, oplog.Ignore},
		{"inc", with(func(f *headerFields) { f.Inc = oplog.MaxInc }), oplog.ErrLimit, oplog.Reject},
		{"seq", with(func(f *headerFields) { f.Seq, f.Prev = oplog.MaxSeq+1, wire.EntryID{1} }), oplog.ErrLimit, oplog.Reject},
		{"stream", with(func(f *headerFields) { f.Stream = 2 }), oplog.ErrLimit, oplog.Reject},
		{"kind", with(func(f *headerFields) { f.Kind = 256 }), oplog.ErrLimit, oplog.Reject},
		{"ops", with(func(f *headerFields) { f.NumOps = oplog.MaxOps + 1 }), oplog.ErrLimit, oplog.Reject},
		{"prev at 0", with(func(f *headerFields) { f.Prev = wire.EntryID{1} }), oplog.ErrMalformed, oplog.Reject},
		{"no prev", with(func(f *headerFields) { f.Seq = 1 }), oplog.ErrMalformed, oplog.Reject},
		{"empty hash", with(func(f *headerFields) { f.CtHash = nil }), wire.ErrNotCanonical, oplog.Reject},
		{"long hash", with(func(f *headerFields) { f.CtHash = make([]byte, 33) }), wire.ErrNotCanonical, oplog.Reject},
		{"short document", patched("\x50"+string(good.Doc[:]), "\x4f"+string(good.Doc[:15])), wire.ErrNotCanonical, oplog.Reject},
		{"long form of a length", patched("\x50"+string(good.Doc[:]), "\x58\x10"+string(good.Doc[:])), wire.ErrNotCanonical, oplog.Reject},
		{"long form of a version", patched("\x8c\x01", "\x8c\x18\x01"), wire.ErrNotCanonical, oplog.Reject},
		{"text for bytes", patched("\x50"+string(good.Doc[:]), "\x70"+string(good.Doc[:])), wire.ErrNotCanonical, oplog.Reject},
		{"indefinite array", patched("\x8c\x01", "\x9f\x01"), wire.ErrNotCanonical, oplog.Reject},
		{"map", patched("\x8c\x01", "\xac\x01"), wire.ErrNotCanonical, oplog.Reject},
	} {
		_, err := oplog.Decode(test.raw)
		if !errors.Is(err, test.err) {
			t.Errorf("%s: error %v, want %v", test.name, err, test.err)
		}
		if v := oplog.VerdictOf(err); v.Action != test.action {
			t.Errorf("%s: verdict %v, want %v", test.name, v, test.action)
		}
	}
}

// TestFlips changes every bit of an entry: none may be accepted, alone or as
// the anchor of a run.
func TestFlips(t *testing.T) {
	w := &writer{t: t, key: keyOf(t, 1)}
	a := editor(w)
	first, second := w.write("one"), w.write("two, which is a little longer")
	chains := oplog.NewChains(testDoc)
	take(t, chains, a, first)
	for i := range second.Raw {
		for bit := range 8 {
			raw := bytes.Clone(second.Raw)
			raw[i] ^= 1 << bit
			e, err := oplog.Decode(raw)
			if err != nil {
				continue
			}
			if v := chains.Check(a, e); v.Keep() {
				t.Errorf("flip of bit %d of byte %d: %v", bit, i, v)
			}
			e, _ = oplog.Decode(raw)
			if kept, _ := chains.CheckRun(a, []*oplog.Entry{e}); len(kept) > 0 {
				t.Errorf("flip of bit %d of byte %d: kept in a run", bit, i)
			}
		}
	}
	if v := chains.Check(a, received(t, second)[0]); v.Action != oplog.Accept {
		t.Errorf("unchanged entry: %v", v)
	}
}

// TestFlipsInRun changes every bit of an entry inside a run, where no
// signature is looked at: it may not be kept, nor what follows it.
func TestFlipsInRun(t *testing.T) {
	w := &writer{t: t, key: keyOf(t, 1)}
	a := editor(w)
	run := w.writeN(3, "some text ")
	middle := unsigned(t, run[1])
	for i := range middle.Raw {
		for bit := range 8 {
			raw := bytes.Clone(middle.Raw)
			raw[i] ^= 1 << bit
			e, err := oplog.Decode(raw)
			if err != nil {
				continue
			}
			kept, v := oplog.NewChains(testDoc).CheckRun(a, []*oplog.Entry{received(t, run[0])[0], e, received(t, run[2])[0]})
			if len(kept) > 1 || v.Action != oplog.Reject {
				t.Errorf("flip of bit %d of byte %d: %d kept, %v", bit, i, len(kept), v)
			}
		}
	}
}
