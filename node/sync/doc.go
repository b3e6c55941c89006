// Package sync keeps the documents of connected devices equal: it runs the
// protocol of node/replication over libp2p streams.
//
// A Service holds one long-lived stream with each connected device. It hands
// what arrives to a Handler, tells peers what changed here, fills gaps that
// gossip left, carries receipts, and joins documents by link. While a session
// lasts, both ends compare digests every CheckInterval, so nothing stays lost
// without either noticing.
//
// Of two devices the one with the smaller key opens the stream, so that two
// that find each other at one moment do not open two. When the stream or the
// connection under it breaks, the same device opens it again.
//
// Promises: a peer that reads slowly or not at all delays nobody else, and
// costs a bounded amount of memory; a Handler that takes its time slows only
// the peer it serves (the stream's own flow control pushes back). Changed,
// Gap, SendReceipts and PeersOf never block and may be called under locks;
// the Handler, and the Replica's documents, are called without any lock of
// the Service that those calls take. Close returns when all goroutines have
// ended.
//
// Left out: finding and dialing peers (node/discovery), live messages
// (node/gossip), and judging what arrives.
package sync
