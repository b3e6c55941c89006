package oplog_test

import (
	"bytes"
	"encoding/hex"
	"encoding/json"
	"errors"
	"flag"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/sheafdocs/sheaf/node/access"
	"github.com/sheafdocs/sheaf/node/identity"
	"github.com/sheafdocs/sheaf/node/oplog"
	"github.com/sheafdocs/sheaf/node/wire"
)

var update = flag.Bool("update", false, "write the vectors in docs/formats/vectors instead of checking them")

// hexBytes is written to JSON in hexadecimal.
type hexBytes []byte

func (b hexBytes) MarshalText() ([]byte, error) { return []byte(hex.EncodeToString(b)), nil }

func (b *hexBytes) UnmarshalText(text []byte) (err error) {
	*b, err = hex.DecodeString(string(text))
	return err
}

// checkVectors compares what this package makes with the file that says what
// it has to make.
func checkVectors(t *testing.T, name string, made any) {
	t.Helper()
	path := filepath.Join("..", "..", "docs", "formats", "vectors", name)
	b, err := json.MarshalIndent(made, "", "  ")
	if err != nil {
		t.Fatal(err)
	}
	b = append(b, '\n')
	if *update {
		if err := os.WriteFile(path, b, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(b, want) {
		t.Errorf("%s says something else than\n%s", path, b)
	}
}

// vectorKey is a key of seeds that the vectors name.
func vectorKey(t *testing.T, n byte) (*identity.Key, hexBytes) {
	t.Helper()
	seed := [32]byte(bytes.Repeat([]byte{n}, 32))
	key, err := identity.FromSeeds(seed, seed)
	if err != nil {
		t.Fatal(err)
	}
	return key, seed[:]
}

type entryVector struct {
	Name   string   `json:"name"`
	Seed   hexBytes `json:"author_seed"` // Ed25519
	Doc    hexBytes `json:"doc"`
	Author hexBytes `json:"author"`
	Auth   hexBytes `json:"auth"`
	Inc    uint32   `json:"inc"`
	Seq    uint64   `json:"seq"`
	Prev   hexBytes `json:"prev"`
	Epoch  hexBytes `json:"epoch"`
	Stream uint8    `json:"stream"`
	Kind   uint8    `json:"kind"`
	NumOps uint32   `json:"nops"`
	Ct     hexBytes `json:"ct"`
	AAD    hexBytes `json:"aad"`
	Hdr    hexBytes `json:"hdr"`
	ID     hexBytes `json:"id"`
	Chain  hexBytes `json:"chain"`
	Client uint64   `json:"yjs_client"`
	Entry  hexBytes `json:"entry"`
	InRun  hexBytes `json:"entry_without_signature"`
}

type faultVector struct {
	Name   string   `json:"name"`
	Entry  hexBytes `json:"entry"`
	Action string   `json:"verdict"`
}

func TestEntryVectors(t *testing.T) {
	key, seed := vectorKey(t, 1)
	var file struct {
		Comment string        `json:"comment"`
		Entries []entryVector `json:"entries"`
		Faults  []faultVector `json:"faults"`
	}
	file.Comment = "docs/formats/entry.md. Bytes in hexadecimal."
	auth := wire.Auth(bytes.Repeat([]byte{0xaa}, 16))
	base := oplog.Header{
		Doc: testDoc.Short(), Author: key.Device(), Auth: auth, Inc: 3, Epoch: wire.EpochID{0xe0}, NumOps: 1,
	}
	var first *oplog.Entry
	add := func(name, ct string, change func(*oplog.Header)) {
		h := base
		change(&h)
		e, err := oplog.Sign(key, h, []byte(ct))
		if err != nil {
			t.Fatal(err)
		}
		if first == nil {
			first = e
		}
		aad, err := h.AAD()
		if err != nil {
			t.Fatal(err)
		}
		chain := e.Chain()
		file.Entries = append(file.Entries, entryVector{
			Name: name, Seed: seed, Doc: h.Doc[:], Author: h.Author[:], Auth: h.Auth[:], Inc: h.Inc, Seq: h.Seq,
			Prev: h.Prev[:], Epoch: h.Epoch[:], Stream: h.Stream, Kind: h.Kind, NumOps: h.NumOps, Ct: e.Ct,
			AAD: aad, Hdr: e.Hdr, ID: e.ID[:], Chain: chain[:],
			Client: wire.ClientID(h.Doc, h.Author, h.Auth, h.Inc, h.Stream),
			Entry:  e.Raw, InRun: unsigned(t, e).Raw,
		})
		if got := received(t, e)[0]; got.Header != e.Header || !got.Verify() {
			t.Errorf("%s: decoded as %+v", name, got.Header)
		}
	}
	add("first of a chain", "ciphertext", func(*oplog.Header) {})
	add("second, a comment", "another ciphertext", func(h *oplog.Header) {
		h.Seq, h.Prev, h.Stream = 1, first.ID, oplog.StreamComments
	})
	add("largest numbers", "", func(h *oplog.Header) {
		h.Inc, h.Seq, h.Prev, h.Kind, h.NumOps = oplog.MaxInc-1, oplog.MaxSeq, first.ID, 255, oplog.MaxOps
	})

	chains, a := oplog.NewChains(testDoc), roles{}
	a[key.Device()] = access.Editor
	fault := func(name string, raw []byte) {
		e, err := oplog.Decode(raw)
		v := oplog.VerdictOf(err)
		if err == nil {
			v = chains.Check(anyAuth{a}, e)
		}
		if v.Action == oplog.Accept {
			t.Errorf("%s is accepted", name)
		}
		file.Faults = append(file.Faults, faultVector{name, raw, v.Action.String()})
	}
	with := func(change func(*headerFields)) []byte {
		f := fieldsOf(first.Header)
		change(&f)
		hdr := mustMarshal(t, f)
		sig := key.Sign(wire.DomainEntry, hdr)
		return encodeEntry(hdr, first.Ct, sig[:])
	}
	fault("version 2", with(func(f *headerFields) { f.Ver = 2 }))
	fault("inc 2^20", with(func(f *headerFields) { f.Inc = oplog.MaxInc }))
	fault("stream 2", with(func(f *headerFields) { f.Stream = 2 }))
	fault("4097 operations", with(func(f *headerFields) { f.NumOps = oplog.MaxOps + 1 }))
	fault("seq 0 with prev", with(func(f *headerFields) { f.Prev = wire.EntryID{1} }))
	fault("seq 1 without prev", with(func(f *headerFields) { f.Seq = 1 }))
	fault("no ciphertext hash", with(func(f *headerFields) { f.CtHash = nil }))
	fault("other ciphertext", encodeEntry(first.Hdr, []byte("ciphertexT"), first.Sig[:]))
	fault("zeroed signature", encodeEntry(first.Hdr, first.Ct, make([]byte, 64)))
	fault("no signature", encodeEntry(first.Hdr, first.Ct, nil))
	fault("entry before it missing", with(func(f *headerFields) { f.Seq, f.Prev = 1, first.ID }))
	fault("a byte after it", append(bytes.Clone(first.Raw), 0))
	checkVectors(t, "entry.json", file)
}

// anyAuth takes whatever authority an entry names.
type anyAuth struct{ roles }

func (a anyAuth) RoleOf(_ wire.Auth, d wire.Device) (access.Role, bool) {
	role, ok := a.roles[d]
	return role, ok
}

type lineVector struct {
	Line  hexBytes `json:"line"`
	Seq   uint64   `json:"seq"`
	Entry hexBytes `json:"entry"`
}

// TestChainVectors: forks, the vector and the digest of a set of entries.
func TestChainVectors(t *testing.T) {
	var file struct {
		Comment string       `json:"comment"`
		Entries []hexBytes   `json:"entries"`
		Heads   []hexBytes   `json:"access_heads"`
		Chosen  []hexBytes   `json:"chosen_branch_of_first_chain"`
		Vector  []lineVector `json:"vector"`
		Digest  hexBytes     `json:"digest"`
	}
	file.Comment = "docs/formats/entry.md: the entries, in any order that has each after its prev, give this. Of the first chain, four branches of five are kept."
	key, _ := vectorKey(t, 1)
	w := &writer{t: t, key: key}
	other := &writer{t: t, key: key, inc: 1}
	all := w.writeN(3, "trunk ")
	for _, tag := range []string{"b", "c", "d", "e"} {
		f := &writer{t: t, key: key, next: 1, prev: all[0].ID}
		all = append(all, f.writeN(2, tag)...)
	}
	all = append(all, other.writeN(2, "other ")...)
	chains, a := oplog.NewChains(testDoc), editor(w)
	for _, e := range all {
		file.Entries = append(file.Entries, e.Raw)
		kept, _ := chains.CheckRun(a, received(t, e))
		for _, k := range kept {
			chains.Append(k)
		}
	}
	if forks := chains.Forks(); len(forks) != 1 || len(forks[0].Heads) != oplog.MaxBranches {
		t.Fatalf("forks %+v", forks)
	}
	for seq := uint64(0); ; seq++ {
		id, ok := chains.ID(all[0].Chain(), seq)
		if !ok {
			break
		}
		file.Chosen = append(file.Chosen, id[:])
	}
	heads := []wire.OpID{{1}, {2}}
	for _, h := range heads {
		file.Heads = append(file.Heads, h[:])
	}
	for _, id := range sortedLines(chains.Vector()) {
		p := chains.Vector()[id]
		file.Vector = append(file.Vector, lineVector{id[:], p.Seq, p.ID[:]})
	}
	digest := chains.Digest(heads)
	file.Digest = digest[:]
	checkVectors(t, "chains.json", file)
}

func TestReceiptVectors(t *testing.T) {
	key, seed := vectorKey(t, 2)
	r, err := oplog.SignReceipt(key, oplog.Receipt{
		Doc: testDoc.Short(), Chain: wire.ChainID{0xc0}, Seq: 1234, Entry: wire.EntryID{0xe1}, TS: time.UnixMilli(1_750_000_000_123),
	})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := oplog.DecodeReceipt(r.Encode()); err != nil {
		t.Error(err)
	}
	bad := r
	bad.Seq++
	if _, err := oplog.DecodeReceipt(bad.Encode()); !errors.Is(err, oplog.ErrSignature) {
		t.Errorf("changed receipt: %v", err)
	}
	checkVectors(t, "receipt.json", map[string]any{
		"comment": "docs/formats/receipt.md. Bytes in hexadecimal.",
		"receipt": map[string]any{
			"device_seed": seed, "doc": hexBytes(r.Doc[:]), "device": hexBytes(r.Device[:]), "chain": hexBytes(r.Chain[:]),
			"seq": r.Seq, "entry": hexBytes(r.Entry[:]), "ts": r.TS.UnixMilli(), "receipt": hexBytes(r.Encode()),
		},
		"does_not_verify": hexBytes(bad.Encode()),
	})
}

func TestPresenceVectors(t *testing.T) {
	key, seed := vectorKey(t, 4)
	p, err := oplog.SignPresence(key, oplog.Presence{
		Doc: testDoc.Short(), Author: key.Device(), Auth: wire.Auth{0xaa}, Epoch: wire.EpochID{0xe0},
		Session: oplog.SessionID{0x5e}, Counter: 77, Ct: []byte("ciphertext"),
	})
	if err != nil {
		t.Fatal(err)
	}
	if got, err := oplog.DecodePresence(p.Encode()); err != nil || !bytes.Equal(got.Encode(), p.Encode()) {
		t.Errorf("decoded %+v (%v)", got, err)
	}
	checkVectors(t, "presence.json", map[string]any{
		"comment": "docs/formats/presence.md: the frame. Bytes in hexadecimal. What a real ct holds: presence-state.json.",
		"frame": map[string]any{
			"author_seed": seed, "doc": hexBytes(p.Doc[:]), "author": hexBytes(p.Author[:]), "auth": hexBytes(p.Auth[:]),
			"epoch": hexBytes(p.Epoch[:]), "session": hexBytes(p.Session[:]), "counter": p.Counter, "ct": hexBytes(p.Ct),
			"aad": hexBytes(p.AAD()), "frame": hexBytes(p.Encode()),
		},
	})
}
