package access

import (
	"errors"
	"fmt"
	"io"
	"slices"
	"time"

	"github.com/sheafdocs/sheaf/node/identity"
	"github.com/sheafdocs/sheaf/node/wire"
)

// ErrRole says that a device's role does not let it make an op.
var ErrRole = errors.New("role does not allow this")

// NewGenesis makes the first op of a new document, owned by key's device. Its
// DocID is the document's. rand gives the nonce that tells it from others.
func NewGenesis(key *identity.Key, epoch wire.EpochID, rand io.Reader, now time.Time) (*Op, error) {
	t := GenesisTerms{
		Devices: []GenesisDevice{{Device: key.Device(), Seal: key.SealHash(), Kind: thisDevice()}},
		User:    key.UserID(),
		Epoch:   epoch,
	}
	if _, err := io.ReadFull(rand, t.Nonce[:]); err != nil {
		return nil, fmt.Errorf("make genesis: read randomness: %w", err)
	}
	return NewGenesisOf(key, t, now)
}

// NewInvite makes the op that opens a link with the given keys and role, without
// end and for any number of devices. key's device must be an owner.
func NewInvite(l *Log, key *identity.Key, keys *InviteKeys, role Role, now time.Time) (*Op, error) {
	return NewInviteWith(l, key, keys, InviteTerms{Role: role}, now)
}

// InviteTerms say whom an invite lets in.
type InviteTerms struct {
	Role           Role      // at most Editor
	MaxUses        uint32    // devices it lets in; 0: any number
	Expires        time.Time // zero: never
	CloseOnRemoval bool      // closed as soon as anyone is removed
}

// NewInviteWith is NewInvite with terms.
func NewInviteWith(l *Log, key *identity.Key, keys *InviteKeys, t InviteTerms, now time.Time) (*Op, error) {
	h, err := l.next(key.Device(), now, func(r Role) bool { return r == Owner })
	if err != nil {
		return nil, fmt.Errorf("make invite: %w", err)
	}
	body := &Invite{Sign: keys.Public(), Seal: keys.SealHash(), Role: t.Role, MaxUses: t.MaxUses}
	if !t.Expires.IsZero() {
		body.ExpiresMillis = millis(t.Expires)
	}
	if t.CloseOnRemoval {
		body.CloseOnRemoval = 1
	}
	h.Kind = KindInvite
	op, err := sign(key, h, body)
	if err != nil {
		return nil, fmt.Errorf("make invite: %w", err)
	}
	return op, nil
}

// NewGrant makes the op that gives devices of one user a role. key's device must
// be an owner.
func NewGrant(l *Log, key *identity.Key, user wire.UserID, role Role, devices []GrantDevice, now time.Time) (*Op, error) {
	h, err := l.next(key.Device(), now, func(r Role) bool { return r == Owner })
	if err != nil {
		return nil, fmt.Errorf("make grant: %w", err)
	}
	h.Kind = KindGrant
	op, err := sign(key, h, &Grant{User: user, Role: role, Devices: devices})
	if err != nil {
		return nil, fmt.Errorf("make grant: %w", err)
	}
	return op, nil
}

// NewGrantVia makes the op that lets in who asks by r, which must have passed
// CheckJoinRequest. key's device must be an owner, an editor or a doorkeeper.
func NewGrantVia(l *Log, key *identity.Key, r *JoinRequest, now time.Time) (*Op, error) {
	invite, err := l.openInvite(r.Invite)
	if err != nil {
		return nil, fmt.Errorf("make grant: %w", err)
	}
	h, err := l.next(key.Device(), now, Role.letsIn, invite)
	if err != nil {
		return nil, fmt.Errorf("make grant: %w", err)
	}
	h.Kind = KindGrant
	op, err := sign(key, h, &Grant{
		User: r.User,
		Role: invite.op.Invite.Role,
		Devices: []GrantDevice{{
			Device: r.Device, Seal: identity.HashSeal(r.SealPublic), Kind: r.Kind, Cert: r.Cert,
		}},
		Via: []Via{{Invite: r.Invite, Proof: r.Proof}},
	})
	if err != nil {
		return nil, fmt.Errorf("make grant: %w", err)
	}
	return op, nil
}

// NewMerge makes an op that joins the log's heads when there are MinMergeHeads
// or more, so that ops stay short however many write at once. key's device must
// be a commenter or more.
func NewMerge(l *Log, key *identity.Key, now time.Time) (*Op, error) {
	h, err := l.next(key.Device(), now, func(r Role) bool { return r >= Commenter })
	if err != nil {
		return nil, fmt.Errorf("make merge: %w", err)
	}
	h.Kind = KindMerge
	op, err := sign(key, h, &merge{})
	if err != nil {
		return nil, fmt.Errorf("make merge: %w", err)
	}
	return op, nil
}

// NewDevAdd makes the op that gives another device of key's user the role of
// key's device.
func NewDevAdd(l *Log, key *identity.Key, d GrantDevice, now time.Time) (*Op, error) {
	body := &DevAdd{Device: d.Device, Seal: d.Seal, Kind: d.Kind, Cert: d.Cert}
	return l.make(key, KindDevAdd, body, now, func(Role) bool { return true })
}

// NewRevoke makes the op that ends an authority, or an invite. Cuts state the
// last entries of its chains that count; of chains left out none does. Keep
// names devices that the target added and that stay.
func NewRevoke(l *Log, key *identity.Key, t Target, cuts []Statement, keep []wire.Device, now time.Time) (*Op, error) {
	body := &Revoke{Target: t, Cuts: cuts, Keep: keep}
	return l.make(key, KindRevoke, body, now, func(Role) bool { return true })
}

// NewLeave makes the op by which key's device leaves, stating its last entries.
func NewLeave(l *Log, key *identity.Key, last []Statement, now time.Time) (*Op, error) {
	return l.make(key, KindLeave, &Leave{Statements: last}, now, func(Role) bool { return true })
}

// NewRotate makes the op that announces a new epoch key, with the sealed keys
// before it. key's device must be an editor or owner.
func NewRotate(l *Log, key *identity.Key, epoch wire.EpochID, back []byte, now time.Time) (*Op, error) {
	return l.make(key, KindRotate, &Rotate{Epoch: epoch, Back: back}, now, func(r Role) bool { return r >= Editor })
}

// PinMode says whether a pin limits what counts.
type PinMode uint8

// The modes of a pin.
const (
	PinBranch PinMode = iota // it only chooses branches
	PinLimit                 // and nothing after the entries stated counts
)

// NewPin makes the op that says what counts of an authority's chains.
func NewPin(l *Log, key *identity.Key, t Target, mode PinMode, list []Statement, now time.Time) (*Op, error) {
	body := &Pin{Target: t, Limit: uint8(mode), Statements: list}
	return l.make(key, KindPin, body, now, func(Role) bool { return true })
}

// NewPolicy makes the op that sets how history is kept. key's device must be an
// owner.
func NewPolicy(l *Log, key *identity.Key, p Policy, now time.Time) (*Op, error) {
	return l.make(key, KindPolicy, &newPolicy{Policy: p}, now, func(r Role) bool { return r == Owner })
}

// make signs an op of key's device on what the log holds.
func (l *Log) make(key *identity.Key, kind Kind, body any, now time.Time, may func(Role) bool) (*Op, error) {
	h, err := l.next(key.Device(), now, may)
	if err != nil {
		return nil, fmt.Errorf("make %s: %w", kind, err)
	}
	h.Kind = kind
	op, err := sign(key, h, body)
	if err != nil {
		return nil, fmt.Errorf("make %s: %w", kind, err)
	}
	return op, nil
}

// next fills the header of an op that a device makes on what the log holds. The
// ops of need will lie in its past.
func (l *Log) next(d wire.Device, now time.Time, may func(Role) bool, need ...*node) (opHeader, error) {
	by := l.authority(d)
	if by == nil {
		return opHeader{}, fmt.Errorf("%w: this device has none", ErrRole)
	}
	if !may(by.role) {
		return opHeader{}, fmt.Errorf("%w: this device is %s", ErrRole, by.role)
	}
	return opHeader{
		Doc:  l.doc.Short(),
		Auth: by.node.op.ID,
		Prev: l.tips(append(need, by.node)),
		TS:   millis(now),
	}, nil
}

// tips returns the ops for a new one to follow: the heads but for ops beyond
// their author's limit, of which those before them are taken, at most MaxPrev,
// and so that the ops of need lie in their past.
func (l *Log) tips(need []*node) []wire.OpID {
	seen := map[*node]bool{}
	var found []*node
	var todo []*node
	for _, n := range l.heads {
		todo = append(todo, n)
	}
	for len(todo) > 0 {
		n := todo[len(todo)-1]
		todo = todo[:len(todo)-1]
		if seen[n] {
			continue
		}
		seen[n] = true
		if n.counted {
			found = append(found, n)
			continue
		}
		for _, id := range n.op.Prev {
			todo = append(todo, l.nodes[id])
		}
	}
	// The needed ones first, then the deepest: what is left out is merged later.
	slices.SortFunc(found, func(a, b *node) int { return compareNodes(b, a) })
	var tips []*node
	take := func(n *node) {
		for _, t := range tips {
			if t == n || t.past.has(n.index) {
				return
			}
		}
		tips = slices.DeleteFunc(tips, func(t *node) bool { return n.past.has(t.index) })
		if len(tips) < MaxPrev {
			tips = append(tips, n)
		}
	}
	for _, n := range need {
		take(above(n, found))
	}
	for _, n := range found {
		take(n)
	}
	ids := make([]wire.OpID, 0, len(tips))
	for _, t := range tips {
		ids = append(ids, t.op.ID)
	}
	slices.SortFunc(ids, compareIDs)
	return ids
}

// above returns the first of tips that is n or has it in its past, else n.
func above(n *node, tips []*node) *node {
	for _, t := range tips {
		if t == n || t.past.has(n.index) {
			return t
		}
	}
	return n
}
