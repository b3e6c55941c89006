package access

import (
	"bytes"
	"errors"
	"testing"

	"github.com/sheafdocs/sheaf/node/wire"
)

func FuzzDecodeOp(f *testing.F) {
	ops := vectorOps(&accessVectors{})
	for _, op := range ops {
		f.Add(op.Raw)
	}
	f.Add([]byte{0x82, 0x40, 0x40})
	doc := ops[0].DocID()
	f.Fuzz(func(t *testing.T, b []byte) {
		op, err := DecodeOp(b)
		if err != nil {
			if !errors.Is(err, ErrMalformed) && !errors.Is(err, ErrSignature) && !errors.Is(err, wire.ErrUnknownVersion) {
				t.Fatalf("an error without a class: %v", err)
			}
			return
		}
		if !bytes.Equal(op.Raw, b) {
			t.Fatal("the op's bytes are others")
		}
		l := NewLog(doc)
		if _, err := l.Add(op); err == nil {
			l.Members()
		}
	})
}

// FuzzOpHeader changes what is signed and signs it anew, so that the fuzzer gets
// past the signature.
func FuzzOpHeader(f *testing.F) {
	ops := vectorOps(&accessVectors{})
	for _, op := range ops {
		var e envelope
		if err := wire.Unmarshal(op.Raw, &e); err != nil {
			f.Fatal(err)
		}
		f.Add(e.Hdr)
	}
	ada := vectorKey(1)
	f.Fuzz(func(t *testing.T, hdr []byte) {
		raw := must(wire.Marshal(envelope{Hdr: hdr, Sig: ada.Sign(wire.DomainACL, hdr)}))
		op, err := DecodeOp(raw)
		if err != nil {
			return
		}
		// Alike before and after the others.
		l, other := NewLog(ops[0].DocID()), NewLog(ops[0].DocID())
		_, _ = other.Add(op)
		for _, o := range ops {
			_, _ = l.Add(o)
			_, _ = other.Add(o)
			other.Members()
		}
		_, err = l.Add(op)
		if err != nil && l.Has(op.ID) {
			t.Fatal("an op that was refused is in the log")
		}
		if l.Has(op.ID) && (l.Valid(op.ID) != other.Valid(op.ID) || len(l.Members()) != len(other.Members())) {
			t.Fatal("the order of arrival decides")
		}
		if auth, role, ok := l.Authority(ada.Device()); !ok || role != Owner || auth != ops[0].ID.Short() {
			t.Fatal("the creator lost the document")
		}
	})
}

func FuzzParseJoinRequest(f *testing.F) {
	v := &accessVectors{}
	vectorOps(v)
	f.Add([]byte(v.Request))
	f.Add([]byte{0x82, 0x41, 0x81, 0x40})
	f.Fuzz(func(t *testing.T, b []byte) {
		if r, err := ParseJoinRequest(b); err == nil {
			l, _ := newTestLog(vectorKey(1))
			_ = CheckJoinRequest(l, r, testTime)
		}
	})
}

func FuzzDecodeWrap(f *testing.F) {
	w := &Wrap{Doc: wire.Doc16{1}, Epoch: wire.EpochID{2}, Recipient: wire.SealHash{3}, Ct: make([]byte, 1168)}
	if err := w.Sign(vectorKey(1)); err != nil {
		f.Fatal(err)
	}
	f.Add(must(w.Encode()))
	f.Fuzz(func(t *testing.T, b []byte) {
		w, err := DecodeWrap(b)
		if err != nil {
			return
		}
		if again := must(w.Encode()); !bytes.Equal(again, b) {
			t.Fatalf("took %x, gives back %x", b, again)
		}
		w.Verify()
	})
}

func FuzzVerifyInvite(f *testing.F) {
	v := &accessVectors{}
	ops := vectorOps(v)
	l := NewLog(ops[0].DocID())
	for _, o := range ops[:2] {
		must(l.Add(o))
	}
	prover, verifier, challenge := wire.Device(v.Invite.Prover), wire.Device(v.Invite.Verifier), [32]byte(v.Invite.Nonce)
	good := []byte(v.Invite.Proof)
	if _, ok := l.VerifyInvite(good, prover, verifier, challenge, testTime); !ok {
		f.Fatal("the proof of the vectors does not verify")
	}
	f.Add(good)
	f.Fuzz(func(t *testing.T, b []byte) {
		if _, ok := l.VerifyInvite(b, prover, verifier, challenge, testTime); ok && !bytes.Equal(b, good) {
			t.Fatalf("another proof verifies: %x", b)
		}
	})
}

func FuzzParseLink(f *testing.F) {
	for _, s := range []string{
		Link{Doc: wire.DocID{1}, Hints: []string{"/ip4/127.0.0.1/tcp/1"}}.String(),
		"https://example.org/#v1.", "sheaf://join#v2.a", "#v1....", "v1.a.b.c.d",
	} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		l, err := ParseLink(s)
		if err != nil {
			if !errors.Is(err, ErrLink) {
				t.Fatalf("an error without a class: %v", err)
			}
			return
		}
		again, err := ParseLink(l.String())
		if err != nil || again.Doc != l.Doc || again.Secret != l.Secret || len(again.Hints) != len(l.Hints) {
			t.Fatalf("%q: comes back as %+v, %v", s, again, err)
		}
	})
}

// FuzzDecodeStored: what a store gives back is taken exactly where the same bytes
// with a good signature are, and a log loads it without an end to the process.
func FuzzDecodeStored(f *testing.F) {
	ops := vectorOps(&accessVectors{})
	for _, op := range ops {
		var e envelope
		if err := wire.Unmarshal(op.Raw, &e); err != nil {
			f.Fatal(err)
		}
		f.Add(e.Hdr)
		var h opHeader
		if err := wire.Unmarshal(e.Hdr, &h); err != nil {
			f.Fatal(err)
		}
		if h.Kind != KindGenesis {
			h.Auth = wire.OpID{1} // an op that nobody has
			f.Add(must(wire.Marshal(h)))
		}
	}
	ada := vectorKey(1)
	f.Fuzz(func(t *testing.T, hdr []byte) {
		op, err := DecodeStored(must(wire.Marshal(envelope{Hdr: hdr})))
		if err != nil {
			if !errors.Is(err, ErrMalformed) && !errors.Is(err, wire.ErrUnknownVersion) {
				t.Fatalf("an error without a class: %v", err)
			}
			if op, err := DecodeOp(must(wire.Marshal(envelope{Hdr: hdr, Sig: ada.Sign(wire.DomainACL, hdr)}))); err == nil {
				t.Fatalf("%s is taken from a peer and not from the store", op.Kind)
			}
			return
		}
		l := NewLog(ops[0].DocID())
		l.Load(append([]*Op{op}, ops...))
		if auth, role, ok := l.Authority(ada.Device()); !ok || role != Owner || auth != ops[0].ID.Short() {
			t.Fatal("the creator lost the document")
		}
	})
}
