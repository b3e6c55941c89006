// Package access says who may do what in a document, as a pure function of a set
// of signed operations.
//
// An [Op] is one signed statement: the genesis makes a document and its first
// owner, an invite lets whoever holds a link ask to be let in, a grant gives
// devices a role. A [Log] collects the operations of one document in any order
// and answers: [Log.RoleOf], [Log.Authority], [Log.Members], [Log.Epoch]. A
// [Link] is what people pass on; [InviteKeys] are derived from its secret, prove
// it to peers, and sign a [JoinRequest], which a member answers with a grant. A
// [Wrap] carries an epoch key to one device; node/seal makes and opens it.
//
// A [Revoke] ends an authority, a [Leave] one's own, a [Pin] says what of ended
// ones counts after all: [Log.Limit], [Log.Statements]. Seniority decides who may,
// so that two who remove each other do not both succeed. A [Rotate] announces an
// epoch key: [Log.Epochs].
//
// The package promises that every answer depends on the set of operations held
// and on nothing else: not on the order of their arrival, not on a clock, not on
// how often it was asked. Time and randomness are arguments. One more operation
// costs what it changes, not what is there.
//
// Operations of kinds that this version does not know are kept, passed on and
// listed by [Log.Ignored]. A Log is not safe for concurrent use. The bytes and the
// rules are specified in docs/formats/access.md and docs/formats/link.md.
package access
