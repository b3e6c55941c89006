package replication

import (
	"bytes"
	"encoding/hex"
	"encoding/json"
	"flag"
	"os"
	"reflect"
	"strings"
	"testing"

	"github.com/sheafdocs/sheaf/node/wire"
)

var update = flag.Bool("update", false, "write the vectors anew")

const vectorFile = "../../docs/formats/vectors/sync.json"

// vectors is the file of test vectors for sync.md.
type vectors struct {
	Comment string        `json:"comment"`
	Tags    []tagVector   `json:"tags"`
	Frames  []frameVector `json:"frames"`
	Bad     []badVector   `json:"refused"`
}

type tagVector struct {
	Doc    string `json:"doc"`
	Opener string `json:"openerNonce"`
	Other  string `json:"otherNonce"`
	Tag    string `json:"tag"`
}

type frameVector struct {
	Name  string `json:"name"`
	Type  int    `json:"type"`
	Frame string `json:"frame"` // type and body
}

type badVector struct {
	Why   string `json:"why"`
	Frame string `json:"frame"`
}

func fill[A ~[16]byte | ~[32]byte](b byte) (a A) {
	for i := range len(a) {
		reflect.ValueOf(&a).Elem().Index(i).SetUint(uint64(b))
	}
	return a
}

// bodies are the frames of the vectors.
func bodies() []struct {
	t    frameType
	body any
} {
	tag := fill[Tag](0xa1)
	return []struct {
		t    frameType
		body any
	}{
		{frameHello, &helloFrame{Version: 1, Nonce: fill[[32]byte](1), Docs: []listed{}}},
		{frameHello, &helloFrame{Version: 1, Nonce: fill[[32]byte](1), Docs: []listed{{Tag: tag, Digest: fill[Digest](2)}}}},
		{frameAuth, &authFrame{Doc: fill[wire.DocID](3), Proof: []byte{4, 5, 6}}},
		{frameState, &stateFrame{Tag: tag, Flags: stateWraps, Heads: []wire.OpID{}, Vector: []position{}}},
		{frameState, &stateFrame{Tag: tag, Heads: []wire.OpID{fill[wire.OpID](7)}, Vector: []position{
			{Line: fill[wire.ChainID](8), Seq: 300, ID: fill[wire.EntryID](9)},
		}}},
		{frameWant, &wantFrame{Tag: tag, Chains: []wanted{{Line: fill[wire.ChainID](8), From: 301}}}},
		{frameData, &dataFrame{
			Tag: tag, Ops: [][]byte{{1}}, Wraps: [][]byte{{2, 2}}, SealKeys: [][]byte{},
			Requests: [][]byte{{3}}, Entries: [][]byte{{4, 4}, {5}},
		}},
		{frameReceipt, &receiptFrame{Tag: tag, Receipts: [][]byte{{6}}}},
		{frameDone, &doneFrame{Tag: tag, Digest: fill[Digest](2)}},
		{frameErr, &errFrame{Tag: tag, Code: uint64(codeRefused)}},
		{frameErr, &errFrame{Code: uint64(codeTooLarge)}},
	}
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
	for _, tv := range v.Tags {
		got := tagOf(wire.DocID(unhex(t, tv.Doc)), [32]byte(unhex(t, tv.Opener)), [32]byte(unhex(t, tv.Other)))
		if hex.EncodeToString(got[:]) != tv.Tag {
			t.Errorf("tag of %s is %x, want %s", tv.Doc, got, tv.Tag)
		}
	}
	want := bodies()
	if len(v.Frames) != len(want) {
		t.Fatalf("%d frames in the file, want %d", len(v.Frames), len(want))
	}
	for i, fv := range v.Frames {
		frame := unhex(t, fv.Frame)
		got, err := decodeFrame(frame)
		if err != nil {
			t.Errorf("%s: %v", fv.Name, err)
			continue
		}
		if !reflect.DeepEqual(got, want[i].body) {
			t.Errorf("%s decodes to %+v, want %+v", fv.Name, got, want[i].body)
		}
		again, err := encodeFrame(want[i].t, want[i].body)
		if err != nil || !bytes.Equal(again, frame) || int(frame[0]) != fv.Type {
			t.Errorf("%s encodes to %x, %v", fv.Name, again, err)
		}
	}
	for _, bv := range v.Bad {
		if body, err := decodeFrame(unhex(t, bv.Frame)); err == nil {
			t.Errorf("%s: decoded to %+v", bv.Why, body)
		}
	}
}

func writeVectors(t *testing.T) {
	t.Helper()
	v := vectors{Comment: "Vectors of docs/formats/sync.md. Byte strings are hexadecimal."}
	doc, n1, n2 := fill[wire.DocID](3), fill[[32]byte](1), fill[[32]byte](2)
	tag := tagOf(doc, n1, n2)
	v.Tags = []tagVector{{hex.EncodeToString(doc[:]), hex.EncodeToString(n1[:]), hex.EncodeToString(n2[:]), hex.EncodeToString(tag[:])}}
	for _, b := range bodies() {
		frame, err := encodeFrame(b.t, b.body)
		if err != nil {
			t.Fatal(err)
		}
		v.Frames = append(v.Frames, frameVector{b.t.String(), int(b.t), hex.EncodeToString(frame)})
	}
	done := v.Frames[8].Frame
	v.Bad = []badVector{
		{"no type", ""},
		{"no body", "06"},
		{"bytes after the body", done + "00"},
		{"cut short", done[:len(done)-2]},
		{"a map in place of the array", "06a0"},
		{"one field too few", "0681" + done[4:38]},
		{"tag of 15 bytes", strings.Replace(done, "50a1", "4f", 1)},
		{"null in place of a byte string", "0682f6f6"},
		{"a longer integer than needed", "0782" + done[4:38] + "1801"},
		{"an indefinite length", "069f" + done[4:] + "ff"},
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
