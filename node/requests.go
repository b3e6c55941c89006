package node

import (
	"crypto/sha256"
	"fmt"
	"sort"
	"time"

	"github.com/sheafdocs/sheaf/node/access"
	"github.com/sheafdocs/sheaf/node/identity"
	"github.com/sheafdocs/sheaf/node/seal"
	"github.com/sheafdocs/sheaf/node/store"
	"github.com/sheafdocs/sheaf/node/wire"
)

// Limits of requests to be let in that this device keeps for a member who may
// answer them.
const (
	maxKeptRequests  = 64                  // of a document; beyond it the oldest gives way
	requestTTL       = 30 * 24 * time.Hour // then the other device has to ask again
	requestPassEvery = time.Minute
	maxRequestsPass  = 16 // at once
)

// requestRecord is a kept request as it lies in the store.
type requestRecord struct {
	_   struct{} `cbor:",toarray"`
	At  int64    // unix ms
	Raw []byte
}

// keptRequest is a request that this device may not answer.
type keptRequest struct {
	req *access.JoinRequest
	raw []byte
	at  time.Time
	key store.Key
}

// Request is a device that waits for a member to let it in.
type Request struct {
	Device wire.Device
	User   wire.UserID
	Name   string // what it calls itself, if that is known
	Role   access.Role
	At     time.Time // when this device heard of it
}

// Requests lists the devices that have asked to be let in and that this device
// may not let in itself, the oldest first. They are told to members who may.
func (d *Document) Requests() []Request {
	d.mu.Lock()
	defer d.mu.Unlock()
	roles := map[wire.OpID]access.Role{}
	for _, invite := range d.access.Invites() {
		roles[invite.Op] = invite.Role
	}
	list := make([]Request, 0, len(d.requests))
	for _, k := range d.requests {
		list = append(list, Request{
			Device: k.req.Device, User: k.req.User, Name: d.node.nameOf(k.req.Device), Role: roles[k.req.Invite], At: k.at,
		})
	}
	sort.Slice(list, func(i, j int) bool { return list[i].At.Before(list[j].At) })
	return list
}

// takeRequest answers a request, or keeps it for a member who may. It returns
// the request if others are to be told of it.
func (d *Document) takeRequest(raw []byte) (passOn []byte, err error) {
	req, err := access.ParseJoinRequest(raw)
	if err != nil {
		return nil, fmt.Errorf("read join request: %w", err)
	}
	if req.Device == d.node.device {
		return nil, nil
	}
	if d.maySettleRequests() {
		return nil, d.answerRequest(req)
	}
	if _, _, member := d.access.Authority(req.Device); member {
		return nil, nil
	}
	if err := access.CheckJoinRequest(d.access, req, d.node.cfg.Now()); err != nil {
		return nil, fmt.Errorf("check join request: %w", err)
	}
	if !d.keepRequest(req, raw) {
		return nil, nil
	}
	return raw, nil
}

// maySettleRequests says whether this device lets others in.
func (d *Document) maySettleRequests() bool {
	_, role, ok := d.roleLocked()
	return ok && mayGrant(role) && len(d.keys) > 0
}

// answerRequest lets in the bearer of a valid request: a grant by way of the
// invite, and the document's keys wrapped for the new device.
func (d *Document) answerRequest(req *access.JoinRequest) error {
	now := d.node.cfg.Now()
	if err := access.CheckJoinRequest(d.access, req, now); err != nil {
		return fmt.Errorf("check join request: %w", err)
	}
	if _, _, member := d.access.Authority(req.Device); member {
		if !d.sealsWith(req) {
			return fmt.Errorf("%w: the member's seal key is another", access.ErrRequest)
		}
		d.out.then(func() { d.reoffer = true })
		return d.wrapFor(req.SealPublic) // let in before, perhaps without the keys
	}
	if !d.mayReturn(req.Device, req.Invite) {
		return fmt.Errorf("%w: the device was removed after the link was made", access.ErrRequest)
	}
	op, err := access.NewGrantVia(d.access, d.node.cfg.Key, req, now)
	if err != nil {
		return fmt.Errorf("make grant: %w", err)
	}
	if err := d.wrapFor(req.SealPublic); err != nil {
		return err
	}
	if err := d.addOwnOp(op); err != nil {
		return err
	}
	if err := d.keepSealKey(seal.SealKey{Owner: req.Device, Public: req.SealPublic}); err != nil {
		return err
	}
	d.log.Info("let a device in", "peer", req.Device.String())
	return nil
}

// sealsWith says whether a member asks with the seal key it was granted with.
func (d *Document) sealsWith(req *access.JoinRequest) bool {
	hash := identity.HashSeal(req.SealPublic)
	for _, m := range d.access.Members() {
		if m.Device == req.Device && m.Seal == hash {
			return true
		}
	}
	return false
}

// keepRequest keeps a request, one of a device, and says whether it is news.
func (d *Document) keepRequest(req *access.JoinRequest, raw []byte) bool {
	key := store.RequestKey(d.id, sha256.Sum256(raw))
	old := d.requests[req.Device]
	if old != nil && old.key == key {
		return false
	}
	now := d.node.cfg.Now()
	value, err := wire.Marshal(requestRecord{At: now.UnixMilli(), Raw: raw})
	if err != nil {
		d.log.Error("keep join request", "err", err)
		return false
	}
	if old != nil {
		d.dropRequest(old)
	}
	if len(d.requests) >= maxKeptRequests {
		d.dropRequest(d.oldestRequest())
	}
	d.requests[req.Device] = &keptRequest{req: req, raw: raw, at: now, key: key}
	d.out.put(key, value)
	d.changed = true
	return true
}

func (d *Document) oldestRequest() (oldest *keptRequest) {
	for _, k := range d.requests {
		if oldest == nil || k.at.Before(oldest.at) {
			oldest = k
		}
	}
	return oldest
}

func (d *Document) dropRequest(k *keptRequest) {
	delete(d.requests, k.req.Device)
	d.out.remove(k.key)
	d.changed = true
}

// loadRequest takes back a kept request.
func (d *Document) loadRequest(r store.Record) error {
	var rec requestRecord
	if err := wire.Unmarshal(r.Value, &rec); err != nil {
		return fmt.Errorf("read kept request: %w", err)
	}
	req, err := access.ParseJoinRequest(rec.Raw)
	if err != nil {
		return fmt.Errorf("read kept request: %w", err)
	}
	if len(d.requests) < maxKeptRequests {
		d.requests[req.Device] = &keptRequest{req: req, raw: rec.Raw, at: time.UnixMilli(rec.At), key: r.Key}
	}
	return nil
}

// tendRequests forgets requests that are answered or too old, and answers the
// others if this device may do so by now. Called when the access log changed
// and from time to time.
func (d *Document) tendRequests() {
	now := d.node.cfg.Now()
	for _, k := range d.requests {
		if _, _, member := d.access.Authority(k.req.Device); member || now.Sub(k.at) > requestTTL {
			d.dropRequest(k)
			continue
		}
		if !d.maySettleRequests() {
			continue
		}
		if err := d.answerRequest(k.req); err != nil {
			d.log.Info("kept join request refused", "peer", k.req.Device.String(), "err", err)
		}
		d.dropRequest(k)
	}
}

// requestsToPass returns some of the kept requests, for telling others.
func (d *Document) requestsToPass() [][]byte {
	var raws [][]byte
	for _, k := range d.requests {
		if raws = append(raws, k.raw); len(raws) == maxRequestsPass {
			break
		}
	}
	return raws
}

// passRequests tells every connected member of the requests kept here.
func (d *Document) passRequests() {
	d.mu.Lock()
	raws := d.requestsToPass()
	d.mu.Unlock()
	for _, raw := range raws {
		d.node.sync.Request(d.id, raw)
	}
}

// duePassing says whether it is time to tell others of the kept requests again.
func (d *Document) duePassing(now time.Time) bool {
	if len(d.requests) == 0 || now.Sub(d.requestsTold) < requestPassEvery {
		return false
	}
	d.requestsTold = now
	return true
}
