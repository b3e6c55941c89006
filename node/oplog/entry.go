package oplog

import (
	"crypto/sha256"
	"errors"
	"fmt"

	"github.com/sheafdocs/sheaf/node/identity"
	"github.com/sheafdocs/sheaf/node/wire"
)

// Version is the version of entry headers, receipts and presence frames that
// this package reads and writes.
const Version = 1

// Limits of an entry. An entry beyond one of them is rejected.
const (
	MaxEntryBytes = 64 << 10  // a whole encoded entry
	MaxInc        = 1 << 20   // inc is below this
	MaxSeq        = 1<<53 - 1 // seq is at most this, so that JSON readers keep it exact
	MaxOps        = 4096      // operations an entry may declare

	// MaxCiphertextBytes is a length of ciphertext that fits into every entry.
	MaxCiphertextBytes = MaxEntryBytes - maxHeaderBytes - len(wire.Signature{}) - maxHeadBytes

	maxHeaderBytes = 192 // no encoded header is longer
	maxHeadBytes   = 16  // nor are the four CBOR heads around the fields
)

// Streams of a chain's entries.
const (
	StreamBody     uint8 = 0 // Yjs updates of the document; editors and owners
	StreamComments uint8 = 1 // comment records; commenters and up
)

// KindUpdate is the kind of an entry whose payload is one update or record, or
// only a list of dependencies. Other kinds are kept in their chains unread.
const KindUpdate uint8 = 0

// Faults of an encoded entry. Both are context-free: every node finds them.
var (
	// ErrLimit means a size or number is beyond its limit.
	ErrLimit = errors.New("over the limit")
	// ErrMalformed means the fields contradict each other.
	ErrMalformed = errors.New("malformed entry")
)

// Header is the signed part of an entry.
type Header struct {
	Doc    wire.Doc16   // the document, first half of its id
	Author wire.Device  // who signed
	Auth   wire.Auth    // the access op that lets the author write, first half of its id
	Inc    uint32       // which of the author's chains, below MaxInc
	Seq    uint64       // place in the chain, from 0
	Prev   wire.EntryID // id of the entry before; zero exactly at Seq 0
	Epoch  wire.EpochID // which key the ciphertext is under
	Stream uint8        // StreamBody or StreamComments
	Kind   uint8        // KindUpdate, or one this version does not read
	NumOps uint32       // operations in the payload, at most MaxOps
	CtHash [32]byte     // SHA-256 of the ciphertext
}

// ChainID returns the id of the chain the header belongs to.
func (h *Header) ChainID() wire.ChainID {
	return wire.NewChainID(h.Doc, h.Author, h.Auth, h.Inc)
}

// validate checks the limits and contradictions that need no context.
func (h *Header) validate() error {
	switch {
	case h.Inc >= MaxInc:
		return fmt.Errorf("%w: inc is %d", ErrLimit, h.Inc)
	case h.Seq > MaxSeq:
		return fmt.Errorf("%w: seq is %d", ErrLimit, h.Seq)
	case h.NumOps > MaxOps:
		return fmt.Errorf("%w: %d operations", ErrLimit, h.NumOps)
	case h.Stream > StreamComments:
		return fmt.Errorf("%w: stream is %d", ErrLimit, h.Stream)
	case (h.Seq == 0) != h.Prev.IsZero():
		return fmt.Errorf("%w: seq %d with previous entry %s", ErrMalformed, h.Seq, h.Prev)
	}
	return nil
}

// encode returns the header's bytes with the given value in the place of the
// ciphertext's hash.
func (h *Header) encode(cth []byte) []byte {
	b := make([]byte, 0, maxHeaderBytes)
	b = appendHead(b, majorArray, 12)
	b = appendUint(b, Version)
	b = appendBytes(b, h.Doc[:])
	b = appendBytes(b, h.Author[:])
	b = appendBytes(b, h.Auth[:])
	b = appendUint(b, uint64(h.Inc))
	b = appendUint(b, h.Seq)
	b = appendBytes(b, h.Prev[:])
	b = appendBytes(b, h.Epoch[:])
	b = appendUint(b, uint64(h.Stream))
	b = appendUint(b, uint64(h.Kind))
	b = appendUint(b, uint64(h.NumOps))
	return appendBytes(b, cth)
}

// AAD returns what the ciphertext is bound to: the header's bytes with an
// empty byte string for the ciphertext's hash, which is not known yet.
func (h Header) AAD() ([]byte, error) {
	if err := h.validate(); err != nil {
		return nil, fmt.Errorf("encode header: %w", err)
	}
	return h.encode(nil), nil
}

// decodeHeader reads a header. An unknown version is reported before anything
// else is looked at.
func decodeHeader(b []byte) (h Header, err error) {
	version, err := wire.ReadVersion(b)
	if err != nil {
		return h, fmt.Errorf("read version: %w", err)
	}
	if version != Version {
		return h, fmt.Errorf("%w: entry version %d", wire.ErrUnknownVersion, version)
	}
	r := reader{b: b}
	r.array(12, "header")
	r.uint(Version, "version")
	r.fixed(h.Doc[:], "document")
	r.fixed(h.Author[:], "author")
	r.fixed(h.Auth[:], "auth")
	h.Inc = uint32(r.uint(MaxInc-1, "inc"))
	h.Seq = r.uint(MaxSeq, "seq")
	r.fixed(h.Prev[:], "previous entry")
	r.fixed(h.Epoch[:], "epoch")
	h.Stream = uint8(r.uint(uint64(StreamComments), "stream"))
	h.Kind = uint8(r.uint(255, "kind"))
	h.NumOps = uint32(r.uint(MaxOps, "number of operations"))
	r.fixed(h.CtHash[:], "ciphertext hash")
	if err := r.end("header"); err != nil {
		return h, err
	}
	return h, h.validate()
}

// Entry is one step of a chain. Its byte slices share memory with Raw; nobody
// may change them.
type Entry struct {
	Header
	ID  wire.EntryID   // hash of Hdr under the domain of entries
	Raw []byte         // the whole entry, as stored and sent
	Hdr []byte         // the header's bytes, as signed
	Ct  []byte         // the ciphertext
	Sig wire.Signature // the author's signature; zero if the entry does not carry it

	chain    wire.ChainID
	signed   bool // Raw carries a signature
	verified bool // and this process verified or made it
}

// Chain returns the id of the entry's chain.
func (e *Entry) Chain() wire.ChainID { return e.chain }

// Signed says whether the entry carries its author's signature. One that does
// not proves nothing by itself: it stands before a signed one of its chain.
func (e *Entry) Signed() bool { return e.signed }

// Sign makes an entry of a header and its ciphertext. It sets the header's
// CtHash; Author must be the key's device. The new entry counts as verified.
func Sign(key *identity.Key, h Header, ct []byte) (*Entry, error) {
	if h.Author != key.Device() {
		return nil, fmt.Errorf("sign entry: %w: author is not the signing device", ErrMalformed)
	}
	if len(ct) > MaxCiphertextBytes {
		return nil, fmt.Errorf("sign entry: %w: ciphertext of %d bytes", ErrLimit, len(ct))
	}
	if err := h.validate(); err != nil {
		return nil, fmt.Errorf("sign entry: %w", err)
	}
	h.CtHash = sha256.Sum256(ct)
	hdr := h.encode(h.CtHash[:])
	e := &Entry{Header: h, Sig: key.Sign(wire.DomainEntry, hdr), signed: true, verified: true}
	e.assemble(hdr, ct)
	e.name()
	return e, nil
}

// name computes the ids of the entry and its chain.
func (e *Entry) name() {
	e.ID = wire.EntryID(wire.DomainEntry.Sum(e.Hdr))
	e.chain = e.Header.ChainID()
}

// assemble encodes the entry out of its parts.
func (e *Entry) assemble(hdr, ct []byte) {
	raw := make([]byte, 0, len(hdr)+len(ct)+len(e.Sig)+10)
	raw = appendHead(raw, majorArray, 3)
	raw = appendBytes(raw, hdr)
	e.Hdr = raw[len(raw)-len(hdr):]
	raw = appendBytes(raw, ct)
	e.Ct = raw[len(raw)-len(ct):]
	if e.signed {
		raw = appendBytes(raw, e.Sig[:])
	} else {
		raw = appendBytes(raw, nil)
	}
	e.Raw = raw
}

// Decode reads an entry, strictly: anything but the one canonical encoding is
// an error. It verifies neither the signature nor the ciphertext's hash. The
// entry keeps raw. [VerdictOf] says what an error means for the sender.
func Decode(raw []byte) (*Entry, error) {
	if len(raw) > MaxEntryBytes {
		return nil, fmt.Errorf("decode entry: %w: %d bytes", ErrLimit, len(raw))
	}
	e := &Entry{Raw: raw}
	r := reader{b: raw}
	fields := r.head(majorArray, "entry")
	e.Hdr = r.bytes("header")
	if r.err != nil {
		return nil, fmt.Errorf("decode entry: %w", r.err)
	}
	var err error
	if e.Header, err = decodeHeader(e.Hdr); err != nil {
		return nil, fmt.Errorf("decode entry: %w", err)
	}
	if fields != 3 {
		return nil, fmt.Errorf("decode entry: %w: entry has %d fields, not 3", wire.ErrNotCanonical, fields)
	}
	e.Ct = r.bytes("ciphertext")
	sig := r.bytes("signature")
	if err := r.end("entry"); err != nil {
		return nil, fmt.Errorf("decode entry: %w", err)
	}
	switch len(sig) {
	case 0:
	case len(e.Sig):
		copy(e.Sig[:], sig)
		e.signed = true
	default:
		return nil, fmt.Errorf("decode entry: %w: signature has %d bytes", wire.ErrNotCanonical, len(sig))
	}
	e.name()
	return e, nil
}

// verifyCiphertext checks the ciphertext against the hash in the header.
func (e *Entry) verifyCiphertext() bool { return sha256.Sum256(e.Ct) == e.CtHash }

// Verify checks the author's signature, once: the answer is remembered. It
// lets a caller do the dear part outside a lock, before Check.
func (e *Entry) Verify() bool {
	if !e.verified && e.signed {
		e.verified = wire.Verify(e.Author, wire.DomainEntry, e.Hdr, e.Sig)
	}
	return e.verified
}

// strip returns the entry without its signature, for a place inside a run
// where the signature was not verified.
func (e *Entry) strip() *Entry {
	if !e.signed {
		return e
	}
	s := &Entry{Header: e.Header, ID: e.ID, chain: e.chain}
	s.assemble(e.Hdr, e.Ct)
	return s
}
