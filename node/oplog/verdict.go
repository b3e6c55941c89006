package oplog

import (
	"errors"

	"github.com/sheafdocs/sheaf/node/wire"
)

// Action is what to do with something received.
type Action uint8

// The actions. Only a fault that every node finds in the same bytes, whatever
// else it knows, is rejected and held against the sender; what an honest peer
// with older news might send is ignored.
const (
	Accept Action = iota // use it, store it, pass it on
	Ignore               // do not pass it on; the sender did nothing wrong
	Reject               // drop it and hold it against the sender
)

// String names the action.
func (a Action) String() string {
	switch a {
	case Accept:
		return "accept"
	case Ignore:
		return "ignore"
	default:
		return "reject"
	}
}

// Verdict is the judgement of an entry, a run or a presence frame. The zero
// value accepts.
type Verdict struct {
	Action Action
	Reason error // why not accepted; one of the Err values below, to be asked with errors.Is
}

// String describes the verdict for a log line.
func (v Verdict) String() string {
	if v.Reason == nil {
		return v.Action.String()
	}
	return v.Action.String() + ": " + v.Reason.Error()
}

// Keep says whether the thing judged is to be stored and appended: when it is
// accepted, and when it is a branch of a fork or past its chain's limit, which
// is kept but not passed on by gossip.
func (v Verdict) Keep() bool {
	return v.Action == Accept || errors.Is(v.Reason, ErrFork) || errors.Is(v.Reason, ErrPastLimit)
}

// Reasons to reject: true of the bytes alone.
var (
	ErrWrongDocument = errors.New("entry of another document")
	ErrCiphertext    = errors.New("ciphertext does not match its hash")
	ErrSignature     = errors.New("signature does not verify")
	ErrUnsigned      = errors.New("entry without a signature outside a run")
	ErrRun           = errors.New("entries are not a run of one chain")
	ErrNoAnchor      = errors.New("run without a signature where one is due")
)

// Reasons to ignore: they depend on what this replica knows so far.
var (
	ErrDuplicate   = errors.New("entry is known")
	ErrNoAuthority = errors.New("author has no valid authority here")
	ErrRole        = errors.New("author's role is too low for the stream")
	ErrGap         = errors.New("entries before this one are missing")
	ErrFork        = errors.New("entry is on a branch of a forked chain that is not the chosen one")
	ErrPastLimit   = errors.New("entry is past its chain's limit")
	ErrAsideFull   = errors.New("enough entries past the limit are kept")
	ErrForkFull    = errors.New("enough better branches of this fork are kept")
	ErrPrev        = errors.New("entry before this one is on a branch not held")
	ErrChainClash  = errors.New("chain id is taken by another chain")
)

func reject(reason error) Verdict { return Verdict{Reject, reason} }
func ignore(reason error) Verdict { return Verdict{Ignore, reason} }

// VerdictOf turns an error of Decode or DecodePresence into a verdict on the
// sender: bytes of a version this node does not know are ignored, anything
// else is rejected.
func VerdictOf(err error) Verdict {
	switch {
	case err == nil:
		return Verdict{}
	case errors.Is(err, wire.ErrUnknownVersion):
		return ignore(err)
	default:
		return reject(err)
	}
}
