package oplog

import (
	"fmt"
	"time"

	"github.com/sheafdocs/sheaf/node/identity"
	"github.com/sheafdocs/sheaf/node/wire"
)

// MaxReceiptBytes limits an encoded receipt.
const MaxReceiptBytes = 256

// maxTime is the latest time, in milliseconds, that signed records may carry:
// the largest number that JSON readers keep exactly.
const maxTime = 1<<53 - 1

// Receipt is a device's signed word that it holds a chain, up to and including
// one entry, where a loss of power does not reach it.
type Receipt struct {
	Doc    wire.Doc16
	Device wire.Device // who holds it, and signs
	Chain  wire.ChainID
	Seq    uint64
	Entry  wire.EntryID // the chain's entry with that number
	TS     time.Time    // when, by the device's clock; whole milliseconds, for display only
	Sig    wire.Signature
}

// body returns the signed bytes.
func (r *Receipt) body() []byte {
	b := make([]byte, 0, MaxReceiptBytes)
	b = appendHead(b, majorArray, 7)
	b = appendUint(b, Version)
	b = appendBytes(b, r.Doc[:])
	b = appendBytes(b, r.Device[:])
	b = appendBytes(b, r.Chain[:])
	b = appendUint(b, r.Seq)
	b = appendBytes(b, r.Entry[:])
	return appendUint(b, uint64(max(r.TS.UnixMilli(), 0)))
}

// SignReceipt signs a receipt as the key's device: it sets Device and Sig, and
// cuts TS to milliseconds.
func SignReceipt(key *identity.Key, r Receipt) (Receipt, error) {
	r.Device = key.Device()
	r.TS = time.UnixMilli(max(r.TS.UnixMilli(), 0))
	if r.Seq > MaxSeq || r.TS.UnixMilli() > maxTime {
		return r, fmt.Errorf("sign receipt: %w", ErrLimit)
	}
	r.Sig = key.Sign(wire.DomainReceipt, r.body())
	return r, nil
}

// Encode returns the receipt's bytes.
func (r *Receipt) Encode() []byte {
	b := make([]byte, 0, MaxReceiptBytes)
	b = appendHead(b, majorArray, 2)
	b = appendBytes(b, r.body())
	return appendBytes(b, r.Sig[:])
}

// DecodeReceipt reads a receipt strictly and verifies its signature. Whether
// its device is to be believed is the caller's to ask.
func DecodeReceipt(raw []byte) (Receipt, error) {
	rc, body, err := readReceipt(raw)
	if err == nil && !wire.Verify(rc.Device, wire.DomainReceipt, body, rc.Sig) {
		err = fmt.Errorf("decode receipt: %w", ErrSignature)
	}
	return rc, err
}

// LoadReceipt reads a receipt from the own store, where nothing is put before it
// was verified. It does not verify the signature.
func LoadReceipt(raw []byte) (Receipt, error) {
	rc, _, err := readReceipt(raw)
	return rc, err
}

// readReceipt reads a receipt and returns the bytes that are signed too.
func readReceipt(raw []byte) (rc Receipt, body []byte, err error) {
	if len(raw) > MaxReceiptBytes {
		return rc, nil, fmt.Errorf("decode receipt: %w: %d bytes", ErrLimit, len(raw))
	}
	if body, err = openSigned(raw, &rc.Sig); err != nil {
		return rc, nil, fmt.Errorf("decode receipt: %w", err)
	}
	r := reader{b: body}
	r.array(7, "receipt")
	r.uint(Version, "version")
	r.fixed(rc.Doc[:], "document")
	r.fixed(rc.Device[:], "device")
	r.fixed(rc.Chain[:], "chain")
	rc.Seq = r.uint(MaxSeq, "seq")
	r.fixed(rc.Entry[:], "entry")
	rc.TS = time.UnixMilli(int64(r.uint(maxTime, "time")))
	if err := r.end("receipt"); err != nil {
		return rc, nil, fmt.Errorf("decode receipt: %w", err)
	}
	return rc, body, nil
}

// openSigned reads [body, sig] and the version of the body, which is returned
// undecoded.
func openSigned(raw []byte, sig *wire.Signature) (body []byte, err error) {
	r := reader{b: raw}
	fields := r.head(majorArray, "record")
	body = r.bytes("body")
	if r.err != nil {
		return nil, r.err
	}
	version, err := wire.ReadVersion(body)
	if err != nil {
		return nil, fmt.Errorf("read version: %w", err)
	}
	if version != Version {
		return nil, fmt.Errorf("%w: version %d", wire.ErrUnknownVersion, version)
	}
	if fields != 2 {
		r.fail("record has %d fields, not 2", fields)
	}
	r.fixed(sig[:], "signature")
	return body, r.end("record")
}
