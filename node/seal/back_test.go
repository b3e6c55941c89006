package seal

import (
	"bytes"
	"errors"
	"slices"
	"testing"

	"github.com/sheafdocs/sheaf/node/identity"
	"github.com/sheafdocs/sheaf/node/wire"
)

// heldKeys makes n keys of one rotator, in order.
func heldKeys(n int) []HeldKey {
	rotator := wire.Device(bytes.Repeat([]byte{0x0a}, 32))
	keys := make([]HeldKey, n)
	for i := range keys {
		ek := EpochKey(bytes.Repeat([]byte{byte(i + 1)}, 32))
		keys[i] = HeldKey{Rotator: rotator, Epoch: ek.ID(rotator), Key: ek}
	}
	slices.SortFunc(keys, func(a, b HeldKey) int { return bytes.Compare(a.Epoch[:], b.Epoch[:]) })
	return keys
}

// TestBack: the new key's holder gets every older key; under another key,
// document or rotator, or with any byte changed, nobody gets anything.
func TestBack(t *testing.T) {
	doc, rotator := wire.DocID{8}, wire.Device{7}
	for _, n := range []int{0, 1, MaxBackKeys} {
		keys := heldKeys(n)
		back, err := SealBack(testKey, doc, rotator, keys)
		if err != nil {
			t.Fatal(err)
		}
		if len(back) > MaxBackBytes {
			t.Errorf("back of %d keys has %d bytes, the limit is %d", n, len(back), MaxBackBytes)
		}
		got, err := OpenBack(testKey, doc, rotator, back)
		if err != nil || !slices.Equal(got, keys) {
			t.Errorf("back of %d keys opens to %d (%v)", n, len(got), err)
		}
		for name, open := range map[string]func() ([]HeldKey, error){
			"another key":      func() ([]HeldKey, error) { return OpenBack(EpochKey{9}, doc, rotator, back) },
			"another document": func() ([]HeldKey, error) { return OpenBack(testKey, wire.DocID{9}, rotator, back) },
			"another rotator":  func() ([]HeldKey, error) { return OpenBack(testKey, doc, wire.Device{9}, back) },
			"cut":              func() ([]HeldKey, error) { return OpenBack(testKey, doc, rotator, back[:len(back)-1]) },
			"nothing":          func() ([]HeldKey, error) { return OpenBack(testKey, doc, rotator, nil) },
			"longer than allowed": func() ([]HeldKey, error) {
				return OpenBack(testKey, doc, rotator, make([]byte, MaxBackBytes+1))
			},
		} {
			if got, err := open(); !errors.Is(err, ErrBack) || got != nil {
				t.Errorf("%s: %d keys, %v", name, len(got), err)
			}
		}
		for i := range back {
			changed := bytes.Clone(back)
			changed[i] ^= 1
			if _, err := OpenBack(testKey, doc, rotator, changed); !errors.Is(err, ErrBack) {
				t.Errorf("byte %d changed: %v", i, err)
			}
		}
	}
}

// TestBackOfFalseKeys: keys that are not those their epochs were announced
// with, out of order, double or too many are neither sealed nor opened.
func TestBackOfFalseKeys(t *testing.T) {
	doc, rotator := wire.DocID{8}, wire.Device{7}
	false1 := heldKeys(2)
	false1[1].Key[0] ^= 1
	claimed := heldKeys(2)
	claimed[0].Rotator = wire.Device{9} // someone else's epoch announced as one's own
	swapped := heldKeys(2)
	swapped[0], swapped[1] = swapped[1], swapped[0]
	double := heldKeys(1)
	double = append(double, double[0])
	for name, keys := range map[string][]HeldKey{
		"another key": false1, "another rotator": claimed, "order": swapped, "double": double, "too many": heldKeys(MaxBackKeys + 1),
	} {
		if _, err := SealBack(testKey, doc, rotator, keys); err == nil {
			t.Errorf("%s: sealed", name)
		}
		pt, err := wire.Marshal(keys)
		if err != nil {
			t.Fatal(err)
		}
		c, err := backCipher(testKey, doc, rotator)
		if err != nil {
			t.Fatal(err)
		}
		if got, err := OpenBack(testKey, doc, rotator, c.seal(nil, pt)); !errors.Is(err, ErrBack) || got != nil {
			t.Errorf("%s: opened to %d keys, %v", name, len(got), err)
		}
	}
}

type backVectors struct {
	Comment  string   `json:"comment"`
	EpochKey hexBytes `json:"epoch_key"`
	Doc      hexBytes `json:"doc"`
	Rotator  hexBytes `json:"rotator"`
	Plain    hexBytes `json:"plaintext"`
	Back     hexBytes `json:"back"`
	Owner    hexBytes `json:"seal_key_owner"`
	Public   hexBytes `json:"seal_key_public"`
	SealKey  hexBytes `json:"seal_key_record"`
}

func TestBackVectors(t *testing.T) {
	v := backVectors{
		Comment:  "docs/formats/wrap.md: the back of a rotation, and a seal key record. Bytes in hexadecimal.",
		EpochKey: bytes.Repeat([]byte{0xe0}, 32), Doc: bytes.Repeat([]byte{0xd0}, 32), Rotator: bytes.Repeat([]byte{0xde}, 32),
		Owner: bytes.Repeat([]byte{0x0a}, 32), Public: testIdentity(t, 2).SealPublic(),
	}
	if !*update {
		readVectors(t, "back.json", &v)
	}
	keys := heldKeys(2)
	pt, err := wire.Marshal(keys)
	if err != nil {
		t.Fatal(err)
	}
	back, err := SealBack(EpochKey(v.EpochKey), wire.DocID(v.Doc), wire.Device(v.Rotator), keys)
	if err != nil {
		t.Fatal(err)
	}
	record, err := SealKey{Owner: wire.Device(v.Owner), Public: v.Public}.Encode()
	if err != nil {
		t.Fatal(err)
	}
	if *update {
		v.Plain, v.Back, v.SealKey = pt, back, record
		writeVectors(t, "back.json", v)
	}
	same(t, "plaintext", pt, v.Plain)
	same(t, "back", back, v.Back)
	same(t, "seal key record", record, v.SealKey)
	if got, err := OpenBack(EpochKey(v.EpochKey), wire.DocID(v.Doc), wire.Device(v.Rotator), v.Back); err != nil || !slices.Equal(got, keys) {
		t.Errorf("back opens to %d keys (%v)", len(got), err)
	}
	if k, err := DecodeSealKey(v.SealKey); err != nil || k.Owner != wire.Device(v.Owner) || !bytes.Equal(k.Public, v.Public) {
		t.Errorf("seal key record reads as %+v (%v)", k, err)
	}
}

// TestSealKey: a record reads as what was written, and nothing else does.
func TestSealKey(t *testing.T) {
	key := testIdentity(t, 1)
	raw, err := SealKey{Owner: key.Device(), Public: key.SealPublic()}.Encode()
	if err != nil {
		t.Fatal(err)
	}
	if len(raw) != MaxSealKeyBytes {
		t.Errorf("record of %d bytes, the limit is %d", len(raw), MaxSealKeyBytes)
	}
	k, err := DecodeSealKey(raw)
	if err != nil || k.Owner != key.Device() || k.Hash() != key.SealHash() {
		t.Errorf("reads as %+v (%v)", k, err)
	}
	if _, err := (SealKey{Public: make([]byte, 5)}).Encode(); !errors.Is(err, ErrSealKey) {
		t.Errorf("a key of 5 bytes: %v", err)
	}
	short, err := wire.Marshal(sealKeyRecord{Public: make([]byte, identity.SealPublicBytes-1)})
	if err != nil {
		t.Fatal(err)
	}
	for name, b := range map[string][]byte{"empty": nil, "cut": raw[:len(raw)-1], "longer": append(bytes.Clone(raw), 0), "short key": short} {
		if _, err := DecodeSealKey(b); !errors.Is(err, ErrSealKey) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// FuzzOpenBack opens what a rotator could have sealed: whatever the plaintext,
// the result is an error or keys whose ids check.
func FuzzOpenBack(f *testing.F) {
	doc, rotator := wire.DocID{8}, wire.Device{7}
	for _, n := range []int{0, 1, 3} {
		pt, err := wire.Marshal(heldKeys(n))
		if err != nil {
			f.Fatal(err)
		}
		f.Add(pt, false)
	}
	c, err := backCipher(testKey, doc, rotator)
	if err != nil {
		f.Fatal(err)
	}
	f.Fuzz(func(t *testing.T, b []byte, sealed bool) {
		back := b
		if !sealed {
			back = c.seal(nil, b)
		}
		keys, err := OpenBack(testKey, doc, rotator, back)
		if err != nil {
			if !errors.Is(err, ErrBack) || keys != nil {
				t.Fatalf("%d keys, %v", len(keys), err)
			}
			return
		}
		again, err := SealBack(testKey, doc, rotator, keys)
		if err != nil || !bytes.Equal(again, back) {
			t.Fatalf("seals as other bytes again (%v)", err)
		}
	})
}

func FuzzDecodeSealKey(f *testing.F) {
	raw, err := SealKey{Public: make([]byte, identity.SealPublicBytes)}.Encode()
	if err != nil {
		f.Fatal(err)
	}
	f.Add(raw)
	f.Fuzz(func(t *testing.T, b []byte) {
		k, err := DecodeSealKey(b)
		if err != nil {
			return
		}
		again, err := k.Encode()
		if err != nil || !bytes.Equal(again, b) {
			t.Fatalf("encodes as other bytes again (%v)", err)
		}
	})
}
