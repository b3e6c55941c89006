package replication

import (
	"fmt"

	"github.com/sheafdocs/sheaf/node/oplog"
	"github.com/sheafdocs/sheaf/node/wire"
)

// Config says what a Session is made of. All fields are required.
type Config struct {
	Replica Replica
	Peer    wire.Device // the device at the other end, as the transport proved it
	Role    Role        // which end this is
	Nonce   [32]byte    // fresh random bytes
}

// Role says which end of the stream a session is. It orders the two nonces.
type Role uint8

// The two ends of a stream.
const (
	Opener   Role = iota // opened the stream
	Accepter             // was opened to
)

// Prover makes the proof for an AUTH, given the peer's challenge.
type Prover func(peer wire.Device, challenge [32]byte) ([]byte, error)

// Session is one end of a conversation with one peer. It is not safe for
// concurrent use; its owner calls one method at a time.
type Session struct {
	cfg   Config
	said  bool     // our first HELLO has been handed out
	heard bool     // the peer's has arrived
	nonce [32]byte // the peer's
	docs  map[wire.DocID]*docState
	tags  map[Tag]*docState
	their map[Tag]Digest // digests the peer listed, for documents known here or not

	jobs    []job       // what to send before any data, in order
	ready   [][]byte    // frames already made: parts of a long list
	ring    []*docState // documents with data to send, taken in turn
	errs    int         // refusals among jobs
	trusted bool        // something is shared: long frames are taken
	sharing []Sharing   // changes not told yet
}

// docState is what a session knows of one document.
type docState struct {
	doc      wire.DocID
	tag      Tag
	told     Digest // digest the peer was last told
	isTold   bool
	queued   uint32 // bits of the job kinds waiting for this document
	asking   bool   // a STATE or WANT awaits its DONE
	waited   int    // how many checks it has waited
	askAgain bool   // and something happened meanwhile
	asked    bool   // a STATE was sent in this session
	needKeys bool   // the next STATE asks for wraps

	wants    map[wire.ChainID]struct{} // chains with a gap
	parts    oplog.Vector              // parts of a STATE that have arrived
	answer   *answer                   // what is being sent
	short    bool                      // it lacked something that was not stored yet
	answered Digest                    // of the state that answer is made from; zero: none
	inRing   bool
	sent     map[[32]byte]struct{}   // wraps and seal keys sent, by hash
	offered  uint64                  // version of the offer that was sent last
	pushed   map[wire.ChainID]uint64 // how far late lines were pushed
	parted   bool                    // a removed peer was told that there is something to learn
	shared   bool                    // as told by SharingChanges
	claim    *InviteClaim            // the peer's proof that it may be served
	receipts map[wire.ChainID]oplog.Receipt

	joining  bool // asked for by Join: data is taken though no member is known yet
	awaited  bool // a Joined effect is due
	prove    Prover
	requests [][]byte
}

// maxWaited is how many checks a question may be open before it is asked again.
const maxWaited = 3

// job is something to send.
type job struct {
	kind jobKind
	doc  *docState
	tag  Tag   // for jobErr
	err  error // for jobErr
}

type jobKind uint8

const (
	jobTell jobKind = iota
	jobAuth
	jobRequests
	jobState
	jobWant
	jobReceipts
	jobDone
	jobErr
)

// New makes a session. The first frames come from Next at once.
func New(cfg Config) *Session {
	return &Session{
		cfg:   cfg,
		docs:  map[wire.DocID]*docState{},
		tags:  map[Tag]*docState{},
		their: map[Tag]Digest{},
	}
}

// MaxFrame is the size of the longest frame that may arrive now.
func (s *Session) MaxFrame() int {
	if s.trusted {
		return MaxFrameBytes
	}
	return MaxFirstFrameBytes
}

// Sharing says that a document began or ceased to be shared with the peer:
// both ends know it, and each may have it in the eyes of the other.
type Sharing struct {
	Doc    wire.DocID
	Shared bool
}

// SharingChanges returns what changed since it was last called.
func (s *Session) SharingChanges() []Sharing {
	out := s.sharing
	s.sharing = nil
	return out
}

// reconsider looks again whether a document is shared.
func (s *Session) reconsider(st *docState) {
	_, listed := s.their[st.tag]
	shared := (listed || st.claim != nil) && s.allowed(st)
	if shared && len(st.receipts) > 0 {
		s.queue(st, jobReceipts)
	}
	if shared != st.shared {
		st.shared = shared
		s.sharing = append(s.sharing, Sharing{Doc: st.doc, Shared: shared})
	}
}

// Changed says that the document, or who may have it, changed here by other
// means than this peer.
func (s *Session) Changed(doc wire.DocID) {
	if !s.heard {
		return
	}
	d, ok := s.cfg.Replica.Document(doc)
	if !ok {
		return
	}
	st := s.docs[doc]
	if st == nil {
		if d.Standing(s.cfg.Peer) == Stranger {
			return
		}
		st = s.know(doc)
	}
	s.reconsider(st)
	if !s.allowed(st) {
		s.part(st, d)
		return
	}
	s.trusted, st.parted = true, false
	sum := d.Summary()
	if !st.isTold || st.told != sum.Digest {
		s.queue(st, jobTell)
	}
	if theirs, ok := s.their[st.tag]; ok && !st.isTold && theirs != sum.Digest {
		s.ask(st)
	}
	s.push(st, d)
}

// part lists a document for a peer that was removed from it, once, so that it
// asks and learns what ended its role.
func (s *Session) part(st *docState, d Document) {
	if d.Standing(s.cfg.Peer) != Removed || st.parted {
		return
	}
	s.trusted = true // it may hand in what it wrote
	s.queue(st, jobTell)
}

// Check tells the peer of everything that changed since it was told, and asks
// for what differs from what the peer last listed. The owner calls it now and
// then: it finds what a lost message hid.
func (s *Session) Check() {
	if !s.heard {
		return
	}
	for _, doc := range s.cfg.Replica.Documents(s.cfg.Peer) {
		s.Changed(doc)
		d, ok := s.cfg.Replica.Document(doc)
		st := s.docs[doc]
		if !ok || st == nil {
			continue
		}
		if st.asking {
			if st.waited++; st.waited < maxWaited {
				continue
			}
			st.asking = false // the peer will not answer any more
		}
		if theirs, listed := s.their[st.tag]; listed && theirs != d.Summary().Digest {
			s.ask(st)
		}
	}
}

// Want asks the peer for what is missing: the given chains from where they
// end here, or with no chains everything, keys included. It reports whether
// the document is shared with the peer.
func (s *Session) Want(doc wire.DocID, chains ...wire.ChainID) bool {
	st := s.docs[doc]
	if st == nil || !s.heard || !(s.allowed(st) || st.joining) {
		return false
	}
	if len(chains) == 0 || len(st.wants)+len(chains) > maxWants {
		st.needKeys = true
		s.ask(st)
		return true
	}
	if st.wants == nil {
		st.wants = map[wire.ChainID]struct{}{}
	}
	for _, c := range chains {
		st.wants[c] = struct{}{}
	}
	if st.asking {
		st.askAgain = true
	} else {
		s.queue(st, jobWant)
	}
	return true
}

// Await asks the peer for everything it has of a document; a Joined effect
// follows when it has answered. It reports whether the document is shared.
func (s *Session) Await(doc wire.DocID) bool {
	st := s.docs[doc]
	if st == nil || !s.heard || !s.allowed(st) {
		return false
	}
	st.awaited, st.needKeys = true, true
	s.ask(st)
	return true
}

// Join asks for a document by the proof of an invite, made by prove when the
// peer's challenge is known. A Joined effect tells the outcome.
func (s *Session) Join(doc wire.DocID, prove Prover) {
	st := s.docs[doc]
	if st == nil {
		st = &docState{doc: doc}
		s.docs[doc] = st
	}
	st.joining, st.awaited, st.prove, st.needKeys = true, true, prove, true
	s.trusted = true
	if s.heard {
		s.startJoin(st)
	}
}

// Request hands the peer a request to be let into a document that Join got
// served. A Joined effect follows when the peer has it.
func (s *Session) Request(doc wire.DocID, request []byte) {
	st := s.docs[doc]
	if st == nil || !s.heard || len(request) > maxRequestBytes || len(st.requests) == maxRequests {
		return
	}
	if !st.joining && !s.allowed(st) {
		return
	}
	st.requests = append(st.requests, request)
	s.queue(st, jobRequests)
	st.awaited, st.needKeys = true, true
	s.ask(st)
}

// AddReceipts queues receipts for the peer: of each chain the newest. They wait
// until the document is shared.
func (s *Session) AddReceipts(doc wire.DocID, receipts []oplog.Receipt) {
	st := s.docs[doc]
	if st == nil || !s.heard {
		return
	}
	if st.receipts == nil {
		st.receipts = map[wire.ChainID]oplog.Receipt{}
	}
	for _, r := range receipts {
		old, have := st.receipts[r.Chain]
		if have && old.Seq >= r.Seq || !have && len(st.receipts) >= maxQueuedReceipts {
			continue
		}
		st.receipts[r.Chain] = r
	}
	if st.shared {
		s.queue(st, jobReceipts)
	}
}

// know makes the state of a document that is shared with the peer.
func (s *Session) know(doc wire.DocID) *docState {
	st := s.docs[doc]
	if st == nil {
		st = &docState{doc: doc}
		s.docs[doc] = st
	}
	if st.tag == (Tag{}) && s.heard {
		opener, other := s.cfg.Nonce, s.nonce
		if s.cfg.Role == Accepter {
			opener, other = other, opener
		}
		st.tag = tagOf(doc, opener, other)
		s.tags[st.tag] = st
	}
	return st
}

func (s *Session) startJoin(st *docState) {
	s.know(st.doc)
	s.queue(st, jobAuth)
	s.ask(st)
}

// allowed reports whether the peer may be sent the document now: by its role,
// or by an invite that still stands.
func (s *Session) allowed(st *docState) bool {
	d, ok := s.cfg.Replica.Document(st.doc)
	if !ok {
		return false
	}
	if d.Standing(s.cfg.Peer) == Member {
		return true
	}
	if st.claim == nil {
		return false
	}
	_, ok = s.cfg.Replica.VerifyInvite(*st.claim)
	return ok
}

// byTag finds a document that the peer may have. Everything else looks the
// same to the peer.
func (s *Session) byTag(tag Tag) (*docState, bool) {
	st := s.tags[tag]
	if st == nil || !s.allowed(st) {
		return nil, false
	}
	return st, true
}

// ask asks for what is missing, or remembers to when an answer is on its way.
func (s *Session) ask(st *docState) {
	if st.asking {
		st.askAgain = true
		return
	}
	s.queue(st, jobState)
}

// queue notes that something is to be sent, once for each document and kind.
func (s *Session) queue(st *docState, kind jobKind) {
	if st.queued&(1<<kind) != 0 {
		return
	}
	st.queued |= 1 << kind
	s.jobs = append(s.jobs, job{kind: kind, doc: st})
}

// refuse answers for a document that the peer cannot have.
func (s *Session) refuse(tag Tag) error {
	if s.errs >= maxQueuedErrors {
		return fmt.Errorf("%w: %d refusals wait", ErrFlood, s.errs)
	}
	s.errs++
	s.jobs = append(s.jobs, job{kind: jobErr, tag: tag, err: ErrRefused})
	return nil
}
