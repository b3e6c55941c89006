package identity

import (
	"encoding/base64"
	"errors"
	"fmt"
	"strings"
	"unicode"

	"github.com/sheafdocs/sheaf/node/wire"
)

// Limits of a contact card.
const (
	// MaxCardDevices bounds the devices of a card, the paper key among them.
	MaxCardDevices = 16
	// MaxCardBytes bounds a card's encoding: sixteen devices with their keys.
	MaxCardBytes = 24 << 10
	// MaxCardText bounds its text form.
	MaxCardText = 33 << 10
)

const (
	cardScheme  = "sheaf://card#"
	cardVersion = "v1"
)

// ErrCard says that a text is no usable contact card. The error tells a person
// why and what to do.
var ErrCard = errors.New("this is not a usable contact card")

// A Card says which devices are a user's: what one person gives another to be
// let into documents. It is no secret. It names seal keys by their hashes only,
// so that it stays short enough to be sent anywhere; the keys themselves reach
// whoever wraps for them as records of the document (docs/formats/wrap.md).
type Card struct {
	User    wire.UserID
	Devices []CardDevice // the user's own key first, if it is a device
}

// CardDevice is a device of a card.
type CardDevice struct {
	_      struct{} `cbor:",toarray"`
	Device wire.Device
	Seal   wire.SealHash
	Kind   uint8          // 0 paper key, 1 node, 2 browser
	Cert   wire.Signature // by User, or by a device listed before
}

const maxCardKind = 15

// cardBody is a card as it is encoded.
type cardBody struct {
	_       struct{} `cbor:",toarray"`
	Ver     uint64
	User    wire.UserID
	Devices []CardDevice
}

// check checks what a card has to be, every certificate among it.
func (c Card) check() error {
	if n := len(c.Devices); n == 0 || n > MaxCardDevices {
		return cardError("it lists %d devices", n)
	}
	listed := map[wire.Device]bool{}
	by := []wire.Device{wire.Device(c.User)}
	for _, d := range c.Devices {
		if listed[d.Device] {
			return cardError("it lists a device twice")
		}
		listed[d.Device] = true
		if d.Kind > maxCardKind {
			return cardError("it lists a device of a kind this version does not know")
		}
		if err := wire.ValidDeviceKey(d.Device); err != nil {
			return cardError("it lists a device that is none")
		}
		certified := false
		for _, b := range by {
			certified = certified || VerifyCert(b, c.User, d.Device, d.Seal, d.Cert)
		}
		if !certified {
			return cardError("it lists a device that the person it names has not vouched for")
		}
		by = append(by, d.Device)
	}
	return nil
}

// Lists reports whether a device with its seal key is of the card.
func (c Card) Lists(d wire.Device) bool {
	for _, listed := range c.Devices {
		if listed.Device == d {
			return true
		}
	}
	return false
}

// Encode returns the card's bytes; an error wraps ErrCard.
func (c Card) Encode() ([]byte, error) {
	if err := c.check(); err != nil {
		return nil, err
	}
	return wire.Marshal(cardBody{Ver: wire.Version, User: c.User, Devices: c.Devices})
}

// DecodeCard reads a card's bytes and checks every certificate. The error wraps
// ErrCard.
func DecodeCard(b []byte) (Card, error) {
	if len(b) > MaxCardBytes {
		return Card{}, cardError("it has %d bytes", len(b))
	}
	if _, err := wire.ReadVersion(b); errors.Is(err, wire.ErrUnknownVersion) {
		return Card{}, cardError("a newer Sheaf made it; update this one")
	}
	var body cardBody
	if err := wire.Unmarshal(b, &body); err != nil {
		return Card{}, cardError("it is damaged; copy the whole card again")
	}
	c := Card{User: body.User, Devices: body.Devices}
	return c, c.check()
}

var cardText = base64.RawURLEncoding.Strict()

// Text writes the card for people to send: sheaf://card#v1.….
func (c Card) Text() (string, error) {
	b, err := c.Encode()
	if err != nil {
		return "", err
	}
	sum := wire.DomainCard.Sum(b)
	return cardScheme + cardVersion + "." + cardText.EncodeToString(b) + "." + cardText.EncodeToString(sum[:4]), nil
}

// ParseCard reads the text form as people pass it on: white space in it and
// quotes, brackets and punctuation around it do not matter. The error wraps
// ErrCard.
func ParseCard(s string) (Card, error) {
	if len(s) > MaxCardText {
		return Card{}, cardError("it has %d characters, which is more than any card has", len(s))
	}
	parts, err := pasted(s, cardScheme, cardVersion)
	if errors.Is(err, errNewer) {
		return Card{}, cardError("a newer Sheaf made it; update this one")
	}
	if err != nil || len(parts) != 2 {
		return Card{}, cardError("a card begins with %s%s. and has two parts after it; copy the whole card again", cardScheme, cardVersion)
	}
	b, err := cardText.DecodeString(parts[0])
	if err != nil {
		return Card{}, cardError("some of its characters were changed on the way; copy the whole card again")
	}
	sum := wire.DomainCard.Sum(b)
	if cardText.EncodeToString(sum[:4]) != parts[1] {
		return Card{}, cardError("some of its characters were changed on the way; copy the whole card again")
	}
	return DecodeCard(b)
}

func cardError(format string, args ...any) error {
	return fmt.Errorf("%w: "+format, append([]any{ErrCard}, args...)...)
}

var (
	errOtherText = errors.New("another kind of text")
	errNewer     = errors.New("a newer version")
)

// pasted finds the parts after the version in what a person pasted.
func pasted(s, scheme, version string) ([]string, error) {
	s = strings.Map(func(r rune) rune {
		if unicode.IsSpace(r) {
			return -1
		}
		return r
	}, s)
	s = strings.TrimLeft(s, "<([\"'")
	s = strings.TrimRight(s, ">)]\"'.,;:!?")
	before, payload, found := strings.Cut(s, "#")
	if !found {
		before, payload = "", s
	}
	if found && before+"#" != scheme {
		return nil, errOtherText
	}
	parts := strings.Split(payload, ".")
	switch v := parts[0]; {
	case v == version:
		return parts[1:], nil
	case len(v) > 1 && v[0] == 'v' && strings.Trim(v[1:], "0123456789") == "":
		return nil, errNewer
	}
	return nil, errOtherText
}
