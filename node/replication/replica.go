package replication

import (
	"github.com/sheafdocs/sheaf/node/oplog"
	"github.com/sheafdocs/sheaf/node/wire"
)

// Digest summarises what a replica holds of one document.
type Digest [16]byte

// Summary is what a replica holds of one document at one moment.
type Summary struct {
	AccessHeads []wire.OpID  // heads of the access log
	Vector      oplog.Vector // position of each chain; the session does not change it
	// Held is Vector with the chains in doubt too: what can be sent. Nil means
	// the same as Vector.
	Held   oplog.Vector
	Digest Digest // over both; equal exactly if both are
}

// held is what can be sent.
func (s Summary) held() oplog.Vector {
	if s.Held != nil {
		return s.Held
	}
	return s.Vector
}

// Standing says what a peer may have of a document.
type Standing uint8

// The standings.
const (
	Stranger Standing = iota // nothing, but by an invite: it is answered as if there were no such document
	Removed                  // it had a role: it is told what ended that, and may hand in what it wrote
	Member                   // it has a role, or is a relay named in the access log: everything
)

// Reason says why an Offer is made.
type Reason uint8

// The reasons.
const (
	Changed Reason = iota // something about the document changed
	Asked                 // the peer asks for keys: what it was sent may not have opened
)

// Offer is what a peer is sent of a document beside log and entries.
type Offer struct {
	Version  uint64      // of Wraps and SealKeys: equal ones hold the same; 0 says nothing
	Wraps    [][]byte    // key wraps that are the peer's to have
	SealKeys [][]byte    // public seal keys, for making wraps
	Late     []Late      // lines to push: what this device wrote and counts no longer
	Ended    []wire.OpID // to a removed peer: the ops that ended its role
}

// Late is where on a line pushing begins.
type Late struct {
	Line wire.ChainID
	From uint64
}

// Document is a consistent view of one document. A session may call it from
// any goroutine, one call at a time, and expects answers from memory: Summary
// is asked once for each document and peer at every check.
type Document interface {
	// Summary returns what is held now.
	Summary() Summary
	// OpsSince returns the access ops that a replica with these heads lacks,
	// in topological order: all, or unless until is empty those of until and
	// of their past. Ids not known here are passed over.
	OpsSince(heads, until []wire.OpID) [][]byte
	// Offer returns what the peer is to have by its standing and, if it is not
	// zero, by the invite whose key it has proven to hold.
	Offer(peer wire.Device, invite wire.SealHash, why Reason) Offer
	// Entries returns entries of a line of the vector from seq on, as many
	// as fit into maxBytes but at least up to the first entry whose signature
	// was verified here, and ending at such an entry. None: nothing there.
	Entries(line wire.ChainID, from uint64, maxBytes int) ([][]byte, error)
	// Standing says what the peer may have.
	Standing(peer wire.Device) Standing
}

// InviteClaim is what a peer without a role says to be served all the same.
type InviteClaim struct {
	Doc       wire.DocID
	Peer      wire.Device // the peer that claims, to this device
	Challenge [32]byte    // this device's nonce of the session
	Proof     []byte      // made with the invite's key; see docs/formats/sync.md
}

// Replica is the set of documents a node holds.
type Replica interface {
	// Documents lists the documents in which the peer has a role, had one, or
	// is a named relay, as far as known here.
	Documents(peer wire.Device) []wire.DocID
	// Document finds a document.
	Document(doc wire.DocID) (Document, bool)
	// VerifyInvite checks a claim against the document's open invites and
	// returns the hash of the seal key of the one it proves.
	VerifyInvite(claim InviteClaim) (wire.SealHash, bool)
}

// Delivery is what a peer sent of one document. Nothing in it was checked. Of a
// peer that was removed there are entries only, of a stranger requests only.
// Entries come as runs: entries of one chain that follow each other.
type Delivery struct {
	Doc      wire.DocID
	Ops      [][]byte // access ops
	Wraps    [][]byte // wrapped epoch keys
	SealKeys [][]byte // public seal keys of members and invites
	Requests [][]byte // requests to be let in, by bearers of a link
	Entries  [][]byte // log entries
}

// empty reports whether there is nothing in the delivery.
func (d *Delivery) empty() bool {
	return len(d.Ops)+len(d.Wraps)+len(d.SealKeys)+len(d.Requests)+len(d.Entries) == 0
}

// Effect is something the session's owner must do. The kinds are Up, Deliver,
// GotReceipts, Joined, Equal and Heard.
type Effect interface{ effect() }

// Up says that the peer has said hello: the session works.
type Up struct{}

// Deliver hands over what the peer sent. The next frame must not be given to
// the session before the delivery was taken: answers that follow are compared
// with the state it leaves.
type Deliver struct{ Delivery }

// GotReceipts hands over receipts whose signatures are verified.
type GotReceipts struct {
	Doc      wire.DocID
	Receipts []oplog.Receipt
}

// Joined ends what Join, Request or Await began: Err is nil when the peer has
// served the document, and ErrRefused when it does not.
type Joined struct {
	Doc wire.DocID
	Err error
}

// Equal says that both ends held the same of a document when the peer last
// answered.
type Equal struct{ Doc wire.DocID }

// Heard says what a peer with a role says to hold of a document. Nothing vouches
// for it. The vector is the receiver's to keep.
type Heard struct {
	Doc    wire.DocID
	Vector oplog.Vector
}

func (Heard) effect()       {}
func (Up) effect()          {}
func (Deliver) effect()     {}
func (GotReceipts) effect() {}
func (Joined) effect()      {}
func (Equal) effect()       {}
