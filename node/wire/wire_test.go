package wire

import (
	"bytes"
	"encoding/hex"
	"errors"
	"strings"
	"testing"
)

type sample struct {
	_    struct{} `cbor:",toarray"`
	Ver  uint64
	Doc  DocID
	Body []byte
	Ids  [][16]byte
	Text string
	Flag bool
}

func TestMarshalGivesBackWhatUnmarshalTook(t *testing.T) {
	in := sample{Ver: 1, Doc: DocID{1}, Body: nil, Ids: [][16]byte{{1}, {2}}, Text: "é"}
	b, err := Marshal(in)
	if err != nil {
		t.Fatal(err)
	}
	var out sample
	if err := Unmarshal(b, &out); err != nil {
		t.Fatal(err)
	}
	if out.Doc != in.Doc || len(out.Ids) != 2 || out.Text != "é" {
		t.Fatalf("got %+v", out)
	}
	for i := range b {
		if err := Unmarshal(b[:i], &out); !errors.Is(err, ErrNotCanonical) {
			t.Fatalf("cut at %d: %v", i, err)
		}
	}
}

func TestUnmarshalIsStrict(t *testing.T) {
	doc := "5820" + strings.Repeat("11", 32)
	for name, text := range map[string]string{
		"null for a byte string":  "8601" + doc + "f6" + "80" + "60" + "f4",
		"null for an array":       "8601" + doc + "40" + "f6" + "60" + "f4",
		"31 bytes for 32":         "8601" + "581f" + strings.Repeat("11", 31) + "40" + "80" + "60" + "f4",
		"33 bytes for 32":         "8601" + "5821" + strings.Repeat("11", 33) + "40" + "80" + "60" + "f4",
		"17 bytes in a list":      "8601" + doc + "40" + "81" + "51" + strings.Repeat("11", 17) + "60" + "f4",
		"array for a byte array":  "8601" + "9820" + strings.Repeat("01", 32) + "40" + "80" + "60" + "f4",
		"array for a byte string": "8601" + doc + "8101" + "80" + "60" + "f4",
		"long integer":            "861801" + doc + "40" + "80" + "60" + "f4",
		"negative integer":        "8620" + doc + "40" + "80" + "60" + "f4",
		"float":                   "86f93c00" + doc + "40" + "80" + "60" + "f4",
		"tag":                     "86c101" + doc + "40" + "80" + "60" + "f4",
		"map":                     "a101" + doc,
		"indefinite array":        "9f01" + doc + "40" + "80" + "60" + "f4" + "ff",
		"indefinite string":       "8601" + doc + "5f4101ff" + "80" + "60" + "f4",
		"too few fields":          "8501" + doc + "40" + "80" + "60",
		"too many fields":         "8701" + doc + "40" + "80" + "60" + "f4" + "00",
		"bytes after the end":     "8601" + doc + "40" + "80" + "60" + "f4" + "00",
		"text that is not UTF-8":  "8601" + doc + "40" + "80" + "61ff" + "f4",
		"integer for a boolean":   "8601" + doc + "40" + "80" + "60" + "01",
		"text for a byte string":  "8601" + doc + "6161" + "80" + "60" + "f4",
		"undefined":               "8601" + doc + "40" + "80" + "60" + "f7",
		"huge array":              "8601" + doc + "40" + "9b00000000ffffffff" + "60" + "f4",
		"deep nesting":            strings.Repeat("81", 40) + "00",
		"empty":                   "",
	} {
		b, err := hex.DecodeString(text)
		if err != nil {
			t.Fatal(err)
		}
		var v sample
		if err := Unmarshal(b, &v); !errors.Is(err, ErrNotCanonical) {
			t.Errorf("%s: got %v, want ErrNotCanonical", name, err)
		}
	}
	good, _ := hex.DecodeString("8601" + doc + "40" + "80" + "60" + "f4")
	var v sample
	if err := Unmarshal(good, &v); err != nil {
		t.Fatalf("the canonical form itself: %v", err)
	}
}

func TestMarshalRefusesWhatUnmarshalWould(t *testing.T) {
	for name, v := range map[string]any{
		"map":      map[string]int{"a": 1},
		"negative": []int{-1},
		"float":    []float64{1.5},
		"null":     []any{nil},
	} {
		if b, err := Marshal(v); err == nil {
			t.Errorf("%s: encoded to %x", name, b)
		}
	}
}

func TestReadVersion(t *testing.T) {
	for _, c := range []struct {
		hex     string
		version uint64
		err     error
	}{
		{"8101", 1, nil},
		{"9818" + "01" + strings.Repeat("00", 23), 1, nil},
		{"8202f6", 2, ErrUnknownVersion},
		{"811903e8", 1000, ErrUnknownVersion},
		{"9f02a0", 2, ErrUnknownVersion},
		{"80", 0, ErrNotCanonical},
		{"", 0, ErrNotCanonical},
		{"a10102", 0, ErrNotCanonical},
		{"816131", 0, ErrNotCanonical},
		{"9bff", 0, ErrNotCanonical},
	} {
		b, _ := hex.DecodeString(c.hex)
		got, err := ReadVersion(b)
		if got != c.version || !errors.Is(err, c.err) {
			t.Errorf("%s: got %d, %v", c.hex, got, err)
		}
	}
}

func TestIDsHaveOneSpelling(t *testing.T) {
	id := DocID(bytes.Repeat([]byte{0xab}, 32))
	s := id.String()
	if len(s) != 43 {
		t.Fatalf("%d characters", len(s))
	}
	back, err := ParseDocID(s)
	if err != nil || back != id {
		t.Fatalf("got %v, %v", back, err)
	}
	for _, bad := range []string{"", s[:42], s + "A", s[:42] + "+", s[:42] + "\n", s[:42] + "t"} {
		if _, err := ParseDocID(bad); !errors.Is(err, ErrID) {
			t.Errorf("%q: %v", bad, err)
		}
	}
	if !(DocID{}).IsZero() || id.IsZero() {
		t.Fatal("IsZero is wrong")
	}
}

func TestChainAndClientIDsAreTheirDefinition(t *testing.T) {
	doc, dev, auth := Doc16{1}, Device{2}, Auth{3}
	for _, inc := range []uint32{0, 23, 24, 255, 256, 65535, 65536, 1<<32 - 1} {
		b, err := Marshal(struct {
			_    struct{} `cbor:",toarray"`
			Doc  Doc16
			D    Device
			Auth Auth
			Inc  uint32
		}{Doc: doc, D: dev, Auth: auth, Inc: inc})
		if err != nil {
			t.Fatal(err)
		}
		sum := DomainChain.Sum(b)
		if got := NewChainID(doc, dev, auth, inc); got != ChainID(sum[:16]) {
			t.Fatalf("inc %d: chain id differs from its definition", inc)
		}
		if id := ClientID(doc, dev, auth, inc, 0); id > MaxClientID || id == ClientID(doc, dev, auth, inc, 1) {
			t.Fatalf("inc %d: client id %d", inc, id)
		}
	}
}

func FuzzUnmarshal(f *testing.F) {
	b, _ := Marshal(sample{Ver: 1, Body: []byte("body"), Ids: [][16]byte{{1}}, Text: "text", Flag: true})
	f.Add(b)
	f.Add([]byte{0x80})
	f.Add([]byte{0x9b, 0, 0, 0, 0, 0xff, 0xff, 0xff, 0xff})
	f.Fuzz(func(t *testing.T, b []byte) {
		_, _ = ReadVersion(b)
		var v sample
		if err := Unmarshal(b, &v); err == nil {
			again, err := Marshal(v)
			if err != nil || !bytes.Equal(again, b) {
				t.Fatalf("took %x, gives back %x, %v", b, again, err)
			}
		}
	})
}

// FuzzParseID: an id has one spelling, and its text and binary forms agree.
func FuzzParseID(f *testing.F) {
	f.Add(DocID{1}.String())
	f.Add(Doc16{2}.String())
	f.Add(Signature{3}.String())
	f.Add(strings.Repeat("A", 42) + "B")
	f.Add(strings.Repeat("A", 42) + "\n")
	f.Add("")
	f.Add("\n")
	f.Fuzz(func(t *testing.T, s string) {
		type id interface{ String() string }
		for name, parse := range map[string]func() (id, error){
			"document":  func() (id, error) { return ParseDocID(s) },
			"op":        func() (id, error) { return ParseOpID(s) },
			"authority": func() (id, error) { return ParseAuth(s) },
			"entry":     func() (id, error) { return ParseEntryID(s) },
			"chain":     func() (id, error) { return ParseChainID(s) },
			"device":    func() (id, error) { return ParseDevice(s) },
			"user":      func() (id, error) { return ParseUserID(s) },
			"epoch":     func() (id, error) { return ParseEpochID(s) },
			"seal key":  func() (id, error) { return ParseSealHash(s) },
			"signature": func() (id, error) { return ParseSignature(s) },
		} {
			switch got, err := parse(); {
			case err != nil && !errors.Is(err, ErrID):
				t.Fatalf("%s: an error without a class: %v", name, err)
			case err == nil && got.String() != s:
				t.Fatalf("%s %q is also spelled %q", name, got.String(), s)
			}
		}
	})
}
