package oplog_test

import (
	"bytes"
	"errors"
	"testing"

	"github.com/sheafdocs/sheaf/node/access"
	"github.com/sheafdocs/sheaf/node/oplog"
	"github.com/sheafdocs/sheaf/node/wire"
)

// testPresence signs a frame of key n.
func testPresence(t testing.TB, n uint64, change func(*oplog.Presence)) oplog.Presence {
	t.Helper()
	key := keyOf(t, n)
	p := oplog.Presence{
		Doc: testDoc.Short(), Author: key.Device(), Auth: authOf(key.Device()), Epoch: wire.EpochID{3},
		Session: oplog.SessionID{4}, Counter: 10, Ct: []byte("ciphertext"),
	}
	if change != nil {
		change(&p)
	}
	p, err := oplog.SignPresence(key, p)
	if err != nil {
		t.Fatal(err)
	}
	return p
}

func TestPresenceEncoding(t *testing.T) {
	p := testPresence(t, 5, nil)
	raw := p.Encode()
	got, err := oplog.DecodePresence(raw)
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(got.Encode(), raw) || got.Session != p.Session || got.Counter != p.Counter || !bytes.Equal(got.Ct, p.Ct) {
		t.Errorf("decoded %+v, want %+v", got, p)
	}
	a := roles{p.Author: access.Viewer}
	for i := range raw {
		for bit := range 8 {
			bad := bytes.Clone(raw)
			bad[i] ^= 1 << bit
			p, err := oplog.DecodePresence(bad)
			if err != nil {
				continue
			}
			var s oplog.Sessions
			if v := s.Check(testDoc.Short(), a, &p); v.Action == oplog.Accept {
				t.Errorf("flip of bit %d of byte %d is accepted", bit, i)
			}
		}
	}
	later := mustMarshal(t, [][]byte{{0x82, 0x02, 0x00}, nil})
	_, err = oplog.DecodePresence(later)
	checkVerdict(t, "later version", oplog.VerdictOf(err), oplog.Ignore, wire.ErrUnknownVersion)
	_, err = oplog.DecodePresence(make([]byte, oplog.MaxPresenceBytes+1))
	checkVerdict(t, "too long", oplog.VerdictOf(err), oplog.Reject, oplog.ErrLimit)

	key := keyOf(t, 5)
	if _, err := oplog.SignPresence(key, oplog.Presence{Author: key.Device(), Ct: make([]byte, oplog.MaxPresenceBytes)}); !errors.Is(err, oplog.ErrLimit) {
		t.Errorf("signed a frame too long: %v", err)
	}
	if _, err := oplog.SignPresence(key, oplog.Presence{}); !errors.Is(err, oplog.ErrMalformed) {
		t.Errorf("signed for another author: %v", err)
	}
}

// TestSessions has one row for each verdict on a presence frame.
func TestSessions(t *testing.T) {
	a := roles{
		keyOf(t, 5).Device(): access.Viewer,
		keyOf(t, 6).Device(): access.Doorkeeper,
		keyOf(t, 8).Device(): access.Editor,
	}
	forged := testPresence(t, 5, nil)
	forged.Counter = 99
	var s oplog.Sessions
	for _, test := range []struct {
		name   string
		frame  oplog.Presence
		action oplog.Action
		reason error
	}{
		{"first", testPresence(t, 5, nil), oplog.Accept, nil},
		{"again", testPresence(t, 5, nil), oplog.Ignore, oplog.ErrDuplicate},
		{"earlier", testPresence(t, 5, func(p *oplog.Presence) { p.Counter-- }), oplog.Ignore, oplog.ErrDuplicate},
		{"later", testPresence(t, 5, func(p *oplog.Presence) { p.Counter += 5 }), oplog.Accept, nil},
		{"other session", testPresence(t, 5, func(p *oplog.Presence) { p.Session[0]++ }), oplog.Accept, nil},
		{"same session of another device", testPresence(t, 8, nil), oplog.Accept, nil},
		{"other document", testPresence(t, 5, func(p *oplog.Presence) { p.Doc[0]++ }), oplog.Reject, oplog.ErrWrongDocument},
		{"stranger", testPresence(t, 7, nil), oplog.Ignore, oplog.ErrNoAuthority},
		{"doorkeeper", testPresence(t, 6, nil), oplog.Ignore, oplog.ErrRole},
		{"forged counter", forged, oplog.Reject, oplog.ErrSignature},
		{"after the forged one", testPresence(t, 5, func(p *oplog.Presence) { p.Counter = 50 }), oplog.Accept, nil},
	} {
		checkVerdict(t, test.name, s.Check(testDoc.Short(), a, &test.frame), test.action, test.reason)
	}
	// Many sessions of one device push out its oldest, and no other device's.
	for i := range 100 {
		p := testPresence(t, 5, func(p *oplog.Presence) { p.Session = oplog.SessionID{1, byte(i)} })
		checkVerdict(t, "one of many", s.Check(testDoc.Short(), a, &p), oplog.Accept, nil)
	}
	last := testPresence(t, 5, func(p *oplog.Presence) { p.Session = oplog.SessionID{1, 99} })
	checkVerdict(t, "replay of a late session", s.Check(testDoc.Short(), a, &last), oplog.Ignore, oplog.ErrDuplicate)
	other := testPresence(t, 8, nil)
	checkVerdict(t, "replay of the other device", s.Check(testDoc.Short(), a, &other), oplog.Ignore, oplog.ErrDuplicate)
}

func FuzzDecodePresence(f *testing.F) {
	p := testPresence(f, 5, nil)
	f.Add(p.Encode())
	f.Add([]byte{})
	f.Fuzz(func(t *testing.T, raw []byte) {
		p, err := oplog.DecodePresence(raw)
		if err != nil {
			return
		}
		if !bytes.Equal(p.Encode(), raw) {
			t.Errorf("%x encodes to %x", raw, p.Encode())
		}
	})
}
