package gossip

import (
	"bytes"
	"encoding/hex"
	"encoding/json"
	"errors"
	"flag"
	"os"
	"testing"

	"github.com/libp2p/go-libp2p/core/peer"

	pb "github.com/libp2p/go-libp2p-pubsub/pb"

	"github.com/sheafdocs/sheaf/node/oplog"
	"github.com/sheafdocs/sheaf/node/wire"
)

var update = flag.Bool("update", false, "write the vectors anew")

const vectorFile = "../../docs/formats/vectors/gossip.json"

type vectors struct {
	Comment  string    `json:"comment"`
	Messages []message `json:"messages"`
	Verdicts []verdict `json:"verdicts"`
}

type message struct {
	Kind int    `json:"kind"`
	Body string `json:"body"`
	Data string `json:"data"`
	ID   string `json:"id"`
}

type verdict struct {
	Why    string `json:"why"`
	Data   string `json:"data"`
	Action string `json:"action"`
}

func TestVectors(t *testing.T) {
	if *update {
		writeVectors(t)
	}
	raw, err := os.ReadFile(vectorFile)
	if err != nil {
		t.Fatal(err)
	}
	var v vectors
	if err := json.Unmarshal(raw, &v); err != nil {
		t.Fatal(err)
	}
	for _, m := range v.Messages {
		data, body := unhex(t, m.Data), unhex(t, m.Body)
		got, err := decode(data)
		if err != nil || int(got.Kind) != m.Kind || !bytes.Equal(got.Body, body) {
			t.Errorf("decode %s: %+v, %v", m.Data, got, err)
		}
		again, err := encode(Message{Kind: Kind(m.Kind), Body: body})
		if err != nil || !bytes.Equal(again, data) {
			t.Errorf("encode %s: %x, %v", m.Data, again, err)
		}
		if id := messageID(&pb.Message{Data: data}); hex.EncodeToString([]byte(id)) != m.ID {
			t.Errorf("id of %s is %x", m.Data, id)
		}
	}
	for _, w := range v.Verdicts {
		_, err := decode(unhex(t, w.Data))
		if got := verdictOf(err).Action.String(); got != w.Action {
			t.Errorf("%s: %s (%v), want %s", w.Why, got, err, w.Action)
		}
	}
}

func writeVectors(t *testing.T) {
	t.Helper()
	v := vectors{Comment: "Vectors of docs/formats/gossip.md. Byte strings are hexadecimal."}
	for k := Entry; k <= Presence; k++ {
		body := bytes.Repeat([]byte{byte(k)}, 3)
		data, err := encode(Message{Kind: k, Body: body})
		if err != nil {
			t.Fatal(err)
		}
		id := messageID(&pb.Message{Data: data})
		v.Messages = append(v.Messages, message{int(k), hex.EncodeToString(body), hex.EncodeToString(data), hex.EncodeToString([]byte(id))})
	}
	v.Verdicts = []verdict{
		{"version 2, of any shape", "8202ff", "ignore"},
		{"kind of a later version", "83010443000000", "ignore"},
		{"longer head than needed", "8301180043000000", "reject"},
		{"bytes after the message", "8301004300000000", "reject"},
		{"null body", "830100f6", "reject"},
		{"text in place of bytes", "83010063616161", "reject"},
		{"a map", "a0", "reject"},
		{"nothing", "", "reject"},
		{"presence of 1,025 bytes", "830103590401" + hex.EncodeToString(make([]byte, 1025)), "reject"},
	}
	out, err := json.MarshalIndent(v, "", "  ")
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(vectorFile, append(out, '\n'), 0o644); err != nil {
		t.Fatal(err)
	}
}

func unhex(t *testing.T, s string) []byte {
	t.Helper()
	b, err := hex.DecodeString(s)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// anything is a document that lets everything through.
type anything struct{ delivered int }

func (*anything) Allows(wire.Device) bool                  { return true }
func (*anything) CheckEntry(*oplog.Entry) oplog.Verdict    { return oplog.Verdict{} }
func (*anything) CheckOp([]byte) oplog.Verdict             { return oplog.Verdict{} }
func (*anything) CheckPresence([]byte) oplog.Verdict       { return oplog.Verdict{} }
func (a *anything) Deliver(from wire.Device, msgs Message) { a.delivered++ }

// FuzzMessage judges arbitrary messages: whatever is let through encodes back
// to the same bytes.
func FuzzMessage(f *testing.F) {
	raw, err := os.ReadFile(vectorFile)
	if err != nil {
		f.Fatal(err)
	}
	var v vectors
	if err := json.Unmarshal(raw, &v); err != nil {
		f.Fatal(err)
	}
	for _, m := range v.Messages {
		b, err := hex.DecodeString(m.Data)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(b)
	}
	for _, w := range v.Verdicts {
		b, err := hex.DecodeString(w.Data)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(b)
	}
	m, err := newMetrics(nil)
	if err != nil {
		f.Fatal(err)
	}
	g := &Gossip{metrics: m, log: discard}
	f.Fuzz(func(t *testing.T, data []byte) {
		doc := new(anything)
		j := newJudge(g, doc)
		result, _ := j.message(peer.ID("x"), wire.Device{1}, data, start)
		got, err := decode(data)
		if err != nil {
			if result == 0 {
				t.Fatalf("accepted what does not decode: %v", err)
			}
			return
		}
		again, err := encode(got)
		if err != nil || !bytes.Equal(again, data) {
			t.Fatalf("%x decodes, but encodes to %x, %v", data, again, err)
		}
	})
}

func TestTooLargeToEncode(t *testing.T) {
	for _, k := range []Kind{Entry, Op, Wrap, Presence} {
		if _, err := encode(Message{Kind: k, Body: make([]byte, maxBody(k)+1)}); !errors.Is(err, ErrTooLarge) {
			t.Errorf("%s: %v", k, err)
		}
		b, err := encode(Message{Kind: k, Body: make([]byte, maxBody(k))})
		if err != nil || len(b) > MaxMessageBytes {
			t.Errorf("%s: %d bytes, %v", k, len(b), err)
		}
	}
}
