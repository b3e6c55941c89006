// Package node is a participant: it keeps documents, merges edits, stores
// them durably and shares them with the other members of each document.
//
// A [Node] holds the [Document]s of one device. A [Session] is one editor on
// one document (a browser tab, a command): it is leased a client id of its
// own, hands in Yjs updates and is told when they are durable, here and on
// other devices. The package alone seals, opens and merges; the parts it puts
// together (access log, entry chains, encryption, sync, gossip, merge engine)
// do not know each other.
//
// It promises that an edit is stored before it is acknowledged or published,
// that an entry is merged only after everything it depends on, and that the
// same set of entries gives the same document everywhere.
//
// It leaves out the concrete store (Config takes one), how pages and commands
// reach it (node/api) and reading flags or the environment (cmd).
package node
