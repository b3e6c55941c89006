// Package oplog is the signed log of a document: entries, the hash chains they
// form, and the one verdict on an entry that gossip, sync and relays share.
// What an entry carries is ciphertext to this package; node/seal makes and
// opens it, and node puts the two together.
//
// Main types:
//
//   - [Entry] and its [Header]: one signed, encrypted step of a chain. [Sign]
//     makes one, [Decode] reads one.
//   - [Chains]: the index of one document's chains. [Chains.Check] judges a
//     single entry, [Chains.CheckRun] a contiguous run by its hash links and
//     the signatures at its anchors, [Chains.Append] takes what was accepted.
//   - [Vector]: what a replica holds, for finding out what another lacks.
//   - [Receipt]: a device's signed word that it holds a chain durably.
//   - [Presence]: the signed frame around encrypted, short-lived presence.
//
// A chain is (device, authority, inc). Its entries are numbered from 0, and
// each names the id of the one before. An author that signs two entries for
// one number forks its chain: both branches are kept and reported, and which
// of them counts is a function of the entries held, never of their order of
// arrival.
//
//	a0 ── a1 ── a2 ── a3      ids: a2 < b2, so the upper branch is chosen
//	       └─── b2
//
// Promises: no clock, randomness, goroutine or I/O; every limit is checked
// before memory is taken; equal sets of entries give equal vectors and
// digests. [Chains] is not safe for concurrent use.
//
// Left out: storage, transport, rate limits, and what a payload means.
//
// The bytes are specified in docs/formats: entry.md, receipt.md, presence.md.
package oplog
