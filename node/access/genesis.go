package access

import (
	"fmt"
	"time"

	"github.com/sheafdocs/sheaf/node/identity"
	"github.com/sheafdocs/sheaf/node/wire"
)

// GenesisTerms say whose a new document is.
type GenesisTerms struct {
	User    wire.UserID
	Devices []GenesisDevice // its owners, the most senior first; the maker among them
	Nonce   [16]byte        // tells the document from others
	Epoch   wire.EpochID    // of a key that the maker made
}

// NewGenesisOf is NewGenesis for a user with several devices: all are owners
// from the first, and none depends on another for it.
func NewGenesisOf(key *identity.Key, t GenesisTerms, now time.Time) (*Op, error) {
	g := &Genesis{Nonce: t.Nonce, Devices: t.Devices, User: t.User, Epoch: t.Epoch}
	if err := g.check(); err != nil {
		return nil, fmt.Errorf("make genesis: %w", err)
	}
	op, err := sign(key, opHeader{Kind: KindGenesis, TS: millis(now)}, g)
	if err != nil {
		return nil, fmt.Errorf("make genesis: %w", err)
	}
	if _, ok := op.device(key.Device()); !ok {
		return nil, fmt.Errorf("make genesis: %w: its maker is not among its devices", ErrMalformed)
	}
	return op, nil
}

// ThisDevice is the kind of the device that the program runs on.
func ThisDevice() DeviceKind { return thisDevice() }
