package node

import (
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"time"
	"unicode/utf8"

	"github.com/sheafdocs/sheaf/node/access"
	"github.com/sheafdocs/sheaf/node/seal"
	"github.com/sheafdocs/sheaf/node/store"
	"github.com/sheafdocs/sheaf/node/wire"
)

// Limits of a document's links.
const (
	maxOpenLinks  = 256 // that let someone in, counted when one is made
	maxLabelBytes = 128 // of the words that tell links apart on this device
)

// ErrLinkTerms says that a link cannot be made as asked for; the error tells
// why.
var ErrLinkTerms = errors.New("link cannot be made")

// ErrNoLink says that a document has no such link.
var ErrNoLink = errors.New("no such link")

// linkRecord is what this device keeps of a link it made: sealed, since the
// secret lets its holder read the document.
type linkRecord struct {
	_        struct{} `cbor:",toarray"`
	Op       wire.OpID
	Secret   []byte
	Label    string
	Replaced uint64 // 1: closed by a removal, and another took its place

	keys   *access.InviteKeys
	toldIn wire.DocID // the home document it was entered in, in this run
}

const linkPrefix = "link/"

func linkKey(doc wire.DocID, op wire.OpID) store.Key {
	return store.Key{Doc: doc, Kind: store.KindSecret, Name: linkPrefix + string(op[:])}
}

// Link is a link to a document as its members see it.
type Link struct {
	ID      wire.OpID // the invite
	Role    access.Role
	Label   string // only on devices of the user who made it
	Made    time.Time
	Expires time.Time // zero: never
	MaxUses uint32    // 0: any number
	Uses    int       // devices it has let in
	State   LinkState
	By      wire.Device
	Mine    bool // this device made it
	// Secret is the link itself, with this device's addresses of the moment.
	// Nil: this device does not have it.
	Secret *access.Link
}

// LinkTerms say what a link gives, and for how long. Expiry and number of uses
// are kept to by the nodes that answer: a member's node of another make might
// let someone in all the same, so revoke a link that got into wrong hands.
type LinkTerms struct {
	Role    access.Role // viewer, commenter or editor
	Label   string      // for telling links apart on this device
	Expires time.Time   // zero: never
	MaxUses uint32      // devices it lets in; 0: any number
}

func (t *LinkTerms) check(now time.Time) error {
	switch {
	case t.Role < access.Viewer || t.Role > access.Editor:
		return fmt.Errorf("%w: a link gives the role of viewer, commenter or editor, not %s", ErrLinkTerms, t.Role)
	case len(t.Label) > maxLabelBytes || !utf8.ValidString(t.Label):
		return fmt.Errorf("%w: its label has %d bytes, %d are allowed", ErrLinkTerms, len(t.Label), maxLabelBytes)
	case !t.Expires.IsZero() && !t.Expires.After(now):
		return fmt.Errorf("%w: it would have expired already", ErrLinkTerms)
	}
	return nil
}

// MakeLink makes a link. Only an owner can. It is closed by any removal: who
// was removed may know it.
func (d *Document) MakeLink(ctx context.Context, t LinkTerms) (Link, error) {
	if err := t.check(d.node.cfg.Now()); err != nil {
		return Link{}, err
	}
	var made *linkRecord
	err := d.durably(ctx, func() (err error) {
		made, err = d.makeLink(t)
		return err
	})
	if err != nil {
		return Link{}, err
	}
	return d.linkByID(made.Op)
}

// Links lists the links of the document, the newest first.
func (d *Document) Links() []Link {
	hints := d.node.hints()
	d.mu.Lock()
	defer d.mu.Unlock()
	var list []Link
	for _, invite := range d.access.Invites() {
		list = append(list, d.describeLink(&invite, hints))
	}
	slices.SortStableFunc(list, func(a, b Link) int { return b.Made.Compare(a.Made) })
	return list
}

func (d *Document) linkByID(op wire.OpID) (Link, error) {
	for _, l := range d.Links() {
		if l.ID == op {
			return l, nil
		}
	}
	return Link{}, fmt.Errorf("%w: %s", ErrNoLink, op)
}

func (d *Document) describeLink(invite *access.InviteInfo, hints []string) Link {
	l := Link{
		ID: invite.Op, Role: invite.Role, Made: invite.Made, Expires: invite.Expires, MaxUses: invite.Max,
		Uses: len(invite.Uses), State: d.linkState(invite), By: invite.By, Mine: invite.By == d.node.device,
	}
	if rec := d.linkHeld(invite.Op); rec != nil {
		l.Label = rec.Label
		l.Secret = &access.Link{Doc: d.id, Secret: [16]byte(rec.Secret), Hints: hints}
	}
	return l
}

// Share returns a link that lets its holder join as an editor, for good. The
// first call makes it; later calls return the same with this device's addresses
// of the moment, until it is revoked or closed.
func (d *Document) Share(ctx context.Context) (access.Link, error) {
	hints := d.node.hints()
	d.mu.Lock()
	_, role, ok := d.roleLocked()
	rec := d.defaultLink()
	removed := d.stateLocked() == StateRemoved
	d.mu.Unlock()
	if removed {
		return access.Link{}, ErrRemoved
	}
	if !ok {
		return access.Link{}, fmt.Errorf("%w: a member has to let this device in first", ErrJoining)
	}
	if rec == nil {
		if role < access.Owner {
			return access.Link{}, fmt.Errorf("%w: only an owner makes links; ask the person who shared it", ErrReadOnly)
		}
		err := d.durably(ctx, func() (err error) {
			if rec = d.defaultLink(); rec == nil {
				rec, err = d.makeLink(LinkTerms{Role: access.Editor})
			}
			return err
		})
		if err != nil {
			return access.Link{}, err
		}
	}
	return access.Link{Doc: d.id, Secret: [16]byte(rec.Secret), Hints: hints}, nil
}

// defaultLink is this user's open link for editors without any terms.
func (d *Document) defaultLink() *linkRecord {
	if len(d.links)+len(d.sharedLinks) == 0 {
		return nil
	}
	for _, invite := range d.access.Invites() {
		rec := d.linkHeld(invite.Op)
		plain := invite.Role == access.Editor && invite.Max == 0 && invite.Expires.IsZero()
		if rec != nil && rec.Label == "" && plain && d.linkState(&invite) == LinkOpen {
			return rec
		}
	}
	return nil
}

// makeLink puts an invite into the access log and wraps every key for it.
// Called with mu held.
func (d *Document) makeLink(t LinkTerms) (*linkRecord, error) {
	_, role, ok := d.roleLocked()
	if !ok || role < access.Owner {
		return nil, fmt.Errorf("%w: only an owner makes links", ErrReadOnly)
	}
	if n := d.openLinks(); n >= maxOpenLinks {
		return nil, fmt.Errorf("%w: %d links of this document are open; revoke some that are not needed any more", ErrTooMany, n)
	}
	var secret [16]byte
	if _, err := io.ReadFull(d.node.rand(), secret[:]); err != nil {
		return nil, fmt.Errorf("make link secret: %w", err)
	}
	keys, err := access.DeriveInvite(secret)
	if err != nil {
		return nil, fmt.Errorf("derive invite keys: %w", err)
	}
	op, err := access.NewInviteWith(d.access, d.node.cfg.Key, keys, access.InviteTerms{
		Role: t.Role, MaxUses: t.MaxUses, Expires: t.Expires, CloseOnRemoval: true,
	}, d.node.cfg.Now())
	if err != nil {
		return nil, fmt.Errorf("make invite: %w", err)
	}
	rec := &linkRecord{Op: op.ID, Secret: secret[:], Label: t.Label, keys: keys}
	if err := d.putLink(rec); err != nil {
		return nil, err
	}
	if err := d.wrapFor(keys.SealPublic()); err != nil {
		return nil, err
	}
	if err := d.addOwnOp(op); err != nil {
		return nil, err
	}
	if err := d.keepSealKey(seal.SealKey{Owner: keys.Public(), Public: keys.SealPublic()}); err != nil {
		return nil, err
	}
	d.links[op.ID] = rec
	return rec, nil
}

func (d *Document) openLinks() int {
	n := 0
	for _, invite := range d.access.Invites() {
		if d.linkState(&invite) == LinkOpen {
			n++
		}
	}
	return n
}

// putLink leaves a link's record for the next commit.
func (d *Document) putLink(rec *linkRecord) error {
	key := linkKey(d.id, rec.Op)
	sealed, err := d.sealLocal(key, rec)
	if err != nil {
		return err
	}
	d.out.put(key, sealed)
	return nil
}

// loadLink takes back a link this device made.
func (d *Document) loadLink(r store.Record) error {
	rec := new(linkRecord)
	if err := d.openLocal(r.Key, r.Value, rec); err != nil {
		return err
	}
	return d.keepLink(rec)
}

// loadFirstLink reads the record of versions that knew one link only.
func (d *Document) loadFirstLink(r store.Record) error {
	var old struct {
		_      struct{} `cbor:",toarray"`
		Op     wire.OpID
		Secret []byte
	}
	if err := d.openLocal(r.Key, r.Value, &old); err != nil {
		return err
	}
	return d.keepLink(&linkRecord{Op: old.Op, Secret: old.Secret})
}

func (d *Document) keepLink(rec *linkRecord) error {
	if len(rec.Secret) != len(access.Link{}.Secret) {
		return fmt.Errorf("link secret of %d bytes", len(rec.Secret))
	}
	keys, err := access.DeriveInvite([16]byte(rec.Secret))
	if err != nil {
		return fmt.Errorf("derive invite keys: %w", err)
	}
	rec.keys = keys
	d.links[rec.Op] = rec
	return nil
}

// tendAccess does what a change of the access log asks of this device: kept
// requests are settled, links closed by a removal get a successor, and the keys
// of new epochs are wrapped for the links that are open.
func (d *Document) tendAccess() {
	d.tendRequests()
	if rev := d.access.Revision(); rev != d.tended || d.tendedKeys != len(d.keys) {
		d.tended, d.tendedKeys = rev, len(d.keys)
		d.tendLinks()
	}
}

// tendLinks is tendAccess for the links this device made.
func (d *Document) tendLinks() {
	if _, role, ok := d.roleLocked(); !ok || role < access.Owner || len(d.links) == 0 {
		return
	}
	for _, invite := range d.access.Invites() {
		rec := d.links[invite.Op]
		if rec == nil {
			continue
		}
		var err error
		switch d.linkState(&invite) {
		case LinkOpen:
			err = d.wrapFor(rec.keys.SealPublic())
		case LinkClosed:
			err = d.replaceLink(rec, &invite)
		}
		if err != nil {
			d.log.Error("tend link", "err", err)
		}
	}
}

// replaceLink makes a link like one that a removal has closed: who was removed
// may know the old one, whoever is to come gets the new one.
func (d *Document) replaceLink(rec *linkRecord, invite *access.InviteInfo) error {
	now := d.node.cfg.Now()
	spent := invite.Max != 0 && uint64(len(invite.Uses)) >= uint64(invite.Max)
	if rec.Replaced != 0 || spent || !invite.Expires.IsZero() && !now.Before(invite.Expires) {
		return nil
	}
	t := LinkTerms{Role: invite.Role, Label: rec.Label, Expires: invite.Expires}
	if invite.Max != 0 {
		t.MaxUses = invite.Max - uint32(len(invite.Uses))
	}
	rec.Replaced = 1
	if err := d.putLink(rec); err != nil {
		return err
	}
	_, err := d.makeLink(t)
	return err
}

// RevokeLink ends a link for good: nobody is let in by it any more. Who came by
// it stays; Remove with RemoveOptions.Via ends that. Only an owner can.
func (d *Document) RevokeLink(ctx context.Context, op wire.OpID) error {
	return d.durably(ctx, func() error {
		_, role, ok := d.roleLocked()
		if !ok || role < access.Owner {
			return fmt.Errorf("%w: only an owner revokes links", ErrReadOnly)
		}
		invites := d.access.Invites()
		i := slices.IndexFunc(invites, func(i access.InviteInfo) bool { return i.Op == op })
		if i < 0 {
			return fmt.Errorf("%w: %s", ErrNoLink, op)
		}
		if invites[i].State == access.InviteRevoked {
			return nil
		}
		revoke, err := access.NewRevoke(d.access, d.node.cfg.Key, access.Target{Op: op}, nil, nil, d.node.cfg.Now())
		if err != nil {
			return fmt.Errorf("make revoke: %w", err)
		}
		if err := d.addOwnOp(revoke); err != nil {
			return err
		}
		return d.renewKey(d.node.cfg.Now())
	})
}
