// Package access is who may do what in a document: a log of signed ops that
// every member holds, and the state that follows from the set of them.
//
// The main types are [Op], one signed op; [Log], the ops of one document and
// what they mean; [Link] and [JoinRequest], by which a person without a role
// gets one; and [Wrap], an epoch key wrapped for one recipient, opaque here.
//
// What a Log answers depends on the set of ops alone, never on the order of
// their arrival or on a clock. Ops of a kind this version does not know are
// kept and ignored, so that they count once a version that knows them reads
// the log. The package starts no goroutine and reads neither clock nor
// randomness; both come as arguments.
//
// It leaves out, for now, everything that takes a right away: revoke, leave,
// pin, and rotation of keys. The bytes are specified in docs/formats/access.md
// and docs/formats/link.md.
package access
