// Package wire holds what every signed or stored byte of a node has in common:
// the ids, strict CBOR, and the domains under which things are hashed and signed.
//
// [DocID], [OpID], [EntryID], [ChainID] and their siblings are the ids of a
// document's parts; each prints as base64url and parses back. [Marshal] and
// [Unmarshal] write and read CBOR in core deterministic encoding (RFC 8949,
// section 4.2), arrays only. [Domain] keeps one use of a key apart from all
// others; [Verify] checks a signature and [ValidDeviceKey] a new public key.
//
// The package promises that bytes have one meaning and one encoding: what
// Unmarshal takes, Marshal gives back unchanged, so that two readers never
// disagree about what was signed. It knows no record: each lives in the package
// that gives it meaning, and docs/formats specifies them all.
package wire
