//go:build !js

package yproto_test

import (
	"bytes"
	"encoding/hex"
	"math/rand/v2"
	"testing"

	"github.com/sheafdocs/sheaf/crdt"
	"github.com/sheafdocs/sheaf/crdt/awareness"
	"github.com/sheafdocs/sheaf/crdt/crdttest/oracle"
	"github.com/sheafdocs/sheaf/crdt/yproto"
)

// message is what node/protocols.mjs writes or reads.
type message struct {
	Kind string `json:"k"`
	Body string `json:"body,omitempty"` // hex
	Text string `json:"text,omitempty"`
}

type framesRequest struct {
	Do       string    `json:"do"`
	Messages []message `json:"messages"`
}

// TestOracle lets y-protocols write each kind of frame, which must be ours
// byte for byte, and read ours.
func TestOracle(t *testing.T) {
	o, err := oracle.Start()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := o.Close(); err != nil {
			t.Error(err)
		}
	})
	doc := newDoc(t)
	state, sv := doc.EncodeStateAsUpdate(nil), doc.StateVector().Encode()
	presence := awareness.AppendUpdate(nil, awareness.Entry{Client: 7, Clock: 3, State: []byte(`{"a":1}`)})
	reason := "nur lesen: это 😀"

	q := framesRequest{Do: "frames"}
	var want [][]byte
	write := func(kind yproto.Kind, body []byte, text string, frame []byte) {
		q.Messages = append(q.Messages, message{kind.String(), hex.EncodeToString(body), text})
		want = append(want, frame)
	}
	write(yproto.SyncStep1, state, "", yproto.AppendSyncStep1(nil, sv))
	write(yproto.SyncStep2, state, "", yproto.AppendSyncStep2(nil, state))
	write(yproto.Update, state, "", yproto.AppendUpdate(nil, state))
	write(yproto.Awareness, presence, "", yproto.AppendAwareness(nil, presence))
	write(yproto.PermissionDenied, nil, reason, yproto.AppendPermissionDenied(nil, reason))
	write(yproto.QueryAwareness, nil, "", yproto.AppendQueryAwareness(nil))
	for _, frame := range want[:len(want):len(want)] {
		q.Messages = append(q.Messages, message{Kind: "read", Body: hex.EncodeToString(frame)})
	}
	answers, err := o.Ask(q)
	if err != nil {
		t.Fatal(err)
	}
	if len(answers) != 2*len(want) {
		t.Fatalf("%d answers: %s", len(answers), answers[len(answers)-1].Get("error"))
	}
	for i, frame := range want {
		theirs := answers[i].Get("frame")
		if !bytes.Equal(theirs, frame) {
			t.Errorf("%s: y-protocols writes %x, we %x", q.Messages[i].Kind, theirs, frame)
		}
		m, err := yproto.Decode(theirs)
		if err != nil || m.Kind.String() != q.Messages[i].Kind {
			t.Errorf("%s is read as %v, %v", q.Messages[i].Kind, m.Kind, err)
		}
	}
	read := answers[len(want):]
	check := func(kind yproto.Kind, field string, want []byte) {
		if got := read[kind-yproto.SyncStep1].Get(field); !bytes.Equal(got, want) {
			t.Errorf("reading our %v frame, y-protocols has %s %x, want %x", kind, field, got, want)
		}
	}
	// The reader's own document is empty, so it answers with an empty update.
	check(yproto.SyncStep1, "reply", yproto.AppendSyncStep2(nil, []byte{0, 0})[1:])
	check(yproto.SyncStep2, "state", state)
	check(yproto.Update, "state", state)
	check(yproto.Awareness, "awareness", presence)
	check(yproto.PermissionDenied, "denied", []byte(reason))
	check(yproto.QueryAwareness, "kind", []byte("3"))
}

// newDoc returns a document with some text.
func newDoc(t *testing.T) *crdt.Doc {
	t.Helper()
	doc := crdt.NewDoc(crdt.Config{ClientID: 1<<53 - 5})
	text := doc.Text("text")
	r := rand.New(rand.NewPCG(1, 2))
	doc.Transact(nil, func(tx *crdt.Txn) {
		for range 40 {
			if err := text.Insert(tx, r.IntN(text.Len()+1), "é😀x"); err != nil {
				t.Error(err)
			}
		}
	})
	return doc
}
