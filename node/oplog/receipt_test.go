package oplog_test

import (
	"bytes"
	"errors"
	"testing"
	"time"

	"github.com/sheafdocs/sheaf/node/oplog"
	"github.com/sheafdocs/sheaf/node/wire"
)

func testReceipt(t testing.TB) oplog.Receipt {
	t.Helper()
	r, err := oplog.SignReceipt(keyOf(t, 5), oplog.Receipt{
		Doc: testDoc.Short(), Chain: wire.ChainID{7}, Seq: 1234, Entry: wire.EntryID{9},
		TS: time.UnixMilli(1_750_000_000_123),
	})
	if err != nil {
		t.Fatal(err)
	}
	return r
}

func TestReceipt(t *testing.T) {
	r := testReceipt(t)
	raw := r.Encode()
	got, err := oplog.DecodeReceipt(raw)
	if err != nil || got != r {
		t.Fatalf("decoded %+v (%v), want %+v", got, err, r)
	}
	if got.Device != keyOf(t, 5).Device() {
		t.Error("receipt of another device")
	}
	for i := range raw {
		for bit := range 8 {
			bad := bytes.Clone(raw)
			bad[i] ^= 1 << bit
			if _, err := oplog.DecodeReceipt(bad); err == nil {
				t.Errorf("flip of bit %d of byte %d is accepted", bit, i)
			}
		}
	}
	for n := range raw {
		if _, err := oplog.DecodeReceipt(raw[:n]); err == nil {
			t.Errorf("%d bytes of %d are accepted", n, len(raw))
		}
	}
	if _, err := oplog.DecodeReceipt(append(bytes.Clone(raw), 0)); !errors.Is(err, wire.ErrNotCanonical) {
		t.Errorf("a byte too many: %v", err)
	}
	if _, err := oplog.DecodeReceipt(make([]byte, oplog.MaxReceiptBytes+1)); !errors.Is(err, oplog.ErrLimit) {
		t.Errorf("too long: %v", err)
	}
	later := mustMarshal(t, [][]byte{{0x81, 0x02}, nil})
	if _, err := oplog.DecodeReceipt(later); !errors.Is(err, wire.ErrUnknownVersion) {
		t.Errorf("later version: %v", err)
	}
}

// TestReceiptTime: whatever the clock says, what is signed decodes.
func TestReceiptTime(t *testing.T) {
	for _, ts := range []time.Time{{}, time.UnixMilli(-5), time.Unix(0, 1_999_999)} {
		r, err := oplog.SignReceipt(keyOf(t, 5), oplog.Receipt{TS: ts})
		if err != nil {
			t.Fatal(err)
		}
		if got, err := oplog.DecodeReceipt(r.Encode()); err != nil || got != r {
			t.Errorf("%v: decoded %v (%v), want %v", ts, got.TS, err, r.TS)
		}
	}
	far := oplog.Receipt{TS: time.UnixMilli(1 << 60)}
	if _, err := oplog.SignReceipt(keyOf(t, 5), far); !errors.Is(err, oplog.ErrLimit) {
		t.Errorf("far future: %v", err)
	}
	if _, err := oplog.SignReceipt(keyOf(t, 5), oplog.Receipt{Seq: oplog.MaxSeq + 1}); !errors.Is(err, oplog.ErrLimit) {
		t.Errorf("seq: %v", err)
	}
}

func FuzzDecodeReceipt(f *testing.F) {
	r := testReceipt(f)
	f.Add(r.Encode())
	f.Add([]byte{})
	f.Fuzz(func(t *testing.T, raw []byte) {
		r, err := oplog.DecodeReceipt(raw)
		if err != nil {
			return
		}
		if !bytes.Equal(r.Encode(), raw) {
			t.Errorf("%x encodes to %x", raw, r.Encode())
		}
	})
}
