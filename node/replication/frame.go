package replication

import (
	"fmt"

	"github.com/sheafdocs/sheaf/node/oplog"
	"github.com/sheafdocs/sheaf/node/wire"
)

// Version of the protocol, said in HELLO.
const Version = 1

// Limits of frames. The receiver checks them before it takes memory.
const (
	MaxFrameBytes       = 1 << 20   // any frame
	MaxFirstFrameBytes  = 64 << 10  // a frame of a peer with which nothing is shared yet
	maxDataBytes        = 192 << 10 // records that the sender puts into one DATA frame; the frame stays below 256 KiB
	maxListed           = 1 << 10   // documents in one HELLO
	maxListedDocuments  = 1 << 16   // documents that a peer may list in a session
	maxHeads            = 1 << 12   // access heads in a STATE
	maxPositions        = 1 << 13   // lines of the vector in one STATE frame
	maxVector           = 1 << 16   // lines in all frames of one STATE
	maxWants            = 1 << 10   // chains in one WANT
	maxProofBytes       = 1 << 10   // proof in an AUTH
	maxReceipts         = 256       // receipts in one frame
	maxQueuedReceipts   = 1 << 16   // receipts waiting for a slow peer, one a chain
	maxQueuedErrors     = 256       // refusals waiting for a slow peer
	maxRequestBytes     = 8 << 10   // one request to be let in
	maxRequests         = 16        // requests in one frame
	maxRecordsPerFrame  = 1 << 14   // records of one kind in a DATA frame
	chunkBytes          = 32 << 10  // entries taken from one chain at a time
	frameOverheadBytes  = 1 << 10   // everything in a DATA frame but its records
	recordOverheadBytes = 5         // CBOR head of a record
)

// Tag names a document in one session: see tagOf.
type Tag [16]byte

// Frame types: the first byte of a frame. Types not listed are passed over.
type frameType byte

const (
	frameHello   frameType = 0
	frameAuth    frameType = 1
	frameState   frameType = 2
	frameWant    frameType = 3
	frameData    frameType = 4
	frameReceipt frameType = 5
	frameDone    frameType = 6
	frameErr     frameType = 7
)

func (t frameType) String() string {
	names := [...]string{"HELLO", "AUTH", "STATE", "WANT", "DATA", "RECEIPT", "DONE", "ERR"}
	if int(t) < len(names) {
		return names[t]
	}
	return fmt.Sprintf("type %d", byte(t))
}

// FrameName returns the name of a frame's type, for counting and logging.
func FrameName(frame []byte) string {
	if len(frame) == 0 || frame[0] > byte(frameErr) {
		return "unknown"
	}
	return frameType(frame[0]).String()
}

// helloFrame opens a session and, with documents, lists or updates digests.
type helloFrame struct {
	_       struct{} `cbor:",toarray"`
	Version uint64
	Nonce   [32]byte
	Docs    []listed
}

type listed struct {
	_      struct{} `cbor:",toarray"`
	Tag    Tag
	Digest Digest
}

// authFrame proves the key of an invite. It alone carries the document's id:
// the peer may have to look for it among documents closed to the sender.
type authFrame struct {
	_     struct{} `cbor:",toarray"`
	Doc   wire.DocID
	Proof []byte
}

// stateFrame says what the sender holds and asks for what it lacks. A state
// too large for one frame comes in several: Flags has stateMore in all but
// the last, and Heads are in the last.
type stateFrame struct {
	_      struct{} `cbor:",toarray"`
	Tag    Tag
	Flags  uint64
	Heads  []wire.OpID
	Vector []position
}

// position is how far the sender holds one line of the vector.
type position struct {
	_    struct{} `cbor:",toarray"`
	Line wire.ChainID
	Seq  uint64
	ID   wire.EntryID
}

const (
	stateMore  = 1 << 0 // another part follows
	stateWraps = 1 << 1 // wraps are wanted too
)

// wantFrame asks for entries of certain chains from certain places on.
type wantFrame struct {
	_      struct{} `cbor:",toarray"`
	Tag    Tag
	Chains []wanted
}

type wanted struct {
	_    struct{} `cbor:",toarray"`
	Line wire.ChainID
	From uint64
}

// dataFrame carries records of a document, asked for or not.
type dataFrame struct {
	_        struct{} `cbor:",toarray"`
	Tag      Tag
	Ops      [][]byte
	Wraps    [][]byte
	SealKeys [][]byte
	Requests [][]byte
	Entries  [][]byte
}

// receiptFrame carries receipts, each in the form oplog gives it.
type receiptFrame struct {
	_        struct{} `cbor:",toarray"`
	Tag      Tag
	Receipts [][]byte
}

// doneFrame ends the answer to a STATE or WANT.
type doneFrame struct {
	_      struct{} `cbor:",toarray"`
	Tag    Tag
	Digest Digest
}

// errFrame reports a fault: of one document, or with a zero tag of the
// session, which then ends.
type errFrame struct {
	_    struct{} `cbor:",toarray"`
	Tag  Tag
	Code uint64
}

// encodeFrame returns type byte and body.
func encodeFrame(t frameType, body any) ([]byte, error) {
	b, err := wire.Marshal(body)
	if err != nil {
		return nil, fmt.Errorf("encode %s: %w", t, err)
	}
	frame := append(make([]byte, 0, 1+len(b)), byte(t))
	frame = append(frame, b...)
	if len(frame) > MaxFrameBytes {
		return nil, fmt.Errorf("encode %s: %w: %d bytes", t, ErrTooLarge, len(frame))
	}
	return frame, nil
}

// decodeFrame reads a frame. An unknown type gives a nil body.
func decodeFrame(frame []byte) (any, error) {
	if len(frame) == 0 {
		return nil, fmt.Errorf("%w: empty", ErrMalformed)
	}
	if len(frame) > MaxFrameBytes {
		return nil, fmt.Errorf("%w: %d bytes", ErrTooLarge, len(frame))
	}
	t := frameType(frame[0])
	body := newBody(t)
	if body == nil {
		return nil, nil
	}
	if err := wire.Unmarshal(frame[1:], body); err != nil {
		return nil, fmt.Errorf("decode %s: %w: %w", t, ErrMalformed, err)
	}
	if err := checkBody(body); err != nil {
		return nil, fmt.Errorf("decode %s: %w", t, err)
	}
	return body, nil
}

func newBody(t frameType) any {
	switch t {
	case frameHello:
		return new(helloFrame)
	case frameAuth:
		return new(authFrame)
	case frameState:
		return new(stateFrame)
	case frameWant:
		return new(wantFrame)
	case frameData:
		return new(dataFrame)
	case frameReceipt:
		return new(receiptFrame)
	case frameDone:
		return new(doneFrame)
	case frameErr:
		return new(errFrame)
	}
	return nil
}

// checkBody applies the limits of a frame's lists.
func checkBody(body any) error {
	switch f := body.(type) {
	case *helloFrame:
		return within("documents", len(f.Docs), maxListed)
	case *authFrame:
		return within("proof bytes", len(f.Proof), maxProofBytes)
	case *stateFrame:
		if f.Flags&stateMore != 0 && len(f.Heads) != 0 {
			return fmt.Errorf("%w: heads before the last part", ErrMalformed)
		}
		if err := within("heads", len(f.Heads), maxHeads); err != nil {
			return err
		}
		return within("positions", len(f.Vector), maxPositions)
	case *wantFrame:
		return within("chains", len(f.Chains), maxWants)
	case *dataFrame:
		return checkData(f)
	case *receiptFrame:
		if err := within("receipts", len(f.Receipts), maxReceipts); err != nil {
			return err
		}
		return eachWithin("receipt bytes", f.Receipts, oplog.MaxReceiptBytes)
	}
	return nil
}

func checkData(f *dataFrame) error {
	for _, list := range [][][]byte{f.Ops, f.Wraps, f.SealKeys, f.Entries} {
		if err := within("records", len(list), maxRecordsPerFrame); err != nil {
			return err
		}
	}
	if err := within("requests", len(f.Requests), maxRequests); err != nil {
		return err
	}
	return eachWithin("request bytes", f.Requests, maxRequestBytes)
}

func eachWithin(what string, list [][]byte, max int) error {
	for _, b := range list {
		if err := within(what, len(b), max); err != nil {
			return err
		}
	}
	return nil
}

func within(what string, n, max int) error {
	if n > max {
		return fmt.Errorf("%w: %d %s, %d are allowed", ErrTooLarge, n, what, max)
	}
	return nil
}
