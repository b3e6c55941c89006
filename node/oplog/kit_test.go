package oplog_test

import (
	"bytes"
	"encoding/binary"
	"maps"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"github.com/sheafdocs/sheaf/node/access"
	"github.com/sheafdocs/sheaf/node/identity"
	"github.com/sheafdocs/sheaf/node/oplog"
	"github.com/sheafdocs/sheaf/node/wire"
)

// testDoc is the document of most tests.
var testDoc = wire.DocID(bytes.Repeat([]byte{0xd0, 0x0c}, 16))

// keyOf makes the same key for the same number.
func keyOf(t testing.TB, n uint64) *identity.Key {
	t.Helper()
	var seed [32]byte
	binary.BigEndian.PutUint64(seed[:], n+1)
	key, err := identity.Generate(rand.NewChaCha8(seed))
	if err != nil {
		t.Fatal(err)
	}
	return key
}

// roles is an Authority by table.
type roles map[wire.Device]access.Role

func (r roles) RoleOf(auth wire.Auth, d wire.Device) (access.Role, bool) {
	role, ok := r[d]
	return role, ok && auth == authOf(d)
}

// authOf is the authority under which a device writes in tests.
func authOf(d wire.Device) wire.Auth { return wire.Auth(d[16:]) }

// writer writes one chain.
type writer struct {
	t    testing.TB
	key  *identity.Key
	inc  uint32
	next uint64
	prev wire.EntryID
}

// header returns the header of the writer's next entry.
func (w *writer) header() oplog.Header {
	d := w.key.Device()
	return oplog.Header{
		Doc: testDoc.Short(), Author: d, Auth: authOf(d), Inc: w.inc, Seq: w.next, Prev: w.prev,
		Epoch: wire.EpochID{0xe0}, Stream: oplog.StreamBody, Kind: oplog.KindUpdate, NumOps: 1,
	}
}

// write signs the next entry around a ciphertext.
func (w *writer) write(ct string) *oplog.Entry {
	w.t.Helper()
	return w.sign(w.header(), ct)
}

// sign signs an entry and makes it the writer's last.
func (w *writer) sign(h oplog.Header, ct string) *oplog.Entry {
	w.t.Helper()
	e, err := oplog.Sign(w.key, h, []byte(ct))
	if err != nil {
		w.t.Fatal(err)
	}
	w.next, w.prev = h.Seq+1, e.ID
	return e
}

// writeN writes n entries.
func (w *writer) writeN(n int, tag string) []*oplog.Entry {
	w.t.Helper()
	var list []*oplog.Entry
	for i := range n {
		list = append(list, w.write(tag+string(rune('a'+i%26))))
	}
	return list
}

// fork returns another writer of the same chain that goes on from here.
func (w *writer) fork() *writer { f := *w; return &f }

// received decodes entries again, as they come from a peer: nothing is known
// of their signatures.
func received(t testing.TB, entries ...*oplog.Entry) []*oplog.Entry {
	t.Helper()
	var list []*oplog.Entry
	for _, e := range entries {
		d, err := oplog.Decode(bytes.Clone(e.Raw))
		if err != nil {
			t.Fatal(err)
		}
		list = append(list, d)
	}
	return list
}

// unsigned returns an entry as it travels inside a run.
func unsigned(t testing.TB, e *oplog.Entry) *oplog.Entry {
	t.Helper()
	return received(t, &oplog.Entry{Raw: encodeEntry(e.Hdr, e.Ct, nil)})[0]
}

// encodeEntry encodes an entry by the general encoder.
func encodeEntry(hdr, ct, sig []byte) []byte {
	raw, err := wire.Marshal([][]byte{hdr, ct, sig})
	if err != nil {
		panic(err)
	}
	return raw
}

// take checks a run and appends what is to be kept.
func take(t testing.TB, c *oplog.Chains, a oplog.Authority, run ...*oplog.Entry) oplog.Verdict {
	t.Helper()
	kept, v := c.CheckRun(a, received(t, run...))
	for _, e := range kept {
		if change := c.Append(e); change.Kind == oplog.Unchanged {
			t.Fatalf("entry %d was to be kept and has no place", e.Seq)
		}
	}
	return v
}

// editor is an authority that lets the writers edit.
func editor(writers ...*writer) roles {
	r := roles{}
	for _, w := range writers {
		r[w.key.Device()] = access.Editor
	}
	return r
}

// seeded returns a random source and logs how to get the same again.
func seeded(t testing.TB) *rand.Rand {
	t.Helper()
	seed := uint64(time.Now().UnixNano())
	if s := envSeed(t); s != 0 {
		seed = s
	}
	t.Logf("SEED=%d gives this run again", seed)
	return rand.New(rand.NewPCG(seed, 0))
}

// sortedLines returns the ids of a vector's lines, ascending.
func sortedLines(v oplog.Vector) []wire.ChainID {
	return slices.SortedFunc(maps.Keys(v), func(a, b wire.ChainID) int { return bytes.Compare(a[:], b[:]) })
}
