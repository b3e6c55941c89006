package identity

import (
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"strings"

	"github.com/sheafdocs/sheaf/node/wire"
)

// Limits of a pairing link.
const (
	// MaxPairText bounds its text.
	MaxPairText = 4 << 10
	// MaxPairHints bounds its addresses, MaxPairHintBytes each of them.
	MaxPairHints     = 8
	MaxPairHintBytes = 256
)

const (
	pairScheme  = "sheaf://pair#"
	pairVersion = "v1"
)

// ErrPairLink says that a text is no usable pairing link. The error tells a
// person why and what to do.
var ErrPairLink = errors.New("this is not a usable link for adding a device")

// A PairLink is what the old device shows, as text or QR code, and the new one
// reads. Whoever has it within two minutes can ask to become a device of the
// user: it is a secret.
type PairLink struct {
	Old    wire.Device // whose link it is
	Secret [16]byte    // for one use
	Hints  []string    // multiaddresses of the old device
}

// NewPairLink draws the secret of a link from 16 bytes of randomness.
func NewPairLink(old wire.Device, hints []string, rand io.Reader) (PairLink, error) {
	l := PairLink{Old: old, Hints: hints}
	if _, err := io.ReadFull(rand, l.Secret[:]); err != nil {
		return l, fmt.Errorf("read randomness: %w", err)
	}
	return l, nil
}

// pairTail is the last part of a link; the check tells one that was changed or
// cut on its way.
type pairTail struct {
	_     struct{} `cbor:",toarray"`
	Hints [][]byte
	Check [4]byte
}

var pairText = base64.RawURLEncoding.Strict()

func (l PairLink) check(hints [][]byte) [4]byte {
	b, err := wire.Marshal(struct {
		_      struct{} `cbor:",toarray"`
		Old    wire.Device
		Secret [16]byte
		Hints  [][]byte
	}{Old: l.Old, Secret: l.Secret, Hints: hints})
	if err != nil {
		panic(fmt.Sprintf("identity: encode pairing link: %v", err)) // byte strings always encode
	}
	sum := wire.DomainLink.Sum(b)
	return [4]byte(sum[:])
}

// String writes the link: sheaf://pair#v1.…. Hints beyond the limits are left
// out.
func (l PairLink) String() string {
	var tail pairTail
	for _, h := range l.Hints {
		if len(h) <= MaxPairHintBytes && len(tail.Hints) < MaxPairHints {
			tail.Hints = append(tail.Hints, []byte(h))
		}
	}
	tail.Check = l.check(tail.Hints)
	b, err := wire.Marshal(tail)
	if err != nil {
		panic(fmt.Sprintf("identity: encode pairing link: %v", err)) // byte strings always encode
	}
	return pairScheme + strings.Join([]string{
		pairVersion, l.Old.String(), pairText.EncodeToString(l.Secret[:]), pairText.EncodeToString(b),
	}, ".")
}

// ParsePairLink reads a link as people pass it on. The error wraps ErrPairLink.
func ParsePairLink(s string) (PairLink, error) {
	var l PairLink
	if len(s) > MaxPairText {
		return l, pairError("it has %d characters, which is more than any has", len(s))
	}
	parts, err := pasted(s, pairScheme, pairVersion)
	switch {
	case errors.Is(err, errNewer):
		return l, pairError("a newer Sheaf made it; update this one")
	case err != nil:
		return l, pairError("it begins with %s%s. on the other device; copy it from there", pairScheme, pairVersion)
	case len(parts) != 3:
		return l, pairError("its end is missing; copy the whole link again")
	}
	if l.Old, err = wire.ParseDevice(parts[0]); err != nil || wire.ValidDeviceKey(l.Old) != nil {
		return PairLink{}, pairError("its first part is damaged; copy the whole link again")
	}
	secret, err := pairText.DecodeString(parts[1])
	if err != nil || len(secret) != len(l.Secret) {
		return PairLink{}, pairError("its second part is damaged; copy the whole link again")
	}
	copy(l.Secret[:], secret)
	var tail pairTail
	b, err := pairText.DecodeString(parts[2])
	if err != nil || wire.Unmarshal(b, &tail) != nil {
		return PairLink{}, pairError("its end is damaged; copy the whole link again")
	}
	if len(tail.Hints) > MaxPairHints || l.check(tail.Hints) != tail.Check {
		return PairLink{}, pairError("some of its characters were changed on the way; copy the whole link again")
	}
	for _, h := range tail.Hints {
		if len(h) > MaxPairHintBytes {
			return PairLink{}, pairError("an address in it is too long")
		}
		l.Hints = append(l.Hints, string(h))
	}
	return l, nil
}

func pairError(format string, args ...any) error {
	return fmt.Errorf("%w: "+format, append([]any{ErrPairLink}, args...)...)
}
