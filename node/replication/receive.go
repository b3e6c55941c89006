package replication

import (
	"errors"
	"fmt"

	"github.com/sheafdocs/sheaf/node/oplog"
	"github.com/sheafdocs/sheaf/node/wire"
)

// Receive takes one frame. The effects are to be carried out in their order
// before the next frame is given. An error means that the peer breaks the
// protocol, and ends the session; ErrorFrame makes the frame that says so.
func (s *Session) Receive(frame []byte) ([]Effect, error) {
	if len(frame) > s.MaxFrame() {
		return nil, fmt.Errorf("%w: %d bytes", ErrTooLarge, len(frame))
	}
	body, err := decodeFrame(frame)
	if err != nil {
		return nil, err
	}
	if hello, ok := body.(*helloFrame); ok {
		return s.onHello(hello)
	}
	if !s.heard {
		if e, ok := body.(*errFrame); ok {
			return s.onErr(e)
		}
		return nil, fmt.Errorf("%w: %s before HELLO", ErrMalformed, FrameName(frame))
	}
	switch f := body.(type) {
	case *authFrame:
		return nil, s.onAuth(f)
	case *stateFrame:
		return s.onState(f)
	case *wantFrame:
		return nil, s.onWant(f)
	case *dataFrame:
		return s.onData(f)
	case *receiptFrame:
		return s.onReceipts(f)
	case *doneFrame:
		return s.onDone(f)
	case *errFrame:
		return s.onErr(f)
	}
	return nil, nil // a type of a later version
}

// ErrorFrame makes the last frame of a session that ends by err.
func ErrorFrame(err error) []byte {
	frame, encErr := encodeFrame(frameErr, errFrame{Code: uint64(codeOf(err))})
	if encErr != nil {
		panic("replication: cannot encode an ERR frame: " + encErr.Error())
	}
	return frame
}

func (s *Session) onHello(f *helloFrame) ([]Effect, error) {
	var effects []Effect
	if !s.heard {
		switch {
		case f.Version != Version:
			return nil, fmt.Errorf("%w: %d", ErrVersion, f.Version)
		case f.Nonce == s.cfg.Nonce:
			return nil, fmt.Errorf("%w: our own nonce came back", ErrMalformed)
		}
		s.heard, s.nonce = true, f.Nonce
		s.start()
		effects = append(effects, Up{})
	}
	if f.Nonce != s.nonce || f.Version != Version {
		return effects, fmt.Errorf("%w: another HELLO", ErrMalformed)
	}
	for _, l := range f.Docs {
		if _, known := s.their[l.Tag]; !known && len(s.their) >= maxListedDocuments {
			return effects, fmt.Errorf("%w: more than %d documents listed", ErrTooLarge, maxListedDocuments)
		}
		s.their[l.Tag] = l.Digest
		st, ok := s.byTag(l.Tag)
		if !ok {
			continue
		}
		s.reconsider(st)
		d, ok := s.cfg.Replica.Document(st.doc)
		if !ok {
			continue
		}
		if d.Summary().Digest != l.Digest {
			s.ask(st)
		} else {
			effects = append(effects, Equal{Doc: st.doc})
		}
	}
	return effects, nil
}

// start lists the documents shared with the peer, and begins the joins that
// waited for its challenge.
func (s *Session) start() {
	var joins []*docState
	for _, st := range s.docs {
		if st.joining {
			joins = append(joins, st)
		}
	}
	for _, doc := range s.cfg.Replica.Documents(s.cfg.Peer) {
		if len(s.tags) == maxListedDocuments {
			break
		}
		s.queue(s.know(doc), jobTell)
		s.trusted = true
	}
	for _, st := range joins {
		s.startJoin(st)
	}
}

func (s *Session) onAuth(f *authFrame) error {
	claim := InviteClaim{Doc: f.Doc, Peer: s.cfg.Peer, Challenge: s.cfg.Nonce, Proof: f.Proof}
	// A proof that fails is answered like one for an unknown document: by the
	// refusal of the STATE that follows it.
	if _, ok := s.cfg.Replica.VerifyInvite(claim); !ok {
		return nil
	}
	if _, ok := s.cfg.Replica.Document(f.Doc); !ok {
		return nil
	}
	st := s.know(f.Doc)
	st.claim = &claim
	s.trusted = true
	s.reconsider(st)
	return nil
}

func (s *Session) onState(f *stateFrame) ([]Effect, error) {
	st, ok := s.byTag(f.Tag)
	if !ok {
		if f.Flags&stateMore != 0 {
			return nil, nil // refused with its last part
		}
		s.answerParting(f.Tag, f.Heads)
		return nil, s.refuse(f.Tag)
	}
	if st.parts == nil {
		st.parts = oplog.Vector{}
	}
	if len(st.parts)+len(f.Vector) > maxVector {
		return nil, fmt.Errorf("%w: a state of more than %d lines", ErrTooLarge, maxVector)
	}
	for _, p := range f.Vector {
		st.parts[p.Line] = oplog.Position{Seq: p.Seq, ID: p.ID}
	}
	if f.Flags&stateMore != 0 {
		return nil, nil
	}
	theirs := st.parts
	st.parts = nil
	s.answerState(st, f.Heads, theirs, f.Flags&stateWraps != 0)
	if !s.hasRole(st) {
		return nil, nil
	}
	return []Effect{Heard{Doc: st.doc, Vector: theirs}}, nil
}

func (s *Session) onWant(f *wantFrame) error {
	st, ok := s.byTag(f.Tag)
	if !ok {
		return s.refuse(f.Tag)
	}
	s.answerWant(st, f.Chains)
	return nil
}

func (s *Session) onData(f *dataFrame) ([]Effect, error) {
	st := s.tags[f.Tag]
	if st == nil {
		return nil, s.refuse(f.Tag)
	}
	d := Delivery{Doc: st.doc}
	standing := s.standing(st)
	switch allowed := s.allowed(st); {
	case st.joining || standing == Member:
		d.Ops, d.Wraps, d.SealKeys, d.Requests, d.Entries = f.Ops, f.Wraps, f.SealKeys, f.Requests, f.Entries
	case standing == Removed:
		d.Entries = f.Entries
		if allowed {
			d.Requests = f.Requests
		}
	case allowed:
		d.Requests = f.Requests
	default:
		return nil, s.refuse(f.Tag)
	}
	if d.empty() {
		return nil, nil
	}
	return []Effect{Deliver{d}}, nil
}

// hasRole reports whether the peer is more than the bearer of a link.
func (s *Session) hasRole(st *docState) bool { return s.standing(st) == Member }

func (s *Session) standing(st *docState) Standing {
	d, ok := s.cfg.Replica.Document(st.doc)
	if !ok {
		return Stranger
	}
	return d.Standing(s.cfg.Peer)
}

func (s *Session) onReceipts(f *receiptFrame) ([]Effect, error) {
	st, ok := s.byTag(f.Tag)
	if !ok || !s.hasRole(st) {
		return nil, s.refuse(f.Tag)
	}
	out := make([]oplog.Receipt, 0, len(f.Receipts))
	for _, raw := range f.Receipts {
		r, err := oplog.DecodeReceipt(raw)
		if errors.Is(err, wire.ErrUnknownVersion) {
			continue
		}
		if err != nil {
			return nil, fmt.Errorf("%w: %w", ErrMalformed, err)
		}
		if r.Doc != st.doc.Short() {
			return nil, fmt.Errorf("%w: receipt of another document", ErrMalformed)
		}
		out = append(out, r)
	}
	if len(out) == 0 {
		return nil, nil
	}
	return []Effect{GotReceipts{Doc: st.doc, Receipts: out}}, nil
}

func (s *Session) onDone(f *doneFrame) ([]Effect, error) {
	st := s.tags[f.Tag]
	if st == nil || !st.asking {
		return nil, nil // for a document that is no longer shared
	}
	st.asking = false
	var effects []Effect
	if st.awaited && !st.askAgain {
		st.awaited = false
		effects = append(effects, Joined{Doc: st.doc})
	}
	if s.allowed(st) {
		s.their[f.Tag] = f.Digest
	}
	s.reconsider(st)
	if d, ok := s.cfg.Replica.Document(st.doc); ok && d.Summary().Digest == f.Digest {
		effects = append(effects, Equal{Doc: st.doc})
	}
	if st.askAgain {
		st.askAgain = false
		s.resume(st)
	}
	return effects, nil
}

// resume sends what waited for the answer to an earlier question.
func (s *Session) resume(st *docState) {
	if len(st.wants) > 0 && !st.needKeys {
		s.queue(st, jobWant)
		return
	}
	s.queue(st, jobState)
}

func (s *Session) onErr(f *errFrame) ([]Effect, error) {
	err := errorOf(errorCode(f.Code))
	if f.Tag == (Tag{}) {
		return nil, fmt.Errorf("peer ends the session: %w", err)
	}
	st := s.tags[f.Tag]
	if st == nil {
		return nil, nil
	}
	st.asking, st.askAgain = false, false
	delete(s.their, f.Tag)
	s.reconsider(st)
	if st.awaited {
		st.joining, st.awaited = false, false
		return []Effect{Joined{Doc: st.doc, Err: err}}, nil
	}
	return nil, nil
}
