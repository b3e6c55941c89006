package node

import (
	"context"
	"errors"
	"fmt"

	"github.com/sheafdocs/sheaf/node/store"
	"github.com/sheafdocs/sheaf/node/wire"
)

// profileRecord is what the node keeps of its own settings.
type profileRecord struct {
	_       struct{} `cbor:",toarray"`
	Name    string
	Offline uint64 // 1: works offline
}

// loadProfile reads the settings of before.
func (n *Node) loadProfile() error {
	b, err := n.readProfile()
	var corrupt *store.CorruptError
	switch {
	case errors.Is(err, store.ErrNotFound):
		return nil
	case errors.As(err, &corrupt):
		n.cfg.Logger.Error("stored settings cannot be used, starting with the defaults", "err", err)
		return nil
	case err != nil:
		return fmt.Errorf("read settings: %w", err)
	}
	var rec profileRecord
	if err := wire.Unmarshal(b, &rec); err != nil {
		n.cfg.Logger.Error("stored settings cannot be read, starting with the defaults", "err", err)
		return nil
	}
	if n.name == "" {
		n.name = rec.Name
	}
	n.offline = rec.Offline == 1
	return nil
}

// readProfile returns the stored settings, which earlier versions kept in clear.
func (n *Node) readProfile() ([]byte, error) {
	key := sealedProfileKey()
	sealed, err := n.cfg.Store.Get(n.ctx, key)
	if errors.Is(err, store.ErrNotFound) {
		return n.cfg.Store.Get(n.ctx, profileKey())
	}
	if err != nil {
		return nil, err
	}
	b, err := n.local.Open(sealed, localAAD(key))
	if err != nil {
		return nil, &store.CorruptError{Key: key, Reason: "it was sealed with another key"}
	}
	return b, nil
}

func (n *Node) storeProfile(ctx context.Context) error {
	n.mu.Lock()
	rec := profileRecord{Name: n.name}
	if n.offline {
		rec.Offline = 1
	}
	n.mu.Unlock()
	b, err := wire.Marshal(rec)
	if err != nil {
		return fmt.Errorf("encode settings: %w", err)
	}
	key := sealedProfileKey()
	sealed, err := n.local.Seal(n.rand(), b, localAAD(key))
	if err != nil {
		return fmt.Errorf("seal settings: %w", err)
	}
	batch := &store.Batch{Put: []store.Record{{Key: key, Value: sealed}}, Delete: []store.Key{profileKey()}}
	if err := n.cfg.Store.Commit(ctx, batch); err != nil {
		return storeError("store settings", err)
	}
	return nil
}

// Name is what others see beside this device's caret.
func (n *Node) Name() string {
	n.mu.Lock()
	defer n.mu.Unlock()
	return n.name
}

// SetName changes what others see, and keeps it.
func (n *Node) SetName(ctx context.Context, name string) error {
	if len(name) > maxNameBytes {
		return fmt.Errorf("%w: name of %d bytes, %d are allowed", ErrTitle, len(name), maxNameBytes)
	}
	n.settings.Lock()
	defer n.settings.Unlock()
	n.mu.Lock()
	n.name = name
	n.mu.Unlock()
	if err := n.storeProfile(ctx); err != nil {
		return err
	}
	n.notify(Change{Kind: StatusChanged})
	return nil
}

// nameOf is what another device calls itself, or "".
func (n *Node) nameOf(dev wire.Device) string {
	n.mu.Lock()
	defer n.mu.Unlock()
	return n.names[dev]
}

func (n *Node) setNameOf(dev wire.Device, name string) {
	n.mu.Lock()
	defer n.mu.Unlock()
	if len(n.names) < maxKnownNames || n.names[dev] != "" {
		n.names[dev] = name
	}
}

// maxKnownNames bounds the names remembered of other devices.
const maxKnownNames = 4096

func sealedProfileKey() store.Key { return store.SecretKey(wire.DocID{}, "profile") }
