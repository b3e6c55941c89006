package seal

import (
	"bytes"
	"crypto/hmac"
	"crypto/sha256"
	"errors"
	"math/rand/v2"
	"testing"

	"github.com/sheafdocs/sheaf/node/wire"
)

var testKey = EpochKey{1, 2, 3}

func testSealer(t testing.TB, ek EpochKey, change func(*Chain)) *Sealer {
	t.Helper()
	c := Chain{Doc: wire.DocID{4}, Device: wire.Device{5}, Auth: wire.Auth{6}, Inc: 7}
	if change != nil {
		change(&c)
	}
	s, err := NewSealer(ek, c)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// deps returns n dependencies in order.
func deps(n int) []Dep {
	var list []Dep
	for i := range n {
		list = append(list, Dep{Chain: wire.ChainID{byte(i / 256), byte(i)}, Seq: uint64(i) << 20, ID8: [8]byte{9, byte(i)}})
	}
	return list
}

func equalPayloads(a, b Payload) bool {
	if len(a.Deps) != len(b.Deps) || !bytes.Equal(a.Body, b.Body) {
		return false
	}
	for i := range a.Deps {
		if a.Deps[i] != b.Deps[i] {
			return false
		}
	}
	return true
}

// TestSealOpen goes through payloads of many sizes: what was sealed opens, in
// one way only, and its length is a bucket's.
func TestSealOpen(t *testing.T) {
	s, aad := testSealer(t, testKey, nil), []byte("header")
	for _, n := range []int{0, 1, 20, 29, 30, 31, 60, 200, 250, 253, 254, 255, 256, 1000, 5000, 60000, MaxBodyBytes} {
		for _, d := range []int{0, 1, 23, 24, 64} {
			p := Payload{Deps: deps(d), Body: bytes.Repeat([]byte{0}, n)}
			ct, err := s.Seal(aad, p)
			if err != nil {
				t.Fatalf("%d deps, %d bytes: %v", d, n, err)
			}
			if size := len(ct) - overheadBytes; size != padded(size) || size > MaxPlaintextBytes {
				t.Errorf("%d deps, %d bytes: plaintext of %d bytes", d, n, size)
			}
			got, err := s.Open(aad, ct)
			if err != nil || !equalPayloads(got, p) {
				t.Errorf("%d deps, %d bytes: opened %d deps, %d bytes, %v", d, n, len(got.Deps), len(got.Body), err)
			}
			again, err := s.Seal(aad, p)
			if err != nil || !bytes.Equal(again, ct) {
				t.Errorf("%d deps, %d bytes: sealed again it differs", d, n)
			}
		}
	}
}

func TestSealRefuses(t *testing.T) {
	s := testSealer(t, testKey, nil)
	if _, err := s.Seal(nil, Payload{Body: make([]byte, MaxPlaintextBytes)}); !errors.Is(err, ErrTooLarge) {
		t.Errorf("too long a body: %v", err)
	}
	twice := []Dep{{Chain: wire.ChainID{1}}, {Chain: wire.ChainID{1}, Seq: 1}}
	down := []Dep{{Chain: wire.ChainID{2}}, {Chain: wire.ChainID{1}}}
	far := []Dep{{Seq: maxSeq + 1}}
	for _, d := range [][]Dep{deps(MaxDeps + 1), twice, down, far} {
		if _, err := s.Seal(nil, Payload{Deps: d}); err == nil {
			t.Errorf("sealed %d wrong dependencies", len(d))
		}
	}
}

// TestOpenBinds: a ciphertext opens under its own key, chain and header alone.
func TestOpenBinds(t *testing.T) {
	aad, p := []byte("header"), Payload{Deps: deps(2), Body: []byte("update")}
	s := testSealer(t, testKey, nil)
	ct, err := s.Seal(aad, p)
	if err != nil {
		t.Fatal(err)
	}
	for name, other := range map[string]*Sealer{
		"key":    testSealer(t, EpochKey{1}, nil),
		"doc":    testSealer(t, testKey, func(c *Chain) { c.Doc[31]++ }),
		"device": testSealer(t, testKey, func(c *Chain) { c.Device[31]++ }),
		"auth":   testSealer(t, testKey, func(c *Chain) { c.Auth[15]++ }),
		"inc":    testSealer(t, testKey, func(c *Chain) { c.Inc++ }),
	} {
		if _, err := other.Open(aad, ct); !errors.Is(err, ErrDecrypt) {
			t.Errorf("other %s: %v", name, err)
		}
		if ct2, err := other.Seal(aad, p); err != nil || bytes.Equal(ct2[:nonceBytes], ct[:nonceBytes]) {
			t.Errorf("other %s: same nonce", name)
		}
	}
	if _, err := s.Open([]byte("headeR"), ct); !errors.Is(err, ErrDecrypt) {
		t.Errorf("other header: %v", err)
	}
	for i := range ct {
		for bit := range 8 {
			bad := bytes.Clone(ct)
			bad[i] ^= 1 << bit
			if _, err := s.Open(aad, bad); !errors.Is(err, ErrDecrypt) {
				t.Errorf("flip of bit %d of byte %d: %v", bit, i, err)
			}
		}
	}
	for n := range ct {
		if _, err := s.Open(aad, ct[:n]); !errors.Is(err, ErrDecrypt) {
			t.Errorf("%d bytes of %d: %v", n, len(ct), err)
		}
	}
	if _, err := s.Open(aad, make([]byte, 1<<20)); !errors.Is(err, ErrDecrypt) {
		t.Errorf("a megabyte: %v", err)
	}
}

// raw encrypts any plaintext as a member who breaks the rules could, under its
// own nonce unless another is given.
func (s *Sealer) raw(aad, pt, nonce []byte) []byte {
	if nonce == nil {
		return s.c.seal(aad, pt)
	}
	return s.c.aead.Seal(bytes.Clone(nonce), nonce, pt, aad)
}

// TestInert has one row for each thing that makes a payload inert.
func TestInert(t *testing.T) {
	s, aad := testSealer(t, testKey, nil), []byte("header")
	good, err := Payload{Deps: deps(2), Body: []byte("update")}.plaintext()
	if err != nil {
		t.Fatal(err)
	}
	body, err := wire.Marshal(payloadBody{Deps: deps(2), Body: []byte("update")})
	if err != nil {
		t.Fatal(err)
	}
	pad := func(flags byte, body []byte) []byte {
		pt := make([]byte, padded(1+len(body)))
		pt[0] = flags
		copy(pt[1:], body)
		return pt
	}
	encoded := func(v any) []byte {
		b, err := wire.Marshal(v)
		if err != nil {
			t.Fatal(err)
		}
		return b
	}
	with := func(d []Dep) []byte { return pad(0, encoded(payloadBody{Deps: d, Body: []byte{1}})) }
	dirty := bytes.Clone(good)
	dirty[len(dirty)-1] = 1
	long := bytes.Replace(body, []byte("\x46update"), []byte("\x58\x06update"), 1)
	if _, err := s.Open(aad, s.raw(aad, good, nil)); err != nil {
		t.Fatalf("honest payload: %v", err)
	}
	for name, ct := range map[string][]byte{
		"nonce":               s.raw(aad, good, make([]byte, nonceBytes)),
		"empty":               s.raw(aad, nil, nil),
		"no payload":          s.raw(aad, make([]byte, 32), nil),
		"flag":                s.raw(aad, pad(1, body), nil),
		"padding not zero":    s.raw(aad, dirty, nil),
		"no padding":          s.raw(aad, good[:1+len(body)], nil),
		"a bucket more":       s.raw(aad, append(bytes.Clone(good), make([]byte, 32)...), nil),
		"long form":           s.raw(aad, pad(0, long), nil),
		"null body":           s.raw(aad, pad(0, []byte{0x82, 0x80, 0xf6}), nil),
		"null deps":           s.raw(aad, pad(0, []byte{0x82, 0xf6, 0x40}), nil),
		"map":                 s.raw(aad, pad(0, []byte{0xa1, 0x80, 0x40}), nil),
		"endless body":        s.raw(aad, pad(0, []byte{0x82, 0x80, 0x5b, 255, 255, 255, 255, 255, 255, 255, 255}), nil),
		"endless deps":        s.raw(aad, pad(0, []byte{0x82, 0x9b, 255, 255, 255, 255, 255, 255, 255, 255}), nil),
		"three fields":        s.raw(aad, pad(0, []byte{0x83, 0x80, 0x40, 0x00}), nil),
		"text":                s.raw(aad, pad(0, []byte{0x82, 0x80, 0x61, 'x'}), nil),
		"too many deps":       s.raw(aad, with(deps(MaxDeps+1)), nil),
		"a chain twice":       s.raw(aad, with([]Dep{{Seq: 1}, {Seq: 2}}), nil),
		"deps out of order":   s.raw(aad, with([]Dep{{Chain: wire.ChainID{2}}, {Chain: wire.ChainID{1}}}), nil),
		"dep on a huge entry": s.raw(aad, with([]Dep{{Seq: 1 << 60}}), nil),
	} {
		if _, err := s.Open(aad, ct); !errors.Is(err, ErrInert) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// TestPadded: every bucket is its own bucket, holds its length, grows, and
// wastes little.
func TestPadded(t *testing.T) {
	last := 0
	for n := range 70000 {
		p := padded(n)
		switch {
		case p < n || p < last || padded(p) != p:
			t.Fatalf("%d bytes are padded to %d after %d", n, p, last)
		case p%32 != 0 && n <= 256:
			t.Fatalf("%d bytes are padded to %d", n, p)
		case n > 256 && float64(p) > 1.12*float64(n):
			t.Fatalf("%d bytes are padded to %d: too much", n, p)
		}
		last = p
	}
	if padded(MaxPlaintextBytes) != MaxPlaintextBytes || padded(MaxPresenceBytes) != MaxPresenceBytes {
		t.Error("a limit is not a bucket")
	}
}

// TestEpochID: the id binds key and rotator.
func TestEpochID(t *testing.T) {
	d := wire.Device{1}
	h := sha256.New()
	h.Write([]byte("sheaf/1/epoch\x00"))
	h.Write(d[:])
	h.Write(testKey[:])
	if got := testKey.ID(d); !bytes.Equal(got[:], h.Sum(nil)[:16]) {
		t.Error("id is not its definition")
	}
	if testKey.ID(wire.Device{2}) == testKey.ID(d) || (EpochKey{}).ID(d) == testKey.ID(d) {
		t.Error("two keys or devices share an id")
	}
	if d != (wire.Device{1}) {
		t.Error("ID changed the device")
	}
}

// TestNewEpochKey: the key is what the source of randomness gives.
func TestNewEpochKey(t *testing.T) {
	ek, err := NewEpochKey(rand.NewChaCha8([32]byte{1}))
	if err != nil || ek == (EpochKey{}) {
		t.Errorf("key %x, %v", ek[:], err)
	}
	if _, err := NewEpochKey(bytes.NewReader(make([]byte, 31))); err == nil {
		t.Error("a key of 31 bytes")
	}
}

// TestSecretsAreSilent: formatting a key does not show it.
func TestSecretsAreSilent(t *testing.T) {
	if s := testKey.String() + testKey.GoString(); bytes.ContainsAny([]byte(s), "0123456789") {
		t.Errorf("key prints as %q", s)
	}
}

// TestNonce: the nonce is its definition.
func TestNonce(t *testing.T) {
	s := testSealer(t, testKey, nil)
	mac := hmac.New(sha256.New, s.c.kn[:])
	mac.Write([]byte("headertext"))
	if got := s.c.nonce(nil, []byte("header"), []byte("text")); !bytes.Equal(got, mac.Sum(nil)[:24]) {
		t.Error("nonce is not its definition")
	}
}

func FuzzOpenPlaintext(f *testing.F) {
	for _, p := range []Payload{{}, {Body: []byte("update")}, {Deps: deps(3), Body: make([]byte, 300)}} {
		pt, err := p.plaintext()
		if err != nil {
			f.Fatal(err)
		}
		f.Add(pt)
	}
	f.Add(append([]byte{0, 0x82, 0x9b, 0, 0, 0, 1, 0, 0, 0, 0}, make([]byte, 21)...))
	f.Fuzz(func(t *testing.T, pt []byte) {
		if len(pt) > MaxPlaintextBytes {
			return
		}
		p, err := parsePayload(pt)
		if err != nil {
			return
		}
		again, err := p.plaintext()
		if err != nil || !bytes.Equal(again, pt) {
			t.Errorf("%x parses, but is made as %x (%v)", pt, again, err)
		}
	})
}
