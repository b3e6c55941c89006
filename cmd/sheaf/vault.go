//go:build !js

package main

import (
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"sync"

	"github.com/prometheus/client_golang/prometheus"
	dto "github.com/prometheus/client_model/go"

	"github.com/sheafdocs/sheaf/node/api"
	"github.com/sheafdocs/sheaf/node/identity"
)

// cookieFileName holds the secret of the page's cookies while the device key,
// from which it is otherwise derived, has a passphrase: a page that was open
// before shows the lock screen and not that it has to be opened anew.
const cookieFileName = "cookie.key"

// A vault is the node of a directory, which can be locked: then node, store
// and key are closed, and only the files are left.
type vault struct {
	env *env
	cfg partsConfig

	mu       sync.Mutex
	parts    *parts               // nil while locked
	registry *prometheus.Registry // of the parts
}

// Gather implements prometheus.Gatherer: the metrics of the node, if there is
// one.
func (v *vault) Gather() ([]*dto.MetricFamily, error) {
	v.mu.Lock()
	registry := v.registry
	v.mu.Unlock()
	if registry == nil {
		return nil, nil
	}
	return registry.Gather()
}

// start opens the vault, unless the key has a passphrase and none is given in a
// file. Locked, it returns no server.
func (v *vault) start(passphraseFile string) (*api.Server, error) {
	if err := makeDir(v.env.dir); err != nil {
		return nil, err
	}
	key, err := deviceKey(v.env.dir)
	if errors.Is(err, identity.ErrLocked) {
		if passphraseFile == "" {
			return nil, nil
		}
		passphrase, err := readPassphraseFile(passphraseFile)
		if err != nil {
			return nil, err
		}
		return v.Open(passphrase)
	}
	if err != nil {
		return nil, err
	}
	return v.open(key)
}

// Open implements api.Vault.
func (v *vault) Open(passphrase string) (*api.Server, error) {
	key, err := unlockKey(v.env.dir, passphrase)
	if err != nil {
		return nil, err
	}
	return v.open(key)
}

func (v *vault) open(key *identity.Key) (*api.Server, error) {
	v.mu.Lock()
	defer v.mu.Unlock()
	cfg := v.cfg
	cfg.key = key
	cfg.registry = prometheus.NewRegistry()
	p, err := openParts(v.env, cfg)
	if err != nil {
		return nil, err
	}
	v.parts, v.registry = p, cfg.registry
	return p.api, nil
}

// Close implements api.Vault. What it held of secrets is garbage afterwards,
// and is collected at once.
func (v *vault) Close() error {
	v.mu.Lock()
	defer v.mu.Unlock()
	if v.parts == nil {
		return nil
	}
	err := v.parts.close()
	v.parts, v.registry = nil, nil
	runtime.GC()
	return err
}

// Protected implements api.Vault.
func (v *vault) Protected() (bool, error) { return keyProtected(v.env.dir) }

// SetPassphrase implements api.Vault.
func (v *vault) SetPassphrase(old, new string) error {
	return changePassphrase(v.env.dir, old, new)
}

// changePassphrase changes the passphrase of a directory's key, and keeps pages
// that are open signed in.
func changePassphrase(dir, old, new string) error {
	path := filepath.Join(dir, cookieFileName)
	if new == "" {
		if err := setPassphrase(dir, old, new); err != nil {
			return err
		}
		if err := os.Remove(path); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return fmt.Errorf("remove cookie secret: %w", err)
		}
		return nil
	}
	key, err := unlockKey(dir, old)
	if err != nil {
		return err
	}
	secret := key.LocalSecret(cookieLabel)
	key.Erase()
	if err := writeCookieSecret(path, secret); err != nil {
		return err
	}
	return setPassphrase(dir, old, new)
}

// cookieLabel names the secret of the page's cookies.
const cookieLabel = "api cookie"

// cookieSecret is what signs the page's cookies, locked or not.
func (v *vault) cookieSecret() ([32]byte, error) {
	v.mu.Lock()
	defer v.mu.Unlock()
	if v.parts != nil {
		return v.parts.key.LocalSecret(cookieLabel), nil
	}
	path := filepath.Join(v.env.dir, cookieFileName)
	b, err := readKeyFile(path)
	if err == nil && len(b) == 32 {
		return [32]byte(b), nil
	}
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return [32]byte{}, err
	}
	var secret [32]byte // pages have to be opened anew, once
	if _, err := io.ReadFull(rand.Reader, secret[:]); err != nil {
		return secret, fmt.Errorf("draw cookie secret: %w", err)
	}
	return secret, writeCookieSecret(path, secret)
}

func writeCookieSecret(path string, secret [32]byte) error {
	tmp, err := tempKey(filepath.Dir(path), secret[:])
	if err != nil {
		return fmt.Errorf("write cookie secret: %w", err)
	}
	defer os.Remove(tmp)
	if err := os.Rename(tmp, path); err != nil {
		return fmt.Errorf("write cookie secret: %w", err)
	}
	return nil
}
