package wire

import (
	"bytes"
	"crypto/ed25519"
	"encoding/hex"
	"encoding/json"
	"errors"
	"flag"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

var update = flag.Bool("update", false, "write the vectors in docs/formats/vectors instead of checking them")

// hexBytes is written to JSON in hexadecimal.
type hexBytes []byte

// MarshalText implements encoding.TextMarshaler.
func (b hexBytes) MarshalText() ([]byte, error) { return []byte(hex.EncodeToString(b)), nil }

// checkVectors compares what this package makes with the file that says what it
// has to make.
func checkVectors(t *testing.T, name string, made any) {
	t.Helper()
	path := filepath.Join("..", "..", "docs", "formats", "vectors", name)
	b, err := json.MarshalIndent(made, "", "  ")
	if err != nil {
		t.Fatal(err)
	}
	b = append(b, '\n')
	if *update {
		if err := os.WriteFile(path, b, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(b, want) {
		t.Errorf("%s says something else than\n%s", path, b)
	}
}

// TestVectors checks the encoding that every format rests on.
func TestVectors(t *testing.T) {
	type item struct {
		Name string `json:"name"`
		Hex  string `json:"cbor"`
	}
	type signed struct {
		Domain Domain   `json:"domain"`
		Body   hexBytes `json:"body"`
		Signed hexBytes `json:"signed_bytes"`
		Hash   hexBytes `json:"sha256"`
		Seed   hexBytes `json:"ed25519_seed"`
		Device string   `json:"device"`
		Sig    hexBytes `json:"signature"`
	}
	var v struct {
		Comment  string   `json:"comment"`
		Accepted []item   `json:"accepted"`
		Refused  []item   `json:"refused"`
		Signed   []signed `json:"signed"`
		Texts    []struct {
			Bytes hexBytes `json:"bytes"`
			Text  string   `json:"text"`
		} `json:"ids"`
	}
	v.Comment = "docs/formats/encoding.md. Items that are or are not strict CBOR whatever their shape; what is hashed and signed under a domain; the text form of ids."
	v.Accepted = []item{
		{"integer", "17"},
		{"integer of one more byte", "1818"},
		{"greatest integer", "1bffffffffffffffff"},
		{"empty byte string", "40"},
		{"text", "6161"},
		{"false", "f4"},
		{"true", "f5"},
		{"empty array", "80"},
		{"array of arrays", "8281018102"},
		{"as deep as allowed", strings.Repeat("81", MaxDepth) + "00"},
	}
	v.Refused = []item{
		{"nothing", ""},
		{"null", "f6"},
		{"undefined", "f7"},
		{"negative integer", "20"},
		{"half float", "f93c00"},
		{"double float", "fb3ff0000000000000"},
		{"simple value", "e0"},
		{"tag", "c100"},
		{"empty map", "a0"},
		{"map in an array", "81a10102"},
		{"indefinite byte string", "5f4101ff"},
		{"indefinite array", "9f01ff"},
		{"break alone", "ff"},
		{"longer integer than needed", "1817"},
		{"longer length than needed", "580161"},
		{"longer array head than needed", "980101"},
		{"byte string cut short", "4201"},
		{"array cut short", "8201"},
		{"array of more elements than bytes", "9b00000000ffffffff00"},
		{"text that is not UTF-8", "61ff"},
		{"bytes after the end", "0000"},
		{"deeper than allowed", strings.Repeat("81", MaxDepth+1) + "00"},
	}
	decode := func(s string) []byte {
		b, err := hex.DecodeString(s)
		if err != nil {
			t.Fatal(err)
		}
		return b
	}
	for _, i := range v.Accepted {
		if err := Check(decode(i.Hex)); err != nil {
			t.Errorf("%s: %v", i.Name, err)
		}
	}
	for _, i := range v.Refused {
		if err := Check(decode(i.Hex)); !errors.Is(err, ErrNotCanonical) {
			t.Errorf("%s: %v", i.Name, err)
		}
	}
	seed := bytes.Repeat([]byte{1}, 32)
	key := ed25519.NewKeyFromSeed(seed)
	for _, d := range []Domain{DomainACL, DomainEntry, DomainReceipt} {
		body := decode("8201426869")
		sum, sig := d.Sum(body), Sign(key, d, body)
		v.Signed = append(v.Signed, signed{
			d, body, d.Bytes(body), sum[:], seed, Device(key.Public().(ed25519.PublicKey)).String(), sig[:],
		})
	}
	for _, id := range []DocID{{}, DocID(bytes.Repeat([]byte{0xff}, 32)), DocID(seed)} {
		v.Texts = append(v.Texts, struct {
			Bytes hexBytes `json:"bytes"`
			Text  string   `json:"text"`
		}{id[:], id.String()})
	}
	checkVectors(t, "encoding.json", v)
}
