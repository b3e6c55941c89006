package identity_test

import (
	"bytes"
	"encoding/hex"
	"errors"
	"strings"
	"testing"

	"github.com/tyler-smith/go-bip39"

	"github.com/sheafdocs/sheaf/node/identity"
	"github.com/sheafdocs/sheaf/node/wire"
)

func secretOf(n byte) (s identity.RecoverySecret) {
	for i := range s {
		s[i] = n + byte(i)
	}
	return s
}

// TestWordsAreThoseOfBIP39 compares with the library's own encoder and with two
// vectors of the standard.
func TestWordsAreThoseOfBIP39(t *testing.T) {
	for n := range 200 {
		s := secretOf(byte(n))
		want, err := bip39.NewMnemonic(s[:])
		if err != nil {
			t.Fatal(err)
		}
		if got := s.Words(); got != want {
			t.Fatalf("secret %x is %q, BIP-39 says %q", s, got, want)
		}
		back, err := identity.ParseWords(want)
		if err != nil || back != s {
			t.Fatalf("%q reads as %x, %v", want, back, err)
		}
	}
	for entropy, want := range map[string]string{
		strings.Repeat("00", 32): strings.Repeat("abandon ", 23) + "art",
		strings.Repeat("ff", 32): strings.Repeat("zoo ", 23) + "vote",
	} {
		b, _ := hex.DecodeString(entropy)
		if got := identity.RecoverySecret(b).Words(); got != want {
			t.Errorf("%s is %q", entropy, got)
		}
	}
}

func TestWordsAsPeopleTypeThem(t *testing.T) {
	s := secretOf(7)
	words := strings.Fields(s.Words())
	short := make([]string, len(words))
	for i, w := range words {
		short[i] = w[:min(len(w), 4)]
	}
	for name, text := range map[string]string{
		"capitals":      strings.ToUpper(strings.Join(words, " ")),
		"lines, commas": strings.Join(words, ",\r\n\t"),
		"numbered":      "1. " + strings.Join(words, " 2) "),
		"four letters":  strings.Join(short, " "),
	} {
		if got, err := identity.ParseWords(text); err != nil || got != s {
			t.Errorf("%s: %v", name, err)
		}
	}
	changed := append([]string(nil), words...)
	changed[0], changed[1] = changed[1], changed[0]
	typo := append([]string(nil), words...)
	typo[4] = "abandonn"
	for name, c := range map[string]struct {
		text string
		says string
	}{
		"typo":      {strings.Join(typo, " "), `word 5, "abandonn"`},
		"too few":   {strings.Join(words[:23], " "), "23 words, not 24"},
		"too many":  {strings.Join(append(words[:24:24], "zoo"), " "), "25 words, not 24"},
		"exchanged": {strings.Join(changed, " "), "do not fit together"},
		"empty":     {"", "0 words"},
		"too long":  {strings.Repeat("zoo ", 1000), "too long"},
	} {
		_, err := identity.ParseWords(c.text)
		if !errors.Is(err, identity.ErrWords) || !strings.Contains(err.Error(), c.says) {
			t.Errorf("%s: %v", name, err)
		}
		if name == "exchanged" && strings.Contains(err.Error(), words[3]) {
			t.Errorf("the error repeats words of the secret: %v", err)
		}
	}
}

func FuzzParseWords(f *testing.F) {
	f.Add(secretOf(1).Words())
	f.Add("zoo zoo")
	f.Fuzz(func(t *testing.T, text string) {
		s, err := identity.ParseWords(text)
		if err != nil {
			if !errors.Is(err, identity.ErrWords) {
				t.Fatal(err)
			}
			return
		}
		if again, err := identity.ParseWords(s.Words()); err != nil || again != s {
			t.Fatalf("%q does not come back: %v", text, err)
		}
	})
}

// testCard is a card of a paper key, a node it vouches for and a browser that
// the node vouches for.
func testCard(t testing.TB) identity.Card {
	t.Helper()
	paper, err := secretOf(1).PaperKey()
	if err != nil {
		t.Fatal(err)
	}
	laptop, phone := testKey(t, 1), testKey(t, 2)
	user := paper.UserID()
	return identity.Card{User: user, Devices: []identity.CardDevice{
		{Device: paper.Device(), Seal: paper.SealHash(), Cert: paper.Certify(user, paper.Device(), paper.SealHash())},
		{Device: laptop.Device(), Seal: laptop.SealHash(), Kind: 1, Cert: paper.Certify(user, laptop.Device(), laptop.SealHash())},
		{Device: phone.Device(), Seal: phone.SealHash(), Kind: 2, Cert: laptop.Certify(user, phone.Device(), phone.SealHash())},
	}}
}

func TestCards(t *testing.T) {
	card := testCard(t)
	text, err := card.Text()
	if err != nil {
		t.Fatal(err)
	}
	for name, s := range map[string]string{
		"as it is": text, "in a mail": "<" + text[:60] + "\r\n " + text[60:] + ">.", "without scheme": strings.TrimPrefix(text, "sheaf://card#"),
	} {
		got, err := identity.ParseCard(s)
		if err != nil || got.User != card.User || len(got.Devices) != 3 || got.Devices[2] != card.Devices[2] {
			t.Errorf("%s: %+v, %v", name, got, err)
		}
	}
	for i := range text {
		bad := []byte(text)
		bad[i] ^= 1
		if c, err := identity.ParseCard(string(bad)); err == nil && (c.User != card.User || len(c.Devices) != 3) {
			t.Errorf("changed at %d it is another card", i)
		} else if err != nil && !errors.Is(err, identity.ErrCard) {
			t.Errorf("changed at %d: %v", i, err)
		}
		if _, err := identity.ParseCard(text[:i]); !errors.Is(err, identity.ErrCard) {
			t.Errorf("cut at %d: %v", i, err)
		}
	}
	if _, err := identity.ParseCard(strings.Replace(text, "v1.", "v2.", 1)); err == nil || !strings.Contains(err.Error(), "newer") {
		t.Errorf("a later version: %v", err)
	}
}

// TestCardsSayNothingUnproven changes a card's devices in every way that a
// forger would.
func TestCardsSayNothingUnproven(t *testing.T) {
	mallory := testKey(t, 9)
	for name, change := range map[string]func(*identity.Card){
		"no device": func(c *identity.Card) { c.Devices = nil },
		"a device nobody vouches for": func(c *identity.Card) {
			c.Devices = append(c.Devices, identity.CardDevice{Device: mallory.Device(), Seal: mallory.SealHash(), Cert: mallory.Certify(c.User, mallory.Device(), mallory.SealHash())})
		},
		"another user":                  func(c *identity.Card) { c.User = mallory.UserID() },
		"another seal key":              func(c *identity.Card) { c.Devices[1].Seal = mallory.SealHash() },
		"vouched for by a later device": func(c *identity.Card) { c.Devices[1], c.Devices[2] = c.Devices[2], c.Devices[1] },
		"twice":                         func(c *identity.Card) { c.Devices = append(c.Devices, c.Devices[1]) },
		"a strange kind":                func(c *identity.Card) { c.Devices[0].Kind = 16 },
		"too many": func(c *identity.Card) {
			for len(c.Devices) < 17 {
				c.Devices = append(c.Devices, c.Devices[0])
			}
		},
	} {
		card := testCard(t)
		change(&card)
		if _, err := card.Encode(); !errors.Is(err, identity.ErrCard) {
			t.Errorf("%s: %v", name, err)
		}
		raw, err := wire.Marshal(struct {
			_       struct{} `cbor:",toarray"`
			Ver     uint64
			User    wire.UserID
			Devices []identity.CardDevice
		}{Ver: 1, User: card.User, Devices: card.Devices})
		if err != nil {
			t.Fatal(err)
		}
		if _, err := identity.DecodeCard(raw); !errors.Is(err, identity.ErrCard) {
			t.Errorf("%s is read: %v", name, err)
		}
	}
}

func FuzzDecodeCard(f *testing.F) {
	b, err := testCard(f).Encode()
	if err != nil {
		f.Fatal(err)
	}
	f.Add(b)
	f.Add([]byte{0x83, 1})
	f.Fuzz(func(t *testing.T, b []byte) {
		card, err := identity.DecodeCard(b)
		if err != nil {
			if !errors.Is(err, identity.ErrCard) {
				t.Fatal(err)
			}
			return
		}
		if again, err := card.Encode(); err != nil || !bytes.Equal(again, b) {
			t.Fatalf("took %x, gives back %x, %v", b, again, err)
		}
	})
}

// FuzzParseCard: whatever people pass on is read as the same card or not at all.
func FuzzParseCard(f *testing.F) {
	card := testCard(f)
	text, err := card.Text()
	if err != nil {
		f.Fatal(err)
	}
	for _, s := range []string{text, "<" + text[:40] + "\n" + text[40:] + ">.", text[:len(text)-1], text[:len(text)-6] + "AAAAAA", "sheaf://card#v2.a.b", "sheaf://card#v1..", ""} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		card, err := identity.ParseCard(s)
		if err != nil {
			if !errors.Is(err, identity.ErrCard) {
				t.Fatalf("an error without a class: %v", err)
			}
			return
		}
		text, err := card.Text()
		if err != nil {
			t.Fatal(err)
		}
		_, payload, _ := strings.Cut(text, "#")
		if !strings.Contains(strings.Join(strings.Fields(s), ""), payload) {
			t.Fatalf("%q is read as %q", s, text)
		}
		if again, err := identity.ParseCard(text); err != nil || again.User != card.User || len(again.Devices) != len(card.Devices) {
			t.Fatalf("%q does not come back: %v", s, err)
		}
	})
}

func TestVerificationCodes(t *testing.T) {
	a, b, c := testKey(t, 1).UserID(), testKey(t, 2).UserID(), testKey(t, 3).UserID()
	code := identity.VerificationCode(a, b)
	if code != identity.VerificationCode(b, a) {
		t.Error("the two sides see different codes")
	}
	if code == identity.VerificationCode(a, c) || code == identity.VerificationCode(c, b) {
		t.Error("another key has the same code")
	}
	groups := strings.Fields(code)
	if len(groups) != 6 || len(code) != 35 || strings.Trim(code, "0123456789 ") != "" {
		t.Errorf("the code is %q", code)
	}
}

func TestPeopleVectors(t *testing.T) {
	secret := secretOf(1)
	paper, err := secret.PaperKey()
	if err != nil {
		t.Fatal(err)
	}
	card := testCard(t)
	raw, err := card.Encode()
	if err != nil {
		t.Fatal(err)
	}
	text, err := card.Text()
	if err != nil {
		t.Fatal(err)
	}
	link, nonces := testPairing(t)
	old, fresh := handshake(t, link, link, nonces)
	device, sealHash := paper.Device(), paper.SealHash()
	home, userB := secret.Derive("home"), testKey(t, 2).UserID()
	checkVectors(t, "people.json", struct {
		Comment string   `json:"comment"`
		Secret  hexBytes `json:"recovery_secret"`
		Words   string   `json:"words"`
		Device  hexBytes `json:"paper_device"`
		Seal    hexBytes `json:"paper_seal_hash"`
		Home    hexBytes `json:"derived_home"`
		Card    hexBytes `json:"card"`
		Text    string   `json:"card_text"`
		UserA   hexBytes `json:"code_user_a"`
		UserB   hexBytes `json:"code_user_b"`
		Code    string   `json:"code"`
		Link    string   `json:"pair_link"`
		FromNew []string `json:"pair_from_new"`
		FromOld []string `json:"pair_from_old"`
	}{
		"docs/formats/identity.md. A recovery secret, its words and paper key; a card; a verification code; a pairing link and the messages of the handshake, hexadecimal.",
		secret[:], secret.Words(), device[:], sealHash[:], home[:], raw, text, device[:], userB[:], identity.VerificationCode(card.User, testKey(t, 2).UserID()),
		link.String(), fresh, old,
	})
}
