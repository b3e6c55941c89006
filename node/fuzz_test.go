package node

import (
	"bytes"
	"crypto/rand"
	"errors"
	"testing"
	"time"

	"github.com/sheafdocs/sheaf/crdt"
	"github.com/sheafdocs/sheaf/node/access"
	"github.com/sheafdocs/sheaf/node/identity"
	"github.com/sheafdocs/sheaf/node/oplog"
	"github.com/sheafdocs/sheaf/node/wire"
)

// FuzzReadHome puts a value into a home document, as another device of the user
// could, and reads the whole. Nobody becomes an own device by that text alone.
func FuzzReadHome(f *testing.F) {
	key, err := identity.Generate(rand.Reader)
	if err != nil {
		f.Fatal(err)
	}
	genesis, err := access.NewGenesis(key, wire.EpochID{1}, rand.Reader, time.UnixMilli(1))
	if err != nil {
		f.Fatal(err)
	}
	log := access.NewLog(genesis.DocID())
	if _, err := log.Add(genesis); err != nil {
		f.Fatal(err)
	}
	sealed, own := homeText.EncodeToString(key.SealPublic()), key.Device().String()
	ek := homeText.EncodeToString(make([]byte, 32))
	f.Add(uint8(0), own, `{"name":"Laptop","kind":1,"addedAt":5,"seal":"`+sealed+`"}`)
	f.Add(uint8(0), own, `{"name":"Laptop","seal":"AAAA","removed":true}`)
	f.Add(uint8(1), genesis.DocID().String(), `{"title":"Notes","addedAt":5,"keys":{"`+wire.EpochID{1}.String()+`":"`+ek+`"}}`)
	f.Add(uint8(1), genesis.DocID().String(), `{"keys":{"`+wire.EpochID{1}.String()+`":"AAAA"}}`)
	f.Add(uint8(0), own, `{"name":"Laptop","seal":"AAAA"}`)
	f.Add(uint8(2), key.UserID().String(), `{"name":"Bob","verified":true,"card":"sheaf://card#v1.a.b"}`)
	f.Add(uint8(3), "user", key.UserID().String())
	f.Add(uint8(3), "paper", `{"device":"`+own+`","seal":"`+sealed+`","cert":"AAAA","createdAt":-1}`)
	f.Add(uint8(3), "next", `{"id":"`+genesis.DocID().String()+`","keys":{"x":"y"}}`)
	parts := []string{homeDevices, homeDocuments, homeContacts, homeProfile}
	f.Fuzz(func(t *testing.T, part uint8, name, value string) {
		d := &Document{merged: merged{doc: crdt.NewDoc(crdt.Config{ClientID: 1})}, access: log}
		var err error
		d.merged.doc.Transact(nil, func(tx *crdt.Txn) {
			err = d.merged.doc.Map(parts[part%4]).Set(tx, name, crdt.String(value))
		})
		if err != nil {
			return // not text that a document can hold
		}
		h := d.readHome()
		for _, o := range h.own {
			if o.device != key.Device() || identity.HashSeal(o.public) != key.SealHash() || o.data.Removed {
				t.Fatalf("%s is an own device by %q", o.device, value)
			}
		}
		for _, doc := range h.documents {
			checkHomeKeys(t, doc.Keys)
		}
		if h.next != nil {
			checkHomeKeys(t, h.next.Keys)
		}
		for _, dev := range h.devices {
			checkHomeCert(t, dev.Cert)
		}
		if h.paper != nil {
			checkHomeCert(t, h.paper.Cert)
		}
	})
}

func checkHomeKeys(t *testing.T, texts map[string]string) {
	keys := readKeys(texts)
	if len(keys) > maxListedKeys {
		t.Fatalf("%d keys of one document", len(keys))
	}
	for id, key := range keys {
		if texts[id.String()] != homeText.EncodeToString(key[:]) {
			t.Fatalf("the key of %s is another", id)
		}
	}
}

func checkHomeCert(t *testing.T, text string) {
	if cert := certBytes(text); cert != nil && (len(cert) != 64 || homeText.EncodeToString(cert) != text) {
		t.Fatalf("%q is read as %x", text, cert)
	}
}

// FuzzDecodeGrant reads what the other device says at the end of a pairing.
func FuzzDecodeGrant(f *testing.F) {
	full := pairGrant{
		Ver: wire.Version, Accepted: 1, User: wire.UserID{1}, Home: wire.DocID{2},
		Keys: []keyRecord{{Epoch: wire.EpochID{3}, Key: make([]byte, 32)}, {Epoch: wire.EpochID{4}, Key: []byte("short")}},
	}
	for _, g := range []pairGrant{full, {Ver: wire.Version}, {Ver: 9}} {
		b, err := wire.Marshal(g)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(b)
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		grant, err := decodeGrant(b)
		if err != nil {
			if !errors.Is(err, identity.ErrPairing) {
				t.Fatalf("an error without a class: %v", err)
			}
			return
		}
		if again, err := wire.Marshal(grant); err != nil || !bytes.Equal(again, b) {
			t.Fatalf("took %x, gives back %x, %v", b, again, err)
		}
		if len(grant.keys()) > len(grant.Keys) {
			t.Fatal("more keys than were sent")
		}
	})
}

// FuzzDecodeCarry reads the entries in an entry: each is one of another chain,
// with the bytes that its author signed.
func FuzzDecodeCarry(f *testing.F) {
	key, err := identity.Generate(rand.Reader)
	if err != nil {
		f.Fatal(err)
	}
	h := oplog.Header{Doc: wire.Doc16{1}, Author: key.Device(), Auth: wire.Auth{2}, Epoch: wire.EpochID{3}, NumOps: 1}
	e, err := oplog.Sign(key, h, make([]byte, 80))
	if err != nil {
		f.Fatal(err)
	}
	for _, raws := range [][][]byte{{e.Raw}, {e.Raw, e.Raw}, {}, {[]byte("no entry")}} {
		b, err := wire.Marshal(raws)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(b)
	}
	f.Fuzz(func(t *testing.T, body []byte) {
		others, err := decodeCarry(body, e.Chain())
		for _, c := range others {
			if err != nil || c.Chain() == e.Chain() {
				t.Fatal("an entry carries one of its own chain")
			}
		}
		carried, err := decodeCarry(body, wire.ChainID{})
		if err != nil {
			if !errors.Is(err, errCarry) {
				t.Fatalf("an error without a class: %v", err)
			}
			return
		}
		var raws [][]byte
		for _, c := range carried {
			raws = append(raws, c.Raw)
		}
		if again, err := wire.Marshal(raws); err != nil || !bytes.Equal(again, body) {
			t.Fatalf("took %x, gives back %x, %v", body, again, err)
		}
	})
}
