package store

import (
	"encoding/binary"
	"encoding/hex"
	"errors"
	"fmt"

	"github.com/sheafdocs/sheaf/node/wire"
)

// Kind says what a record is. The numbers are on disk: they are never reused.
type Kind uint8

// The kinds of records.
const (
	KindOp      Kind = 1 // access operation, as signed
	KindEntry   Kind = 2 // log entry, as signed
	KindWrap    Kind = 3 // epoch key wrapped for a recipient
	KindRequest Kind = 4 // request to join
	KindDraft   Kind = 5 // own edits not yet in an entry, sealed for this device
	KindReceipt Kind = 6 // what another device has made durable
	KindSecret  Kind = 7 // keyring, sealed for this device
	KindLocal   Kind = 8 // this node's own notes: title, trash, peers, settings
	KindSealKey Kind = 9 // public seal key of a member or an invite
)

var kindNames = [...]string{
	KindOp: "op", KindEntry: "entry", KindWrap: "wrap", KindRequest: "request",
	KindDraft: "draft", KindReceipt: "receipt", KindSecret: "secret", KindLocal: "local",
	KindSealKey: "seal key",
}

// Kinds returns all kinds, in the order of their numbers.
func Kinds() []Kind {
	return []Kind{KindOp, KindEntry, KindWrap, KindRequest, KindDraft, KindReceipt, KindSecret, KindLocal, KindSealKey}
}

// String returns the name of the kind, for logs.
func (k Kind) String() string {
	if int(k) < len(kindNames) && kindNames[k] != "" {
		return kindNames[k]
	}
	return fmt.Sprintf("kind %d", uint8(k))
}

// Valid reports whether k is one of the kinds above.
func (k Kind) Valid() bool { return int(k) < len(kindNames) && kindNames[k] != "" }

// Key names a record. Records are ordered by document, kind and name.
type Key struct {
	Doc  wire.DocID // zero for what belongs to the node and to no document
	Kind Kind
	Name string // raw bytes, at most MaxNameBytes
}

// String describes the key for logs and errors: the name is shown in hex, as it
// is seldom text.
func (k Key) String() string {
	doc := "node"
	if !k.Doc.IsZero() {
		doc = k.Doc.String()
	}
	name := k.Name
	const shown = 40
	if len(name) > shown {
		return fmt.Sprintf("%s/%s/%s…", doc, k.Kind, hex.EncodeToString([]byte(name[:shown])))
	}
	return fmt.Sprintf("%s/%s/%s", doc, k.Kind, hex.EncodeToString([]byte(name)))
}

// Check returns an error if no store takes the key.
func (k Key) Check() error {
	if !k.Kind.Valid() {
		return fmt.Errorf("check key: unknown %v", k.Kind)
	}
	if n := len(k.Name); n > MaxNameBytes {
		return &LimitError{What: "name of a record of kind " + k.Kind.String(), Size: n, Limit: MaxNameBytes}
	}
	return nil
}

// KeyPrefixBytes is the length of a key's bytes before its name.
const KeyPrefixBytes = len(wire.DocID{}) + 1

// Append appends the key's bytes: document, kind, name. The order of the bytes is
// the order of the records.
func (k Key) Append(dst []byte) []byte {
	dst = append(dst, k.Doc[:]...)
	dst = append(dst, byte(k.Kind))
	return append(dst, k.Name...)
}

var errKeyBytes = errors.New("not the bytes of a key")

// ParseKey is the inverse of Append.
func ParseKey(b []byte) (Key, error) {
	if len(b) < KeyPrefixBytes || len(b) > KeyPrefixBytes+MaxNameBytes {
		return Key{}, fmt.Errorf("parse key of %d bytes: %w", len(b), errKeyBytes)
	}
	k := Key{Kind: Kind(b[KeyPrefixBytes-1]), Name: string(b[KeyPrefixBytes:])}
	copy(k.Doc[:], b)
	if !k.Kind.Valid() {
		return Key{}, fmt.Errorf("parse key of %v: %w", k.Kind, errKeyBytes)
	}
	return k, nil
}

// OpKey is the key of an access operation.
func OpKey(doc wire.DocID, id wire.OpID) Key {
	return Key{Doc: doc, Kind: KindOp, Name: string(id[:])}
}

// EntryKey is the key of an entry: by chain, then by position in it. The id comes
// last so that the entries of a fork, which share a position, are all kept.
func EntryKey(doc wire.DocID, chain wire.ChainID, seq uint64, id wire.EntryID) Key {
	name := make([]byte, 0, len(chain)+8+len(id))
	name = append(name, chain[:]...)
	name = binary.BigEndian.AppendUint64(name, seq)
	name = append(name, id[:]...)
	return Key{Doc: doc, Kind: KindEntry, Name: string(name)}
}

// ParseEntryName takes the name of an entry's key apart.
func ParseEntryName(name string) (chain wire.ChainID, seq uint64, id wire.EntryID, err error) {
	if len(name) != len(chain)+8+len(id) {
		return chain, 0, id, fmt.Errorf("parse entry name of %d bytes: %w", len(name), errKeyBytes)
	}
	n := copy(chain[:], name)
	seq = binary.BigEndian.Uint64([]byte(name[n : n+8]))
	copy(id[:], name[n+8:])
	return chain, seq, id, nil
}

// ChainPrefix is the prefix, for Scan, of the names of one chain's entries.
func ChainPrefix(chain wire.ChainID) string { return string(chain[:]) }

// WrapKey is the key of a wrap: by epoch and recipient, then by who made it, as
// several members may wrap the same key for the same recipient.
func WrapKey(doc wire.DocID, epoch wire.EpochID, recipient wire.SealHash, uploader wire.Device) Key {
	name := make([]byte, 0, len(epoch)+len(recipient)+len(uploader))
	name = append(name, epoch[:]...)
	name = append(name, recipient[:]...)
	name = append(name, uploader[:]...)
	return Key{Doc: doc, Kind: KindWrap, Name: string(name)}
}

// SealKeyKey is the key of a public seal key, by its hash.
func SealKeyKey(doc wire.DocID, hash wire.SealHash) Key {
	return Key{Doc: doc, Kind: KindSealKey, Name: string(hash[:])}
}

// RequestKey is the key of a request to join, by the hash of its bytes.
func RequestKey(doc wire.DocID, hash [32]byte) Key {
	return Key{Doc: doc, Kind: KindRequest, Name: string(hash[:])}
}

// DraftKey is the key of a draft, by a name of its session's choosing.
func DraftKey(doc wire.DocID, name string) Key {
	return Key{Doc: doc, Kind: KindDraft, Name: name}
}

// ReceiptKey is the key of the last receipt of a device for a chain.
func ReceiptKey(doc wire.DocID, chain wire.ChainID, d wire.Device) Key {
	name := make([]byte, 0, len(chain)+len(d))
	name = append(name, chain[:]...)
	name = append(name, d[:]...)
	return Key{Doc: doc, Kind: KindReceipt, Name: string(name)}
}

// SecretKey is the key of a sealed secret; doc may be zero.
func SecretKey(doc wire.DocID, name string) Key {
	return Key{Doc: doc, Kind: KindSecret, Name: name}
}

// LocalKey is the key of one of the node's own notes; doc may be zero.
func LocalKey(doc wire.DocID, name string) Key {
	return Key{Doc: doc, Kind: KindLocal, Name: name}
}
