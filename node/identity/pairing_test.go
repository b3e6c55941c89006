package identity_test

import (
	"encoding/hex"
	"errors"
	"strings"
	"testing"

	"github.com/sheafdocs/sheaf/node/identity"
	"github.com/sheafdocs/sheaf/node/wire"
)

func testPairing(t testing.TB) (identity.PairLink, [2][32]byte) {
	t.Helper()
	l := identity.PairLink{Old: testKey(t, 1).Device(), Hints: []string{"/ip4/192.0.2.1/udp/4001/quic-v1"}}
	copy(l.Secret[:], "sixteen bytes ok")
	return l, [2][32]byte{{1}, {2}}
}

func newDevice(t testing.TB) identity.PairedDevice {
	key := testKey(t, 2)
	return identity.PairedDevice{Device: key.Device(), SealPublic: key.SealPublic(), Kind: 1, Name: "phone"}
}

// handshake runs both ends, which must agree, and returns what they sent.
func handshake(t *testing.T, old, new identity.PairLink, nonces [2][32]byte) (fromOld, fromNew []string) {
	t.Helper()
	o := identity.NewPairingOld(old, newDevice(t).Device, nonces[1])
	n, msg, err := identity.NewPairingNew(new, old.Old, newDevice(t), nonces[0])
	if err != nil {
		t.Fatal(err)
	}
	oldDone, newDone := false, false
	for !newDone {
		fromNew = append(fromNew, hex.EncodeToString(msg))
		if msg, oldDone, err = o.Next(msg); err != nil {
			t.Fatal(err)
		}
		fromOld = append(fromOld, hex.EncodeToString(msg))
		if msg, newDone, err = n.Next(msg); err != nil {
			t.Fatal(err)
		}
	}
	if !oldDone || o.Code() != n.Code() || len(o.Code()) != 6 || o.Peer().Name != "phone" {
		t.Errorf("old done %v, codes %s and %s, name %q", oldDone, o.Code(), n.Code(), o.Peer().Name)
	}
	return fromOld, fromNew
}

func TestPairing(t *testing.T) {
	link, nonces := testPairing(t)
	handshake(t, link, link, nonces)
	if _, _, err := identity.NewPairingNew(link, testKey(t, 3).Device(), newDevice(t), nonces[0]); !errors.Is(err, identity.ErrPairing) {
		t.Errorf("another device than the link's is spoken to: %v", err)
	}
}

// TestPairingIsRefused changes each message of the new device, and what either
// end knows: the old device must refuse and go on refusing.
func TestPairingIsRefused(t *testing.T) {
	link, nonces := testPairing(t)
	run := func(with identity.PairLink, as identity.PairedDevice, peer wire.Device, change func(step int, b []byte) []byte) error {
		o := identity.NewPairingOld(link, peer, nonces[1])
		n, msg, err := identity.NewPairingNew(with, link.Old, as, nonces[0])
		if err != nil {
			t.Fatal(err)
		}
		for step := 0; ; step++ {
			answer, done, err := o.Next(change(step, msg))
			if err != nil {
				if _, _, again := o.Next(msg); !errors.Is(again, identity.ErrPairing) {
					t.Error("after a failure it goes on")
				}
				return err
			}
			if done {
				return nil
			}
			if msg, _, err = n.Next(answer); err != nil {
				return err
			}
		}
	}
	same := func(_ int, b []byte) []byte { return b }
	device := newDevice(t)
	if err := run(link, device, device.Device, same); err != nil {
		t.Fatal(err)
	}
	wrong := link
	wrong.Secret[3] ^= 1
	if err := run(wrong, device, device.Device, same); !errors.Is(err, identity.ErrPairing) {
		t.Errorf("a wrong secret: %v", err)
	}
	if err := run(link, device, testKey(t, 3).Device(), same); !errors.Is(err, identity.ErrPairing) {
		t.Errorf("a proof for another device: %v", err)
	}
	for step := range 2 {
		for at := 0; at < 40; at++ {
			err := run(link, device, device.Device, func(s int, b []byte) []byte {
				b = append([]byte(nil), b...)
				if s == step {
					b[at%len(b)] ^= 0x10
				}
				return b
			})
			if !errors.Is(err, identity.ErrPairing) {
				t.Errorf("byte %d of message %d changed: %v", at, step, err)
			}
		}
	}
	stolen := device
	stolen.SealPublic = testKey(t, 3).SealPublic()
	err := run(link, device, device.Device, func(s int, b []byte) []byte {
		if s > 0 {
			return b
		}
		_, hello, err := identity.NewPairingNew(link, link.Old, stolen, nonces[0])
		if err != nil {
			t.Fatal(err)
		}
		return hello
	})
	if !errors.Is(err, identity.ErrPairing) {
		t.Errorf("another seal key: %v", err)
	}
}

// TestNewDeviceChecksTheOldOne has someone answer in the old device's place who
// does not know the secret.
func TestNewDeviceChecksTheOldOne(t *testing.T) {
	link, nonces := testPairing(t)
	n, hello, err := identity.NewPairingNew(link, link.Old, newDevice(t), nonces[0])
	if err != nil {
		t.Fatal(err)
	}
	fake := link
	fake.Secret = [16]byte{}
	o := identity.NewPairingOld(fake, newDevice(t).Device, nonces[1])
	answer, _, err := o.Next(hello)
	if err != nil {
		t.Fatal(err)
	}
	proof, done, err := n.Next(answer)
	if err != nil || done {
		t.Fatal(done, err)
	}
	if _, done, err := n.Next(proof); done && err == nil {
		t.Error("the new device's own proof is taken for the old one's")
	}
}

func TestPairLinks(t *testing.T) {
	link, _ := testPairing(t)
	text := link.String()
	got, err := identity.ParsePairLink(" <" + text[:50] + "\n" + text[50:] + ">")
	if err != nil || got.Old != link.Old || got.Secret != link.Secret || got.Hints[0] != link.Hints[0] {
		t.Fatalf("%+v, %v", got, err)
	}
	for i := range text {
		bad := []byte(text)
		bad[i] ^= 1
		if l, err := identity.ParsePairLink(string(bad)); err == nil && l.Secret != link.Secret {
			t.Errorf("changed at %d it is another link", i)
		}
		if _, err := identity.ParsePairLink(text[:i]); !errors.Is(err, identity.ErrPairLink) {
			t.Errorf("cut at %d: %v", i, err)
		}
	}
	many := link
	for range 20 {
		many.Hints = append(many.Hints, strings.Repeat("x", 300), "/ip4/192.0.2.1/tcp/1")
	}
	if got, err := identity.ParsePairLink(many.String()); err != nil || len(got.Hints) != identity.MaxPairHints {
		t.Errorf("%d hints, %v", len(got.Hints), err)
	}
	for _, s := range []string{"", "sheaf://join#v1.a.b.c", "https://example.org", "sheaf://pair#v9.a"} {
		if _, err := identity.ParsePairLink(s); !errors.Is(err, identity.ErrPairLink) {
			t.Errorf("%q: %v", s, err)
		}
	}
}

func FuzzParsePairLink(f *testing.F) {
	link, _ := testPairing(f)
	f.Add(link.String())
	f.Fuzz(func(t *testing.T, s string) {
		l, err := identity.ParsePairLink(s)
		if err != nil {
			return
		}
		if again, err := identity.ParsePairLink(l.String()); err != nil || again.Secret != l.Secret || len(again.Hints) != len(l.Hints) {
			t.Fatalf("%q does not come back: %v", s, err)
		}
	})
}

func FuzzPairing(f *testing.F) {
	link, nonces := testPairing(f)
	_, hello, err := identity.NewPairingNew(link, link.Old, newDevice(f), nonces[0])
	if err != nil {
		f.Fatal(err)
	}
	f.Add(hello, []byte{0x82, 1})
	f.Fuzz(func(t *testing.T, first, second []byte) {
		o := identity.NewPairingOld(link, newDevice(t).Device, nonces[1])
		if _, done, err := o.Next(first); err != nil || done {
			return
		}
		if _, done, err := o.Next(second); done && err == nil {
			t.Fatal("paired without the secret")
		}
	})
}
