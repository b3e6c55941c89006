package replication

import (
	"container/heap"
	"crypto/sha256"

	"github.com/sheafdocs/sheaf/node/oplog"
	"github.com/sheafdocs/sheaf/node/wire"
)

// Next returns the next frame to send, or false when there is nothing to say
// now. What it returns counts as sent. Short frames go before data, and
// documents take turns.
func (s *Session) Next() ([]byte, bool) {
	if !s.said {
		s.said = true
		return s.must(frameHello, helloFrame{Version: Version, Nonce: s.cfg.Nonce}), true
	}
	if !s.heard {
		return nil, false
	}
	for {
		if len(s.ready) > 0 {
			frame := s.ready[0]
			s.ready = s.ready[1:]
			return frame, true
		}
		if len(s.jobs) > 0 {
			j := s.jobs[0]
			s.jobs[0] = job{}
			s.jobs = s.jobs[1:]
			s.run(j)
			continue
		}
		frame, ok := s.nextData()
		if !ok {
			return nil, false
		}
		if frame != nil {
			return frame, true
		}
	}
}

// must encodes a frame of our own making, whose size is bounded.
func (s *Session) must(t frameType, body any) []byte {
	frame, err := encodeFrame(t, body)
	if err != nil {
		panic("replication: " + err.Error())
	}
	return frame
}

// run makes the frames of a job and appends them to ready.
func (s *Session) run(j job) {
	if j.kind == jobErr {
		s.errs--
		s.ready = append(s.ready, s.must(frameErr, errFrame{Tag: j.tag, Code: uint64(codeOf(j.err))}))
		return
	}
	st := j.doc
	st.queued &^= 1 << j.kind
	switch j.kind {
	case jobTell:
		s.tell(st)
	case jobAuth:
		proof, err := st.prove(s.cfg.Peer, s.nonce)
		if err == nil {
			s.ready = append(s.ready, s.must(frameAuth, authFrame{Doc: st.doc, Proof: proof}))
		}
	case jobRequests:
		s.ready = append(s.ready, s.must(frameData, dataFrame{Tag: st.tag, Requests: st.requests}))
		st.requests = nil
	case jobState:
		s.sendState(st)
	case jobWant:
		s.sendWant(st)
	case jobReceipts:
		s.sendReceipts(st)
	case jobDone:
		if d, ok := s.cfg.Replica.Document(st.doc); ok {
			// What came while the answer was on its way is not in it, and the peer
			// has to be told of it yet.
			digest := st.answered
			if st.answered = (Digest{}); digest == (Digest{}) {
				digest = d.Summary().Digest
			}
			st.told, st.isTold = digest, !st.short // what was left out is told of again
			s.ready = append(s.ready, s.must(frameDone, doneFrame{Tag: st.tag, Digest: digest}))
		}
	}
}

// tell lists the document and every other that waits to be told, in one
// HELLO.
func (s *Session) tell(first *docState) {
	list := []*docState{first}
	rest := s.jobs[:0]
	for _, j := range s.jobs {
		if j.kind == jobTell && len(list) < maxListed {
			j.doc.queued &^= 1 << jobTell
			list = append(list, j.doc)
		} else {
			rest = append(rest, j)
		}
	}
	s.jobs = rest
	hello := helloFrame{Version: Version, Nonce: s.cfg.Nonce}
	for _, st := range list {
		d, ok := s.cfg.Replica.Document(st.doc)
		if !ok {
			continue
		}
		switch d.Standing(s.cfg.Peer) {
		case Member:
			st.told, st.isTold = d.Summary().Digest, true
			hello.Docs = append(hello.Docs, listed{Tag: st.tag, Digest: st.told})
		case Removed:
			st.parted, st.isTold = true, false
			hello.Docs = append(hello.Docs, listed{Tag: st.tag}) // a digest would tell of changes
		}
	}
	if len(hello.Docs) > 0 {
		s.ready = append(s.ready, s.must(frameHello, hello))
	}
}

// sendState says what is held of a document. One that is being joined may not
// exist here yet.
func (s *Session) sendState(st *docState) {
	var sum Summary
	if d, ok := s.cfg.Replica.Document(st.doc); ok {
		sum = d.Summary()
	}
	flags := uint64(0)
	if st.needKeys || !st.asked {
		flags = stateWraps
	}
	st.asking, st.asked, st.needKeys, st.waited = true, true, false, 0
	clear(st.wants) // answered too
	heads := sum.AccessHeads[:min(len(sum.AccessHeads), maxHeads)]
	list := positionsOf(sum.Vector)
	list = list[:min(len(list), maxVector)]
	for len(list) > maxPositions {
		part := stateFrame{Tag: st.tag, Flags: flags | stateMore, Vector: list[:maxPositions]}
		s.ready = append(s.ready, s.must(frameState, part))
		list = list[maxPositions:]
	}
	s.ready = append(s.ready, s.must(frameState, stateFrame{Tag: st.tag, Flags: flags, Heads: heads, Vector: list}))
}

// positionsOf lists a vector in the order of its lines' ids.
func positionsOf(v oplog.Vector) []position {
	out := make([]position, 0, len(v))
	for _, line := range sortedChains(v) {
		out = append(out, position{Line: line, Seq: v[line].Seq, ID: v[line].ID})
	}
	return out
}

func (s *Session) sendWant(st *docState) {
	d, ok := s.cfg.Replica.Document(st.doc)
	if !ok || len(st.wants) == 0 {
		return
	}
	vector := d.Summary().Vector
	want := wantFrame{Tag: st.tag}
	for _, chain := range sortedChains(st.wants) {
		w := wanted{Line: chain}
		if p, ok := vector[chain]; ok {
			w.From = p.Seq + 1
		}
		want.Chains = append(want.Chains, w)
	}
	clear(st.wants)
	st.asking, st.waited = true, 0
	s.ready = append(s.ready, s.must(frameWant, want))
}

func (s *Session) sendReceipts(st *docState) {
	f := receiptFrame{Tag: st.tag}
	flush := func() {
		if len(f.Receipts) > 0 {
			s.ready = append(s.ready, s.must(frameReceipt, f))
			f.Receipts = nil
		}
	}
	for _, chain := range sortedChains(st.receipts) {
		r := st.receipts[chain]
		f.Receipts = append(f.Receipts, r.Encode())
		if len(f.Receipts) == maxReceipts {
			flush()
		}
	}
	flush()
	clear(st.receipts)
}

// push sends what the peer is to have without asking and was not sent before:
// a new member's keys, and what this device wrote and counts no longer.
func (s *Session) push(st *docState, d Document) {
	offer := d.Offer(s.cfg.Peer, s.inviteOf(st), Changed)
	var wraps, keys [][]byte
	if offer.Version == 0 || offer.Version != st.offered {
		wraps, keys = st.unsent(offer.Wraps), st.unsent(offer.SealKeys)
		st.offered = offer.Version
	}
	cursors := s.late(st, d, offer.Late)
	if len(wraps)+len(keys)+len(cursors) == 0 {
		return
	}
	if st.answer == nil {
		st.answer = &answer{}
	}
	a := st.answer
	a.wraps, a.sealKeys = append(a.wraps, wraps...), append(a.sealKeys, keys...)
	for _, c := range cursors {
		heap.Push(&a.chains, c)
	}
	s.turn(st)
}

// late makes cursors for the lines to push, from where they were pushed to.
func (s *Session) late(st *docState, d Document, lines []Late) []*chainCursor {
	if len(lines) == 0 {
		return nil
	}
	if st.pushed == nil {
		st.pushed = map[wire.ChainID]uint64{}
	}
	var cursors []*chainCursor
	vector := d.Summary().Vector
	for _, l := range lines {
		head, ok := vector[l.Line]
		from := max(l.From, st.pushed[l.Line])
		if !ok || from > head.Seq || st.answer != nil && st.answer.holds(l.Line) {
			continue
		}
		st.pushed[l.Line] = head.Seq + 1
		cursors = append(cursors, newCursor(l.Line, from, head))
	}
	return cursors
}

// unsent returns the records that had not been sent, and notes them as sent.
func (st *docState) unsent(records [][]byte) [][]byte {
	var fresh [][]byte
	for _, r := range records {
		if st.markSent(r) {
			fresh = append(fresh, r)
		}
	}
	return fresh
}

// markSent notes a record as sent and reports whether it had not been.
func (st *docState) markSent(record []byte) bool {
	h := sha256.Sum256(record)
	if _, ok := st.sent[h]; ok {
		return false
	}
	if st.sent == nil {
		st.sent = map[[32]byte]struct{}{}
	}
	st.sent[h] = struct{}{}
	return true
}

// inviteOf is the seal key of the invite the peer has proven, or zero.
func (s *Session) inviteOf(st *docState) wire.SealHash {
	if st.claim == nil {
		return wire.SealHash{}
	}
	hash, ok := s.cfg.Replica.VerifyInvite(*st.claim)
	if !ok {
		return wire.SealHash{}
	}
	return hash
}
