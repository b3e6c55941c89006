package node

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/sheafdocs/sheaf/node/access"
	"github.com/sheafdocs/sheaf/node/replication"
	"github.com/sheafdocs/sheaf/node/store"
	"github.com/sheafdocs/sheaf/node/wire"
)

// joinRecord is a link this device came by and has not been let in with yet.
// It is kept, sealed, so that joining goes on after a restart.
type joinRecord struct {
	_    struct{} `cbor:",toarray"`
	Link string

	link access.Link
	keys *access.InviteKeys
	err  error // why the last try failed

	asked   map[wire.Device]time.Time // when each peer was last asked
	askedAt uint64                    // revision of the access log then
}

// Waiting times between tries to reach a member.
const (
	joinRetryMin = 500 * time.Millisecond
	joinRetryMax = 30 * time.Second
	askAgain     = 10 * time.Second // between two requests to the same peer
)

// maxAsked bounds the peers that are remembered as asked.
const maxAsked = 256

// Join starts to join the document of a link. It returns at once with the
// document, which is in StateJoining until a member has let this device in;
// trying goes on, also after a restart, until one is reached. A second link to a
// document that is not open yet takes the place of the first.
func (n *Node) Join(ctx context.Context, link access.Link) (*Document, error) {
	n.joinMu.Lock()
	defer n.joinMu.Unlock()
	if d, err := n.Document(link.Doc); err == nil && d.State() == StateReady {
		return d, nil
	}
	if n.cfg.Host == nil {
		return nil, ErrNoNetwork
	}
	rec, err := newJoinRecord(link)
	if err != nil {
		return nil, err
	}
	d, err := n.Document(link.Doc)
	fresh := err != nil
	if fresh {
		d = newDocument(n, link.Doc)
		d.info = localInfo{Created: n.cfg.Now().UnixMilli(), Updated: n.cfg.Now().UnixMilli()}
	}
	if err := d.startJoin(ctx, rec); err != nil {
		return nil, err
	}
	if fresh {
		if err := n.add(d); err != nil {
			return nil, err
		}
	}
	n.runJoin(d, rec)
	n.notify(Change{Kind: DocumentsChanged})
	return d, nil
}

func newJoinRecord(link access.Link) (*joinRecord, error) {
	keys, err := access.DeriveInvite(link.Secret)
	if err != nil {
		return nil, fmt.Errorf("derive invite keys: %w", err)
	}
	return &joinRecord{Link: link.String(), link: link, keys: keys}, nil
}

// startJoin makes the link durable before anyone is asked.
func (d *Document) startJoin(ctx context.Context, rec *joinRecord) error {
	d.mu.Lock()
	defer d.mu.Unlock()
	sealed, err := d.sealLocal(joinKey(d.id), rec)
	if err != nil {
		return err
	}
	d.info.Trashed = false // who joins it wants to see it
	info, err := wire.Marshal(d.info)
	if err != nil {
		return fmt.Errorf("encode local notes: %w", err)
	}
	err = d.node.cfg.Store.Commit(ctx, &store.Batch{Put: []store.Record{
		{Key: joinKey(d.id), Value: sealed}, {Key: infoKey(d.id), Value: info},
	}})
	if err != nil {
		return storeError("store link", err)
	}
	d.join = rec
	return nil
}

// runJoin tries to reach a member until this device is let in, or another link
// has taken the place of this one.
func (n *Node) runJoin(d *Document, rec *joinRecord) {
	n.wg.Add(1)
	go func() {
		defer n.wg.Done()
		wait := joinRetryMin
		for d.joining() == rec && n.ctx.Err() == nil {
			if !n.Offline() {
				d.noteJoin(rec, n.sync.Join(n.ctx, rec.link))
			}
			select {
			case <-time.After(wait):
			case <-n.ctx.Done():
				return
			}
			wait = min(2*wait, joinRetryMax)
		}
	}()
}

func (d *Document) joining() *joinRecord {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.join
}

func (d *Document) noteJoin(rec *joinRecord, err error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	rec.err = err
	if errors.Is(err, replication.ErrRefused) {
		rec.err = fmt.Errorf("%w: %w", ErrLinkRefused, err)
	}
	if err != nil {
		d.log.Info("joining: no member let this device in yet", "err", err)
	}
}

// JoinError says why the last try to join failed; nil when there was none, or
// the document is joined.
func (d *Document) JoinError() error {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.join == nil {
		return nil
	}
	return d.join.err
}

// requestJoin makes the request to be let in, once the access log has shown
// which invite the link belongs to, and again when the log has changed or the
// peer that sends was not asked for a while.
func (d *Document) requestJoin(from wire.Device) []byte {
	if d.join == nil || d.join.keys == nil {
		return nil
	}
	if _, _, member := d.roleLocked(); member && len(d.keys) > 0 {
		return nil
	}
	now, rev := d.node.cfg.Now(), d.access.Revision()
	if asked, ok := d.join.asked[from]; ok && rev == d.join.askedAt && now.Sub(asked) < askAgain {
		return nil
	}
	invite, ok := d.access.FindInvite(d.join.keys.Public())
	if !ok {
		return nil
	}
	key := d.node.cfg.Key
	req, err := access.NewJoinRequest(d.id, invite, d.join.keys, key)
	if err != nil {
		d.log.Error("make join request", "err", err)
		return nil
	}
	if d.join.asked == nil || len(d.join.asked) >= maxAsked {
		d.join.asked = map[wire.Device]time.Time{}
	}
	d.join.asked[from], d.join.askedAt = now, rev
	return req
}

// finishJoin forgets the link once this device has a role and a key.
func (d *Document) finishJoin() {
	if d.join == nil || d.stateLocked() != StateReady {
		return
	}
	d.join = nil
	d.out.remove(joinKey(d.id))
	d.changed = true
}

// mayGrant says whether a role answers join requests.
func mayGrant(r access.Role) bool {
	return r == access.Owner || r == access.Editor || r == access.Doorkeeper
}

// mayWrite says whether a role writes the body.
func mayWrite(r access.Role) bool { return r >= access.Editor }
