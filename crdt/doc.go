// Package crdt merges edits: it is a Yjs document in Go. It speaks Yjs's
// update format 1 exactly, so that every Yjs editor and document works with
// it.
package crdt
