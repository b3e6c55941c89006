package local

import (
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/base64"
	"encoding/binary"
	"fmt"
	"net/http"
	"strings"
	"sync"
	"time"
)

const (
	linkLife   = 10 * time.Minute    // a one-time link
	maxLinks   = 64                  // one-time links not used yet; the oldest gives way
	cookieLife = 30 * 24 * time.Hour // an opened page
)

// A keyring knows who may use the API: pages by a signed cookie, programs by
// a token, and a browser to be signed in by a one-time link. Tokens of links
// are kept as hashes only.
type keyring struct {
	secret [32]byte
	cookie string // name; holds the port, since browsers share cookies among ports
	bearer string
	now    func() time.Time

	mu    sync.Mutex
	links []link
}

type link struct {
	hash [32]byte
	made time.Time
}

func newKeyring(secret [32]byte, port string, now func() time.Time) *keyring {
	return &keyring{secret: secret, cookie: "sheaf-" + port, bearer: rand.Text() + rand.Text(), now: now}
}

// hasToken reports whether r carries the bearer token of this run.
func (k *keyring) hasToken(r *http.Request) bool {
	given, ok := strings.CutPrefix(r.Header.Get("Authorization"), "Bearer ")
	return ok && subtle.ConstantTimeCompare([]byte(given), []byte(k.bearer)) == 1
}

// issueLink returns the token of a new one-time link.
func (k *keyring) issueLink() (string, error) {
	var raw [32]byte
	if _, err := rand.Read(raw[:]); err != nil {
		return "", fmt.Errorf("draw one-time token: %w", err)
	}
	token := base64.RawURLEncoding.EncodeToString(raw[:])
	k.mu.Lock()
	defer k.mu.Unlock()
	k.dropOld()
	if len(k.links) == maxLinks {
		k.links = k.links[1:]
	}
	k.links = append(k.links, link{sha256.Sum256([]byte(token)), k.now()})
	return token, nil
}

// useLink spends a one-time token: a second use, or one after linkLife, fails.
func (k *keyring) useLink(token string) bool {
	hash := sha256.Sum256([]byte(token))
	k.mu.Lock()
	defer k.mu.Unlock()
	k.dropOld()
	for i, l := range k.links {
		if subtle.ConstantTimeCompare(l.hash[:], hash[:]) == 1 {
			k.links = append(k.links[:i], k.links[i+1:]...)
			return true
		}
	}
	return false
}

// dropOld forgets expired links; they are in order of age. Called with mu held.
func (k *keyring) dropOld() {
	for len(k.links) > 0 && k.now().Sub(k.links[0].made) > linkLife {
		k.links = k.links[1:]
	}
}

// A cookie is base64url(random 16 ‖ seconds when made 8 ‖ HMAC-SHA256 of
// both): valid without a list of sessions, so that an open page with edits
// not yet saved goes on after the node was restarted.
const (
	cookieBody  = 16 + 8
	cookieBytes = cookieBody + sha256.Size
)

func (k *keyring) newCookie() (*http.Cookie, error) {
	raw := make([]byte, cookieBody, cookieBytes)
	if _, err := rand.Read(raw[:16]); err != nil {
		return nil, fmt.Errorf("draw cookie: %w", err)
	}
	binary.BigEndian.PutUint64(raw[16:], uint64(k.now().Unix()))
	raw = append(raw, k.sign(raw)...)
	return &http.Cookie{
		Name: k.cookie, Value: base64.RawURLEncoding.EncodeToString(raw), Path: "/",
		MaxAge: int(cookieLife / time.Second), HttpOnly: true, SameSite: http.SameSiteStrictMode,
	}, nil
}

// hasCookie reports whether r carries a cookie that this node signed within
// cookieLife.
func (k *keyring) hasCookie(r *http.Request) bool {
	c, err := r.Cookie(k.cookie)
	if err != nil {
		return false
	}
	raw, err := base64.RawURLEncoding.DecodeString(c.Value)
	if err != nil || len(raw) != cookieBytes {
		return false
	}
	if !hmac.Equal(raw[cookieBody:], k.sign(raw[:cookieBody])) {
		return false
	}
	made := time.Unix(int64(binary.BigEndian.Uint64(raw[16:])), 0)
	age := k.now().Sub(made)
	return age <= cookieLife && age > -cookieLife
}

func (k *keyring) sign(body []byte) []byte {
	mac := hmac.New(sha256.New, k.secret[:])
	mac.Write([]byte("sheaf/1/cookie\x00"))
	mac.Write(body)
	return mac.Sum(nil)
}
