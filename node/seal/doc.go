// Package seal keeps what a document's members write from everybody else:
// epoch keys, their wraps, and the encryption of entries, presence and local
// records. It sees headers only as opaque bytes to bind to; node/oplog makes
// and signs them.
//
// Main types:
//
//   - [EpochKey]: the key that a document's members share for a while.
//     [WrapKey] and [OpenWrap] hand it to one recipient with HPKE; [SealBack]
//     and [OpenBack] give the older keys to whoever gets the newest.
//   - [SealKey]: the public key that a recipient's wraps are made for.
//   - [Sealer]: encrypts and opens the entries of one chain in one epoch.
//     The plaintext is a [Payload].
//   - [PresenceSealer]: the same for presence frames.
//   - [Local]: records at rest on this device.
//
// Entries are encrypted deterministically: the nonce is a keyed hash of the
// header and the plaintext. So a store that was rolled back, and then numbers
// a different edit the same, cannot use one nonce twice; and whoever holds the
// key can rebuild a ciphertext from its plaintext. A reader recomputes nonce
// and padding and refuses what differs with [ErrInert], so that a plaintext
// has one ciphertext only.
//
// Promises: nothing of a length from outside is allocated before it is
// checked; opening costs memory in proportion to the ciphertext; no clock;
// randomness comes as an argument, but for HPKE, which takes its own from
// crypto/rand.
//
// Left out: which epoch is current and who gets its key (node/access), and
// what an update means (crdt).
//
// The bytes are specified in docs/formats: payload.md, wrap.md, presence.md,
// local.md.
package seal
