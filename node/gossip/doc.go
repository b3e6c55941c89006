// Package gossip spreads a document's entries and presence among its members
// as they happen, over libp2p's gossipsub. It is fast and may lose messages;
// node/sync finds and fills the gaps.
//
// A Gossip runs on a host; Join takes part in the topic of one document, on
// behalf of a Document, which knows the members and judges what arrives.
// Every message is judged before it is passed on, from cheap checks to dear
// ones, and a fault that any node would find in the same bytes counts against
// the peer that sent it: a few of those, and nothing more is taken from it.
// What an honest peer with older news might send is passed over in silence.
//
//	size ── form ── rate ── Document.Check… ── pass on ── Document.Deliver
//	  reject   reject  ignore   accept, ignore, reject
//
// Messages of a topic are judged and delivered one after another by one
// goroutine, so that an entry is taken in before the next of its chain is
// judged. It never holds up gossipsub: when a document does not keep up, what
// does not fit into a bounded queue is dropped and reported as a Gap.
//
// Topic names and message bodies carry no plain text: the name is derived from
// the document's first key, bodies are signed and encrypted by others. The
// package knows no store and no keys.
//
// The bytes are specified in docs/formats/gossip.md.
package gossip
