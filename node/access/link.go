package access

import (
	"encoding/base64"
	"errors"
	"fmt"
	"strings"
	"unicode"

	ma "github.com/multiformats/go-multiaddr"

	"github.com/sheafdocs/sheaf/node/wire"
)

// Limits of a link.
const (
	// MaxLinkBytes bounds the text of a link.
	MaxLinkBytes = 4 << 10
	// MaxHints bounds the addresses a link carries.
	MaxHints = 8
	// MaxHintBytes bounds one address in binary form.
	MaxHintBytes = 256
)

const (
	linkScheme  = "sheaf://join#"
	linkVersion = "v1"
)

// ErrLink says that a text is no usable link. The error tells a person why and
// what to do.
var ErrLink = errors.New("this is not a usable link")

// A Link is what one person sends another to let them into a document. Whoever
// has it can read the document and ask to be let in: it is a secret.
type Link struct {
	Doc    wire.DocID
	Secret [16]byte // see DeriveInvite
	Hints  []string // multiaddresses of members or relays, at most MaxHints
}

// String returns the link for another node: sheaf://join#v1….
func (l Link) String() string { return linkScheme + l.payload() }

// Web returns the link for a browser whose page is at origin. The payload is the
// fragment, which browsers do not send to servers.
func (l Link) Web(origin string) string {
	return strings.TrimRight(origin, "/") + "/#" + l.payload()
}

// linkTail is the last part of a link. The check tells a link that was changed
// or cut on its way from a good one.
type linkTail struct {
	_     struct{} `cbor:",toarray"`
	Hints [][]byte // multiaddresses in binary form
	Check [4]byte
}

var linkText = base64.RawURLEncoding.Strict()

// payload writes the four parts of a link. Hints that are no multiaddresses are
// left out: a link works without them.
func (l Link) payload() string {
	var tail linkTail
	for _, hint := range l.Hints {
		a, err := ma.NewMultiaddr(hint)
		if err == nil && len(a.Bytes()) <= MaxHintBytes && len(tail.Hints) < MaxHints {
			tail.Hints = append(tail.Hints, a.Bytes())
		}
	}
	tail.Check = l.check(tail.Hints)
	b, err := wire.Marshal(tail)
	if err != nil {
		panic(fmt.Sprintf("access: encode link: %v", err)) // byte strings always encode
	}
	return strings.Join([]string{
		linkVersion, l.Doc.String(), linkText.EncodeToString(l.Secret[:]), linkText.EncodeToString(b),
	}, ".")
}

// check sums up all else in a link.
func (l Link) check(hints [][]byte) [4]byte {
	b, err := wire.Marshal(struct {
		_      struct{} `cbor:",toarray"`
		Doc    wire.DocID
		Secret [16]byte
		Hints  [][]byte
	}{Doc: l.Doc, Secret: l.Secret, Hints: hints})
	if err != nil {
		panic(fmt.Sprintf("access: encode link: %v", err)) // byte strings always encode
	}
	sum := wire.DomainLink.Sum(b)
	return [4]byte(sum[:])
}

// ParseLink reads a link as people pass it on: sheaf://join#v1…, a web address
// with the payload as its fragment, or the payload alone; blanks and line breaks
// in it and punctuation around it do not matter. The error wraps ErrLink.
func ParseLink(s string) (Link, error) {
	if len(s) > MaxLinkBytes {
		return Link{}, linkError("it has %d characters, which is more than any link has", len(s))
	}
	payload, err := linkPayload(s)
	if err != nil {
		return Link{}, err
	}
	parts := strings.Split(payload, ".")
	if len(parts) < 4 {
		return Link{}, errLinkCut
	}
	if len(parts) > 4 {
		return Link{}, linkError("it has text after its end; copy only the link")
	}
	var l Link
	if l.Doc, err = wire.ParseDocID(parts[1]); err != nil {
		return Link{}, linkError("its first part is damaged; copy the whole link again")
	}
	secret, err := linkText.DecodeString(parts[2])
	if err != nil || len(secret) != len(l.Secret) {
		return Link{}, linkError("its second part is damaged; copy the whole link again")
	}
	copy(l.Secret[:], secret)
	b, err := linkText.DecodeString(parts[3])
	var tail linkTail
	if err != nil || wire.Unmarshal(b, &tail) != nil {
		return Link{}, errLinkCut
	}
	if len(tail.Hints) > MaxHints {
		return Link{}, linkError("it has %d addresses, at most %d are allowed", len(tail.Hints), MaxHints)
	}
	if l.check(tail.Hints) != tail.Check {
		return Link{}, linkError("some of its characters were changed on the way; copy the whole link again")
	}
	for _, hint := range tail.Hints {
		if len(hint) > MaxHintBytes {
			return Link{}, linkError("an address in it is too long")
		}
		// One that this version cannot read is of no use here and no harm.
		if a, err := ma.NewMultiaddrBytes(hint); err == nil {
			l.Hints = append(l.Hints, a.String())
		}
	}
	return l, nil
}

var errLinkCut = linkError("its end is missing; copy the whole link again")

// linkPayload finds the payload, "v1.…", in what a person pasted.
func linkPayload(s string) (string, error) {
	s = strings.Map(func(r rune) rune {
		if unicode.IsSpace(r) {
			return -1
		}
		return r
	}, s)
	s = strings.TrimLeft(s, "<([\"'")
	s = strings.TrimRight(s, ">)]\"'.,;:!?")
	if s == "" {
		return "", linkError("it is empty")
	}
	before, payload, found := strings.Cut(s, "#")
	if !found {
		before, payload = "", s
	}
	if strings.HasPrefix(before, "sheaf://") && before != strings.TrimSuffix(linkScheme, "#") {
		return "", linkError("it is a Sheaf link of another kind, not one to a document")
	}
	version, _, _ := strings.Cut(payload, ".")
	switch {
	case version == linkVersion:
		return payload, nil
	case !found && strings.Contains(s, "://"):
		return "", linkError("it has nothing after a #, where the document would be; copy the whole link again")
	case len(version) > 1 && version[0] == 'v' && strings.Trim(version[1:], "0123456789") == "":
		return "", linkError("a newer Sheaf made it (%.8s); update this one", version)
	}
	return "", linkError("it does not look like one: a link to a document begins with sheaf://join#v1. or has #v1. in it")
}

func linkError(format string, args ...any) error {
	return fmt.Errorf("%w: "+format, append([]any{ErrLink}, args...)...)
}
