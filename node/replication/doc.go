// Package replication brings two replicas of a set of documents together: the
// protocol /sheaf/sync/1 as a state machine without I/O.
//
// A Session is one end of a conversation with one peer. It is fed the frames
// that arrive (Receive) and the events at home (Changed, Want, Join,
// AddReceipts, Check); it is asked for the next frame to send (Next), and
// says what must happen outside by Effects: deliver what came to the node,
// note receipts, report a join. Replica and Document are what it reads.
//
//	   opener                                         other
//	HELLO nonce n1          ───────>   <───────    HELLO nonce n2
//	HELLO [tag, digest]…    ───────>   <───────    HELLO [tag, digest]…
//	                                                 digests differ:
//	                                   <───────    STATE heads, vector
//	DATA ops, wraps, entries…  ────>
//	DONE digest             ───────>
//
// Both ends do the same; either may ask at any time, for a document that
// changed or a gap that showed. A document is named on the wire only by a tag
// that the two ends can compute and nobody else, so a peer learns of no
// document that it does not already know and have a role in. A document the
// peer may not have is answered like one that does not exist.
//
// Promises: the package starts no goroutine and reads no clock or randomness.
// Memory is bounded by named limits, and what is sent is read from the
// Document only when the peer is ready to take the next frame, so a slow peer
// costs a cursor, not a queue. Frames in any order, number or shape give an
// error or convergence, never a panic. What arrives is not judged here: the
// receiver checks every op and entry.
//
// Left out: streams, timers and rate limits (node/sync), and the client to
// relay form of the protocol.
//
// The bytes are specified in docs/formats/sync.md.
package replication
