package api

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strings"
	"sync"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/sheafdocs/sheaf/node"
	"github.com/sheafdocs/sheaf/node/identity"
)

// Vault makes a node from what a passphrase opens, and ends it again.
type Vault interface {
	// Protected reports whether the device key has a passphrase.
	Protected() (bool, error)
	// Open reads the device key and makes the node. The error wraps
	// identity.ErrPassphrase when the passphrase is another.
	Open(passphrase string) (*Server, error)
	// Close ends the node of the last Open and forgets its key.
	Close() error
	// SetPassphrase puts another passphrase on the device key; "" takes it off.
	SetPassphrase(old, new string) error
}

// Lockable answers for a node that can be locked: while it is, there is no node
// and no key, and nothing but lock.* is answered. It serves in place of a
// [Server]. It is safe for concurrent use.
type Lockable struct {
	vault Vault
	now   func() time.Time

	requests *prometheus.CounterVec

	opening sync.Mutex // one opening, locking or change of the passphrase at a time
	wrong   int        // passphrases in a row; guarded by opening
	next    time.Time  // when the next may be tried; guarded by opening

	mu      sync.Mutex
	server  *Server       // nil while locked
	changed chan struct{} // closed when server changes
}

// NewLockable answers for a vault that is open with the given server, or
// locked if that is nil. A nil clock is time.Now.
func NewLockable(v Vault, open *Server, now func() time.Time) *Lockable {
	if now == nil {
		now = time.Now
	}
	return &Lockable{vault: v, now: now, server: open, changed: make(chan struct{}), requests: newRequests()}
}

// Limits on guessing: this many wrong passphrases cost nothing but the work of
// trying them; each further one makes the next wait twice as long.
const (
	freeGuesses  = 3
	guessWaitMax = time.Minute
)

// errLocked answers for everything that needs the node.
var errLocked = &Error{Locked, "Sheaf is locked on this device. Nothing was read or changed. Unlock it with its passphrase: in the page, or with \"sheaf unlock\"."}

// Locked says whether there is no node now.
func (l *Lockable) Locked() bool {
	s, _ := l.current()
	return s == nil
}

func (l *Lockable) current() (*Server, <-chan struct{}) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.server, l.changed
}

func (l *Lockable) set(s *Server) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.server = s
	close(l.changed)
	l.changed = make(chan struct{})
}

// Handle answers one request, like Server.Handle.
func (l *Lockable) Handle(ctx context.Context, method string, body []byte) ([]byte, error) {
	answer, err := l.answer(ctx, method, body)
	l.count(err)
	return answer, err
}

func (l *Lockable) answer(ctx context.Context, method string, body []byte) ([]byte, error) {
	if strings.HasPrefix(method, "lock.") {
		return handle(ctx, method, body, lockMethods, l)
	}
	s, _ := l.current()
	if s == nil {
		return nil, errLocked
	}
	return s.Handle(ctx, method, body)
}

// Download streams a file, like Server.Download.
func (l *Lockable) Download(ctx context.Context, name string, body []byte, w io.Writer) error {
	s, _ := l.current()
	if s == nil {
		return errLocked
	}
	return s.Download(ctx, name, body, w)
}

// Edit serves one editor, like Server.Edit.
func (l *Lockable) Edit(ctx context.Context, id string, conn Frames) error {
	s, _ := l.current()
	if s == nil {
		return refuse(ctx, conn, errLocked)
	}
	return s.Edit(ctx, id, conn)
}

// lockEvent tells a page that the node was locked or unlocked.
type lockEvent struct {
	Type   string `json:"type"`
	Locked bool   `json:"locked"`
}

// Events sends what changes, like Server.Events, over any number of locks and
// unlocks; of these it tells too, and at the start if the node is locked.
func (l *Lockable) Events(ctx context.Context, send func([]byte) error) error {
	for told := false; ; {
		s, changed := l.current()
		if s == nil || told {
			if err := sendJSON(send, lockEvent{"lock", s == nil}); err != nil {
				return err
			}
			told = true
		}
		if s != nil {
			told = true
			if err := s.Events(ctx, send); ctx.Err() != nil || !errors.Is(err, node.ErrClosed) {
				return err
			}
		}
		// Locked, or closed in order to be: or else the whole program ends.
		select {
		case <-changed:
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}

var lockMethods = map[string]func(*Lockable, context.Context, []byte) (any, error){
	"lock.status": (*Lockable).status,
	"lock.unlock": (*Lockable).unlock,
	"lock.lock":   (*Lockable).lock,
	"lock.set":    (*Lockable).setPassphrase,
}

// LockStatus says whether a node is locked, and can be.
type LockStatus struct {
	Locked     bool `json:"locked"`
	Passphrase bool `json:"passphrase"`
}

func (l *Lockable) status(context.Context, []byte) (any, error) {
	protected, err := l.vault.Protected()
	if err != nil {
		return nil, err
	}
	return LockStatus{Locked: l.Locked(), Passphrase: protected}, nil
}

func (l *Lockable) unlock(ctx context.Context, body []byte) (any, error) {
	req, err := decode[struct {
		Passphrase string `json:"passphrase"`
	}](body)
	if err != nil {
		return nil, err
	}
	l.opening.Lock()
	defer l.opening.Unlock()
	if !l.Locked() {
		return l.status(ctx, nil)
	}
	err = l.guess(func() error {
		s, err := l.vault.Open(req.Passphrase)
		if err == nil {
			l.set(s)
		}
		return err
	})
	if err != nil {
		return nil, err
	}
	return l.status(ctx, nil)
}

func (l *Lockable) lock(ctx context.Context, _ []byte) (any, error) {
	l.opening.Lock()
	defer l.opening.Unlock()
	if l.Locked() {
		return l.status(ctx, nil)
	}
	if protected, err := l.vault.Protected(); err != nil {
		return nil, err
	} else if !protected {
		return nil, &Error{BadRequest, "This device's key has no passphrase, so locking would protect nothing. Nothing was changed. Set one first, with \"sheaf passphrase\"."}
	}
	l.set(nil)
	if err := l.vault.Close(); err != nil {
		return nil, fmt.Errorf("lock: %w", err)
	}
	return l.status(ctx, nil)
}

func (l *Lockable) setPassphrase(ctx context.Context, body []byte) (any, error) {
	req, err := decode[struct {
		Old string `json:"old"`
		New string `json:"new"`
	}](body)
	if err != nil {
		return nil, err
	}
	l.opening.Lock()
	defer l.opening.Unlock()
	if err := l.guess(func() error { return l.vault.SetPassphrase(req.Old, req.New) }); err != nil {
		return nil, err
	}
	return l.status(ctx, nil)
}

// guess tries a passphrase, unless too many wrong ones came before. Called with
// opening held.
func (l *Lockable) guess(try func() error) error {
	if wait := l.next.Sub(l.now()); wait > 0 {
		return &Error{Unavailable, fmt.Sprintf("Too many wrong passphrases came one after another. Nothing was changed. Try again in %d seconds.", int(wait/time.Second)+1)}
	}
	err := try()
	if !errors.Is(err, identity.ErrPassphrase) {
		if err == nil {
			l.wrong = 0
		}
		return err
	}
	if l.wrong++; l.wrong >= freeGuesses {
		l.next = l.now().Add(min(time.Second<<min(l.wrong-freeGuesses, 10), guessWaitMax))
	}
	return &Error{Forbidden, "This is not the passphrase. Nothing was changed. Try again; without it, only a backup or another of your devices has your documents."}
}
