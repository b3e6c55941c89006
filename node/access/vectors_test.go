package access

import (
	"bytes"
	"encoding/hex"
	"encoding/json"
	"errors"
	"flag"
	"os"
	"path/filepath"
	"slices"
	"testing"

	"github.com/sheafdocs/sheaf/node/identity"
	"github.com/sheafdocs/sheaf/node/wire"
)

var update = flag.Bool("update", false, "write the vectors in docs/formats/vectors instead of checking them")

// hexBytes is written to JSON in hexadecimal.
type hexBytes []byte

// MarshalText implements encoding.TextMarshaler.
func (b hexBytes) MarshalText() ([]byte, error) { return []byte(hex.EncodeToString(b)), nil }

// checkVectors compares what this package makes with the file that says what it
// has to make.
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
func vectorKey(n byte) *identity.Key {
	seed := [32]byte(bytes.Repeat([]byte{n}, 32))
	return must(identity.FromSeeds(seed, seed))
}

type deviceVector struct {
	Name     string   `json:"name"`
	Seed     hexBytes `json:"both_seeds"`
	Device   hexBytes `json:"device"`
	SealHash hexBytes `json:"seal_hash"`
}

type opVector struct {
	Name string   `json:"name"`
	Raw  hexBytes `json:"raw"`
	ID   hexBytes `json:"id,omitempty"`
	Want string   `json:"result"` // valid, kept, void, malformed, signature, unknown version, document, genesis
}

type memberVector struct {
	Device hexBytes `json:"device"`
	Role   string   `json:"role"`
	Auth   hexBytes `json:"auth"`
}

type chainVector struct {
	Device  hexBytes `json:"device"`
	Auth    hexBytes `json:"auth_op"`
	Inc     uint32   `json:"inc"`
	Bounded bool     `json:"bounded"`
	Counts  uint64   `json:"entries_that_count"`
}

type epochVector struct {
	ID      hexBytes `json:"epoch"`
	Rotator hexBytes `json:"rotator"`
	Valid   bool     `json:"valid"`
	Clean   bool     `json:"clean"`
}

type accessVectors struct {
	Comment string         `json:"comment"`
	Devices []deviceVector `json:"devices"`
	Doc     hexBytes       `json:"doc"`
	Invite  struct {
		Secret   hexBytes `json:"secret"`
		Sign     hexBytes `json:"sign_public"`
		SealHash hexBytes `json:"seal_hash"`
		Proof    hexBytes `json:"proof"`
		Prover   hexBytes `json:"proof_prover"`
		Verifier hexBytes `json:"proof_verifier"`
		Nonce    hexBytes `json:"proof_challenge"`
	} `json:"invite"`
	Request hexBytes       `json:"join_request"`
	Ops     []opVector     `json:"ops_in_this_order"`
	Members []memberVector `json:"members_afterwards"`
	Heads   []string       `json:"heads_afterwards"`
	Chains  []chainVector  `json:"chains_afterwards"`
	Epochs  []epochVector  `json:"epochs_as_writers_prefer_them"`
}

// vectorOps makes a small log and what has to be refused beside it. The bodies
// are spelt out, so that the vectors do not depend on what makes ops elsewhere.
func vectorOps(v *accessVectors) []*Op {
	ada, bob, cy := vectorKey(1), vectorKey(2), vectorKey(3)
	for i, k := range []*identity.Key{ada, bob, cy} {
		d, s := k.Device(), k.SealHash()
		v.Devices = append(v.Devices, deviceVector{[]string{"ada", "bob", "cy"}[i], k.Seed(), d[:], s[:]})
	}
	genesis := must(sign(ada, opHeader{Kind: KindGenesis, TS: millis(testTime)}, &Genesis{
		Nonce: [16]byte{1, 2, 3}, User: ada.UserID(), Epoch: wire.EpochID{9},
		Devices: []GenesisDevice{{Device: ada.Device(), Seal: ada.SealHash(), Kind: DeviceNative}},
	}))
	doc := genesis.DocID()
	v.Doc = doc[:]
	l := NewLog(doc)
	secret := [16]byte(bytes.Repeat([]byte{4}, 16))
	keys := must(DeriveInvite(secret))
	challenge := [32]byte(bytes.Repeat([]byte{5}, 32))
	pub, seal, prover, verifier := keys.Public(), keys.SealHash(), bob.Device(), ada.Device()
	v.Invite.Secret, v.Invite.Sign, v.Invite.SealHash = secret[:], pub[:], seal[:]
	v.Invite.Proof = must(keys.Prove(doc, prover, verifier, challenge))
	v.Invite.Prover, v.Invite.Verifier, v.Invite.Nonce = prover[:], verifier[:], challenge[:]

	invite := forge(l, ada, KindInvite, genesis.ID, []wire.OpID{genesis.ID}, &Invite{
		Sign: pub, Seal: seal, Role: Editor, MaxUses: 10, ExpiresMillis: millis(testTime) + 1000, CloseOnRemoval: 1,
	})
	v.Request = must(NewJoinRequest(doc, invite.ID, keys, bob))
	r := must(ParseJoinRequest(v.Request))
	via := func(k *identity.Key) []Via {
		return []Via{{Invite: invite.ID, Proof: keys.key.Sign(wire.DomainInviteProof, proofBody(doc, k.Device(), k.SealHash()))}}
	}
	grantBob := forge(l, ada, KindGrant, genesis.ID, []wire.OpID{invite.ID}, &Grant{
		User: bob.UserID(), Role: Editor, Via: via(bob),
		Devices: []GrantDevice{{Device: bob.Device(), Seal: bob.SealHash(), Kind: DeviceBrowser, Cert: r.Cert}},
	})
	toCy := &Grant{User: cy.UserID(), Role: Commenter, Devices: []GrantDevice{{Device: cy.Device(), Seal: cy.SealHash()}}}
	grantCy := forge(l, ada, KindGrant, genesis.ID, []wire.OpID{genesis.ID}, toCy)
	later := forge(l, bob, KindRotate, grantBob.ID, []wire.OpID{grantBob.ID, grantCy.ID}, &struct {
		_     struct{} `cbor:",toarray"`
		Epoch wire.EpochID
		Back  []byte
	}{Epoch: wire.EpochID{8}, Back: []byte("not for this version")})
	void := forge(l, bob, KindGrant, grantBob.ID, []wire.OpID{later.ID}, toCy)
	return append([]*Op{genesis, invite, grantBob, grantCy, later, void}, vectorRemovals(l, genesis, later, grantBob, grantCy)...)
}

// vectorRemovals goes on with the kinds that the first ops do not have: Bob adds a
// device, Ada removes Bob and keeps it, Cy leaves, and Bob rotates as if nothing
// had happened.
func vectorRemovals(l *Log, genesis, last, grantBob, grantCy *Op) []*Op {
	ada, bob, cy, dee := vectorKey(1), vectorKey(2), vectorKey(3), vectorKey(6)
	state := func(k *identity.Key, seq uint64) []Statement {
		return []Statement{{Device: k.Device(), Inc: 1, Seq: seq, ID: wire.EntryID{byte(seq)}, Sig: wire.Signature{1}}}
	}
	after := func(op *Op) []wire.OpID { return []wire.OpID{op.ID} }
	bobs := Target{Op: grantBob.ID}
	devAdd := forge(l, bob, KindDevAdd, grantBob.ID, after(last), &DevAdd{Device: dee.Device(), Seal: dee.SealHash(), Kind: DeviceBrowser})
	revoke := forge(l, ada, KindRevoke, genesis.ID, after(devAdd), &Revoke{Target: bobs, Cuts: state(bob, 7), Keep: []wire.Device{dee.Device()}})
	leave := forge(l, cy, KindLeave, grantCy.ID, after(revoke), &Leave{Statements: state(cy, 3)})
	pin := forge(l, ada, KindPin, genesis.ID, after(leave), &Pin{Target: bobs, Limit: 1, Statements: state(bob, 9)})
	policy := forge(l, ada, KindPolicy, genesis.ID, after(pin), &newPolicy{})
	relay := forge(l, ada, KindRelay, genesis.ID, after(policy), &Relays{Devices: []wire.Device{dee.Device()}, Topic: "sheaf/1/topic"})
	late := forge(l, bob, KindRotate, grantBob.ID, after(relay), &Rotate{Epoch: wire.EpochID{7}})
	return []*Op{devAdd, revoke, leave, pin, policy, relay, late}
}

func holdersOf(l *Log, id wire.OpID) []*holder {
	if n := l.nodes[id]; n != nil && l.Valid(id) {
		return n.holders
	}
	return nil
}

func TestVectors(t *testing.T) {
	v := &accessVectors{Comment: "docs/formats/access.md. The ops, added in this order to the log of doc, give these results. 'kept': in the log, does not count; 'void': refused for what its past shows; the rest: refused by itself."}
	ops := vectorOps(v)
	l := NewLog(wire.DocID(v.Doc))
	put := func(name string, raw []byte) {
		out := opVector{Name: name, Raw: raw}
		op, err := DecodeOp(raw)
		if err == nil {
			out.ID = op.ID[:]
			_, err = l.Add(op)
		}
		switch {
		case err == nil && l.Valid(op.ID):
			out.Want = "valid"
		case err == nil:
			out.Want = "kept"
		case errors.Is(err, wire.ErrUnknownVersion):
			out.Want = "unknown version"
		case errors.Is(err, ErrSignature):
			out.Want = "signature"
		case errors.Is(err, ErrMalformed):
			out.Want = "malformed"
		case errors.Is(err, ErrVoid):
			out.Want = "void"
		case errors.Is(err, ErrDocument):
			out.Want = "document"
		case errors.Is(err, ErrGenesis):
			out.Want = "genesis"
		default:
			t.Fatalf("%s: %v", name, err)
		}
		v.Ops = append(v.Ops, out)
	}
	for i, name := range []string{
		"genesis", "invite as editor", "grant by way of the invite", "grant as commenter, beside both",
		"rotate", "grant by an editor without an invite", "dev_add", "revoke that keeps the added device", "leave",
		"pin", "policy", "relay", "rotate by the removed one",
	} {
		put(name, ops[i].Raw)
	}
	flip := bytes.Clone(ops[1].Raw)
	flip[len(flip)-1] ^= 1
	put("a bit of the signature flipped", flip)
	newer := bytes.Clone(ops[1].Raw)
	newer[bytes.Index(newer, []byte{0x88, 0x01})+1] = 2
	put("a later version", newer)
	put("cut short", ops[1].Raw[:len(ops[1].Raw)-1])
	put("a byte more", append(bytes.Clone(ops[1].Raw), 0))

	for _, m := range l.Members() {
		v.Members = append(v.Members, memberVector{m.Device[:], m.Role.String(), m.Auth[:]})
	}
	for _, id := range l.Heads() {
		v.Heads = append(v.Heads, hex.EncodeToString(id[:]))
	}
	results := make([]string, len(v.Ops))
	for i, o := range v.Ops {
		results[i] = o.Want
	}
	if want := []string{
		"valid", "valid", "valid", "valid", "valid", "void", "valid", "valid", "valid", "valid", "valid", "valid", "kept", "signature", "unknown version", "malformed", "malformed",
	}; !slices.Equal(results, want) {
		t.Errorf("got %v, want %v", results, want)
	}
	for _, op := range ops {
		for _, h := range holdersOf(l, op.ID) {
			limit := l.Limit(op.ID.Short(), h.device, 1)
			v.Chains = append(v.Chains, chainVector{h.device[:], op.ID[:], 1, limit.Bounded, limit.Counts})
		}
	}
	for _, e := range l.Epochs() {
		v.Epochs = append(v.Epochs, epochVector{e.ID[:], e.Rotator[:], e.Valid, e.Clean})
	}
	checkVectors(t, "access.json", v)
}

func TestLinkVectors(t *testing.T) {
	type good struct {
		Doc    hexBytes `json:"doc"`
		Secret hexBytes `json:"secret"`
		Hints  []string `json:"hints"`
		Text   string   `json:"text"`
		Web    string   `json:"web"`
	}
	type bad struct {
		Text  string `json:"text"`
		Error string `json:"error"`
	}
	var v struct {
		Comment string `json:"comment"`
		Good    []good `json:"links"`
		Bad     []bad  `json:"refused"`
	}
	v.Comment = "docs/formats/link.md. The texts of the errors are for people and may differ elsewhere."
	for _, hints := range [][]string{
		nil,
		{"/ip4/192.168.1.7/udp/4001/quic-v1/p2p/12D3KooWD3eckifWpRn9wQpMG9R9hX3sD158z7EqHWmweQAJU5SA"},
		{"/ip4/127.0.0.1/tcp/4001/ws", "/ip6/::1/tcp/4001", "/dns4/relay.example.org/tcp/443/tls/ws"},
	} {
		l := Link{Doc: wire.DocID(bytes.Repeat([]byte{1}, 32)), Secret: [16]byte(bytes.Repeat([]byte{2}, 16)), Hints: hints}
		v.Good = append(v.Good, good{l.Doc[:], l.Secret[:], append([]string{}, hints...), l.String(), l.Web("http://127.0.0.1:4000")})
	}
	full := v.Good[1].Text
	for _, text := range []string{
		"", "https://example.org/", full[:len(full)-1], full[:len(full)-40], full[:60], full[:30], "sheaf://join#",
		full[:20] + "_" + full[21:], "sheaf://join#v2" + full[15:], "sheaf://pair#" + full[13:], full + ".AAAA",
	} {
		_, err := ParseLink(text)
		if !errors.Is(err, ErrLink) {
			t.Fatalf("%q: %v", text, err)
		}
		v.Bad = append(v.Bad, bad{text, err.Error()})
	}
	checkVectors(t, "link.json", v)
}
