package replication

import (
	"crypto/hmac"
	"crypto/sha256"
	"slices"

	"github.com/sheafdocs/sheaf/node/wire"
)

// tagOf computes the name of a document in a session: HMAC-SHA256 under the
// document's id of the opener's nonce and the other's, the first 16 bytes. It
// tells nothing to someone who does not know the document's id, and differs
// from session to session.
func tagOf(doc wire.DocID, opener, other [32]byte) Tag {
	m := hmac.New(sha256.New, doc[:])
	m.Write(opener[:])
	m.Write(other[:])
	return Tag(m.Sum(nil)[:len(Tag{})])
}

// sameHeads reports whether two lists of heads hold the same ids.
func sameHeads(a, b []wire.OpID) bool {
	if len(a) != len(b) {
		return false
	}
	for _, h := range a {
		if !slices.Contains(b, h) {
			return false
		}
	}
	return true
}
