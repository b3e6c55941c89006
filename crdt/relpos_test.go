package crdt_test

import (
	"errors"
	"testing"

	"github.com/sheafdocs/sheaf/crdt"
)

func TestRelativePositionsThatAreWrong(t *testing.T) {
	d := crdt.NewDoc(crdt.Config{ClientID: 1})
	text := d.Text("t")
	for name, got := range map[string]error{
		"index":    errOf(crdt.NewRelativePosition(text, 1, 0)),
		"negative": errOf(crdt.NewRelativePosition(text, -1, -1)),
		"assoc":    errOf(crdt.NewRelativePosition(text, 0, 1<<60)),
	} {
		if !errors.Is(got, crdt.ErrRange) {
			t.Errorf("%s: %v", name, got)
		}
	}
	if err := errOf(crdt.NewRelativePosition(crdt.NewText(), 0, 0)); !errors.Is(err, crdt.ErrDetached) {
		t.Errorf("new type: %v", err)
	}
	if err := errOf(crdt.NewRelativePosition(nil, 0, 0)); !errors.Is(err, crdt.ErrDetached) {
		t.Errorf("no type: %v", err)
	}
	if _, ok := d.Resolve(crdt.RelativePosition{}, true); ok {
		t.Error("the zero position is somewhere")
	}
	for _, b := range []string{"", "\x00", "\x00\x01", "\x01\x05ab", "\x02\x80", "\x03", "\x00\x01\x01\x80"} {
		if err := errOf(crdt.DecodeRelativePosition([]byte(b))); !errors.Is(err, crdt.ErrMalformed) {
			t.Errorf("%x: %v", b, err)
		}
	}
	for _, text := range []string{
		``, `[]`, `1`, `{}`, `{"assoc":1}`, `{"tname":1}`, `{"item":1}`, `{"item":{"client":1}}`,
		`{"item":{"client":-1,"clock":0}}`, `{"type":{"client":1,"clock":0.5}}`, `{"tname":"a","assoc":"1"}`,
	} {
		var p crdt.RelativePosition
		if err := p.UnmarshalJSON([]byte(text)); !errors.Is(err, crdt.ErrMalformed) || p != (crdt.RelativePosition{}) {
			t.Errorf("%s: %v %v", text, p, err)
		}
	}
}

func errOf[T any](_ T, err error) error { return err }

// FuzzRelativePosition checks that what was read resolves, and is written as it
// would be read again.
func FuzzRelativePosition(f *testing.F) {
	for _, b := range []string{"\x00\x01\x01\x00", "\x00\x01\x01", "\x01\x01t\x41", "\x02\x01\x00\x00", "\x02\x01\x03\x40"} {
		f.Add([]byte(b))
	}
	d := crdt.NewDoc(crdt.Config{ClientID: 1})
	d.Transact(nil, func(tx *crdt.Txn) {
		must(d.Text("t").Insert(tx, 0, "abc"))
		must(d.Map("m").Set(tx, "k", crdt.ValueOf(crdt.NewArray())))
	})
	f.Fuzz(func(t *testing.T, b []byte) {
		p, err := crdt.DecodeRelativePosition(b)
		if err != nil {
			return
		}
		if q, err := crdt.DecodeRelativePosition(p.Encode()); err != nil || q != p {
			t.Fatalf("%x became %x: %v", b, p.Encode(), err)
		}
		for _, follow := range []bool{false, true} {
			d.Resolve(p, follow)
		}
	})
}

// FuzzRelativePositionJSON is FuzzRelativePosition for the form in JSON.
func FuzzRelativePositionJSON(f *testing.F) {
	for _, text := range []string{
		`{"item":{"client":1,"clock":1},"assoc":0}`, `{"type":{"client":1,"clock":3},"assoc":-1}`, `{"tname":"t","assoc":2}`,
		`{"type":null,"tname":"","item":null}`, `{"tname":"\ud83d","assoc":1e3}`, `{"item":{"client":9007199254740991,"clock":0.0}}`,
	} {
		f.Add([]byte(text))
	}
	d := crdt.NewDoc(crdt.Config{ClientID: 1})
	d.Transact(nil, func(tx *crdt.Txn) {
		must(d.Text("t").Insert(tx, 0, "abc"))
		must(d.Map("m").Set(tx, "k", crdt.ValueOf(crdt.NewArray())))
	})
	f.Fuzz(func(t *testing.T, text []byte) {
		var p, q crdt.RelativePosition
		if err := p.UnmarshalJSON(text); err != nil {
			if !errors.Is(err, crdt.ErrMalformed) || p != q {
				t.Fatalf("%q: %v became %v", text, err, p)
			}
			return
		}
		for _, follow := range []bool{false, true} {
			d.Resolve(p, follow)
		}
		if name, ok := p.Root(); ok && name == "" {
			return // which Yjs's JSON cannot say
		}
		again, err := p.MarshalJSON()
		if err == nil {
			err = q.UnmarshalJSON(again)
		}
		if err != nil || q != p {
			t.Fatalf("%q became %s: %v", text, again, err)
		}
	})
}
