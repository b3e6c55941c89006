package access

import (
	"bytes"
	"errors"
	"testing"
	"time"

	"github.com/sheafdocs/sheaf/node/identity"
	"github.com/sheafdocs/sheaf/node/wire"
)

// checkRefused flips a bit of every byte of a record and cuts it everywhere: a
// decoder must refuse all of that, or take it for a later version.
func checkRefused(t *testing.T, raw []byte, decode func([]byte) error) {
	t.Helper()
	if err := decode(raw); err != nil {
		t.Fatalf("the record itself: %v", err)
	}
	classed := func(err error) bool {
		return errors.Is(err, ErrMalformed) || errors.Is(err, ErrSignature) || errors.Is(err, wire.ErrUnknownVersion)
	}
	for i := range raw {
		bad := bytes.Clone(raw)
		bad[i] ^= 1 << (i % 8)
		if err := decode(bad); !classed(err) {
			t.Fatalf("byte %d flipped: %v", i, err)
		}
		if err := decode(raw[:i]); !errors.Is(err, ErrMalformed) {
			t.Fatalf("cut at %d: %v", i, err)
		}
	}
	if err := decode(append(bytes.Clone(raw), 0)); !errors.Is(err, ErrMalformed) {
		t.Fatalf("a byte more: %v", err)
	}
}

func TestChangedBytesAreRefused(t *testing.T) {
	v := &accessVectors{}
	ops := vectorOps(v)
	for _, i := range []int{0, 2, 4} {
		t.Run(ops[i].Kind.String(), func(t *testing.T) {
			checkRefused(t, ops[i].Raw, func(b []byte) error { _, err := DecodeOp(b); return err })
		})
	}
	t.Run("wrap", func(t *testing.T) {
		w := &Wrap{Doc: wire.Doc16{1}, Ct: make([]byte, 40)}
		if err := w.Sign(vectorKey(1)); err != nil {
			t.Fatal(err)
		}
		checkRefused(t, must(w.Encode()), func(b []byte) error {
			w, err := DecodeWrap(b)
			if err == nil && !w.Verify() {
				err = ErrSignature
			}
			return err
		})
	})
	t.Run("request", func(t *testing.T) {
		checkRefused(t, v.Request, func(b []byte) error { _, err := ParseJoinRequest(b); return err })
	})
}

func TestOpsOfTheWrongShape(t *testing.T) {
	ada, bob := testKey("ada"), testKey("bob")
	l, genesis := newTestLog(ada)
	device := func(k *identity.Key) GrantDevice { return GrantDevice{Device: k.Device(), Seal: k.SealHash()} }
	var weak wire.Device // y = 0: a point of order four
	grant := func(edit func(*Grant)) *Grant {
		g := &Grant{User: bob.UserID(), Role: Editor, Devices: []GrantDevice{device(bob)}}
		edit(g)
		return g
	}
	invite := func(edit func(*Invite)) *Invite {
		i := &Invite{Sign: bob.Device(), Role: Editor}
		edit(i)
		return i
	}
	head := opHeader{Doc: l.doc.Short(), Kind: KindGrant, Auth: genesis.ID, Prev: []wire.OpID{genesis.ID}}
	with := func(edit func(*opHeader)) opHeader {
		h := head
		edit(&h)
		return h
	}
	good := grant(func(*Grant) {})
	for name, c := range map[string]struct {
		h    opHeader
		body any
	}{
		"no devices":           {head, grant(func(g *Grant) { g.Devices = nil })},
		"too many devices":     {head, grant(func(g *Grant) { g.Devices = make([]GrantDevice, MaxDevices+1) })},
		"a device twice":       {head, grant(func(g *Grant) { g.Devices = append(g.Devices, device(bob)) })},
		"a weak device key":    {head, grant(func(g *Grant) { g.Devices[0].Device = weak })},
		"half a certificate":   {head, grant(func(g *Grant) { g.Devices[0].Cert = make([]byte, 32) })},
		"a role beyond owner":  {head, grant(func(g *Grant) { g.Role = Owner + 1 })},
		"two invites":          {head, grant(func(g *Grant) { g.Via = make([]Via, 2) })},
		"owner by an invite":   {head, grant(func(g *Grant) { g.Role, g.Via = Owner, make([]Via, 1) })},
		"two by an invite":     {head, grant(func(g *Grant) { g.Devices, g.Via = append(g.Devices, device(ada)), make([]Via, 1) })},
		"another kind's body":  {head, invite(func(*Invite) {})},
		"an invite as owner":   {with(func(h *opHeader) { h.Kind = KindInvite }), invite(func(i *Invite) { i.Role = Owner })},
		"a weak invite key":    {with(func(h *opHeader) { h.Kind = KindInvite }), invite(func(i *Invite) { i.Sign = weak })},
		"an invite's bad flag": {with(func(h *opHeader) { h.Kind = KindInvite }), invite(func(i *Invite) { i.CloseOnRemoval = 2 })},
		"an expiry beyond all": {with(func(h *opHeader) { h.Kind = KindInvite }), invite(func(i *Invite) { i.ExpiresMillis = 1 << 60 })},
		"following nothing":    {with(func(h *opHeader) { h.Prev = nil }), good},
		"no authority":         {with(func(h *opHeader) { h.Auth = wire.OpID{} }), good},
		"no document":          {with(func(h *opHeader) { h.Doc = wire.Doc16{} }), good},
		"a time beyond all":    {with(func(h *opHeader) { h.TS = 1 << 60 }), good},
		"unsorted":             {with(func(h *opHeader) { h.Prev = []wire.OpID{{2}, {1}} }), good},
		"the same twice":       {with(func(h *opHeader) { h.Prev = []wire.OpID{{1}, {1}} }), good},
		"too many before it":   {with(func(h *opHeader) { h.Prev = make([]wire.OpID, MaxPrev+1) }), good},
		"a genesis after all":  {with(func(h *opHeader) { h.Kind = KindGenesis }), genesis.Genesis},
		"a merge of one":       {with(func(h *opHeader) { h.Kind = KindMerge }), &merge{}},
		"a genesis of another": {opHeader{Kind: KindGenesis}, &Genesis{Devices: []GenesisDevice{{Device: bob.Device()}}}},
		"too large":            {with(func(h *opHeader) { h.Kind = 99 }), [][]byte{make([]byte, MaxOpBytes)}},
	} {
		if op, err := sign(ada, c.h, c.body); !errors.Is(err, ErrMalformed) {
			t.Errorf("%s: %+v, %v", name, op, err)
		}
	}
	if _, err := sign(ada, head, good); err != nil {
		t.Errorf("the good one: %v", err)
	}
}

func TestTimesAreKept(t *testing.T) {
	ada := testKey("ada")
	for _, at := range []time.Time{testTime, time.UnixMilli(0), time.UnixMilli(-5), time.UnixMilli(1 << 60)} {
		op := must(NewGenesis(ada, wire.EpochID{}, testRand(1), at))
		want := min(max(at.UnixMilli(), 0), maxTimeMillis)
		if got := op.Time.UnixMilli(); got != want {
			t.Errorf("%v: got %d, want %d", at, got, want)
		}
	}
}

// TestRolesByGrantsAndLinks is what each role may do in the log itself.
func TestRolesByGrantsAndLinks(t *testing.T) {
	ada, guest, third := testKey("ada"), testKey("guest"), testKey("third")
	keys := must(DeriveInvite(testSecret("link")))
	for role := Doorkeeper; role <= Owner; role++ {
		l, _ := newTestLog(ada)
		op, err := NewInvite(l, ada, keys, Viewer, testTime)
		invite := add(t, l, op, err)
		op, err = NewGrant(l, ada, guest.UserID(), role, []GrantDevice{{Device: guest.Device(), Seal: guest.SealHash()}}, testTime)
		add(t, l, op, err)
		if _, got, ok := l.Authority(guest.Device()); !ok || got != role {
			t.Fatalf("%s: got %s, %v", role, got, ok)
		}
		check := func(what string, err error, may bool) {
			t.Helper()
			if may && err != nil || !may && !errors.Is(err, ErrRole) {
				t.Errorf("%s: %s: %v", role, what, err)
			}
		}
		r := must(ParseJoinRequest(must(NewJoinRequest(l.doc, invite.ID, keys, third))))
		_, err = NewGrantVia(l, guest, r, testTime)
		check("let in by a link", err, role == Doorkeeper || role >= Editor)
		_, err = NewInvite(l, guest, keys, Viewer, testTime)
		check("make a link", err, role == Owner)
		_, err = NewGrant(l, guest, third.UserID(), Viewer, []GrantDevice{{Device: third.Device()}}, testTime)
		check("grant", err, role == Owner)
		if back, err := ParseRole(role.String()); err != nil || back != role {
			t.Errorf("%s reads as %s, %v", role, back, err)
		}
	}
	if _, err := ParseRole("king"); err == nil {
		t.Error("a role that is none")
	}
}
