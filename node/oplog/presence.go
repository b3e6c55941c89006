package oplog

import (
	"fmt"
	"slices"

	"github.com/sheafdocs/sheaf/node/access"
	"github.com/sheafdocs/sheaf/node/identity"
	"github.com/sheafdocs/sheaf/node/wire"
)

// MaxPresenceBytes limits an encoded presence frame.
const MaxPresenceBytes = 1 << 10

// SessionID names one session of presence: random, fresh for every editing
// session.
type SessionID [16]byte

// Presence is a signed frame around encrypted presence: who is here and where
// their caret is. It is passed on and never stored.
type Presence struct {
	Doc     wire.Doc16
	Author  wire.Device
	Auth    wire.Auth    // the access op that lets the author see the document
	Epoch   wire.EpochID // which key Ct is under
	Session SessionID
	Counter uint64 // grows with every frame of the session: an old frame sent again shows
	Ct      []byte // made and opened by node/seal
	Sig     wire.Signature
}

// body returns the signed bytes, with the given ciphertext.
func (p *Presence) body(ct []byte) []byte {
	b := make([]byte, 0, 192+len(ct))
	b = appendHead(b, majorArray, 8)
	b = appendUint(b, Version)
	b = appendBytes(b, p.Doc[:])
	b = appendBytes(b, p.Author[:])
	b = appendBytes(b, p.Auth[:])
	b = appendBytes(b, p.Epoch[:])
	b = appendBytes(b, p.Session[:])
	b = appendUint(b, p.Counter)
	return appendBytes(b, ct)
}

// AAD returns what the ciphertext is bound to: the signed bytes with an empty
// ciphertext.
func (p *Presence) AAD() []byte { return p.body(nil) }

// SignPresence signs a frame whose Ct is set; Author must be the key's device.
func SignPresence(key *identity.Key, p Presence) (Presence, error) {
	if p.Author != key.Device() {
		return p, fmt.Errorf("sign presence: %w: author is not the signing device", ErrMalformed)
	}
	if p.Counter > MaxSeq {
		return p, fmt.Errorf("sign presence: %w: counter is %d", ErrLimit, p.Counter)
	}
	p.Sig = key.Sign(wire.DomainPresence, p.body(p.Ct))
	if n := len(p.Encode()); n > MaxPresenceBytes {
		return p, fmt.Errorf("sign presence: %w: frame of %d bytes", ErrLimit, n)
	}
	return p, nil
}

// Encode returns the frame's bytes.
func (p *Presence) Encode() []byte {
	body := p.body(p.Ct)
	b := make([]byte, 0, len(body)+len(p.Sig)+8)
	b = appendHead(b, majorArray, 2)
	b = appendBytes(b, body)
	return appendBytes(b, p.Sig[:])
}

// DecodePresence reads a frame strictly, without verifying its signature. The
// frame shares memory with raw. VerdictOf says what an error means for the
// sender.
func DecodePresence(raw []byte) (Presence, error) {
	var p Presence
	if len(raw) > MaxPresenceBytes {
		return p, fmt.Errorf("decode presence: %w: %d bytes", ErrLimit, len(raw))
	}
	body, err := openSigned(raw, &p.Sig)
	if err != nil {
		return p, fmt.Errorf("decode presence: %w", err)
	}
	r := reader{b: body}
	r.array(8, "presence")
	r.uint(Version, "version")
	r.fixed(p.Doc[:], "document")
	r.fixed(p.Author[:], "author")
	r.fixed(p.Auth[:], "auth")
	r.fixed(p.Epoch[:], "epoch")
	r.fixed(p.Session[:], "session")
	p.Counter = r.uint(MaxSeq, "counter")
	p.Ct = r.bytes("ciphertext")
	if err := r.end("presence"); err != nil {
		return p, fmt.Errorf("decode presence: %w", err)
	}
	return p, nil
}

// maxSessions is how many sessions of one device Sessions remembers.
const maxSessions = 64

// Sessions remembers how far the presence sessions of a document have counted,
// so that an old frame sent again is noticed. It keeps the latest sessions of
// each device and is not safe for concurrent use. The zero value is empty.
type Sessions struct {
	devices map[wire.Device][]sessionCount // least lately heard first
}

type sessionCount struct {
	id      SessionID
	counter uint64
}

// Check judges a frame of a document for passing on, and takes its counter if
// it accepts. Every role that reads may be present, for a viewer's caret shows
// too. In order:
//
//	another document                  reject  ErrWrongDocument
//	author without authority          ignore  ErrNoAuthority
//	role without the document's keys  ignore  ErrRole
//	counter not above the last        ignore  ErrDuplicate
//	signature does not verify         reject  ErrSignature
//	else                              accept
func (s *Sessions) Check(doc wire.Doc16, a Authority, p *Presence) Verdict {
	if p.Doc != doc {
		return reject(ErrWrongDocument)
	}
	role, ok := a.RoleOf(p.Auth, p.Author)
	if !ok {
		return ignore(ErrNoAuthority)
	}
	if role < access.Viewer {
		return ignore(ErrRole)
	}
	list := s.devices[p.Author]
	i := slices.IndexFunc(list, func(c sessionCount) bool { return c.id == p.Session })
	if i >= 0 && p.Counter <= list[i].counter {
		return ignore(ErrDuplicate)
	}
	if !wire.Verify(p.Author, wire.DomainPresence, p.body(p.Ct), p.Sig) {
		return reject(ErrSignature)
	}
	switch {
	case i >= 0:
		list = slices.Delete(list, i, i+1)
	case len(list) == maxSessions:
		list = slices.Delete(list, 0, 1)
	}
	if s.devices == nil {
		s.devices = map[wire.Device][]sessionCount{}
	}
	s.devices[p.Author] = append(list, sessionCount{p.Session, p.Counter})
	return Verdict{}
}
