package yproto

import (
	"bytes"
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/sheafdocs/sheaf/crdt"
	"github.com/sheafdocs/sheaf/crdt/awareness"
)

// frames returns one frame of each kind, by kind.
func frames() map[Kind][]byte {
	return map[Kind][]byte{
		SyncStep1:        AppendSyncStep1(nil, []byte{1, 5, 9}),
		SyncStep2:        AppendSyncStep2(nil, []byte{0, 0}),
		Update:           AppendUpdate(nil, []byte{0, 0}),
		Awareness:        AppendAwareness(nil, []byte{0}),
		PermissionDenied: AppendPermissionDenied(nil, "read only"),
		QueryAwareness:   AppendQueryAwareness(nil),
	}
}

func TestRoundTrip(t *testing.T) {
	want := map[Kind]string{
		SyncStep1: "\x01\x05\x09", SyncStep2: "\x00\x00", Update: "\x00\x00",
		Awareness: "\x00", PermissionDenied: "read only", QueryAwareness: "",
	}
	for kind, frame := range frames() {
		m, err := Decode(frame)
		if err != nil || m.Kind != kind || string(m.Body) != want[kind] {
			t.Errorf("%v: decoded %v %q, %v", kind, m.Kind, m.Body, err)
		}
		for n := range frame {
			if _, err := Decode(frame[:n]); !errors.Is(err, ErrMalformed) {
				t.Errorf("%v cut to %d bytes: %v", kind, n, err)
			}
		}
		if _, err := Decode(append(bytes.Clone(frame), 0)); !errors.Is(err, ErrMalformed) {
			t.Errorf("%v with a byte after it: %v", kind, err)
		}
	}
}

func TestStateVector(t *testing.T) {
	m, err := Decode(frames()[SyncStep1])
	if err != nil {
		t.Fatal(err)
	}
	sv, err := m.StateVector()
	if err != nil || len(sv) != 1 || sv[5] != 9 {
		t.Errorf("state vector is %v, %v", sv, err)
	}
	if _, err := (Message{Kind: Update}).StateVector(); !errors.Is(err, ErrMalformed) {
		t.Errorf("state vector of an update: %v", err)
	}
	if _, err := (Message{Kind: SyncStep1, Body: []byte{3, 1}}).StateVector(); !errors.Is(err, crdt.ErrMalformed) {
		t.Errorf("malformed state vector: %v", err)
	}
}

func TestLimits(t *testing.T) {
	for name, frame := range map[string][]byte{
		"frame":        make([]byte, MaxFrameBytes+1),
		"state vector": AppendSyncStep1(nil, make([]byte, MaxStateVectorBytes+1)),
		"awareness":    AppendAwareness(nil, make([]byte, awareness.MaxUpdateBytes+1)),
		"reason":       AppendPermissionDenied(nil, strings.Repeat("x", MaxReasonBytes+1)),
		"kind":         {4},
		"sync kind":    {0, 3, 0},
		"auth kind":    {2, 1, 0},
		"not UTF-8":    {2, 0, 1, 0xff},
	} {
		if _, err := Decode(frame); !errors.Is(err, ErrMalformed) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func FuzzDecode(f *testing.F) {
	for _, frame := range frames() {
		f.Add(frame)
	}
	f.Fuzz(func(t *testing.T, frame []byte) {
		m, err := Decode(frame)
		if err != nil {
			return
		}
		m.StateVector()
		var again []byte
		switch m.Kind {
		case SyncStep1:
			again = AppendSyncStep1(nil, m.Body)
		case SyncStep2:
			again = AppendSyncStep2(nil, m.Body)
		case Update:
			again = AppendUpdate(nil, m.Body)
		case Awareness:
			again = AppendAwareness(nil, m.Body)
		case PermissionDenied:
			again = AppendPermissionDenied(nil, string(m.Body))
		case QueryAwareness:
			again = AppendQueryAwareness(nil)
		}
		n, err := Decode(again)
		if err != nil || n.Kind != m.Kind || !bytes.Equal(n.Body, m.Body) {
			t.Fatalf("%x became %x: %v", frame, again, err)
		}
	})
}

func Example() {
	frame := AppendUpdate(nil, []byte{0, 0})
	m, err := Decode(frame)
	fmt.Println(m.Kind, len(m.Body), err)
	// Output: update 2 <nil>
}
