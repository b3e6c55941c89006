package node

import (
	"encoding/base64"
	"encoding/json"

	"github.com/sheafdocs/sheaf/crdt"
	"github.com/sheafdocs/sheaf/node/access"
	"github.com/sheafdocs/sheaf/node/identity"
	"github.com/sheafdocs/sheaf/node/seal"
	"github.com/sheafdocs/sheaf/node/wire"
)

// Limits of what is read from a home document (docs/formats/home.md).
const (
	maxHomeValueBytes = 64 << 10
	maxHomeKeys       = 10_000 // of one map
	maxListedKeys     = 64     // epoch keys of one document
)

// The maps of a home document.
const (
	homeDevices   = "devices"
	homeDocuments = "documents"
	homeContacts  = "contacts"
	homeLinks     = "links"
	homeProfile   = "profile"
)

var homeText = base64.RawURLEncoding.Strict()

// homeDevice is an own device as the home document describes it.
type homeDevice struct {
	Name    string `json:"name"`
	Kind    uint8  `json:"kind"`
	AddedAt int64  `json:"addedAt"`
	Seal    string `json:"seal"`
	Cert    string `json:"cert,omitempty"`
	Removed bool   `json:"removed,omitempty"`
}

// homeDocument is a document that the user has.
type homeDocument struct {
	Title   string            `json:"title"`
	AddedAt int64             `json:"addedAt"`
	Keys    map[string]string `json:"keys"`
}

// homeContact is someone the user knows.
type homeContact struct {
	Name     string `json:"name"`
	Verified bool   `json:"verified,omitempty"`
	Card     string `json:"card,omitempty"`
}

// homePaper is the paper key.
type homePaper struct {
	Device    wire.Device `json:"device"`
	Seal      string      `json:"seal"`
	Cert      string      `json:"cert"`
	CreatedAt int64       `json:"createdAt"`
}

// homeNext is the home document that takes the place of this one.
type homeNext struct {
	ID   wire.DocID        `json:"id"`
	Keys map[string]string `json:"keys"`
}

// ownDevice is a device of this user that the home document's access log lets
// in: what its text says alone makes none.
type ownDevice struct {
	device wire.Device
	public []byte // seal key
	data   homeDevice
}

// homeVersion differs whenever what a home document says may differ.
type homeVersion struct {
	doc    wire.DocID // there is another one when words are made
	body   int
	access uint64
}

// homeData is what a home document says.
type homeData struct {
	version   homeVersion
	devices   map[wire.Device]homeDevice
	documents map[wire.DocID]homeDocument
	contacts  map[wire.UserID]homeContact
	links     map[linkRef]homeLink
	user      wire.UserID
	paper     *homePaper
	next      *homeNext
	own       []ownDevice // the most senior first, the paper key not among them
	hash      map[wire.Device]wire.SealHash
}

// readHome reads a home document.
func (d *Document) readHome() homeData {
	d.mu.Lock()
	defer d.mu.Unlock()
	h := homeData{
		version: homeVersion{d.id, d.merged.times, d.access.Revision()},
		devices: map[wire.Device]homeDevice{}, documents: map[wire.DocID]homeDocument{},
		contacts: map[wire.UserID]homeContact{}, links: map[linkRef]homeLink{}, hash: map[wire.Device]wire.SealHash{},
	}
	body := d.shown()
	readHomeMap(body.Map(homeDevices), wire.ParseDevice, h.devices)
	readHomeMap(body.Map(homeDocuments), wire.ParseDocID, h.documents)
	readHomeMap(body.Map(homeContacts), wire.ParseUserID, h.contacts)
	readHomeMap(body.Map(homeLinks), parseLinkRef, h.links)
	profile := body.Map(homeProfile)
	if v, ok := profile.Get("user"); ok {
		h.user, _ = wire.ParseUserID(v.Str()) // zero: not known yet
	}
	h.paper = readHomeValue[homePaper](profile, "paper")
	h.next = readHomeValue[homeNext](profile, "next")
	seen := map[wire.Device]bool{}
	for _, m := range d.access.Members() {
		data, listed := h.devices[m.Device]
		if seen[m.Device] || m.Kind == access.DevicePaper || !listed || data.Removed {
			continue
		}
		public, err := homeText.DecodeString(data.Seal)
		if err != nil || identity.HashSeal(public) != m.Seal {
			continue
		}
		seen[m.Device] = true
		h.own = append(h.own, ownDevice{m.Device, public, data})
	}
	return h
}

func readHomeMap[K comparable, V any](m *crdt.Map, parse func(string) (K, error), into map[K]V) {
	for key, v := range m.All() {
		id, err := parse(key)
		if err != nil || len(v.Str()) > maxHomeValueBytes || len(into) >= maxHomeKeys {
			continue
		}
		var value V
		if json.Unmarshal([]byte(v.Str()), &value) == nil {
			into[id] = value
		}
	}
}

func readHomeValue[V any](m *crdt.Map, key string) *V {
	v, ok := m.Get(key)
	if !ok || len(v.Str()) > maxHomeValueBytes {
		return nil
	}
	value := new(V)
	if json.Unmarshal([]byte(v.Str()), value) != nil {
		return nil
	}
	return value
}

// homeChange is one value to be written into a home document, or deleted: nil.
type homeChange struct {
	in, key string
	value   any
}

func (c homeChange) text() (string, error) {
	if s, ok := c.value.(string); ok {
		return s, nil
	}
	b, err := json.Marshal(c.value)
	return string(b), err
}

// keyTexts writes the epoch keys held for a home document, those that writers
// prefer first, at most maxListedKeys. Called with mu held.
func (d *Document) keyTexts() map[string]string {
	out := map[string]string{}
	for _, e := range d.access.Epochs() {
		if key, ok := d.keys[e.ID]; ok && len(out) < maxListedKeys {
			out[e.ID.String()] = homeText.EncodeToString(key[:])
		}
	}
	return out
}

// readKeys is the reverse of Document.keyTexts; what cannot be read is passed over.
func readKeys(texts map[string]string) map[wire.EpochID]seal.EpochKey {
	keys := map[wire.EpochID]seal.EpochKey{}
	for id, text := range texts {
		epoch, err := wire.ParseEpochID(id)
		key, err2 := homeText.DecodeString(text)
		if err == nil && err2 == nil && len(key) == len(seal.EpochKey{}) && len(keys) < maxListedKeys {
			keys[epoch] = seal.EpochKey(key)
		}
	}
	return keys
}

// certBytes reads a certificate of the home document for an op.
func certBytes(text string) []byte {
	b, err := homeText.DecodeString(text)
	if err != nil || len(b) != len(wire.Signature{}) {
		return nil
	}
	return b
}

// paperSeal is the paper key's public seal key, if there is a paper key.
func (h *homeData) paperSeal() ([]byte, bool) {
	if h.paper == nil || h.paper.Device.IsZero() {
		return nil, false
	}
	public, err := homeText.DecodeString(h.paper.Seal)
	return public, err == nil && len(public) == identity.SealPublicBytes
}
