//go:build !js

package badgerstore

import (
	"crypto/sha256"
	"crypto/subtle"
	"encoding/binary"
	"errors"
	"hash"
	"math/bits"
	"sync"

	"github.com/sheafdocs/sheaf/node/store"
	"github.com/sheafdocs/sheaf/node/wire"
)

// Inside Badger every key begins with a byte that says what is under it.
const (
	spaceRecord = 'r' // a record: the bytes of its store.Key follow
	spaceGroup  = 'g' // a slot of the ring of group notes: its number follows
	spaceMark   = 'm' // damage not yet healed: document and kind follow
)

// Every value begins with a version byte and the hash of key and value.
const (
	valueVersion  = 1
	sumBytes      = 16
	valueOverhead = 1 + sumBytes
)

// hashDomain separates these hashes from all others that Sheaf computes.
const hashDomain = "sheaf/1/store\x00"

// sum is a hash of a record, or the sum of the hashes of many modulo 2^128. The
// order of adding does not matter, and what was added can be taken away again.
type sum [sumBytes]byte

func (s sum) halves() (hi, lo uint64) {
	return binary.BigEndian.Uint64(s[:8]), binary.BigEndian.Uint64(s[8:])
}

func sumOf(hi, lo uint64) (s sum) {
	binary.BigEndian.PutUint64(s[:8], hi)
	binary.BigEndian.PutUint64(s[8:], lo)
	return s
}

func (s sum) add(o sum) sum {
	ah, al := s.halves()
	bh, bl := o.halves()
	lo, carry := bits.Add64(al, bl, 0)
	hi, _ := bits.Add64(ah, bh, carry)
	return sumOf(hi, lo)
}

func (s sum) sub(o sum) sum {
	ah, al := s.halves()
	bh, bl := o.halves()
	lo, borrow := bits.Sub64(al, bl, 0)
	hi, _ := bits.Sub64(ah, bh, borrow)
	return sumOf(hi, lo)
}

var hashers = sync.Pool{New: func() any { return sha256.New() }}

// hashRecord is SHA-256 over the domain, the key with its length, and the value,
// cut to 16 bytes. The key is part of it so that a value cannot turn up under
// another key unnoticed.
func hashRecord(key, value []byte) (s sum) {
	h := hashers.Get().(hash.Hash)
	defer hashers.Put(h)
	h.Reset()
	var head [len(hashDomain) + 2]byte
	copy(head[:], hashDomain)
	binary.BigEndian.PutUint16(head[len(hashDomain):], uint16(len(key)))
	h.Write(head[:])
	h.Write(key)
	h.Write(value)
	var full [sha256.Size]byte
	copy(s[:], h.Sum(full[:0]))
	return s
}

// sealValue is what is stored for a value: version, hash, value.
func sealValue(key, value []byte) []byte {
	b := make([]byte, 0, valueOverhead+len(value))
	b = append(b, valueVersion)
	s := hashRecord(key, value)
	b = append(b, s[:]...)
	return append(b, value...)
}

var (
	errShortValue   = errors.New("stored value is too short")
	errValueVersion = errors.New("stored value has an unknown version")
	errHash         = errors.New("hash differs")
)

// openValue checks what is stored under key and returns the value in it, which is
// part of stored, and its hash.
func openValue(key, stored []byte) (value []byte, s sum, err error) {
	if len(stored) < valueOverhead {
		return nil, s, errShortValue
	}
	if stored[0] != valueVersion {
		return nil, s, errValueVersion
	}
	copy(s[:], stored[1:])
	value = stored[valueOverhead:]
	if have := hashRecord(key, value); subtle.ConstantTimeCompare(have[:], s[:]) != 1 {
		return nil, s, errHash
	}
	return value, s, nil
}

// recordKey is the key inside Badger of a record.
func recordKey(k store.Key) []byte {
	b := make([]byte, 0, 1+store.KeyPrefixBytes+len(k.Name))
	return k.Append(append(b, spaceRecord))
}

// parseRecordKey is the inverse of recordKey.
func parseRecordKey(b []byte) (store.Key, error) {
	if len(b) == 0 || b[0] != spaceRecord {
		return store.Key{}, errors.New("not the key of a record")
	}
	return store.ParseKey(b[1:])
}

// shelfID is what tallies are kept for: the records of one kind of one document.
type shelfID struct {
	doc  wire.DocID
	kind store.Kind
}

func shelfOf(k store.Key) shelfID { return shelfID{k.Doc, k.Kind} }
