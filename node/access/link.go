package access

import (
	"encoding/base64"
	"errors"
	"fmt"
	"strings"

	ma "github.com/multiformats/go-multiaddr"

	"github.com/sheafdocs/sheaf/node/wire"
)

// Link is what one person sends another to let them into a document. Whoever
// has it can read the document and ask to be let in: it is a secret.
type Link struct {
	Doc    wire.DocID
	Secret [16]byte
	Hints  []string // multiaddresses of members, at most MaxHints
}

// MaxHints is how many addresses a link carries.
const MaxHints = 8

const (
	linkScheme   = "sheaf://join#"
	linkVersion  = "v1"
	maxLinkBytes = 4 << 10
	hintsMaxLen  = 2 << 10
)

// ErrLink is returned for text that is not a usable link; the error says why.
var ErrLink = errors.New("not a Sheaf link")

// String returns the link for pasting into another node.
func (l Link) String() string { return linkScheme + l.payload() }

// Web returns the link for opening in a browser whose page is at origin. The
// payload is in the fragment, which browsers do not send to servers.
func (l Link) Web(origin string) string { return strings.TrimSuffix(origin, "/") + "/#" + l.payload() }

func (l Link) payload() string {
	parts := []string{linkVersion, text(l.Doc[:]), text(l.Secret[:])}
	if hints := encodeHints(l.Hints); hints != "" {
		parts = append(parts, hints)
	}
	return strings.Join(parts, ".")
}

func text(b []byte) string { return base64.RawURLEncoding.EncodeToString(b) }

// encodeHints packs addresses: each in binary form behind its length, with a
// closing byte that sums up the whole so that a cut link is told from a short
// one.
func encodeHints(hints []string) string {
	var b []byte
	for _, h := range hints[:min(len(hints), MaxHints)] {
		addr, err := ma.NewMultiaddr(h)
		if err != nil || len(addr.Bytes()) > 255 {
			continue
		}
		b = append(b, byte(len(addr.Bytes())))
		b = append(b, addr.Bytes()...)
	}
	if len(b) == 0 {
		return ""
	}
	return text(append(b, checkByte(b)))
}

func checkByte(b []byte) byte {
	sum := wire.Domain("sheaf/1/link").Sum(b)
	return sum[0]
}

// ParseLink reads a link in any of its forms: sheaf://join#…, a web address
// with the payload as fragment, or the payload alone. The error wraps ErrLink
// and says what is wrong.
func ParseLink(s string) (Link, error) {
	s = strings.TrimSpace(s)
	if len(s) > maxLinkBytes {
		return Link{}, fmt.Errorf("%w: it has %d characters, no link is that long", ErrLink, len(s))
	}
	if i := strings.IndexByte(s, '#'); i >= 0 {
		s = s[i+1:]
	}
	if s == "" {
		return Link{}, fmt.Errorf("%w: there is nothing behind the #; it may have been cut off", ErrLink)
	}
	parts := strings.Split(s, ".")
	if parts[0] != linkVersion {
		if len(parts[0]) >= 2 && parts[0][0] == 'v' && len(parts) > 2 {
			return Link{}, fmt.Errorf("%w of this version: it is %s, this program knows %s; a newer Sheaf may open it", ErrLink, clip(parts[0]), linkVersion)
		}
		return Link{}, fmt.Errorf("%w: it does not begin like one", ErrLink)
	}
	if len(parts) < 3 || len(parts) > 4 {
		return Link{}, fmt.Errorf("%w: it has %d parts, expected 3 or 4; it may have been cut off", ErrLink, len(parts))
	}
	var l Link
	if err := decodeExact(l.Doc[:], parts[1], "document"); err != nil {
		return Link{}, err
	}
	if err := decodeExact(l.Secret[:], parts[2], "secret"); err != nil {
		return Link{}, err
	}
	if len(parts) == 4 {
		hints, err := decodeHints(parts[3])
		if err != nil {
			return Link{}, err
		}
		l.Hints = hints
	}
	return l, nil
}

func clip(s string) string { return s[:min(len(s), 16)] }

func decodeExact(dst []byte, s, what string) error {
	b, err := base64.RawURLEncoding.Strict().DecodeString(s)
	if err != nil || len(b) != len(dst) {
		return fmt.Errorf("%w: the part that names the %s is damaged or cut off", ErrLink, what)
	}
	copy(dst, b)
	return nil
}

func decodeHints(s string) ([]string, error) {
	damaged := fmt.Errorf("%w: the part with the addresses is damaged or cut off", ErrLink)
	b, err := base64.RawURLEncoding.Strict().DecodeString(s)
	if err != nil || len(b) < 2 || len(b) > hintsMaxLen {
		return nil, damaged
	}
	b, check := b[:len(b)-1], b[len(b)-1]
	if checkByte(b) != check {
		return nil, damaged
	}
	var hints []string
	for len(b) > 0 {
		n := int(b[0])
		if n == 0 || len(b) < 1+n || len(hints) == MaxHints {
			return nil, damaged
		}
		addr, err := ma.NewMultiaddrBytes(b[1 : 1+n])
		if err != nil {
			return nil, damaged
		}
		hints = append(hints, addr.String())
		b = b[1+n:]
	}
	return hints, nil
}
