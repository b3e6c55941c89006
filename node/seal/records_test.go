package seal

import (
	"bytes"
	"errors"
	"io"
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/sheafdocs/sheaf/node/access"
	"github.com/sheafdocs/sheaf/node/identity"
	"github.com/sheafdocs/sheaf/node/wire"
)

func testIdentity(t testing.TB, n byte) *identity.Key {
	t.Helper()
	key, err := identity.Generate(rand.NewChaCha8([32]byte{n}))
	if err != nil {
		t.Fatal(err)
	}
	return key
}

// TestWrap: the recipient gets the key; whatever is exchanged in the wrap or
// around it, nobody gets anything.
func TestWrap(t *testing.T) {
	owner, guest, other := testIdentity(t, 1), testIdentity(t, 2), testIdentity(t, 3)
	doc, epoch := wire.DocID{8}, testKey.ID(owner.Device())
	w, err := WrapKey(testKey, doc, epoch, guest.SealPublic(), owner)
	if err != nil {
		t.Fatal(err)
	}
	if w.Doc != doc.Short() || w.Epoch != epoch || w.Recipient != guest.SealHash() || w.Uploader != owner.Device() || len(w.Ct) != 1168 {
		t.Errorf("wrap %+v", w)
	}
	if !w.Verify() {
		t.Error("signature does not verify")
	}
	ek, err := OpenWrap(w, doc, owner.Device(), guest.SealPrivate())
	if err != nil || ek != testKey {
		t.Fatalf("opened %x, %v", ek[:], err)
	}
	changed := func(change func(*access.Wrap)) *access.Wrap {
		c := *w
		c.Ct = bytes.Clone(w.Ct)
		change(&c)
		return &c
	}
	junk, err := WrapKey(EpochKey{9}, doc, epoch, guest.SealPublic(), other)
	if err != nil {
		t.Fatal(err)
	}
	for name, test := range map[string]struct {
		wrap    *access.Wrap
		doc     wire.DocID
		rotator wire.Device
		to      *identity.Key
	}{
		"other recipient":     {w, doc, owner.Device(), other},
		"other document":      {changed(func(c *access.Wrap) { c.Doc[0]++ }), wire.DocID{9}, owner.Device(), guest},
		"document's far half": {w, wire.DocID{8, 31: 1}, owner.Device(), guest},
		"other rotator":       {w, doc, other.Device(), guest},
		"other epoch":         {changed(func(c *access.Wrap) { c.Epoch[0]++ }), doc, owner.Device(), guest},
		"other uploader":      {changed(func(c *access.Wrap) { c.Uploader = other.Device() }), doc, owner.Device(), guest},
		"ciphertext":          {changed(func(c *access.Wrap) { c.Ct[1150]++ }), doc, owner.Device(), guest},
		"encapsulation":       {changed(func(c *access.Wrap) { c.Ct[5]++ }), doc, owner.Device(), guest},
		"short":               {changed(func(c *access.Wrap) { c.Ct = c.Ct[:1167] }), doc, owner.Device(), guest},
		"empty":               {changed(func(c *access.Wrap) { c.Ct = nil }), doc, owner.Device(), guest},
		"junk of another":     {junk, doc, owner.Device(), guest},
	} {
		if _, err := OpenWrap(test.wrap, test.doc, test.rotator, test.to.SealPrivate()); !errors.Is(err, ErrWrap) {
			t.Errorf("%s: %v", name, err)
		}
	}
	if _, err := WrapKey(testKey, doc, epoch, guest.SealPublic()[1:], owner); err == nil {
		t.Error("wrapped to a key cut short")
	}
}

func testPresenceSealer(t testing.TB, ek EpochKey, d wire.Device) *PresenceSealer {
	t.Helper()
	s, err := NewPresenceSealer(ek, wire.DocID{4}, d)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func TestPresence(t *testing.T) {
	s, aad := testPresenceSealer(t, testKey, wire.Device{1}), []byte("frame")
	for _, state := range []PresenceState{
		{},
		{Awareness: []byte("who and where")},
		{Digest: bytes.Repeat([]byte{1}, 16)},
		{Awareness: make([]byte, MaxPresenceBytes-22), Digest: make([]byte, 16)},
	} {
		ct, err := s.Seal(aad, state)
		if err != nil {
			t.Fatal(err)
		}
		got, err := s.Open(aad, ct)
		if err != nil || !bytes.Equal(got.Awareness, state.Awareness) || !bytes.Equal(got.Digest, state.Digest) {
			t.Errorf("opened %+v (%v), want %+v", got, err, state)
		}
		for name, other := range map[string]*PresenceSealer{
			"key":    testPresenceSealer(t, EpochKey{}, wire.Device{1}),
			"device": testPresenceSealer(t, testKey, wire.Device{2}),
		} {
			if _, err := other.Open(aad, ct); !errors.Is(err, ErrDecrypt) {
				t.Errorf("other %s: %v", name, err)
			}
		}
		if _, err := s.Open([]byte("frames"), ct); !errors.Is(err, ErrDecrypt) {
			t.Errorf("other frame: %v", err)
		}
	}
	if _, err := s.Seal(aad, PresenceState{Awareness: make([]byte, MaxPresenceBytes)}); !errors.Is(err, ErrTooLarge) {
		t.Errorf("too long: %v", err)
	}
	if _, err := s.Seal(aad, PresenceState{Digest: make([]byte, 15)}); err == nil {
		t.Error("sealed a digest of 15 bytes")
	}
	wrong, err := frame(presenceBody{Digest: make([]byte, 17)})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := s.Open(aad, s.c.seal(aad, wrong)); !errors.Is(err, ErrInert) {
		t.Errorf("digest of 17 bytes: %v", err)
	}
	if _, err := s.Open(aad, make([]byte, 2000)); !errors.Is(err, ErrDecrypt) {
		t.Errorf("too long: %v", err)
	}
}

func TestLocal(t *testing.T) {
	l, aad, pt := NewLocal([32]byte{1}), []byte("draft 7"), []byte("what I typed")
	rng := rand.NewChaCha8([32]byte{2})
	record, err := l.Seal(rng, pt, aad)
	if err != nil {
		t.Fatal(err)
	}
	if bytes.Contains(record, []byte("typed")) {
		t.Error("record is readable")
	}
	if got, err := l.Open(record, aad); err != nil || !bytes.Equal(got, pt) {
		t.Fatalf("opened %q, %v", got, err)
	}
	if again, err := l.Seal(rng, pt, aad); err != nil || bytes.Equal(again, record) {
		t.Error("two records share a nonce")
	}
	if _, err := NewLocal([32]byte{2}).Open(record, aad); !errors.Is(err, ErrDecrypt) {
		t.Errorf("other secret: %v", err)
	}
	if _, err := l.Open(record, []byte("draft 8")); !errors.Is(err, ErrDecrypt) {
		t.Errorf("other place: %v", err)
	}
	for i := range record {
		bad := bytes.Clone(record)
		bad[i] ^= 1
		if _, err := l.Open(bad, aad); !errors.Is(err, ErrDecrypt) {
			t.Errorf("flip of byte %d: %v", i, err)
		}
		if _, err := l.Open(record[:i], aad); !errors.Is(err, ErrDecrypt) {
			t.Errorf("%d bytes: %v", i, err)
		}
	}
	if _, err := l.Seal(rng, make([]byte, MaxLocalBytes+1), aad); !errors.Is(err, ErrTooLarge) {
		t.Errorf("too long: %v", err)
	}
	if _, err := l.Open(make([]byte, MaxLocalBytes+100), aad); !errors.Is(err, ErrDecrypt) {
		t.Errorf("opened too much: %v", err)
	}
	if _, err := l.Seal(strings.NewReader("short"), pt, aad); !errors.Is(err, io.ErrUnexpectedEOF) {
		t.Errorf("no randomness: %v", err)
	}
}

func TestTopic(t *testing.T) {
	topic := TopicOf(testKey)
	if !strings.HasPrefix(topic, "sheaf/1/") || len(topic) != len("sheaf/1/")+26 || strings.ToLower(topic) != topic {
		t.Errorf("topic %q", topic)
	}
	if TopicOf(EpochKey{}) == topic {
		t.Error("two keys share a topic")
	}
}

func FuzzOpenPresence(f *testing.F) {
	s, aad := testPresenceSealer(f, testKey, wire.Device{1}), []byte("frame")
	ct, err := s.Seal(aad, PresenceState{Awareness: []byte("x")})
	if err != nil {
		f.Fatal(err)
	}
	f.Add(ct, false)
	f.Add([]byte{0, 0x82, 0x40, 0x40}, true)
	f.Fuzz(func(t *testing.T, b []byte, plain bool) {
		if plain { // reach what lies behind the encryption
			b = s.c.seal(aad, b)
		}
		state, err := s.Open(aad, b)
		if err != nil {
			return
		}
		again, err := s.Seal(aad, state)
		if err != nil || !bytes.Equal(again, b) {
			t.Errorf("%x opens, but is made as %x (%v)", b, again, err)
		}
	})
}

func FuzzOpenLocal(f *testing.F) {
	l := NewLocal([32]byte{1})
	record, err := l.Seal(rand.NewChaCha8([32]byte{2}), []byte("x"), nil)
	if err != nil {
		f.Fatal(err)
	}
	f.Add(record)
	f.Fuzz(func(t *testing.T, b []byte) {
		if pt, err := l.Open(b, nil); err == nil && !bytes.Equal(b, record) {
			t.Errorf("%x opens as %x", b, pt)
		}
	})
}

func FuzzOpenWrap(f *testing.F) {
	owner, guest := testIdentity(f, 1), testIdentity(f, 2)
	doc, epoch := wire.DocID{8}, testKey.ID(owner.Device())
	w, err := WrapKey(testKey, doc, epoch, guest.SealPublic(), owner)
	if err != nil {
		f.Fatal(err)
	}
	f.Add(w.Ct)
	f.Add(make([]byte, 1168))
	f.Fuzz(func(t *testing.T, ct []byte) {
		c := *w
		c.Ct = ct
		if ek, err := OpenWrap(&c, doc, owner.Device(), guest.SealPrivate()); err == nil && ek != testKey {
			t.Errorf("opened %x", ek[:])
		}
	})
}
