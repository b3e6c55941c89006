package oplog

import (
	"github.com/sheafdocs/sheaf/node/access"
	"github.com/sheafdocs/sheaf/node/wire"
)

// Limits of a run. Whoever receives a run verifies a signature at least this
// often, and whoever sends one has it to send.
const (
	MaxRunEntries = 256       // entries up to and including an anchor
	MaxRunBytes   = 256 << 10 // their encoded size; at least one entry is always allowed
)

// Authority answers what role an author has; access.Log does.
type Authority interface {
	// RoleOf returns the role that the access op auth gives to device d, and
	// whether it is valid.
	RoleOf(auth wire.Auth, d wire.Device) (access.Role, bool)
}

// writes says whether a role may write to a stream.
func writes(role access.Role, stream uint8) bool {
	if stream == StreamBody {
		return role >= access.Editor
	}
	return role >= access.Commenter
}

// Check judges a single entry as it comes by gossip, from the cheapest test to
// the dearest. What precedes it is Decode (size, version, encoding). In order:
//
//	another document                     reject  ErrWrongDocument
//	no signature                         reject  ErrUnsigned
//	known                                ignore  ErrDuplicate
//	author without authority             ignore  ErrNoAuthority
//	role too low                         ignore  ErrRole
//	past the limit, enough such are kept ignore  ErrAsideFull
//	entries before it are missing        ignore  ErrGap
//	ciphertext does not match            reject  ErrCiphertext
//	signature does not verify            reject  ErrSignature
//	the one before is not held           ignore  ErrPrev
//	branch of a fork, not worth keeping  ignore  ErrForkFull
//	past the chain's limit               ignore  ErrPastLimit, and Keep
//	branch of a fork                     ignore  ErrFork, and Keep
//	else                                 accept
//
// A caller that limits rates takes its token between Screen and Check. Check
// does not add to the index; Append does. It only marks a chain as in doubt
// (see Vector) when an author's signature proves a branch that is not held.
func (c *Chains) Check(a Authority, e *Entry) Verdict {
	if v := c.Screen(a, e); v.Action != Accept {
		return v
	}
	if !e.verifyCiphertext() {
		return reject(ErrCiphertext)
	}
	if !e.Verify() {
		return reject(ErrSignature)
	}
	v := c.judgePlace(e)
	if v.Reason == ErrPrev {
		c.doubt[e.chain] = true
	}
	return v
}

// Screen does the part of Check that costs next to nothing: everything up to
// the missing entries. It accepts what Check has to look at further.
func (c *Chains) Screen(a Authority, e *Entry) Verdict {
	switch {
	case e.Doc != c.doc:
		return reject(ErrWrongDocument)
	case !e.signed:
		return reject(ErrUnsigned)
	case c.Has(e.chain, Position{e.Seq, e.ID}):
		return ignore(ErrDuplicate)
	}
	role, ok := a.RoleOf(e.Auth, e.Author)
	if !ok {
		return ignore(ErrNoAuthority)
	}
	if !writes(role, e.Stream) {
		return ignore(ErrRole)
	}
	ch := c.chains[e.chain]
	if n, limit := c.extent(e); e.Seq >= limit && c.asideRoom(n, limit) == 0 {
		return ignore(ErrAsideFull)
	}
	switch {
	case ch == nil && e.Seq > 0:
		return ignore(ErrGap)
	case ch != nil && !ch.sameAs(&e.Header):
		return ignore(ErrChainClash)
	case ch != nil && ch.locate(&e.Header, e.ID).kind == placeGap:
		return ignore(ErrGap)
	}
	return Verdict{}
}

// extent returns how many entries are held of an entry's chain, and its limit.
func (c *Chains) extent(e *Entry) (n, limit uint64) {
	if ch := c.chains[e.chain]; ch != nil {
		return ch.chosen.len(), ch.limit
	}
	return 0, c.boundsOf(&e.Header).Limit
}

// judgePlace asks where an entry goes in its chain.
func (c *Chains) judgePlace(e *Entry) Verdict {
	ch := c.chains[e.chain]
	if ch == nil {
		if e.Seq > 0 {
			return ignore(ErrGap)
		}
		if c.boundsOf(&e.Header).Limit == 0 {
			return ignore(ErrPastLimit)
		}
		return Verdict{}
	}
	if !ch.sameAs(&e.Header) {
		return ignore(ErrChainClash)
	}
	switch p := ch.locate(&e.Header, e.ID); p.kind {
	case placeHeld:
		return ignore(ErrDuplicate)
	case placeGap:
		return ignore(ErrGap)
	case placeUnknown:
		return ignore(ErrPrev)
	case placeExtend:
		switch {
		case p.branch != ch.chosen:
			return ignore(ErrFork)
		case e.Seq >= ch.limit:
			return ignore(ErrPastLimit)
		}
		return Verdict{}
	default:
		if ch.full(p.branch, Position{e.Seq, e.ID}) {
			return ignore(ErrForkFull)
		}
		return ignore(ErrFork)
	}
}

// CheckRun judges a contiguous run of one chain, as sync brings it: each entry
// by its hash link, and a signature at every anchor. Entries between anchors
// may come without their signatures; those that come with one that is not
// needed are returned without it, because it is not verified.
//
// It returns the entries to store and append, in order. They end at a verified
// anchor. When an entry has a fault, those up to the last anchor before it are
// still returned, and the verdict tells the fault. Known entries at the front
// are passed over. When the run lies on a branch that is not the chosen one,
// the verdict is ErrFork, and when it is past the chain's limit ErrPastLimit, and
// the entries are returned to be kept. A run that begins within the limit and
// ends past it is accepted, as far as there is room.
//
// The checks and reasons are those of Check; a run that is not contiguous is
// ErrRun, one without a signature where one is due is ErrNoAnchor. Like Check it
// may mark a chain as in doubt.
func (c *Chains) CheckRun(a Authority, run []*Entry) ([]*Entry, Verdict) {
	if len(run) > 0 && run[0].Seq == 0 {
		delete(c.doubt, run[0].chain) // whatever there is to know of a fork comes now
	}
	for len(run) > 0 && c.Has(run[0].chain, Position{run[0].Seq, run[0].ID}) {
		run = run[1:]
	}
	if len(run) == 0 {
		return nil, ignore(ErrDuplicate)
	}
	first := run[0]
	if first.Doc != c.doc {
		return nil, reject(ErrWrongDocument)
	}
	role, ok := a.RoleOf(first.Auth, first.Author)
	if !ok {
		return nil, ignore(ErrNoAuthority)
	}
	if !writes(role, first.Stream) {
		return nil, ignore(ErrRole)
	}
	at := c.judgePlace(first)
	if !at.Keep() && at.Reason != ErrPrev {
		return nil, at
	}
	linked, fault := linkedPart(role, run)
	if linked = c.withinRoom(linked); len(linked) == 0 && fault.Action != Reject {
		return nil, ignore(ErrAsideFull)
	}
	kept, err := verifyAnchors(linked)
	if at.Reason == ErrPrev && len(kept) > 0 {
		c.doubt[first.chain] = true
		kept = nil
	}
	switch {
	case err == ErrNoAnchor && len(linked) < len(run) && fault.Action == Accept:
		return kept, ignore(ErrAsideFull) // the signature may be in what was cut off
	case err == ErrSignature, err != nil && fault.Action == Accept:
		return kept, reject(err)
	case fault.Action != Accept:
		return kept, fault
	}
	return kept, at
}

// withinRoom cuts a run where more of it past its limit would be kept than
// there is room for.
func (c *Chains) withinRoom(run []*Entry) []*Entry {
	if len(run) == 0 {
		return run
	}
	n, limit := c.extent(run[0])
	last := run[len(run)-1].Seq
	if last < limit {
		return run
	}
	room := c.asideRoom(n, limit)
	if past := last - max(limit, run[0].Seq) + 1; past > room {
		return run[:uint64(len(run))-(past-room)]
	}
	return run
}

// linkedPart returns the entries of a run before the first with a fault; role
// is their author's.
func linkedPart(role access.Role, run []*Entry) ([]*Entry, Verdict) {
	for i, e := range run {
		switch {
		case i > 0 && !e.follows(run[i-1]):
			return run[:i], reject(ErrRun)
		case !e.verifyCiphertext():
			return run[:i], reject(ErrCiphertext)
		case !writes(role, e.Stream):
			return run[:i], ignore(ErrRole)
		}
	}
	return run, Verdict{}
}

// follows says whether e is the entry after prev in one chain.
func (e *Entry) follows(prev *Entry) bool {
	return e.Seq == prev.Seq+1 && e.Prev == prev.ID && e.Author == prev.Author &&
		e.Auth == prev.Auth && e.Inc == prev.Inc && e.Doc == prev.Doc
}

// verifyAnchors verifies the fewest signatures that leave no more than the
// limits of a run between two of them, and returns the entries up to the last
// one, without the signatures it had no need of. The error is ErrNoAnchor or
// ErrSignature.
func verifyAnchors(run []*Entry) ([]*Entry, error) {
	kept := make([]*Entry, 0, len(run))
	for len(run) > 0 {
		n := anchorWithin(run)
		if n == 0 {
			return kept, ErrNoAnchor
		}
		if !run[n-1].Verify() {
			return kept, ErrSignature
		}
		for _, e := range run[:n] {
			if !e.verified {
				e = e.strip()
			}
			kept = append(kept, e)
		}
		run = run[n:]
	}
	return kept, nil
}

// anchorWithin returns how many entries lead up to and include the farthest
// signed one within the limits of a run, or 0.
func anchorWithin(run []*Entry) int {
	n, size := 0, 0
	for i, e := range run[:min(len(run), MaxRunEntries)] {
		if size += len(e.Raw); size > MaxRunBytes && i > 0 {
			break
		}
		if e.signed {
			n = i + 1
		}
	}
	return n
}

// SplitRuns cuts entries into contiguous runs of one chain each, as CheckRun
// takes them, keeping their order.
func SplitRuns(entries []*Entry) [][]*Entry {
	var runs [][]*Entry
	start := 0
	for i := 1; i <= len(entries); i++ {
		if i == len(entries) || !entries[i].follows(entries[i-1]) {
			runs = append(runs, entries[start:i:i])
			start = i
		}
	}
	return runs
}
