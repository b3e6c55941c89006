package seal

import (
	"bytes"
	"encoding/hex"
	"encoding/json"
	"errors"
	"flag"
	"math/rand/v2"
	"os"
	"path/filepath"
	"testing"

	"github.com/sheafdocs/sheaf/node/access"
	"github.com/sheafdocs/sheaf/node/identity"
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

func vectorPath(name string) string {
	return filepath.Join("..", "..", "docs", "formats", "vectors", name)
}

func writeVectors(t *testing.T, name string, v any) {
	t.Helper()
	b, err := json.MarshalIndent(v, "", "  ")
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(vectorPath(name), append(b, '\n'), 0o644); err != nil {
		t.Fatal(err)
	}
}

func readVectors(t *testing.T, name string, v any) {
	t.Helper()
	b, err := os.ReadFile(vectorPath(name))
	if err != nil {
		t.Fatal(err)
	}
	d := json.NewDecoder(bytes.NewReader(b))
	d.DisallowUnknownFields()
	if err := d.Decode(v); err != nil {
		t.Fatalf("read %s: %v", name, err)
	}
}

// same fails unless a computed value is the file's.
func same(t *testing.T, what string, got, want []byte) {
	t.Helper()
	if !bytes.Equal(got, want) {
		t.Errorf("%s is %x, not %x", what, got, want)
	}
}

type payloadVectors struct {
	Comment string   `json:"comment"`
	Epoch   hexBytes `json:"epoch_key"`
	Rotator hexBytes `json:"rotator"`
	EpochID hexBytes `json:"epoch_id"`
	Topic   string   `json:"topic"`
	Doc     hexBytes `json:"doc"`
	Device  hexBytes `json:"device"`
	Auth    hexBytes `json:"auth"`
	Inc     uint32   `json:"inc"`
	AAD     hexBytes `json:"aad"`
	Cases   []struct {
		Deps  []depVector `json:"deps"`
		Body  hexBytes    `json:"body"`
		Plain hexBytes    `json:"plaintext"`
		Ct    hexBytes    `json:"ciphertext"`
	} `json:"payloads"`
	Inert []struct {
		Name string   `json:"name"`
		Ct   hexBytes `json:"ciphertext"`
	} `json:"inert"`
	Buckets [][2]int `json:"length_and_bucket"`
}

type depVector struct {
	Chain hexBytes `json:"chain"`
	Seq   uint64   `json:"seq"`
	ID8   hexBytes `json:"id8"`
}

func (v *payloadVectors) chain() Chain {
	return Chain{Doc: wire.DocID(v.Doc), Device: wire.Device(v.Device), Auth: wire.Auth(v.Auth), Inc: v.Inc}
}

// makePayloadVectors is the input of the vectors, with the outputs.
func makePayloadVectors(t *testing.T) *payloadVectors {
	fill := func(b byte, n int) hexBytes { return bytes.Repeat([]byte{b}, n) }
	v := &payloadVectors{
		Comment: "docs/formats/payload.md. Bytes in hexadecimal.",
		Epoch:   fill(0xe0, 32), Rotator: fill(0x0a, 32), Doc: fill(0xd0, 32), Device: fill(0xde, 32), Auth: fill(0xaa, 16),
		Inc: 3, AAD: hexBytes("additional data"),
	}
	s, err := NewSealer(EpochKey(v.Epoch), v.chain())
	if err != nil {
		t.Fatal(err)
	}
	id := EpochKey(v.Epoch).ID(wire.Device(v.Rotator))
	v.EpochID, v.Topic = id[:], TopicOf(EpochKey(v.Epoch))
	for _, p := range []Payload{
		{}, {Body: []byte("update")}, {Deps: deps(2)}, {Deps: deps(2), Body: make([]byte, 20)}, {Body: fill(1, 300)},
	} {
		pt, err := p.plaintext()
		if err != nil {
			t.Fatal(err)
		}
		c := v.Cases
		c = append(c, struct {
			Deps  []depVector `json:"deps"`
			Body  hexBytes    `json:"body"`
			Plain hexBytes    `json:"plaintext"`
			Ct    hexBytes    `json:"ciphertext"`
		}{Deps: []depVector{}, Body: p.Body, Plain: pt, Ct: s.c.seal(v.AAD, pt)})
		for _, d := range p.Deps {
			c[len(c)-1].Deps = append(c[len(c)-1].Deps, depVector{d.Chain[:], d.Seq, d.ID8[:]})
		}
		v.Cases = c
	}
	good := []byte(v.Cases[1].Plain)
	flagged, dirty := bytes.Clone(good), bytes.Clone(good)
	flagged[0], dirty[len(dirty)-1] = 1, 1
	inert := func(name string, ct []byte) {
		v.Inert = append(v.Inert, struct {
			Name string   `json:"name"`
			Ct   hexBytes `json:"ciphertext"`
		}{name, ct})
	}
	inert("nonce not of the plaintext", s.raw(v.AAD, good, make([]byte, nonceBytes)))
	inert("a flag", s.raw(v.AAD, flagged, nil))
	inert("padding not zero", s.raw(v.AAD, dirty, nil))
	inert("another bucket", s.raw(v.AAD, append(bytes.Clone(good), make([]byte, 32)...), nil))
	for _, n := range []int{1, 32, 33, 256, 257, 272, 273, 1000, 10000, 61441, 63488} {
		v.Buckets = append(v.Buckets, [2]int{n, padded(n)})
	}
	return v
}

func TestPayloadVectors(t *testing.T) {
	if *update {
		writeVectors(t, "payload.json", makePayloadVectors(t))
	}
	var v payloadVectors
	readVectors(t, "payload.json", &v)
	ek := EpochKey(v.Epoch)
	id := ek.ID(wire.Device(v.Rotator))
	same(t, "epoch id", id[:], v.EpochID)
	same(t, "topic", []byte(TopicOf(ek)), []byte(v.Topic))
	s, err := NewSealer(ek, v.chain())
	if err != nil {
		t.Fatal(err)
	}
	if len(v.Cases) == 0 || len(v.Inert) == 0 || len(v.Buckets) == 0 {
		t.Error("the file lacks vectors")
	}
	for i, c := range v.Cases {
		p := Payload{Body: c.Body}
		for _, d := range c.Deps {
			p.Deps = append(p.Deps, Dep{Chain: wire.ChainID(d.Chain), Seq: d.Seq, ID8: [8]byte(d.ID8)})
		}
		pt, err := p.plaintext()
		if err != nil {
			t.Fatal(err)
		}
		same(t, "plaintext", pt, c.Plain)
		ct, err := s.Seal(v.AAD, p)
		if err != nil {
			t.Fatal(err)
		}
		same(t, "ciphertext", ct, c.Ct)
		if got, err := s.Open(v.AAD, c.Ct); err != nil || !equalPayloads(got, p) {
			t.Errorf("payload %d opens as %+v (%v)", i, got, err)
		}
	}
	for _, c := range v.Inert {
		if _, err := s.Open(v.AAD, c.Ct); !errors.Is(err, ErrInert) {
			t.Errorf("%s: %v", c.Name, err)
		}
	}
	for _, b := range v.Buckets {
		if padded(b[0]) != b[1] {
			t.Errorf("%d bytes are padded to %d, not %d", b[0], padded(b[0]), b[1])
		}
	}
}

type wrapVectors struct {
	Comment   string   `json:"comment"`
	Seed      hexBytes `json:"recipient_seal_seed"`
	Public    hexBytes `json:"recipient_seal_public"`
	Doc       hexBytes `json:"doc"`
	Rotator   hexBytes `json:"rotator"`
	EpochKey  hexBytes `json:"epoch_key"`
	Wrap      hexBytes `json:"wrap"`
	NotItsKey hexBytes `json:"wrap_of_another_key"`
}

// TestWrapVectors opens recorded wraps; making one draws randomness.
func TestWrapVectors(t *testing.T) {
	seal := [32]byte(bytes.Repeat([]byte{2}, 32))
	guest, err := identity.FromSeeds([32]byte(bytes.Repeat([]byte{3}, 32)), seal)
	if err != nil {
		t.Fatal(err)
	}
	if *update {
		owner := testIdentity(t, 1)
		doc, rotator := wire.DocID(bytes.Repeat([]byte{0xd0}, 32)), owner.Device()
		v := wrapVectors{
			Comment: "docs/formats/wrap.md. Bytes in hexadecimal. The rotator is the uploader.",
			Seed:    seal[:], Public: guest.SealPublic(), Doc: doc[:], Rotator: rotator[:], EpochKey: testKey[:],
		}
		for ek, to := range map[EpochKey]*hexBytes{testKey: &v.Wrap, {9}: &v.NotItsKey} {
			w, err := WrapKey(ek, doc, testKey.ID(rotator), guest.SealPublic(), owner)
			if err != nil {
				t.Fatal(err)
			}
			if *to, err = w.Encode(); err != nil {
				t.Fatal(err)
			}
		}
		writeVectors(t, "wrap.json", v)
	}
	var v wrapVectors
	readVectors(t, "wrap.json", &v)
	same(t, "public key", guest.SealPublic(), v.Public)
	open := func(raw []byte) (EpochKey, error) {
		w, err := access.DecodeWrap(raw)
		if err != nil {
			t.Fatal(err)
		}
		if !w.Verify() || w.Recipient != guest.SealHash() {
			t.Error("wrap does not verify")
		}
		return OpenWrap(w, wire.DocID(v.Doc), wire.Device(v.Rotator), guest.SealPrivate())
	}
	ek, err := open(v.Wrap)
	if err != nil {
		t.Fatal(err)
	}
	same(t, "epoch key", ek[:], v.EpochKey)
	if _, err := open(v.NotItsKey); !errors.Is(err, ErrWrap) {
		t.Errorf("wrap of another key: %v", err)
	}
}

type localVectors struct {
	Comment string   `json:"comment"`
	Secret  hexBytes `json:"secret"`
	AAD     hexBytes `json:"aad"`
	Plain   hexBytes `json:"plaintext"`
	Record  hexBytes `json:"record"`
}

func TestLocalVectors(t *testing.T) {
	if *update {
		v := localVectors{
			Comment: "docs/formats/local.md. Bytes in hexadecimal.",
			Secret:  bytes.Repeat([]byte{5}, 32), AAD: hexBytes("place"), Plain: hexBytes("draft"),
		}
		var err error
		v.Record, err = NewLocal([32]byte(v.Secret)).Seal(rand.NewChaCha8([32]byte{6}), v.Plain, v.AAD)
		if err != nil {
			t.Fatal(err)
		}
		writeVectors(t, "local.json", v)
	}
	var v localVectors
	readVectors(t, "local.json", &v)
	pt, err := NewLocal([32]byte(v.Secret)).Open(v.Record, v.AAD)
	if err != nil {
		t.Fatal(err)
	}
	same(t, "plaintext", pt, v.Plain)
}

type presenceVectors struct {
	Comment   string   `json:"comment"`
	EpochKey  hexBytes `json:"epoch_key"`
	Doc       hexBytes `json:"doc"`
	Author    hexBytes `json:"author"`
	AAD       hexBytes `json:"aad"`
	Awareness hexBytes `json:"awareness"`
	Digest    hexBytes `json:"digest"`
	Ct        hexBytes `json:"ciphertext"`
}

func TestPresenceVectors(t *testing.T) {
	v := presenceVectors{
		Comment:  "docs/formats/presence.md: what a frame's ct holds. Bytes in hexadecimal.",
		EpochKey: bytes.Repeat([]byte{0xe0}, 32), Doc: bytes.Repeat([]byte{0xd0}, 32), Author: bytes.Repeat([]byte{0xde}, 32),
		AAD: hexBytes("additional data"), Awareness: hexBytes("awareness"), Digest: bytes.Repeat([]byte{1}, 16),
	}
	if !*update {
		readVectors(t, "presence-state.json", &v)
	}
	s, err := NewPresenceSealer(EpochKey(v.EpochKey), wire.DocID(v.Doc), wire.Device(v.Author))
	if err != nil {
		t.Fatal(err)
	}
	ct, err := s.Seal(v.AAD, PresenceState{Awareness: v.Awareness, Digest: v.Digest})
	if err != nil {
		t.Fatal(err)
	}
	if *update {
		v.Ct = ct
		writeVectors(t, "presence-state.json", v)
	}
	same(t, "ciphertext", ct, v.Ct)
	state, err := s.Open(v.AAD, v.Ct)
	if err != nil {
		t.Fatal(err)
	}
	same(t, "awareness", state.Awareness, v.Awareness)
	same(t, "digest", state.Digest, v.Digest)
}
