// Package wire is how Sheaf's signed data looks as bytes: strict
// deterministic CBOR, the domains that keep one kind of signature from being
// taken for another, and the ids of everything that has one.
//
// It promises that what [Unmarshal] accepts, [Marshal] writes back byte for
// byte, so that no two encodings of one value exist, and that a signature made
// under one [Domain] verifies under no other.
//
// It leaves out the meaning of what is encoded: see node/identity,
// node/access and node/oplog. The bytes are specified in
// docs/formats/encoding.md.
package wire
